/* Pieces of the console's pages are drawn anew while somebody works with them: nobody is to lose a press,
   the keyboard or a choice of text by it. */
(() => {
  "use strict";

  /* What is being pressed stays where it is: an answer waits until the press was dealt with. */
  let press = "";
  let ending = 0;
  const waiting = [];
  const endPress = () => {
    ending = 0;
    press = "";
    for (const { xhr, take } of waiting.splice(0)) {
      /* What was pressed may have asked anew, in place of the answer that waited. */
      if (xhr.readyState === XMLHttpRequest.DONE) take();
      else xhr.onabort();
    }
  };
  const endPressIn = (milliseconds) => {
    clearTimeout(ending);
    if (press) ending = setTimeout(endPress, milliseconds);
  };
  const beginPress = (kind) => {
    clearTimeout(ending);
    ending = 0;
    press = kind;
  };
  const onAny = (kinds, act) => {
    for (const kind of kinds.split(" ")) addEventListener(kind, act, { capture: true });
  };
  onAny("pointerdown", (event) => {
    if (event.isPrimary && event.button === 0) beginPress("pointer");
  });
  /* The space bar presses, too: its click comes when it is let go. */
  onAny("keydown", (event) => {
    if (event.key === " ") beginPress("key");
  });
  onAny("click contextmenu dragend pointercancel", () => endPressIn(0));
  /* A finger's click comes a moment after it was lifted; where none comes, the press is over as well. */
  onAny("pointerup keyup", () => endPressIn(200));
  /* The release went elsewhere: to a list of choices, a scroll bar, another window. */
  onAny("pointermove", (event) => {
    if (press === "pointer" && !event.buttons && !ending) endPressIn(200);
  });
  onAny("blur", (event) => {
    if (event.target === window) endPressIn(0);
  });
  document.addEventListener("htmx:beforeSend", ({ detail: { xhr } }) => {
    const take = xhr.onload;
    xhr.onload = () => {
      if (press) waiting.push({ xhr, take });
      else take();
    };
  });

  /* What is drawn anew keeps the keyboard where it was: on the same control, or on the opposite one. */
  const CONTROLS = ":is(a, button, input, select, textarea, summary):not(:disabled, [type=hidden], [tabindex='-1'])";
  const marks = ["name", "value", "href", "data-copy"];
  const opposites = { up: "down", down: "up", add: "remove", remove: "add" };
  const markOf = (control, value = control.getAttribute("value")) =>
    [control.localName, ...marks.map((name) => (name === "value" ? value : control.getAttribute(name)))].join("\n");
  let wanted = [];
  document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
    const control = document.activeElement;
    wanted = [];
    /* htmx itself finds what has an id. */
    if (control.id || !target.contains(control)) return;
    const opposite = control.getAttribute("value")?.replace(/^(up|down|add|remove)/, (verb) => opposites[verb]);
    wanted = [markOf(control), markOf(control, opposite)];
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!wanted.length) return;
    const controls = [...event.target.querySelectorAll(CONTROLS)];
    const [same, other] = wanted.map((mark) => controls.find((control) => markOf(control) === mark));
    (same ?? other)?.focus();
  });

  /* A button that was disabled while its answer was under way has the keyboard again. */
  let asker = null;
  document.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
    if (elt === document.activeElement) asker = elt;
  });
  document.addEventListener("htmx:afterRequest", ({ detail: { elt } }) => {
    if (elt !== asker) return;
    asker = null;
    if (document.activeElement === document.body) elt.focus({ preventScroll: true });
  });

  /* What is looked for again and again comes in when it is new, and not where somebody chooses text. */
  const seen = new WeakMap();
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { elt, target, serverResponse } = event.detail;
    if (!elt.getAttribute("hx-trigger")?.startsWith("every")) return;
    const chosen = getSelection();
    const isChosen = !chosen.isCollapsed && chosen.containsNode(target, true);
    if (isChosen || seen.get(elt) === serverResponse) event.detail.shouldSwap = false;
    else seen.set(elt, serverResponse);
  });
})();
