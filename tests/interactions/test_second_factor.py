"""A second proof: when it is asked for, what gives it, and every way around it that is none."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from tests.fakes import FakeClock
from tests.interactions.world import (
    ALICE,
    BOB,
    CONTEXT,
    OUTBOX,
    PASSWORD,
    REGISTER,
    SIGN_IN,
    World,
    authorization_request,
)
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.connector_kit.models import UsageType
from watchword.core.digests import digest_of_token
from watchword.core.errors import DomainError
from watchword.core.pagination import PageRequest
from watchword.core.phone import PhoneNumber
from watchword.factors.errors import (
    FactorNotEnabled,
    InvalidRecoveryCode,
    InvalidTotpCode,
    TotpAlreadyInUse,
)
from watchword.factors.models import SavedFactor
from watchword.guard.errors import TooManyAttempts
from watchword.interactions.errors import (
    AdditionalFactorSuggested,
    FactorMissing,
    IdentityConflict,
    InteractionConflict,
    MissingProfile,
    NobodyIdentified,
    NothingPending,
    PolicyNotUserControlled,
    RecoveryCodesRequired,
    SecondFactorRequired,
    VerificationFailed,
)
from watchword.interactions.models import InteractionEvent
from watchword.organizations.models import NewOrganization
from watchword.sign_in_settings.sections import MfaFactor
from watchword.users.models import Identifier, User, UserChange
from watchword.verification.errors import CodeNotFound, PhoneMismatch, RecordNotFound
from watchword.verification.models import RecordType

TWO = "urn:watchword:acr:2fa"
ONE = "urn:watchword:acr:1fa"
BY_PASSWORD: dict[str, Any] = {
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
    "signIn": {
        "methods": [
            {
                "identifier": name,
                "password": True,
                "verificationCode": False,
                "isPasswordPrimary": True,
            }
            for name in ("username", "phone")
        ]
    },
}
ALL: tuple[MfaFactor, ...] = ("Totp", "PhoneVerificationCode", "BackupCode")
NAMED = Identifier("username", "ada")


def mfa(*factors: MfaFactor, policy: str = "Mandatory", **more: Any) -> dict[str, Any]:
    return {"mfa": {"factors": list(factors), "policy": policy, **more}}


@pytest.fixture
async def world(world: World) -> World:
    """Return a tenant where a password signs in, and an app and recovery codes are asked for."""
    world.set_up(**BY_PASSWORD, **mfa("Totp", "BackupCode"))
    return world


class Person:
    """Somebody with an account, and perhaps an authenticator app and recovery codes."""

    def __init__(self, world: World, user: User) -> None:
        self.world = world
        self.user = user
        self.secret = ""
        self.codes: tuple[str, ...] = ()

    @classmethod
    async def with_app(cls, world: World, **values: Any) -> "Person":
        """Return somebody who set an app and recovery codes up a while ago."""
        person = cls(world, await world.add_user(password=PASSWORD, username="ada", **values))
        factors = world.interactions.factors
        totp = factors.new_totp()
        person.secret = factors.secret_of(totp)
        codes, person.codes = await factors.new_codes()
        async with world.storage.transaction() as tx:
            await factors.add_totp(person.user.id, totp, tx=tx)
            await factors.add_codes(person.user.id, codes, tx=tx)
        return person

    @property
    def app_code(self) -> str:
        """Return what the app shows now."""
        return app_code(self.world, self.secret)

    async def identified(self) -> str:
        """Return a visit in which the password was given."""
        return await by_password(self.world)


def app_code(world: World, secret: str) -> str:
    return pyotp.TOTP(secret).at(int(world.clock.now().timestamp()))


async def by_password(
    world: World, identifier: Identifier = NAMED, *, token: str | None = None
) -> str:
    token = token or await world.begin()
    record = await world.interactions.verify_password(await world.load(token), identifier, PASSWORD)
    await world.identify(token, record.id)
    return token


async def sign_up(world: World, username: str = "new_person") -> str:
    token = await world.begin(REGISTER)
    identifier = Identifier("username", username)
    record = await world.interactions.new_password_identity(
        await world.load(token), identifier, PASSWORD
    )
    await world.identify(token, record.id)
    return token


async def set_app_up(world: World, token: str) -> str:
    """Set an app up in a visit; return its secret."""
    second = world.interactions.second_factor
    _, totp = await second.new_totp(await world.load(token))
    secret = second.factors.secret_of(totp)
    await second.verify_totp(await world.load(token), app_code(world, secret), totp.id)
    await second.bind(await world.load(token), "Totp", totp.id)
    return secret


async def set_codes_up(world: World, token: str) -> tuple[str, ...]:
    second = world.interactions.second_factor
    interaction, shown = await second.new_codes(await world.load(token))
    assert interaction.second.codes is not None
    await second.bind(interaction, "BackupCode", interaction.second.codes.id)
    return shown


async def refused(work: Coroutine[Any, Any, Any], error: type[DomainError]) -> Any:
    with pytest.raises(error) as caught:
        await work
    return caught.value.data


async def claims(world: World, token: str) -> tuple[tuple[str, ...], str | None]:
    """Submit and finish; return `amr` and `acr` of the session."""
    await world.submit(token)
    session = (await world.interactions.finish(token)).session.session
    return session.amr, session.acr


# --- when it is asked for


async def test_a_password_alone_lets_nobody_in_who_has_an_app(world: World) -> None:
    person = await Person.with_app(world)
    token = await person.identified()

    data = await refused(world.submit(token), SecondFactorRequired)

    assert data["availableFactors"] == ("Totp", "BackupCode")
    assert (await world.load(token)).result is None
    assert (await world.users.get(person.user.id)).last_sign_in_at is None


async def test_s58_password_and_app_are_two_kinds_of_proof(world: World) -> None:
    person = await Person.with_app(world)
    token = await person.identified()

    await world.interactions.second_factor.verify_totp(await world.load(token), person.app_code)

    assert await claims(world, token) == (("pwd", "otp", "mfa"), TWO)


async def test_who_has_no_factor_is_asked_nothing_where_none_is_offered(world: World) -> None:
    world.set_up(**mfa())
    await world.add_user(password=PASSWORD, username="ada")

    assert await claims(world, await by_password(world)) == (("pwd",), ONE)


async def test_a_tenant_without_factors_pays_no_statement(world: World) -> None:
    await world.add_user(password=PASSWORD, username="ada")
    spent = {}
    for factors in ((), ("Totp",)):
        world.set_up(**mfa(*factors, policy="NoPrompt"))
        token = await by_password(world)
        interaction = await world.load(token)
        before = world.storage.statements
        await world.interactions.submit(interaction, CONTEXT)
        spent[factors] = world.storage.statements - before

    # The person and their factors; which connectors there are is read once.
    assert 0 < spent["Totp",] - spent[()] <= 4


async def test_an_app_that_the_tenant_offers_no_more_is_not_asked_for(world: World) -> None:
    await Person.with_app(world)
    world.set_up(**mfa("PhoneVerificationCode", policy="NoPrompt"))

    assert await claims(world, await by_password(world)) == (("pwd",), ONE)


@pytest.mark.parametrize("policy", ["UserControlled", "PromptOnlyAtSignIn", "NoPrompt"])
async def test_an_app_that_was_set_up_is_asked_for_under_any_policy(
    world: World, policy: str
) -> None:
    await Person.with_app(world)
    world.set_up(**mfa("Totp", "BackupCode", policy=policy))

    await refused(world.submit(await by_password(world)), SecondFactorRequired)


async def test_who_switched_it_off_is_asked_only_where_it_is_mandatory(world: World) -> None:
    person = await Person.with_app(world)
    await world.users.change(person.user.id, UserChange(mfa={"skipMfaOnSignIn": True}))
    world.set_up(**mfa("Totp", "BackupCode", policy="NoPrompt"))
    assert await claims(world, await by_password(world)) == (("pwd",), ONE)

    world.set_up(**mfa("Totp", "BackupCode"))

    await refused(world.submit(await by_password(world)), SecondFactorRequired)


async def test_a_number_is_a_second_step_where_it_is_mandatory_or_wanted(world: World) -> None:
    user = await world.add_user(ALICE, password=PASSWORD, username="ada", is_phone_verified=True)
    world.set_up(**mfa("PhoneVerificationCode"))
    data = await refused(world.submit(await by_password(world)), SecondFactorRequired)
    assert data["maskedIdentifiers"] == {"PhoneVerificationCode": "****5678"}

    world.set_up(**mfa("PhoneVerificationCode", policy="NoPrompt"))
    assert await claims(world, await by_password(world)) == (("pwd",), ONE)
    await world.users.change(user.id, UserChange(mfa={"enabled": True}))

    await refused(world.submit(await by_password(world)), SecondFactorRequired)


async def test_an_organization_may_insist(world: World) -> None:
    user = await world.add_user(password=PASSWORD, username="ada")
    organization = await world.organizations.create(
        SYSTEM, NewOrganization(name="Acme", is_mfa_required=True)
    )
    await world.organizations.add_members(SYSTEM, organization.id, [user.id])
    world.set_up(**mfa("Totp", policy="NoPrompt"))
    assert await claims(world, await by_password(world)) == (("pwd",), ONE)

    world.set_up(**mfa("Totp", policy="NoPrompt", organizationRequiredMfaPolicy="Mandatory"))
    token = await by_password(world)

    assert await refused(world.submit(token), FactorMissing) == {"availableFactors": ("Totp",)}
    with pytest.raises(PolicyNotUserControlled):
        await world.interactions.second_factor.skip(await world.load(token))


# --- codes that are sent


async def test_s58_password_and_a_text_are_two_kinds_of_proof(world: World) -> None:
    await world.add_user(ALICE, password=PASSWORD, username="ada")
    world.set_up(**mfa("PhoneVerificationCode"))
    token = await by_password(world)
    second = world.interactions.second_factor

    record = await second.send_code(await world.load(token), "phone", CONTEXT)
    assert OUTBOX[-1].usage is UsageType.MFA_VERIFICATION
    await second.verify_code(await world.load(token), "phone", record.id, world.last_code)

    assert await claims(world, token) == (("pwd", "sms", "otp", "mfa"), TWO)


async def test_s55_a_code_by_email_is_no_second_factor_to_applications(world: World) -> None:
    await world.add_user(None, password=PASSWORD, username="ada", primary_email="ada@example.com")
    world.set_up(**mfa("EmailVerificationCode"))
    token = await by_password(world)
    interaction = await world.load(token)
    data = await refused(world.submit(token), SecondFactorRequired)
    assert data["availableFactors"] == ("EmailVerificationCode",)
    # As `verify_code` leaves it; nothing sends e-mail here.
    pending = interaction.second.with_proof("EmailVerificationCode")
    interactions = world.interactions.interactions
    await interactions.save(interaction.with_second(pending), world.clock.now())

    assert await claims(world, token) == (("pwd", "otp"), ONE)


async def test_nobody_gets_a_code_before_it_is_known_who_they_are(world: World) -> None:
    world.set_up(**mfa("PhoneVerificationCode"))
    interaction = await world.load(await world.begin())
    second = world.interactions.second_factor

    for attempt in (
        second.send_code(interaction, "phone", CONTEXT),
        second.verify_totp(interaction, "123456"),
        second.verify_recovery_code(interaction, "aaaa"),
        second.new_totp(interaction),
        second.skip(interaction),
    ):
        with pytest.raises(NobodyIdentified):
            await attempt
    assert OUTBOX == []


async def test_who_has_no_number_gets_no_code(world: World) -> None:
    world.set_up(**mfa("PhoneVerificationCode"))
    await world.add_user(None, password=PASSWORD, username="ada")
    token = await by_password(world)

    with pytest.raises(FactorNotEnabled):
        await world.interactions.second_factor.send_code(await world.load(token), "phone", CONTEXT)


async def test_a_code_to_sign_in_is_no_second_proof_nor_the_other_way_round(world: World) -> None:
    await world.add_user(ALICE, password=PASSWORD, username="ada")
    world.set_up(**mfa("PhoneVerificationCode"))
    token = await by_password(world)
    second = world.interactions.second_factor
    record = await second.send_code(await world.load(token), "phone", CONTEXT)
    code = world.last_code

    with pytest.raises(RecordNotFound):
        await world.interactions.verify_code(await world.load(token), ALICE, record.id, code)
    other = await world.begin()
    with pytest.raises(RecordNotFound):
        await second.verify_code(
            await world.load(await by_password(world, token=other)), "phone", record.id, code
        )


async def test_the_phone_that_was_the_first_proof_is_not_the_second(world: World) -> None:
    # The console refuses such settings; they may be older than the rule, or be changed meanwhile.
    await world.add_user(ALICE, password=PASSWORD, username="ada")
    factors: tuple[MfaFactor, ...] = ("PhoneVerificationCode", "Totp")
    world.set_up(**world_by_code(), **mfa(*factors, policy="NoPrompt"))
    token = await world.begin()
    await world.identify(token, await world.prove(token))

    with pytest.raises(FactorNotEnabled):
        await world.interactions.second_factor.send_code(await world.load(token), "phone", CONTEXT)


def world_by_code() -> dict[str, Any]:
    methods = [{**method, "verificationCode": True} for method in BY_PASSWORD["signIn"]["methods"]]
    return {"signIn": {"methods": methods}}


async def test_a_code_and_an_app_are_two_proofs_of_one_kind(world: World) -> None:
    person = await Person.with_app(world)
    world.set_up(**world_by_code())
    token = await world.begin()
    await world.identify(token, await world.prove(token))

    await world.interactions.second_factor.verify_totp(await world.load(token), person.app_code)

    assert await claims(world, token) == (("sms", "otp"), TWO)


# --- authenticator apps


async def test_a_code_of_an_app_works_once(world: World) -> None:
    person = await Person.with_app(world)
    code = person.app_code
    first, second = await person.identified(), await person.identified()
    story = world.interactions.second_factor
    await story.verify_totp(await world.load(first), code)

    with pytest.raises(InvalidTotpCode):
        await story.verify_totp(await world.load(second), code)

    await refused(world.submit(second), SecondFactorRequired)


async def test_an_older_code_is_worth_nothing_after_a_newer_one(world: World) -> None:
    person = await Person.with_app(world)
    older = person.app_code
    world.clock.advance(timedelta(seconds=30))
    token = await person.identified()
    story = world.interactions.second_factor
    await story.verify_totp(await world.load(token), person.app_code)

    with pytest.raises(InvalidTotpCode):
        await story.verify_totp(await world.load(token), older)


@pytest.mark.parametrize(
    ("seconds", "is_accepted"), [(-60, False), (-30, True), (30, True), (60, False)]
)
async def test_a_clock_may_be_half_a_minute_off(
    world: World, clock: FakeClock, seconds: int, is_accepted: bool
) -> None:
    person = await Person.with_app(world)
    token = await person.identified()
    code = pyotp.TOTP(person.secret).at(int(clock.now().timestamp()) + seconds)
    attempt = world.interactions.second_factor.verify_totp(await world.load(token), code)

    if is_accepted:
        await attempt
    else:
        with pytest.raises(InvalidTotpCode):
            await attempt


async def test_of_parallel_uses_of_one_code_one_counts(world: World) -> None:
    person = await Person.with_app(world)
    code = person.app_code
    tokens = [await person.identified() for _ in range(6)]
    interactions = [await world.load(token) for token in tokens]
    story = world.interactions.second_factor

    outcomes = await asyncio.gather(
        *(story.verify_totp(interaction, code) for interaction in interactions),
        return_exceptions=True,
    )

    assert [type(o) for o in outcomes].count(str) == 1
    assert [type(o) for o in outcomes].count(InvalidTotpCode) == 5


@pytest.mark.parametrize(
    "guess", ["", "12345", "1234567", "abcdef", "123 45", "\x00" * 6, "１２３４５６"]
)
async def test_what_is_no_code_is_refused_as_a_wrong_one(world: World, guess: str) -> None:
    person = await Person.with_app(world)
    token = await person.identified()

    with pytest.raises(InvalidTotpCode):
        await world.interactions.second_factor.verify_totp(await world.load(token), guess)


async def test_guessing_at_an_app_ends_in_a_lock_that_the_right_code_does_not_open(
    world: World,
) -> None:
    person = await Person.with_app(world)
    world.set_up(sentinelPolicy={"maxAttempts": 3, "lockoutDuration": 10})
    story = world.interactions.second_factor
    # A new visit does not begin the count anew.
    for last in (False, False, True):
        token = await person.identified()
        wrong = f"{(int(person.app_code) + 1) % 10**6:06}"
        with pytest.raises(TooManyAttempts if last else InvalidTotpCode):
            await story.verify_totp(await world.load(token), wrong)

    token = await person.identified()
    with pytest.raises(TooManyAttempts):
        await story.verify_totp(await world.load(token), person.app_code)

    # A pool of its own: recovery codes still help out.
    await story.verify_recovery_code(await world.load(token), person.codes[0])
    await world.submit(token)


# --- recovery codes


async def test_s56b_a_recovery_code_works_once(world: World) -> None:
    person = await Person.with_app(world)
    assert len(set(person.codes)) == 10
    token = await person.identified()
    story = world.interactions.second_factor

    await story.verify_recovery_code(await world.load(token), f" {person.codes[0].upper()} ")
    assert await claims(world, token) == (("pwd", "otp", "mfa"), TWO)

    other = await person.identified()
    with pytest.raises(InvalidRecoveryCode):
        await story.verify_recovery_code(await world.load(other), person.codes[0])
    await story.verify_recovery_code(await world.load(other), person.codes[1].replace("-", ""))


async def test_s56b_the_database_holds_no_recovery_code(world: World) -> None:
    person = await Person.with_app(world)
    saved = (await world.interactions.factors.of_user(person.user.id)).codes
    assert saved is not None
    assert saved.salt is not None

    digest = await world.interactions.factors.digest.of(saved.salt, person.codes[0])

    plain = digest_of_token(person.codes[0])
    assert digest != plain
    assert person.codes[0] not in repr(saved)
    other = await world.interactions.factors.digest.of("another salt", person.codes[0])
    assert other != digest


async def test_of_parallel_uses_of_one_recovery_code_one_counts(world: World) -> None:
    person = await Person.with_app(world)
    interactions = [await world.load(await person.identified()) for _ in range(6)]
    story = world.interactions.second_factor

    outcomes = await asyncio.gather(
        *(story.verify_recovery_code(it, person.codes[3]) for it in interactions),
        return_exceptions=True,
    )

    assert [type(o) for o in outcomes].count(str) == 1
    assert [type(o) for o in outcomes].count(InvalidRecoveryCode) == 5


async def test_two_recovery_codes_at_the_same_moment_both_count(world: World) -> None:
    person = await Person.with_app(world)
    interactions = [await world.load(await person.identified()) for _ in range(2)]
    story = world.interactions.second_factor

    await asyncio.gather(
        *(story.verify_recovery_code(it, person.codes[i]) for i, it in enumerate(interactions))
    )

    saved = (await story.factors.of_user(person.user.id)).codes
    assert saved is not None
    assert saved.codes_left == 8


async def test_guessing_at_recovery_codes_ends_in_a_lock(world: World) -> None:
    person = await Person.with_app(world)
    world.set_up(sentinelPolicy={"maxAttempts": 2, "lockoutDuration": 10})
    token = await person.identified()
    story = world.interactions.second_factor
    with pytest.raises(InvalidRecoveryCode):
        await story.verify_recovery_code(await world.load(token), "wrong")
    with pytest.raises(TooManyAttempts):
        await story.verify_recovery_code(await world.load(token), "wrong")

    with pytest.raises(TooManyAttempts):
        await story.verify_recovery_code(await world.load(token), person.codes[0])


async def test_whose_codes_are_used_up_gets_new_ones(world: World) -> None:
    person = await Person.with_app(world)
    story = world.interactions.second_factor
    for code in person.codes[:-1]:
        await story.verify_recovery_code(await world.load(await person.identified()), code)
    token = await person.identified()
    await story.verify_recovery_code(await world.load(token), person.codes[-1])

    await refused(world.submit(token), RecoveryCodesRequired)
    new = await set_codes_up(world, token)
    await world.submit(token)

    assert not set(new) & set(person.codes)
    saved = (await story.factors.of_user(person.user.id)).codes
    assert saved is not None
    assert saved.codes_left == 10


# --- setting up


async def test_signing_up_sets_a_mandatory_app_and_recovery_codes_up(world: World) -> None:
    token = await sign_up(world)
    data = await refused(world.submit(token), FactorMissing)
    assert data == {"availableFactors": ("Totp",)}

    secret = await set_app_up(world, token)
    await refused(world.submit(token), RecoveryCodesRequired)
    codes = await set_codes_up(world, token)
    assert await claims(world, token) == (("pwd", "otp", "mfa"), TWO)

    # The code that proved the app is used up; the next one, and a recovery code, sign in.
    again = await by_password(world, Identifier("username", "new_person"))
    story = world.interactions.second_factor
    with pytest.raises(InvalidTotpCode):
        await story.verify_totp(await world.load(again), app_code(world, secret))
    await story.verify_recovery_code(await world.load(again), codes[0])
    await world.submit(again)
    entries = await world.audit.list(PageRequest(), AuditFilter(event="user.factor_added"))
    assert {entry.payload["after"]["factor"] for entry in entries.items} == {"Totp", "BackupCode"}


async def test_nothing_is_set_up_before_the_visit_is_submitted(world: World) -> None:
    token = await sign_up(world)
    await set_app_up(world, token)
    user_id = (await world.load(token)).user_id
    assert user_id is not None

    assert (await world.interactions.factors.of_user(user_id)).all == []


async def test_an_app_counts_only_once_a_code_proved_it(world: World) -> None:
    token = await sign_up(world)
    story = world.interactions.second_factor
    _, totp = await story.new_totp(await world.load(token))

    with pytest.raises(VerificationFailed):
        await story.bind(await world.load(token), "Totp", totp.id)
    with pytest.raises(InvalidTotpCode):
        await story.verify_totp(await world.load(token), "000000", totp.id)
    with pytest.raises(NothingPending):
        await story.bind(await world.load(token), "Totp", "another")
    with pytest.raises(RecordNotFound):
        await story.verify_totp(await world.load(token), "000000", "another")


async def test_recovery_codes_alone_are_no_factor(world: World) -> None:
    token = await sign_up(world)
    interaction, _ = await world.interactions.second_factor.new_codes(await world.load(token))
    assert interaction.second.codes is not None

    with pytest.raises(FactorNotEnabled):
        await world.interactions.second_factor.bind(
            interaction, "BackupCode", interaction.second.codes.id
        )


async def test_recovery_codes_are_shown_until_they_are_kept_and_never_again(world: World) -> None:
    token = await sign_up(world)
    await set_app_up(world, token)
    story = world.interactions.second_factor
    interaction, shown = await story.new_codes(await world.load(token))
    codes = (await world.load(token)).second.codes
    assert codes is not None
    assert story.factors.shown(codes) == shown

    await story.bind(interaction, "BackupCode", codes.id)

    kept = (await world.load(token)).second.codes
    assert kept is not None
    assert story.factors.shown(kept) == ()


async def test_of_two_visits_that_set_an_app_up_one_counts(world: World) -> None:
    await world.add_user(password=PASSWORD, username="ada")
    world.set_up(**mfa("Totp"))
    first, second = await by_password(world), await by_password(world)
    await set_app_up(world, first)
    await set_app_up(world, second)
    await world.submit(first)

    # The second visit has set an app up, but the account's own is another one.
    await refused(world.submit(second), SecondFactorRequired)
    with pytest.raises(SecondFactorRequired):
        await world.interactions.second_factor.new_totp(await world.load(second))


async def test_of_two_submits_at_once_that_set_an_app_up_one_counts(world: World) -> None:
    user = await world.add_user(password=PASSWORD, username="ada")
    world.set_up(**mfa("Totp"))
    tokens = [await by_password(world), await by_password(world)]
    for token in tokens:
        await set_app_up(world, token)
    interactions = [await world.load(token) for token in tokens]

    outcomes = await asyncio.gather(
        *(world.interactions.submit(it, CONTEXT) for it in interactions), return_exceptions=True
    )

    assert [type(o) for o in outcomes].count(str) == 1
    assert {type(o) for o in outcomes} <= {str, TotpAlreadyInUse, SecondFactorRequired}
    assert len((await world.interactions.factors.of_user(user.id)).all) == 1


async def test_a_number_is_bound_with_a_code_to_it(world: World) -> None:
    user = await world.add_user(None, password=PASSWORD, username="ada")
    world.set_up(**mfa("PhoneVerificationCode"))
    token = await by_password(world)
    data = await refused(world.submit(token), FactorMissing)
    assert data == {"availableFactors": ("PhoneVerificationCode",)}

    record_id = await world.prove(token)
    assert OUTBOX[-1].usage is UsageType.BIND_MFA
    await world.interactions.second_factor.bind(
        await world.load(token), "PhoneVerificationCode", record_id
    )

    # The same code is not asked for twice.
    assert await claims(world, token) == (("pwd", "sms", "otp", "mfa"), TWO)
    assert (await world.users.get(user.id)).primary_phone == ALICE.value


async def test_only_what_can_be_set_up_is_offered(world: World) -> None:
    await world.add_user(None, password=PASSWORD, username="ada")
    world.set_up(**mfa("WebAuthn", "EmailVerificationCode", "Totp"))

    data = await refused(world.submit(await by_password(world)), FactorMissing)

    # There are no passkeys here, and nothing that sends e-mail.
    assert data == {"availableFactors": ("Totp",)}


# --- policies


@pytest.mark.parametrize(
    ("policy", "at_sign_up", "at_sign_in"),
    [
        ("UserControlled", "may", "may"),
        ("Mandatory", "must", "must"),
        ("PromptOnlyAtSignIn", None, "may"),
        ("PromptAtSignInAndSignUp", "may", "may"),
        ("NoPrompt", None, None),
        ("PromptAtSignInAndSignUpMandatory", "must", "must"),
        ("PromptOnlyAtSignInMandatory", None, "must"),
    ],
)
async def test_a_policy_says_who_is_asked_when(
    world: World, policy: str, at_sign_up: str | None, at_sign_in: str | None
) -> None:
    world.set_up(**mfa("Totp", policy=policy))
    await world.add_user(password=PASSWORD, username="ada")

    for token, expected in (
        (await sign_up(world), at_sign_up),
        (await by_password(world), at_sign_in),
    ):
        if expected is None:
            assert await world.submit(token)
            continue
        data = await refused(world.submit(token), FactorMissing)
        assert data == {
            "availableFactors": ("Totp",),
            **({"skippable": True} if expected == "may" else {}),
        }
        skip = world.interactions.second_factor.skip(await world.load(token))
        if expected == "must":
            with pytest.raises(PolicyNotUserControlled):
                await skip
            await refused(world.submit(token), FactorMissing)
        else:
            await skip
            assert await world.submit(token)


async def test_who_said_no_is_not_asked_again(world: World) -> None:
    world.set_up(**mfa("Totp", policy="UserControlled"))
    await world.add_user(password=PASSWORD, username="ada")
    token = await by_password(world)
    await world.interactions.second_factor.skip(await world.load(token))
    await world.submit(token)

    assert await claims(world, await by_password(world)) == (("pwd",), ONE)


async def test_who_says_yes_to_texts_is_asked_for_them_from_then_on(world: World) -> None:
    world.set_up(**mfa("PhoneVerificationCode", policy="UserControlled"))
    await world.add_user(ALICE, password=PASSWORD, username="ada")
    token = await by_password(world)
    data = await refused(world.submit(token), FactorMissing)
    assert data == {"availableFactors": ("PhoneVerificationCode",), "skippable": True}
    await world.interactions.second_factor.enable(await world.load(token))
    await world.submit(token)

    await refused(world.submit(await by_password(world)), SecondFactorRequired)


async def test_s50_who_has_only_texts_is_offered_an_app_once(world: World) -> None:
    world.set_up(**mfa(*ALL[:2]))
    await world.add_user(ALICE, password=PASSWORD, username="ada")

    async def by_text() -> str:
        token = await by_password(world)
        story = world.interactions.second_factor
        record = await story.send_code(await world.load(token), "phone", CONTEXT)
        await story.verify_code(await world.load(token), "phone", record.id, world.last_code)
        return token

    token = await by_text()
    data = await refused(world.submit(token), AdditionalFactorSuggested)
    assert data == {"availableFactors": ("Totp",), "skippable": True}
    await world.interactions.second_factor.skip_suggestion(await world.load(token))
    await world.submit(token)

    assert await world.submit(await by_text())


async def test_the_owner_is_told_of_a_factor_that_was_set_up_at_sign_in(world: World) -> None:
    await world.add_user(ALICE, password=PASSWORD, username="ada")
    token = await by_password(world)
    await set_app_up(world, token)
    await set_codes_up(world, token)
    await world.messaging.drain(timedelta(seconds=5))
    assert [message.notice for message in OUTBOX] == []

    await world.submit(token)
    await world.messaging.drain(timedelta(seconds=5))

    told = {(message.notice or "").split(" for ")[0] for message in OUTBOX}
    assert told == {"An authenticator app was set up", "New recovery codes were made"}
    assert {message.to.digits for message in OUTBOX} == {ALICE.value}


async def test_who_signs_up_is_told_of_no_factor(world: World) -> None:
    token = await sign_up(world)
    await set_app_up(world, token)
    await set_codes_up(world, token)

    await world.submit(token)
    await world.messaging.drain(timedelta(seconds=5))

    assert OUTBOX == []


# --- ways around it that are none


async def test_who_owes_a_proof_can_change_nothing(world: World) -> None:
    person = await Person.with_app(world, phone=None)
    world.set_up(
        **mfa(*ALL),
        signUp={
            "identifiers": ["username"],
            "password": True,
            "verify": True,
            "secondaryIdentifiers": [{"identifier": "phone", "verify": True}],
        },
    )
    token = await person.identified()
    record_id = await world.prove(token, BOB)
    story = world.interactions.second_factor

    for attempt in (
        lambda it: world.interactions.set_phone(it, record_id),
        lambda it: story.bind(it, "PhoneVerificationCode", record_id),
        story.new_totp,
        story.new_codes,
        story.skip,
        story.enable,
        story.skip_suggestion,
    ):
        with pytest.raises(SecondFactorRequired):
            await attempt(await world.load(token))
    assert (await world.load(token)).second.to_row() == {"user_id": person.user.id}


async def test_a_proof_is_worth_nothing_for_another_person(world: World) -> None:
    person = await Person.with_app(world)
    victim = await world.add_user(BOB, password=PASSWORD, username="eve")
    world.set_up(**mfa("Totp"))
    factors = world.interactions.factors
    async with world.storage.transaction() as tx:
        await factors.add_totp(victim.id, factors.new_totp(), tx=tx)
    token = await person.identified()
    await world.interactions.second_factor.verify_totp(await world.load(token), person.app_code)

    with pytest.raises(IdentityConflict):
        await by_password(world, Identifier("username", "eve"), token=token)
    # Signing up and back forgets who it was, and with them what they proved.
    for event in (REGISTER, SIGN_IN):
        await world.interactions.switch_event(await world.load(token), event)
    await by_password(world, Identifier("username", "eve"), token=token)

    await refused(world.submit(token), SecondFactorRequired)


async def test_a_text_to_one_person_is_no_proof_of_another(world: World) -> None:
    world.set_up(**mfa("PhoneVerificationCode"))
    await world.add_user(ALICE, password=PASSWORD, username="ada")
    await world.add_user(BOB, password=PASSWORD, username="eve")
    token = await by_password(world)
    story = world.interactions.second_factor
    record = await story.send_code(await world.load(token), "phone", CONTEXT)
    code = world.last_code
    for event in (REGISTER, SIGN_IN):
        await world.interactions.switch_event(await world.load(token), event)
    await by_password(world, Identifier("username", "eve"), token=token)

    with pytest.raises(PhoneMismatch):
        await story.verify_code(await world.load(token), "phone", record.id, code)


async def test_a_stale_visit_overwrites_nothing(world: World) -> None:
    person = await Person.with_app(world)
    token = await person.identified()
    stale = await world.load(token)
    story = world.interactions.second_factor
    await story.verify_totp(await world.load(token), person.app_code)

    with pytest.raises(InteractionConflict):
        await story.verify_recovery_code(stale, person.codes[0])

    assert (await world.load(token)).second.proved == ("Totp",)


async def test_starting_again_forgets_what_was_proved(world: World) -> None:
    person = await Person.with_app(world)
    token = await person.identified()
    await world.interactions.second_factor.verify_totp(await world.load(token), person.app_code)

    await world.interactions.start(token, SIGN_IN)
    await by_password(world, token=token)

    await refused(world.submit(token), SecondFactorRequired)


async def test_a_code_that_was_sent_works_once(world: World) -> None:
    world.set_up(**mfa("PhoneVerificationCode"))
    await world.add_user(ALICE, password=PASSWORD, username="ada")
    token = await by_password(world)
    story = world.interactions.second_factor
    record = await story.send_code(await world.load(token), "phone", CONTEXT)
    await story.verify_code(await world.load(token), "phone", record.id, world.last_code)

    with pytest.raises(CodeNotFound):
        await story.verify_code(await world.load(token), "phone", record.id, world.last_code)


async def test_a_factor_set_up_elsewhere_meanwhile_has_to_be_proved(world: World) -> None:
    user = await world.add_user(None, password=PASSWORD, username="ada")
    world.set_up(**mfa("PhoneVerificationCode"))
    token = await by_password(world)
    record_id = await world.prove(token, BOB)
    story = world.interactions.second_factor
    await story.bind(await world.load(token), "PhoneVerificationCode", record_id)
    await world.users.change(user.id, UserChange(primary_phone=PhoneNumber(ALICE.value)))

    await refused(world.submit(token), SecondFactorRequired)


async def test_who_is_missing_something_is_asked_for_the_proof_first(world: World) -> None:
    person = await Person.with_app(world, phone=None)
    world.set_up(
        signUp={
            "identifiers": ["username"],
            "password": True,
            "verify": True,
            "secondaryIdentifiers": [{"identifier": "phone", "verify": True}],
        }
    )
    token = await person.identified()
    await refused(world.submit(token), SecondFactorRequired)

    await world.interactions.second_factor.verify_totp(await world.load(token), person.app_code)

    await refused(world.submit(token), MissingProfile)


# --- recovering a password


async def recovering(world: World) -> str:
    token = await world.begin(InteractionEvent.FORGOT_PASSWORD)
    record_id = await world.send(token, event=InteractionEvent.FORGOT_PASSWORD)
    await world.messaging.drain(timedelta(seconds=5))
    await world.interactions.verify_code(await world.load(token), ALICE, record_id, world.last_code)
    await world.identify(token, record_id)
    await world.interactions.set_new_password(await world.load(token), "brisk-heron-9-ferns")
    return token


async def test_s71_recovering_a_password_asks_for_the_second_step_too(world: World) -> None:
    person = await Person.with_app(world)
    world.set_up(forgotPasswordMethods=["PhoneVerificationCode"])
    token = await recovering(world)

    data = await refused(world.submit(token), SecondFactorRequired)
    assert data["availableFactors"] == ("Totp", "BackupCode")
    await world.users.verify_password(NAMED, PASSWORD)
    await world.interactions.second_factor.verify_totp(await world.load(token), person.app_code)
    assert await world.submit(token) is None

    await world.users.verify_password(NAMED, "brisk-heron-9-ferns")


async def test_s71_the_phone_that_recovers_is_not_the_second_step(world: World) -> None:
    person = await Person.with_app(world)
    world.set_up(forgotPasswordMethods=["PhoneVerificationCode"], **mfa(*ALL))
    token = await recovering(world)

    data = await refused(world.submit(token), SecondFactorRequired)

    assert data["availableFactors"] == ("Totp", "BackupCode")
    with pytest.raises(FactorNotEnabled):
        await world.interactions.second_factor.send_code(await world.load(token), "phone", CONTEXT)
    for attempt in (
        world.interactions.second_factor.new_totp,
        world.interactions.second_factor.new_codes,
        world.interactions.second_factor.skip,
    ):
        with pytest.raises(FactorNotEnabled):
            await attempt(await world.load(token))
    assert person.user.id == (await world.load(token)).user_id


# --- what the application asks for


async def asked(world: World, **request: Any) -> str:
    token = await world.interactions.begin(authorization_request(**request))
    await world.interactions.start(token, SIGN_IN)
    return await by_password(world, token=token)


async def test_an_application_gets_a_second_proof_from_whoever_has_one(world: World) -> None:
    person = await Person.with_app(world)
    await world.users.change(person.user.id, UserChange(mfa={"skipMfaOnSignIn": True}))
    world.set_up(**mfa("Totp", policy="NoPrompt"))

    token = await asked(world, acr_values=(TWO,))

    await refused(world.submit(token), SecondFactorRequired)
    await world.interactions.second_factor.verify_totp(await world.load(token), person.app_code)
    assert await claims(world, token) == (("pwd", "otp", "mfa"), TWO)


async def test_a_wish_for_a_second_proof_keeps_nobody_out(world: World) -> None:
    await world.add_user(password=PASSWORD, username="ada")
    world.set_up(**mfa("Totp", policy="NoPrompt"))

    assert await claims(world, await asked(world, acr_values=(TWO,))) == (("pwd",), ONE)


async def test_an_application_that_insists_has_the_factor_set_up(world: World) -> None:
    await world.add_user(password=PASSWORD, username="ada")
    world.set_up(**mfa("Totp", policy="NoPrompt"))
    token = await asked(world, acr_values=(TWO,), is_acr_essential=True)

    await refused(world.submit(token), FactorMissing)
    await set_app_up(world, token)

    assert await claims(world, token) == (("pwd", "otp", "mfa"), TWO)


async def test_an_application_that_insists_where_there_is_no_factor_gets_an_error(
    world: World,
) -> None:
    await world.add_user(password=PASSWORD, username="ada")
    world.set_up(**mfa())
    token = await asked(world, acr_values=(TWO,), is_acr_essential=True)
    await world.submit(token)

    finished = await world.interactions.finish(token)

    assert finished.response is not None
    assert finished.response.parameters["error"] == "unmet_authentication_requirements"
    assert "code" not in finished.response.parameters


# --- what is remembered


async def test_s57_who_is_deleted_leaves_no_factor(world: World) -> None:
    person = await Person.with_app(world)

    await world.users.delete(person.user.id)

    assert (await world.interactions.factors.of_user(person.user.id)).all == []


async def test_a_wrong_second_proof_is_in_the_audit_log(world: World) -> None:
    person = await Person.with_app(world)
    token = await person.identified()
    with pytest.raises(InvalidTotpCode):
        await world.interactions.second_factor.verify_totp(await world.load(token), "000000")

    entries = await world.audit.list(
        PageRequest(), AuditFilter(event="Interaction.SignIn.Verification.Totp.Submit")
    )

    assert [entry.result for entry in entries.items] == ["failure"]
    assert entries.items[0].subject == f"user:{person.user.id}"


async def test_nothing_that_proves_anything_is_in_a_description(world: World) -> None:
    person = await Person.with_app(world)
    saved: list[SavedFactor] = list((await world.interactions.factors.of_user(person.user.id)).all)

    shown = f"{[factor.row() for factor in saved]} {saved}"

    assert person.secret not in shown
    assert {key for factor in saved for key in factor.row()} == {
        "id",
        "type",
        "createdAt",
        "remainCodes",
    }
    assert RecordType.MFA_PHONE_CODE not in shown
