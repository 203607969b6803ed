/* The templates one by one, as an alternative to their JSON; the JSON stays what is posted. */
(() => {
  "use strict";

  const make = (name, attributes = {}, ...inside) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...inside);
    return element;
  };

  function show(host) {
    const place = host.closest("[data-editor]");
    const area = place.querySelector(":scope > textarea");
    const { usages, required, fields, languages, words } = JSON.parse(host.dataset.texts);
    let chosen = usages[0][0];
    let isOurs = false;

    /* What the JSON says; null where it is none, or no list. */
    function read() {
      if (!area.value.trim()) return [];
      try {
        const list = JSON.parse(area.value);
        return Array.isArray(list) && list.every((one) => one && typeof one === "object") ? list : null;
      } catch {
        return null;
      }
    }

    function write(list) {
      isOurs = true;
      place.writeText(JSON.stringify(list, null, 2));
      isOurs = false;
    }

    /* The preview follows the text that is being edited. */
    function preview(usage) {
      const radio = place.querySelector(`[name="preview_usage"][value="${usage}"]`);
      if (radio && !radio.checked) radio.click();
    }

    function nameOf(template) {
      const tag = template.language;
      const base = tag ? (languages[tag.toLowerCase().split(/[-_]/)[0]] ?? tag) : words.every_language;
      const name = tag && tag.length > 2 ? `${base} (${tag})` : base;
      const where = Array.isArray(template.countries) && template.countries.length
        ? ` · ${words.only_in} ${template.countries.join(", ")}` : "";
      return name + where;
    }

    function fieldOf(template, index, [key, label]) {
      const id = `text-${index}-${key}`;
      const isLong = key === "content";
      const input = isLong ? make("textarea", { id, rows: "3" }) : make("input", { id, type: "text" });
      input.value = typeof template[key] === "string" ? template[key] : "";
      input.setAttribute("data-no-dirty", "");
      input.addEventListener("input", (event) => {
        event.stopPropagation();
        const list = read();
        if (!list?.[index]) return;
        list[index][key] = input.value;
        write(list);
      });
      return make("div", { class: "field" }, make("label", { for: id }, label), input);
    }

    function button(text, act, kind = "plain") {
      const made = make("button", { type: "button", class: kind }, text);
      made.addEventListener("click", act);
      return made;
    }

    function add(language) {
      const list = read() ?? [];
      const like = list.find((one) => one.usageType === chosen);
      const fresh = { usageType: chosen };
      if (language) fresh.language = language;
      for (const [key, , isRequired] of fields) {
        if (isRequired || like?.[key] !== undefined) fresh[key] = like?.[key] ?? "";
      }
      if (like?.contentType) fresh.contentType = like.contentType;
      const last = list.findLastIndex((one) => one.usageType === chosen);
      const at = last < 0 ? list.length : last + 1;
      list.splice(at, 0, fresh);
      write(list);
      draw();
      host.querySelector(`#text-${at}-${fields[0][0]}`)?.focus();
    }

    function panelOf(list) {
      const panel = make("div", { role: "tabpanel", id: "texts-panel", "aria-labelledby": `texts-tab-${chosen}` });
      const ours = list.map((template, index) => [template, index]).filter(([one]) => one.usageType === chosen);
      for (const [template, index] of ours) {
        const box = make("fieldset", {}, make("legend", {}, nameOf(template)));
        for (const field of fields) box.append(fieldOf(template, index, field));
        if (ours.length > 1 || !required.includes(chosen)) {
          box.append(button(words.remove, () => {
            const left = read() ?? [];
            left.splice(index, 1);
            write(left);
            draw();
            host.querySelector("[role=tab][aria-selected=true]")?.focus();
          }, "link"));
        }
        panel.append(box);
      }
      if (!ours.length) {
        panel.append(make("p", { class: "muted" }, words.none), button(words.add, () => add("")));
        return panel;
      }
      const tag = make("input", { id: "text-language", type: "text", maxlength: "16", autocapitalize: "none", spellcheck: "false", "data-no-dirty": "" });
      const grow = () => {
        const language = tag.value.trim();
        if (/^[a-z]{2,3}([-_][a-z0-9]{1,8})*$/i.test(language)) add(language);
        else tag.focus();
      };
      tag.addEventListener("input", (event) => event.stopPropagation());
      tag.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        grow();
      });
      panel.append(make("div", { class: "pair" },
        make("div", { class: "small" }, make("label", { for: "text-language" }, words.language), tag),
        make("div", { class: "fit foot" }, button(words.add_language, grow))));
      return panel;
    }

    function tabsOf(list) {
      const tabs = make("div", { role: "tablist", class: "usages", "aria-label": words.title });
      const have = new Set(list.map((one) => one.usageType));
      for (const [usage, name] of usages) {
        const isChosen = usage === chosen;
        const lacks = required.includes(usage) && !have.has(usage);
        const tab = make("button", {
          type: "button", role: "tab", id: `texts-tab-${usage}`, class: `tag${lacks ? " warn" : ""}`,
          "aria-selected": String(isChosen), "aria-controls": "texts-panel", tabindex: isChosen ? "0" : "-1",
        }, lacks ? `${name} · ${words.missing}` : name);
        if (!have.has(usage) && !lacks) tab.classList.add("absent");
        tab.addEventListener("click", () => choose(usage));
        tabs.append(tab);
      }
      tabs.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const at = usages.findIndex(([usage]) => usage === chosen);
        const next = event.key === "Home" ? 0 : event.key === "End" ? usages.length - 1
          : step ? (at + step + usages.length) % usages.length : -1;
        if (next < 0) return;
        event.preventDefault();
        choose(usages[next][0]);
      });
      return tabs;
    }

    function choose(usage) {
      chosen = usage;
      draw();
      host.querySelector("[role=tab][aria-selected=true]").focus();
      preview(usage);
    }

    function draw() {
      const list = read();
      if (list) host.replaceChildren(tabsOf(list), panelOf(list));
      else host.replaceChildren(make("p", { class: "warning", role: "status" }, words.broken));
    }

    function look(view) {
      const isTexts = view === "texts";
      place.dataset.view = view;
      host.hidden = !isTexts;
      for (const one of place.querySelectorAll("[data-view]")) {
        one.setAttribute("aria-pressed", String(one.dataset.view === view));
      }
      if (isTexts) draw();
    }

    for (const one of place.querySelectorAll("button[data-view]")) {
      one.addEventListener("click", () => look(one.dataset.view));
    }
    area.addEventListener("input", () => {
      if (!isOurs && !host.hidden) draw();
    });
  }

  for (const host of document.querySelectorAll("[data-texts]")) show(host);
})();
