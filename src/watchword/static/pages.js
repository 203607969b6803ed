/* What the sign-in pages do better with scripts; each of them works without. */
(() => {
  "use strict";

  const one = (selector) => document.querySelector(selector);

  /* A press counts once, and a spinner comes only when the answer is slow. */
  const free = (form) => {
    delete form.dataset.sent;
    form.classList.remove("busy");
  };
  for (const form of document.forms) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "yes";
      setTimeout(() => form.classList.add("busy"), 300);
      /* Whoever stopped the page from loading may press again. */
      setTimeout(() => free(form), 15000);
    });
  }
  addEventListener("pageshow", () => [...document.forms].forEach(free));

  /* Moments by the reader's own clock. */
  const clock = { dateStyle: "medium", timeStyle: "short" };
  for (const shown of document.querySelectorAll("[data-moment]")) {
    const moment = new Date(shown.dataset.moment).toLocaleString(document.documentElement.lang, clock);
    shown.textContent = shown.dataset.words.replaceAll("{moment}", moment);
  }

  const print = one("[data-print]");
  if (print) print.addEventListener("click", () => window.print());

  /* The country's calling code follows the list. */
  const country = one("#country");
  if (country) {
    const shown = one("[data-calling-code]");
    const show = () => {
      shown.textContent = country.selectedOptions[0].dataset.code;
    };
    country.addEventListener("change", show);
    addEventListener("pageshow", show);
  }

  /* One field for a user name or a number: the country appears once it looks like a number. */
  const smart = one(".smart");
  if (smart) {
    const field = one("#identifier");
    const look = () => {
      const isPhone = /^[+(]?[\d\s().-]{3,}$/.test(field.value.trim());
      smart.dataset.kind = isPhone && !field.value.trim().startsWith("+") ? "phone" : "";
    };
    field.addEventListener("input", look);
    addEventListener("pageshow", look);
  }

  const reveal = one(".reveal");
  if (reveal) {
    const field = document.getElementById(reveal.getAttribute("aria-controls"));
    reveal.addEventListener("click", () => {
      const isHidden = field.type === "password";
      field.type = isHidden ? "text" : "password";
      reveal.textContent = isHidden ? reveal.dataset.hide : reveal.dataset.show;
      reveal.setAttribute("aria-pressed", String(isHidden));
    });
    reveal.form.addEventListener("submit", () => {
      field.type = "password";
    });
  }

  const code = one("#code[data-length]");
  if (!code) return;
  const length = Number(code.dataset.length);
  const submit = () => code.form.requestSubmit();

  /* Spaces and dashes go as they come; the last digit sends the form. */
  code.addEventListener("input", () => {
    const digits = code.value.normalize("NFKC").replace(/\D/g, "").slice(0, length);
    if (digits !== code.value) code.value = digits;
    if (digits.length === length) submit();
  });
  code.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text").normalize("NFKC");
    /* The whole message may have been copied: take the code out of it. */
    const found = text.match(new RegExp(`(?<!\\d)\\d(?:[\\s-]?\\d){${length - 1}}(?!\\d)`));
    if (!found) return;
    event.preventDefault();
    code.value = found[0].replace(/\D/g, "");
    code.dispatchEvent(new Event("input"));
  });

  /* Chrome on Android reads the code out of a message that ends with our origin. */
  if ("OTPCredential" in window) {
    const stop = new AbortController();
    code.form.addEventListener("submit", () => stop.abort());
    navigator.credentials
      .get({ otp: { transport: ["sms"] }, signal: stop.signal })
      .then((message) => {
        code.value = message.code;
        code.dispatchEvent(new Event("input"));
      })
      .catch(() => {});
  }

  /* "Send again in 0:42" counts down and becomes a link. The server keeps the time too. */
  const resend = one("#resend");
  if (!resend) return;
  const ready = resend.dataset.ready;
  let until = Date.now() + Number(resend.dataset.wait) * 1000;
  const tick = () => {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    resend.textContent = left ? resend.dataset.waiting.replaceAll("{time}", clock) : ready;
    resend.setAttribute("aria-disabled", String(left > 0));
    if (left) setTimeout(tick, 250);
  };
  tick();
  resend.form.addEventListener(
    "submit",
    (event) => {
      if (resend.getAttribute("aria-disabled") === "true") {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    },
    true,
  );

  /* A provider may refuse after the page was shown: look a few times, less and less often. */
  const status = one("#delivery");
  if (status.dataset.poll) {
    const look = (waits) => {
      if (!waits.length) return;
      setTimeout(async () => {
        try {
          const answer = await fetch(status.dataset.poll, { headers: { Accept: "application/json" } });
          const { problem, wait } = await answer.json();
          if (problem) {
            one("#delivery-words").textContent = problem;
            one("#code-note").hidden = true;
            status.hidden = false;
            until = Date.now() + wait * 1000;
            tick();
            return;
          }
        } catch {
          /* The next look may do better. */
        }
        look(waits.slice(1));
      }, waits[0]);
    };
    look([2000, 3000, 5000, 10000, 20000]);
  }
})();
