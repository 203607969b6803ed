"""Multi-factor authentication in the console: factors, policy, and a person's reset."""

import pytest

from tests.web.console.conftest import HOME, Browser, Site
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.core.pagination import PageRequest
from watchword.users.models import NewUser

MFA = f"{HOME}/mfa"


async def save(owner: Browser, *factors: str, **fields: str) -> None:
    await owner.open("mfa")
    form = owner.page.form(MFA)
    form.pairs = [pair for pair in form.pairs if pair[0] not in {"factor", "policy"}]
    form.pairs += [("factor", factor) for factor in factors]
    await owner.submit(MFA, **{"do": "confirm", **fields})


async def test_factors_and_policy_are_saved(site: Site, owner: Browser) -> None:
    await save(owner, "Totp", "BackupCode", policy="Mandatory", organizations="yes")

    mfa = (await site.scope()).settings.mfa
    assert mfa.factors == ("Totp", "BackupCode")
    assert mfa.policy == "Mandatory"
    assert mfa.organization_required_mfa_policy == "Mandatory"


async def test_what_changes_is_shown_before_it_is_saved_and_can_be_left(
    site: Site, owner: Browser
) -> None:
    await save(owner, "Totp", policy="Mandatory", do="")

    assert "Save these changes?" in owner.page.words
    assert "<ins>Authenticator app</ins>" in owner.page.html
    assert (await site.scope()).settings.mfa.factors == ()
    await owner.submit(MFA, do="edit")
    assert "Save these changes?" not in owner.page.words
    assert ("factor", "Totp") in owner.page.form(MFA).pairs
    assert (await site.scope()).settings.mfa.factors == ()
    await owner.submit(MFA, do="confirm")
    assert (await site.scope()).settings.mfa.factors == ("Totp",)


async def test_recovery_codes_alone_are_refused_and_the_form_stays(
    site: Site, owner: Browser
) -> None:
    await save(owner, "BackupCode", policy="Mandatory")

    assert owner.page.status == 422
    assert ("factor", "BackupCode") in owner.page.form(MFA).pairs
    assert (await site.scope()).settings.mfa.factors == ()


async def test_what_a_script_has_set_stays(site: Site, owner: Browser) -> None:
    await (await site.scope()).configuration.settings.save_sign_in(
        SYSTEM, {"mfa": {"factors": ["WebAuthn", "Totp"], "policy": "UserControlled"}}
    )
    page = await owner.open("mfa")
    assert "Passkeys are set, but this server does not have them." in page.words

    # The page has one name for what two names mean.
    assert ("policy", "PromptAtSignInAndSignUp") in owner.page.form(MFA).pairs
    await save(owner, "Totp", policy="PromptAtSignInAndSignUp")

    mfa = (await site.scope()).settings.mfa
    assert mfa.factors == ("WebAuthn", "Totp")
    assert mfa.policy == "UserControlled"


async def test_a_policy_that_is_none_is_refused(site: Site, owner: Browser) -> None:
    await save(owner, "Totp", policy="Sometimes")

    assert owner.page.status == 422
    assert "Choose who is asked." in owner.page.words


async def test_a_change_of_somebody_else_is_not_overwritten(site: Site, owner: Browser) -> None:
    await owner.open("mfa")
    await (await site.scope()).configuration.settings.save_sign_in(
        SYSTEM, {"mfa": {"factors": ["Totp"], "policy": "Mandatory"}}
    )

    await owner.submit(MFA, do="confirm", policy="NoPrompt")

    assert owner.page.status == 409
    assert "What was changed meanwhile" in owner.page.words
    assert "Everybody, and nobody may say no" in owner.page.words
    assert ("policy", "NoPrompt") in owner.page.form(MFA).pairs
    assert (await site.scope()).settings.mfa.policy == "Mandatory"


async def test_the_page_says_what_lacks_and_what_weakens(site: Site, owner: Browser) -> None:
    page = await owner.open("mfa")
    assert "There is no SMS connector, so nobody can be sent a code." in page.words

    await (await site.scope()).configuration.connectors.create(SYSTEM, "development-inbox", {})
    await (await site.scope()).configuration.settings.save_sign_in(
        SYSTEM,
        {
            "mfa": {"factors": ["PhoneVerificationCode"], "policy": "Mandatory"},
            "forgotPasswordMethods": ["PhoneVerificationCode"],
        },
    )
    page = await owner.open("mfa")

    assert "The same code recovers a forgotten password." in page.words


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_who_lost_their_phone_is_reset_and_signed_out(
    site: Site, owner: Browser, language: str
) -> None:
    scope = await site.scope()
    user = await scope.users.create(NewUser(username="ada"))
    await scope.account_factors.add_totp(SYSTEM, user.id, scope.account_factors.new_totp())
    await scope.account_factors.add_codes(SYSTEM, user.id)
    session = await scope.oidc.sessions.create(user.id, ("pwd",))
    await owner.open("get-started")
    await owner.submit("/console/appearance", language=language)
    page = await owner.open(f"users/{user.id}")
    assert "console." not in page.words

    await owner.submit("/second-factor/reset")

    assert (await scope.factors.of_user(user.id)).all == []
    assert await scope.oidc.sessions.find(session.token) is None
    entries = await scope.audit.list(PageRequest(), AuditFilter(event="user.factor_removed"))
    assert [entry.actor.kind for entry in entries.items] == ["operator", "operator"]
