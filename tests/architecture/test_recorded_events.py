"""Every event that the audit log can be told of has words, in each language of the console."""

import ast
from pathlib import Path

import pytest

from tests.architecture.recorded_events import Module, Unread, recorded_events
from watchword.core.phrases import Phrases
from watchword.web.console.event_words import event_meant, events_to_choose, words_of_event

SOURCE = Path(__file__).parents[2] / "src" / "watchword"
PHRASES = Phrases.load()
LANGUAGES = ["en", "ko"]


def test_every_event_that_is_recorded_has_words_and_can_be_chosen() -> None:
    recorded = recorded_events(SOURCE)
    assert {"operator.removed", "user.suspended", "configuration.webhook.deleted"} <= recorded

    for language in LANGUAGES:
        assert {one for one in recorded if not words_of_event(PHRASES, language, one)} == set()
        offered = {event for event, _ in events_to_choose(PHRASES, language)}
        assert recorded - offered == set()


def test_nothing_is_offered_that_is_never_recorded() -> None:
    offered = {event for event, _ in events_to_choose(PHRASES, "en")}

    assert offered - recorded_events(SOURCE) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_events_have_the_same_words(language: str) -> None:
    words = [words for _, words in events_to_choose(PHRASES, language)]

    assert len(set(words)) == len(words)


def test_an_event_is_meant_by_its_words_and_by_its_own_name() -> None:
    assert event_meant(PHRASES, "en", " connector Changed") == "configuration.connector.changed"
    assert event_meant(PHRASES, "ko", "커넥터 변경") == "configuration.connector.changed"
    assert event_meant(PHRASES, "ko", "RevokeToken") == "RevokeToken"
    assert event_meant(PHRASES, "ko", "of.another.release") == "of.another.release"


def test_what_has_no_words_is_not_given_any() -> None:
    unknown = ["", "no.such", "configuration", "configuration.no.changed", "Interaction.SignIn"]
    unknown += ["configuration.guard.no", "Interaction.SignIn.Verification.No.Submit"]

    assert [one for one in unknown if words_of_event(PHRASES, "en", one)] == []


def test_an_event_is_found_however_the_source_puts_it_together() -> None:
    source = """
class Service:
    async def one(self, is_on):
        word = "on" if is_on else "off"
        await self._note("made")
        await self._note(word=word)
    async def _note(self, word):
        await self.audit.record(f"thing.{word}", self.actor)
"""

    assert set(Module(ast.parse(source)).events()) == {"thing.made", "thing.on", "thing.off"}


@pytest.mark.parametrize("event", ["given[0]", "other.word", "f'thing.{find(1)}'", "unknown"])
def test_an_event_that_cannot_be_read_is_told_of_and_not_passed_over(event: str) -> None:
    source = f"async def one(audit):\n    await audit.record({event}, ACTOR)\n"

    with pytest.raises(Unread):
        list(Module(ast.parse(source)).events())
