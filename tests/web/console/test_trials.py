"""Trying a provider beside the one that sends: begun, compared, promoted, dropped."""

import pytest

from tests.web.console.conftest import Browser, Invite, Site
from tests.web.console.test_connectors import TWILIO, TWILIO_FORM, set_inbox_up
from watchword.audit.models import SYSTEM

TERMS = {"trial_reach": "share", "trial_share": "20", "trial_days": "3"}


async def begin(owner: Browser, **terms: str) -> str:
    """Try Twilio beside the development inbox; return the inbox's id."""
    inbox = await set_inbox_up(owner)
    await owner.open(TWILIO)
    owner.page.form("/twilio-short-message-service").action += "/trial"
    await owner.submit("/trial", **{**TWILIO_FORM, **TERMS, **terms})
    return inbox


async def test_a_trial_begins_from_the_form_and_is_shown_side_by_side(
    site: Site, owner: Browser
) -> None:
    inbox = await begin(owner)

    page = owner.page
    assert page.address.split("?")[0].endswith(f"/connectors/{inbox}/trial")
    assert "20% of all numbers get their messages through Twilio SMS Service." in page.words
    assert "Development inbox sends now Twilio SMS Service on trial" in page.words
    trial = (await site.scope()).connectors.running_trial
    assert trial is not None
    assert (trial.share, trial.beside) == (20, inbox)
    listed = await owner.open("connectors")
    assert "Tried beside Development inbox On trial" in listed.words
    # By its own id it leads to the same page.
    page = await owner.open(f"connectors/{trial.saved.id}")
    assert page.address.endswith(f"/connectors/{inbox}/trial")


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"trial_share": "51"}, "Choose a share of 1 to 50%, or 1 to 100 numbers."),
        ({"trial_share": "many"}, "Choose a share of 1 to 50%, or 1 to 100 numbers."),
        ({"trial_days": "31"}, "A trial ends in the future, and within 30 days."),
        ({"trial_reach": "numbers", "trial_numbers": "12"}, "number"),
    ],
)
async def test_what_can_not_be_is_said_and_everything_typed_stays(
    site: Site, owner: Browser, terms: dict[str, str], words: str
) -> None:
    await begin(owner, **terms)

    assert owner.page.status == 422
    assert words in owner.page.words
    typed = dict(owner.page.form("/twilio-short-message-service").pairs)
    assert terms.items() <= typed.items()
    assert (await site.scope()).connectors.trial is None


async def test_without_a_connector_there_is_nothing_to_try_beside(owner: Browser) -> None:
    page = await owner.open(TWILIO)
    assert "Try it first" not in page.words

    page.form("/twilio-short-message-service").action += "/trial"
    assert (await owner.submit("/trial", **{**TWILIO_FORM, **TERMS})).status == 404


async def test_a_second_trial_has_to_wait(owner: Browser) -> None:
    await begin(owner)

    page = await owner.open(TWILIO)

    assert "Another connector is on trial." in page.words
    page.form("/twilio-short-message-service").action += "/trial"
    page = await owner.submit("/trial", **{**TWILIO_FORM, **TERMS})
    assert page.status == 422
    assert "Another connector is on trial." in page.words


async def test_a_trial_is_promoted_by_one_button(site: Site, owner: Browser) -> None:
    inbox = await begin(owner)

    page = await owner.submit("/trial/promote")

    connectors = (await site.scope()).connectors
    active = await connectors.active()
    assert active is not None
    assert active.connector_id == "twilio-short-message-service"
    assert connectors.opened_secrets(active)["authToken"] == "the-real-token"
    assert "Development inbox sent before and sends no more." in page.words
    await owner.submit("/bring-back")
    back = await (await site.scope()).connectors.active()
    assert back is not None
    assert back.id == inbox


async def test_a_trial_is_dropped_by_one_button(site: Site, owner: Browser) -> None:
    inbox = await begin(owner)
    owner.page.form("/trial/promote").action = owner.page.form("/trial/promote").action.replace(
        "promote", "drop"
    )

    page = await owner.submit("/trial/drop")

    assert "The trial is over. Everything goes through this connector." in page.words
    connectors = (await site.scope()).connectors
    active = await connectors.active()
    assert active is not None
    assert (active.id, connectors.trial) == (inbox, None)
    assert (await owner.open(f"connectors/{inbox}/trial")).status == 404


async def test_whoever_saw_other_terms_promotes_nothing(site: Site, owner: Browser) -> None:
    inbox = await begin(owner)
    trials = (await site.scope()).configuration.trials
    await trials.change(SYSTEM, inbox, share=5)

    page = await owner.submit("/trial/promote")

    assert page.status == 422
    assert "changed" in page.words
    active = await (await site.scope()).connectors.active()
    assert active is not None
    assert active.id == inbox


async def test_chosen_numbers_are_shown_masked_and_kept_by_an_empty_field(
    site: Site, owner: Browser
) -> None:
    inbox = await begin(owner, trial_reach="numbers", trial_numbers="+447700900123\n+447700900124")
    assert "2 chosen numbers get their messages through" in owner.page.words
    assert "7700900124" not in owner.page.html

    await owner.submit(f"{inbox}/trial", trial_days="9")

    trial = (await site.scope()).connectors.running_trial
    assert trial is not None
    assert len(trial.numbers) == 2
    assert (trial.ends_at - site.clock.now()).days == 9


async def test_a_stopped_trial_says_why_and_can_go_on(site: Site, owner: Browser) -> None:
    inbox = await begin(owner)
    scope = await site.scope()
    assert scope.connectors.trial is not None
    await scope.configuration.trials.stop(SYSTEM, scope.connectors.trial.saved.id, "failing")

    page = await owner.open(f"connectors/{inbox}/trial")
    assert "The trial of Twilio SMS Service was stopped" in page.words
    assert "The provider refuses most messages, or can't be reached." in page.words

    await owner.submit(f"{inbox}/trial", trial_days="2")
    assert (await site.scope()).connectors.running_trial is not None


async def test_a_viewer_looks_at_a_trial_and_ends_nothing(owner: Browser, invite: Invite) -> None:
    inbox = await begin(owner)
    viewer = await invite("viewer")

    page = await viewer.open(f"connectors/{inbox}/trial")

    assert page.status == 200
    assert (await viewer.submit("/trial/promote")).status == 403
