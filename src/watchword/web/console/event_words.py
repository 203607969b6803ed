"""What the audit log's events are called, in an operator's words."""

from collections.abc import Iterator

from watchword.audit.models import interaction_event
from watchword.configuration.models import Action, Kind
from watchword.core.phrases import Phrases
from watchword.interactions.models import InteractionEvent

ONES, CHANGES, PROOFS = "console.audit_event", "console.audit_change", "console.audit_proof"
CONFIGURATION, INTERACTION = "configuration", "Interaction"


def words_of_event(phrases: Phrases, language: str, event: str) -> str:
    """Return what an entry of the log is called; empty for what nobody has words for."""
    match event.split("."):
        case [first, kind, action] if first == CONFIGURATION:
            thing = phrases.find(language, f"console.configuration.kind.{kind}")
            is_known = phrases.find(language, f"{CHANGES}.{action}") and thing
            return phrases.text(language, f"{CHANGES}.{action}", thing=thing) if is_known else ""
        case [first, _, "Verification", method, "Submit"] if first == INTERACTION:
            visit = words_of_event(
                phrases, language, event.partition(".Verification")[0] + ".Submit"
            )
            proof = phrases.find(language, f"{PROOFS}.{method}")
            return f"{visit}: {proof}" if visit and proof else ""
    return phrases.find(language, f"{ONES}.{event}") or ""


def events_to_choose(phrases: Phrases, language: str) -> list[tuple[str, str]]:
    """Return the events that have words, each with them, in the order of the words."""
    named = ((event, words_of_event(phrases, language, event)) for event in _events(phrases))
    return sorted(named, key=lambda one: one[1])


def event_meant(phrases: Phrases, language: str, typed: str) -> str:
    """Return the event that somebody typed, by its own name or by its words."""
    wanted = typed.strip().casefold()
    by_words = {words.casefold(): event for event, words in events_to_choose(phrases, language)}
    return by_words.get(wanted, typed)


def _events(phrases: Phrases) -> Iterator[str]:
    yield from (key.removeprefix(f"{ONES}.") for key in phrases.section("en", ONES))
    yield from (f"{CONFIGURATION}.{kind}.{action}" for kind in Kind for action in Action)
    proofs = {key.rpartition(".")[2] for key in phrases.section("en", PROOFS)}
    for visit in InteractionEvent:
        yield from (interaction_event(visit, method=proof) for proof in sorted(proofs))
