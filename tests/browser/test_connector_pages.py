"""A connector's pages with scripts: its texts one by one, and its JSON."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_first_story import WIDE, Walk, set_the_console_up
from tests.journeys.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]

TWILIO = "/console/default/connectors/set-up/twilio-short-message-service"


def templates(walk: Walk) -> list[dict[str, Any]]:
    """Return what the form would post."""
    found: list[dict[str, Any]] = json.loads(walk.page.locator("#templates").input_value())
    return found


def test_texts_are_edited_one_by_one_and_stay_json(browser: Browser, server: Server) -> None:
    walk = Walk(browser, WIDE)
    page = walk.page
    set_the_console_up(walk, server)
    page.goto(page.url.partition("/console/")[0] + TWILIO)
    walk.button("console.texts.title").click()

    texts = page.get_by_role("tabpanel").get_by_label(walk.t("console.texts.content"))

    # The keyboard walks the tabs, and the preview follows.
    page.get_by_role("tab", name=walk.t("console.usage.Generic"), exact=True).press("ArrowRight")
    tab = page.get_by_role("tab", name=walk.t("console.usage.SignIn"), exact=True)
    expect(tab).to_be_focused()
    texts.first.fill("Your code: {{code}}")
    expect(page.locator("#preview .bubble")).to_have_text("Your code: 246810")
    page.get_by_label(walk.t("console.texts.language")).fill("de")
    walk.button("console.texts.add_language").click()
    texts.last.fill("Ihr Code: {{code}}")
    walk.take("texts")

    mine = [one for one in templates(walk) if one["usageType"] == "SignIn"]
    assert mine == [
        {"usageType": "SignIn", "content": "Your code: {{code}}"},
        {"usageType": "SignIn", "language": "de", "content": "Ihr Code: {{code}}"},
    ]
    # The same in the editor, where a mistake is marked and keeps the texts away.
    page.get_by_role("button", name="JSON", exact=True).click()
    expect(page.locator(".cm-content")).to_contain_text("Ihr Code")
    page.locator(".cm-content").press("Control+Home")
    page.keyboard.type("x")
    expect(page.locator("#preview")).to_contain_text(walk.t("console.templates.not_json", line=1))
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    walk.button("console.texts.title").click()
    walk.says("console.texts.broken")
    assert re.match("x", page.locator("#templates").input_value())
    assert walk.complaints.lines == []
