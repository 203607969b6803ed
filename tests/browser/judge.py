"""Looks at a drawn page and says who could not use it: axe-core, and a rule for what is pressed."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / ".venv-sdk" / "npm" / "node_modules" / "axe-core" / "axe.min.js"

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that a dark page can break where the light one did not."""

# What a new scheme changes is drawn with the next frame.
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"

# Links within a sentence are as high as its lines; a box is pressed by its label.
MEASURE = """
() => {
  const looks = (one) =>
    [one, one.closest(".box, label, .choice"), one.nextElementSibling]
      .filter(Boolean)
      .map((each) => getComputedStyle(each))
      .map((style) => [style.outline, style.boxShadow, style.borderColor].join())
      .join();
  const name = (one) => one.outerHTML.replace(/\\s+/g, " ").slice(0, 160);
  const isInSentence = (one) =>
    getComputedStyle(one).display === "inline" &&
    [...one.parentElement.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.data.trim().length > 1,
    );
  const before = document.activeElement;
  const found = [];
  const pressed = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  for (const one of document.querySelectorAll(pressed)) {
    const isThere = one.checkVisibility({ visibilityProperty: true }) && !one.ariaHidden;
    if (one.disabled || !isThere) continue;
    const target = one.type === "checkbox" || one.type === "radio" ? one.closest("label") : one;
    const { width, height } = (target || one).getBoundingClientRect();
    if ((height < 24 || width < 24) && !isInSentence(one)) {
      found.push(`${width} by ${height} pixels: ${name(one)}`);
    }
    one.blur();
    const resting = looks(one);
    one.focus({ preventScroll: true });
    if (document.activeElement === one && looks(one) === resting) {
      found.push(`the focus is not seen: ${name(one)}`);
    }
  }
  before.focus({ preventScroll: true });
  return found;
}
"""


@dataclass
class Judge:
    """Collects what is wrong with every page that it is shown."""

    axe: str = field(repr=False)
    seen: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def sworn(cls) -> "Judge":
        """Return a judge; skip the test, and say why, where npm's registry was out of reach."""
        if not AXE.exists():
            pytest.skip("npm could not fetch axe-core: tools/environment sdk")
        return cls(AXE.read_text(encoding="utf-8"))

    def look(self, page: Page, name: str) -> None:
        """Judge a page as it is drawn, in light and in dark."""
        page.wait_for_load_state()
        self.seen.append(name)
        page.emulate_media(color_scheme="light")
        # By the driver, for the page's content policy refuses scripts that are not its own.
        page.evaluate(self.axe)
        page.evaluate(DRAWN)
        self._hear(page, f"{name}, light", {"type": "tag", "values": TAGS})
        page.emulate_media(color_scheme="dark")
        page.evaluate(DRAWN)
        self._hear(page, f"{name}, dark", {"type": "rule", "values": COLOURS})
        # The focus is shown to those who move it by keys.
        page.keyboard.press("Tab")
        self.complaints += [f"{name}: {found}" for found in page.evaluate(MEASURE)]
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            self.complaints.append(f"{name}: {wide} px too wide")

    def _hear(self, page: Page, name: str, rules: dict[str, Any]) -> None:
        found = page.evaluate(
            "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", rules
        )
        for violation in found["violations"]:
            for node in violation["nodes"]:
                reason = " ".join(node["failureSummary"].split())
                self.complaints.append(f"{name}: {violation['id']}: {node['html'][:160]} {reason}")
