/* Shows what a form of the sign-in experience holds in the frame beside it, while it is filled. */
(() => {
  "use strict";

  const pane = document.querySelector("[data-preview]");
  if (!pane) return;
  const place = pane.querySelector(".screen");
  const name = pane.dataset.preview;
  const after = 400;
  let shown = 0;
  let timer = 0;

  /* A new frame each time: it comes in when it is there, and adds nothing to the browser's history. */
  function show() {
    clearTimeout(timer);
    const form = document.getElementById(name);
    const frame = place.querySelector("iframe:not(.coming)").cloneNode();
    for (const late of place.querySelectorAll(".coming")) late.remove();
    frame.removeAttribute("src");
    frame.removeAttribute("loading");
    frame.name = `preview-${++shown}`;
    frame.classList.add("coming");
    place.append(frame);
    frame.addEventListener("load", () => {
      for (const other of place.querySelectorAll("iframe")) if (other !== frame) other.remove();
      frame.classList.remove("coming");
    });
    const sender = document.createElement("form");
    sender.hidden = true;
    sender.method = pane.dataset.method;
    sender.action = pane.dataset.action;
    sender.target = frame.name;
    for (const [field, value] of new FormData(form)) {
      if (typeof value !== "string") continue;
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = field;
      input.value = value;
      sender.append(input);
    }
    document.body.append(sender);
    sender.submit();
    sender.remove();
  }

  function showSoon() {
    clearTimeout(timer);
    timer = setTimeout(show, after);
  }

  pane.addEventListener("change", (event) => {
    if (event.target.name !== "preview_device") show();
  });
  pane.querySelector("[data-show-preview]").addEventListener("click", (event) => {
    event.preventDefault();
    show();
  });
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => {
      const { form } = event.target;
      if (form && form.id === name && !pane.contains(event.target)) showSoon();
    });
  }
  document.addEventListener("htmx:afterSettle", showSoon);

  const form = document.getElementById(name);
  if (form && form.dataset.dirty === "yes") show();
})();
