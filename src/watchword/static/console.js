/* What the console does better with scripts; its pages work without. */
(() => {
  "use strict";

  const page = document.documentElement;
  page.classList.add("scripted");
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const one = (selector, inside = document) => inside.querySelector(selector);

  /* What the last form did was said once: a reload does not say it again. */
  const address = new URL(location.href);
  if (address.searchParams.has("done")) {
    address.searchParams.delete("done");
    history.replaceState(null, "", address);
  }

  /* What was wrong with a field is no more said of what is typed now; its room is kept. */
  document.addEventListener("input", (event) => {
    const field = event.target.closest(".wrong");
    if (!field) return;
    field.classList.add("retyped");
    event.target.removeAttribute("aria-invalid");
    const form = event.target.form ?? document;
    if (!one(".wrong:not(.retyped)", form)) allRetyped(form);
  });

  /* Its sentence is as long, so nothing moves while somebody types below it. */
  const allRetyped = (form) => {
    const notice = one("[data-retyped]", form) ?? one("[data-retyped]");
    if (!notice) return;
    notice.classList.replace("bad", "info");
    notice.setAttribute("role", "status");
    const icon = one("use", notice);
    icon.setAttribute("href", icon.getAttribute("href").replace("#circle-x", "#info"));
    one("p", notice).textContent = notice.dataset.retyped;
    delete notice.dataset.retyped;
  };

  /* The menu is a sheet on narrow screens. */
  const menu = one("#menu");
  const opener = one(".open-menu");
  if (menu && opener) {
    const show = (isOpen) => {
      menu.classList.toggle("open", isOpen);
      opener.setAttribute("aria-expanded", String(isOpen));
    };
    opener.addEventListener("click", () => show(!menu.classList.contains("open")));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && menu.classList.contains("open")) {
        show(false);
        opener.focus();
      }
    });
    document.addEventListener("click", (event) => {
      if (!menu.contains(event.target) && !opener.contains(event.target)) show(false);
    });
  }

  /* One open drop-down at a time; a click elsewhere or Escape closes it. */
  document.addEventListener("click", (event) => {
    for (const drop of all(".drop[open]")) {
      if (!drop.contains(event.target)) drop.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const drop of all(".drop[open]")) {
      drop.open = false;
      one("summary", drop).focus();
    }
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) {
      await navigator.clipboard.writeText(button.dataset.copy);
      const icon = one("use", button);
      const before = icon.getAttribute("href");
      icon.setAttribute("href", before.replace(/#.*/, "#check"));
      setTimeout(() => icon.setAttribute("href", before), 1500);
    }
    const preview = event.target.closest("[data-live-preview]");
    if (preview && preview.getAttribute("aria-disabled") === "true") event.preventDefault();
    const asking = event.target.closest("[data-ask]");
    if (asking && !confirm(asking.dataset.ask)) event.preventDefault();
    const replace = event.target.closest(".secret button");
    if (replace) openSecret(replace.closest("[data-secret]"), true);
    const tab = event.target.closest(".guide-tabs [data-show]");
    if (tab) {
      one(".columns").dataset.shown = tab.dataset.show;
      for (const other of all(".guide-tabs [data-show]")) {
        other.setAttribute("aria-selected", String(other === tab));
      }
    }
  });

  /* A saved secret shows as dots until someone wants to replace it. */
  function openSecret(field, isOpen) {
    one(".secret", field).hidden = isOpen;
    const input = one("input", field);
    input.hidden = !isOpen;
    if (isOpen) input.focus();
  }

  /* The save bar comes when something changed; leaving with changes asks. */
  let isLeaving = false;
  const dirty = (form, isDirty) => {
    form.dataset.dirty = isDirty ? "yes" : "no";
    for (const link of all("[data-live-preview]")) {
      link.setAttribute("aria-disabled", String(isDirty));
      link.title = isDirty ? link.dataset.why : "";
    }
  };
  /* A name typed to confirm a deletion is no work that could be lost. */
  const holdsWork = (form) => form && form.method === "post" && form.closest("main") && !one(".danger", form);
  const onChange = (event) => {
    const { form } = event.target;
    if (holdsWork(form) && !event.target.closest("[data-no-dirty]")) dirty(form, true);
  };
  /* What came back refused was filled in before, as was what waits for a password. */
  for (const wrong of all('main form :is([aria-invalid="true"], .notice.bad)')) {
    const form = wrong.closest("form");
    if (holdsWork(form)) form.dataset.dirty = "yes";
  }
  document.addEventListener("input", onChange);
  document.addEventListener("change", onChange);
  document.addEventListener("submit", () => {
    isLeaving = true;
  });
  addEventListener("beforeunload", (event) => {
    const isDirty = one('form[data-dirty="yes"]');
    if (isDirty && !isLeaving) event.preventDefault();
  });
  for (const link of all(".save-bar a")) {
    link.addEventListener("click", () => {
      isLeaving = true;
    });
  }

  /* Focusing a field shows its paragraph of the guide. */
  const guide = one(".columns > .guide");
  if (guide) {
    const places = all("h2, h3, h4, strong, li, td:first-child, p", guide);
    document.addEventListener("focusin", (event) => {
      const name = event.target.dataset?.field?.toLowerCase();
      if (!name) return;
      const found = places.find((place) => place.textContent.trim().toLowerCase().startsWith(name))
        ?? places.find((place) => place.textContent.toLowerCase().includes(name));
      for (const place of all(".pointed", guide)) place.classList.remove("pointed");
      if (!found) return;
      found.classList.add("pointed");
      const top = found.getBoundingClientRect().top - guide.getBoundingClientRect().top + guide.scrollTop - 48;
      if (guide.scrollHeight > guide.clientHeight) {
        guide.scrollTo({ top, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
      }
    });
  }

  /* The editor outweighs the rest of a page: it is fetched once, when a field for it comes near. */
  let library = null;
  const fetchLibrary = (address) => {
    library ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      Object.assign(script, { src: address, onload: () => resolve(window.CodeMirror), onerror: reject });
      document.head.append(script);
    });
    return library;
  };

  /* JSON in an editor; without the library it stays a text area. */
  function makeEditor(place) {
    const area = one("textarea", place);
    const format = one("[data-format]", place);
    const write = (text) => {
      area.value = text;
      area.dispatchEvent(new Event("input", { bubbles: true }));
    };
    /* Whoever edits the templates in another way writes them back through here. */
    place.writeText = (text) => {
      const view = place.editor;
      if (view) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      else write(text);
    };
    format?.addEventListener("click", () => {
      let tidy;
      try {
        tidy = JSON.stringify(JSON.parse(area.value), null, 2);
      } catch {
        /* The preview names the line; there is nothing to tidy until it is mended. */
        return;
      }
      place.writeText(tidy);
    });
    const near = new IntersectionObserver(
      async (places) => {
        if (!places.some((one) => one.isIntersecting)) return;
        near.disconnect();
        const cm = await fetchLibrary(place.dataset.editor).catch(() => null);
        if (cm) drawEditor(place, cm, area, write);
      },
      { rootMargin: "400px", scrollMargin: "400px" },
    );
    near.observe(place);
  }

  function drawEditor(place, cm, area, write) {
    const isFocused = document.activeElement === area;
    const colours = cm.HighlightStyle.define([
      { tag: cm.tags.propertyName, color: "var(--accent)" },
      { tag: cm.tags.string, color: "var(--text)" },
      { tag: [cm.tags.number, cm.tags.bool, cm.tags.null], color: "var(--info)" },
      { tag: cm.tags.punctuation, color: "var(--muted)" },
    ]);
    const looks = cm.EditorView.theme({
      "&": { backgroundColor: "transparent", color: "var(--text)" },
      ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "20px" },
      ".cm-content": { caretColor: "var(--text)", padding: "8px 0" },
      ".cm-gutters": { backgroundColor: "transparent", color: "var(--muted)", border: "0" },
      ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--text)" },
      ".cm-cursor": { borderLeftColor: "var(--text)" },
      "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": {
        backgroundColor: "color-mix(in srgb, var(--accent) 24%, transparent) !important",
      },
      ".cm-tooltip": { backgroundColor: "var(--raised)", border: "1px solid var(--line)" },
      ".cm-diagnostic": { fontFamily: "var(--font)" },
    });
    const host = document.createElement("div");
    host.className = "editor";
    area.after(host);
    area.hidden = true;
    const view = new cm.EditorView({
      parent: host,
      state: cm.EditorState.create({
        doc: area.value,
        extensions: [
          cm.EditorView.cspNonce.of(document.currentScript?.nonce || one("script[nonce]").nonce),
          cm.lineNumbers(),
          cm.highlightActiveLineGutter(),
          cm.history(),
          cm.drawSelection(),
          cm.bracketMatching(),
          cm.indentOnInput(),
          cm.indentUnit.of("  "),
          cm.json(),
          cm.syntaxHighlighting(colours),
          cm.lintGutter(),
          cm.EditorView.lineWrapping,
          cm.keymap.of([...cm.defaultKeymap, ...cm.historyKeymap]),
          cm.EditorView.contentAttributes.of({
            "aria-labelledby": "",
            tabindex: "0",
            "aria-label": one("label", place).textContent.trim(),
          }),
          cm.EditorView.updateListener.of((update) => {
            if (update.docChanged) write(update.state.doc.toString());
          }),
          looks,
        ],
      }),
    });
    one("label", place).addEventListener("click", (event) => {
      event.preventDefault();
      view.focus();
    });
    place.editor = view;
    markProblems(place);
    if (isFocused) takeCursor(place, area);
  }

  /* The cursor stays where it was; of what was refused it goes to the first wrong line. */
  function takeCursor(place, area) {
    const { editor } = place;
    const line = area.hasAttribute("aria-invalid") && one("[data-problem-line]", place)?.dataset.problemLine;
    const { doc } = editor.state;
    editor.dispatch({ selection: { anchor: line ? doc.line(Math.min(line, doc.lines)).from : area.selectionStart } });
    editor.focus();
    editor.dom.scrollIntoView({ block: line ? "center" : "nearest" });
  }

  /* The server says what is wrong and where; the editor marks the line. */
  function markProblems(place) {
    if (!place.editor) return;
    const { state } = place.editor;
    const marks = all("[data-problem-line]", place).map((problem) => {
      const line = state.doc.line(Math.min(Number(problem.dataset.problemLine), state.doc.lines));
      return { from: line.from, to: line.to, severity: problem.dataset.kind, message: problem.textContent.trim() };
    });
    place.editor.dispatch(window.CodeMirror.setDiagnostics(state, marks));
  }

  /* Many choices are named one by one; without scripts the list takes several at a time. */
  function makePicker(place) {
    const select = one("select", place);
    const icon = one("template", place);
    const input = document.createElement("input");
    const known = document.createElement("datalist");
    const chosen = document.createElement("ul");
    Object.assign(input, { id: `${select.id}-add`, type: "text", autocomplete: "off", placeholder: place.dataset.add });
    input.dataset.noDirty = "";
    const note = select.getAttribute("aria-describedby");
    if (note) input.setAttribute("aria-describedby", note);
    known.id = `${select.id}-known`;
    input.setAttribute("list", known.id);
    chosen.className = "picked";
    const choose = (option, isChosen) => {
      option.selected = isChosen;
      select.dispatchEvent(new Event("change", { bubbles: true }));
      draw();
    };
    function draw() {
      const options = [...select.options];
      chosen.replaceChildren(
        ...options.filter((option) => option.selected).map((option) => {
          const item = document.createElement("li");
          const remove = document.createElement("button");
          Object.assign(remove, { type: "button", className: "quiet" });
          remove.setAttribute("aria-label", place.dataset.remove.replace("{name}", option.text));
          remove.append(icon.content.cloneNode(true));
          remove.addEventListener("click", () => {
            choose(option, false);
            input.focus();
          });
          item.append(option.text, remove);
          return item;
        }),
      );
      known.replaceChildren(
        ...options.filter((option) => !option.selected).map((option) => {
          const offer = document.createElement("option");
          offer.value = option.text;
          return offer;
        }),
      );
    }
    const add = () => {
      const typed = input.value.trim().toLowerCase();
      const found = [...select.options].find((option) => option.text.toLowerCase() === typed);
      if (!found) return;
      input.value = "";
      choose(found, true);
    };
    input.addEventListener("input", add);
    input.addEventListener("keydown", (event) => {
      /* Enter names a choice here; it does not send the form. */
      if (event.key !== "Enter" || event.isComposing || !input.value) return;
      event.preventDefault();
      const typed = input.value.trim().toLowerCase();
      const near = [...select.options].filter((option) => option.text.toLowerCase().startsWith(typed));
      if (near.length === 1) {
        input.value = "";
        choose(near[0], true);
      }
    });
    one("label", place).htmlFor = input.id;
    select.before(chosen, input, known);
    select.hidden = true;
    draw();
  }

  /* What a new piece of the page needs; also run once for the whole page. */
  function dress(piece) {
    for (const field of all("[data-secret]", piece)) openSecret(field, false);
    for (const place of all("[data-editor]", piece)) makeEditor(place);
    for (const place of all("[data-picker]", piece)) makePicker(place);
    for (const dialog of all("dialog[data-modal]", piece)) {
      dialog.close();
      dialog.showModal();
    }
    for (const picker of all("[data-colour-of]", piece)) {
      const text = document.getElementById(picker.dataset.colourOf);
      picker.addEventListener("input", () => {
        text.value = picker.value;
        text.dispatchEvent(new Event("input", { bubbles: true }));
      });
      text.addEventListener("input", () => {
        if (/^#[0-9a-f]{6}$/i.test(text.value)) picker.value = text.value;
      });
    }
    for (const form of all("form[data-server-dirty]", piece)) dirty(form, form.dataset.dirty === "yes");
  }
  dress(document);

  /* What came back refused is found without looking for it: the cursor is in the first wrong field. */
  const wrong = one('main form [aria-invalid="true"]');
  wrong?.focus();
  wrong?.scrollIntoView({ block: "center" });

  document.addEventListener("htmx:afterSwap", (event) => {
    const place = event.target.closest("[data-editor]");
    if (place) markProblems(place);
    if (event.target.id === "outcome") event.target.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("htmx:load", (event) => {
    const piece = event.detail.elt;
    /* Only such a form is swapped whole; other pieces bring nothing that needs a script. */
    if (!piece.matches("form[data-server-dirty]")) return;
    dress(piece.parentElement);
  });
  /* Somebody signed in again elsewhere: what this page sends belongs to the new session. */
  document.addEventListener("session-renewed", (event) => {
    for (const field of all('input[name="csrf"]')) field.value = event.detail.csrf;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRF-Token": event.detail.csrf }));
  });
  /* On a phone the tabs are wider than the page: the present one is to be seen. */
  for (const tab of all(".tabs [aria-current]")) {
    const tabs = tab.parentElement;
    const middle = (tabs.clientWidth - tab.offsetWidth) / 2;
    tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - middle;
  }
  document.addEventListener("htmx:beforeRequest", () => {
    isLeaving = false;
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.getResponseHeader("HX-Redirect")) isLeaving = true;
  });
})();
