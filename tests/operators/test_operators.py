"""Operators: one-time links, sign-in with growing waits, sessions and the second factor."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from tests.cheap_hashing import cheap_hasher
from tests.fakes import FakeClock
from watchword.core.keys import SecretKeys
from watchword.core.revisions import ChangedMeanwhile
from watchword.core.sealing import Sealer
from watchword.core.slow_digests import SlowDigest
from watchword.operators.errors import (
    InvalidOperatorCredentials,
    InvalidSecondFactor,
    InvitationNotUsable,
    LastOwner,
    OperatorNameInvalid,
    OperatorNameTaken,
    OperatorNotAllowed,
    OperatorNotFound,
    OperatorPasswordTooCommon,
    OperatorPasswordTooShort,
)
from watchword.operators.models import (
    FRESH,
    SESSION_IDLE,
    SESSION_LIFETIME,
    OpenedSession,
    Operator,
    Role,
)
from watchword.operators.repository import OperatorRepository
from watchword.operators.service import OperatorService
from watchword.storage import Storage, StorageUnavailable

PASSWORD = "quiet harbour lamp"


@pytest.fixture
def operators(storage: Storage, clock: FakeClock, keys: SecretKeys) -> OperatorService:
    return OperatorService(
        storage=storage,
        repository=OperatorRepository(storage),
        sealer=Sealer(keys, "operator"),
        clock=clock,
        passwords=SlowDigest(cheap_hasher()),
    )


@pytest.fixture
async def owner(operators: OperatorService) -> OpenedSession:
    token = await operators.mint_setup_token()
    assert token is not None
    return await operators.accept_invitation(token, "Ada", PASSWORD)


async def with_second_factor(
    operators: OperatorService, owner: OpenedSession, clock: FakeClock
) -> tuple[pyotp.TOTP, tuple[str, ...]]:
    enrolment = operators.begin_totp(owner.visit.operator)
    totp = pyotp.TOTP(enrolment.secret)
    codes = await operators.enable_totp(
        owner.visit.operator, enrolment.sealed, totp.at(clock.now())
    )
    clock.advance(timedelta(minutes=1))
    return totp, codes


async def change_password(operators: OperatorService, owner: OpenedSession) -> None:
    """Replace the password with "another quiet lamp"."""
    digest = await operators.check_new_password(owner.visit, PASSWORD, "another quiet lamp")
    async with operators.storage.transaction() as tx:
        await operators.set_password(owner.visit, digest, tx=tx)


class TestOneTimeLinks:
    @pytest.mark.proves("S124")
    async def test_the_set_up_link_makes_the_first_owner_and_no_second(
        self, operators: OperatorService
    ) -> None:
        token = await operators.mint_setup_token()
        assert token is not None

        opened = await operators.accept_invitation(token, "Ada", PASSWORD)

        assert opened.visit.operator.username == "ada"
        assert opened.visit.operator.role is Role.OWNER
        assert await operators.mint_setup_token() is None
        with pytest.raises(InvitationNotUsable):
            await operators.accept_invitation(token, "eve", PASSWORD)

    @pytest.mark.proves("S124")
    async def test_of_parallel_posts_of_one_link_exactly_one_succeeds(
        self, operators: OperatorService
    ) -> None:
        token = await operators.invite("editor")

        results = await asyncio.gather(
            *(operators.accept_invitation(token, f"person{n}", PASSWORD) for n in range(5)),
            return_exceptions=True,
        )

        assert sum(isinstance(result, OpenedSession) for result in results) == 1
        assert sum(isinstance(result, InvitationNotUsable) for result in results) == 4
        assert len(await operators.list()) == 1

    async def test_looking_at_a_link_does_not_spend_it(self, operators: OperatorService) -> None:
        token = await operators.invite("viewer")

        await operators.get_invitation(token)

        assert (await operators.get_invitation(token)).role is Role.VIEWER

    async def test_a_link_lives_an_hour(self, operators: OperatorService, clock: FakeClock) -> None:
        token = await operators.invite("editor")
        clock.advance(timedelta(hours=1, seconds=1))

        with pytest.raises(InvitationNotUsable):
            await operators.get_invitation(token)

    async def test_a_newer_set_up_link_replaces_the_older(self, operators: OperatorService) -> None:
        older = await operators.mint_setup_token()
        newer = await operators.mint_setup_token()
        assert older is not None
        assert newer is not None

        with pytest.raises(InvitationNotUsable):
            await operators.get_invitation(older)
        await operators.get_invitation(newer)

    @pytest.mark.parametrize(
        ("username", "password", "refusal"),
        [
            ("", PASSWORD, OperatorNameInvalid),
            ("a b", PASSWORD, OperatorNameInvalid),
            ("ada", "1234567", OperatorPasswordTooShort),
            ("ada", "Password123", OperatorPasswordTooCommon),
            ("countess-ada", "Countess-Ada", OperatorPasswordTooCommon),
            ("ada", "zzzzzzzzzz", OperatorPasswordTooCommon),
        ],
    )
    async def test_a_refused_name_or_password_leaves_the_link_usable(
        self, operators: OperatorService, username: str, password: str, refusal: type[Exception]
    ) -> None:
        token = await operators.invite("editor")

        with pytest.raises(refusal):
            await operators.accept_invitation(token, username, password)

        await operators.get_invitation(token)

    async def test_a_taken_name_leaves_the_link_usable(
        self, operators: OperatorService, owner: OpenedSession
    ) -> None:
        token = await operators.invite("editor")

        with pytest.raises(OperatorNameTaken):
            await operators.accept_invitation(token, "ADA", PASSWORD)

        await operators.get_invitation(token)


class TestSignIn:
    @pytest.mark.proves("S120")
    async def test_the_right_password_opens_a_session_of_its_own(
        self, operators: OperatorService, owner: OpenedSession
    ) -> None:
        opened = await operators.sign_in("ADA", PASSWORD)

        assert opened.token != owner.token
        assert opened.visit.session.csrf_token != owner.visit.session.csrf_token
        assert (await operators.find_visit(opened.token)) is not None

    @pytest.mark.parametrize("name", ["ada", "nobody", "", "not a name"])
    async def test_wrong_passwords_and_unknown_names_look_alike(
        self, operators: OperatorService, owner: OpenedSession, name: str
    ) -> None:
        with pytest.raises(InvalidOperatorCredentials):
            await operators.sign_in(name, "wrong password")

    async def test_after_five_wrong_tries_the_right_one_waits_too(
        self, operators: OperatorService, owner: OpenedSession, clock: FakeClock
    ) -> None:
        for _ in range(5):
            with pytest.raises(InvalidOperatorCredentials):
                await operators.sign_in("ada", "wrong password")

        with pytest.raises(InvalidOperatorCredentials):
            await operators.sign_in("ada", PASSWORD)
        clock.advance(timedelta(seconds=31))
        await operators.sign_in("ada", PASSWORD)

    @pytest.mark.proves("S22")
    async def test_waits_grow(
        self, operators: OperatorService, owner: OpenedSession, clock: FakeClock
    ) -> None:
        for _ in range(6):
            with pytest.raises(InvalidOperatorCredentials):
                await operators.sign_in("ada", "wrong password")
            clock.advance(timedelta(seconds=31))

        with pytest.raises(InvalidOperatorCredentials):
            await operators.sign_in("ada", PASSWORD)
        clock.advance(timedelta(seconds=30))
        await operators.sign_in("ada", PASSWORD)

    async def test_parallel_guesses_each_cost_a_try(
        self, operators: OperatorService, owner: OpenedSession
    ) -> None:
        await asyncio.gather(
            *(operators.sign_in("ada", f"wrong {n}") for n in range(8)), return_exceptions=True
        )

        with pytest.raises(InvalidOperatorCredentials):
            await operators.sign_in("ada", PASSWORD)

    async def test_a_success_forgets_earlier_failures(
        self, operators: OperatorService, owner: OpenedSession
    ) -> None:
        for _ in range(3):
            for _ in range(3):
                with pytest.raises(InvalidOperatorCredentials):
                    await operators.sign_in("ada", "wrong password")
            await operators.sign_in("ada", PASSWORD)


class TestSessions:
    @pytest.mark.proves("S121")
    async def test_signing_out_ends_the_session_on_the_server(
        self, operators: OperatorService, owner: OpenedSession
    ) -> None:
        await operators.sign_out(owner.visit)

        assert await operators.find_visit(owner.token) is None

    @pytest.mark.proves("S123")
    async def test_an_idle_session_ends(
        self, operators: OperatorService, owner: OpenedSession, clock: FakeClock
    ) -> None:
        clock.advance(SESSION_IDLE + timedelta(seconds=1))

        assert await operators.find_visit(owner.token) is None

    @pytest.mark.proves("S123")
    async def test_use_keeps_a_session_alive_but_not_for_ever(
        self, operators: OperatorService, owner: OpenedSession, clock: FakeClock
    ) -> None:
        for _ in range(int(SESSION_LIFETIME / timedelta(hours=7)) - 1):
            clock.advance(timedelta(hours=7))
            assert await operators.find_visit(owner.token) is not None

        clock.advance(timedelta(hours=8))
        assert await operators.find_visit(owner.token) is None

    async def test_a_proof_of_identity_grows_old_and_is_renewed_under_a_new_id(
        self, operators: OperatorService, owner: OpenedSession, clock: FakeClock
    ) -> None:
        clock.advance(FRESH)
        assert not owner.visit.is_fresh(clock.now())

        renewed = await operators.reauthenticate(owner.visit, PASSWORD)

        assert renewed.visit.is_fresh(clock.now())
        assert await operators.find_visit(owner.token) is None
        assert renewed.visit.session.expires_at == owner.visit.session.expires_at

    async def test_a_new_password_ends_the_other_sessions(
        self, operators: OperatorService, owner: OpenedSession
    ) -> None:
        other = await operators.sign_in("ada", PASSWORD)

        await change_password(operators, owner)

        assert await operators.find_visit(other.token) is None
        assert await operators.find_visit(owner.token) is not None
        await operators.sign_in("ada", "another quiet lamp")

    async def test_a_new_password_counts_only_where_the_other_sessions_end(
        self, operators: OperatorService, owner: OpenedSession, storage: Storage
    ) -> None:
        class Torn(OperatorRepository):
            async def end_others(self, operator_id: str, kept: str) -> None:
                raise StorageUnavailable("gone in the middle")

        torn = replace(operators, repository=Torn(storage))

        with pytest.raises(StorageUnavailable):
            await change_password(torn, owner)

        await operators.sign_in("ada", PASSWORD)

    @pytest.mark.proves("S122")
    async def test_sessions_are_listed_and_ended_one_by_one(
        self, operators: OperatorService, owner: OpenedSession
    ) -> None:
        other = await operators.sign_in("ada", PASSWORD)
        assert len(await operators.list_sessions(owner.visit.operator)) == 2

        await operators.end_session(owner.visit.operator, other.visit.session.id)

        assert await operators.find_visit(other.token) is None

    async def test_nothing_that_opens_a_session_is_stored(
        self, operators: OperatorService, owner: OpenedSession
    ) -> None:
        (stored,) = await operators.list_sessions(owner.visit.operator)

        assert owner.token not in stored.id


class TestSecondFactor:
    async def test_a_password_alone_opens_only_half_a_session(
        self, operators: OperatorService, owner: OpenedSession, clock: FakeClock
    ) -> None:
        totp, _ = await with_second_factor(operators, owner, clock)

        half = await operators.sign_in("ada", PASSWORD)
        assert half.visit.session.needs_second_factor

        whole = await operators.verify_second_factor(half.visit, totp.at(clock.now()))
        assert not whole.visit.session.needs_second_factor
        assert await operators.find_visit(half.token) is None

    async def test_a_code_of_the_authenticator_serves_once(
        self, operators: OperatorService, owner: OpenedSession, clock: FakeClock
    ) -> None:
        totp, _ = await with_second_factor(operators, owner, clock)
        code = totp.at(clock.now())
        first = await operators.sign_in("ada", PASSWORD)
        await operators.verify_second_factor(first.visit, code)

        second = await operators.sign_in("ada", PASSWORD)
        with pytest.raises(InvalidSecondFactor):
            await operators.verify_second_factor(second.visit, code)

    @pytest.mark.proves("S56b")
    async def test_a_recovery_code_serves_once(
        self, operators: OperatorService, owner: OpenedSession, clock: FakeClock
    ) -> None:
        _, codes = await with_second_factor(operators, owner, clock)
        first = await operators.sign_in("ada", PASSWORD)
        await operators.verify_second_factor(first.visit, codes[3].upper().replace("-", " "))

        second = await operators.sign_in("ada", PASSWORD)
        with pytest.raises(InvalidSecondFactor):
            await operators.verify_second_factor(second.visit, codes[3])

    async def test_a_wrong_first_code_enrols_nothing(
        self, operators: OperatorService, owner: OpenedSession
    ) -> None:
        enrolment = operators.begin_totp(owner.visit.operator)

        with pytest.raises(InvalidSecondFactor):
            await operators.enable_totp(owner.visit.operator, enrolment.sealed, "000000")

        opened = await operators.sign_in("ada", PASSWORD)
        assert not opened.visit.session.needs_second_factor

    async def test_guesses_at_the_second_factor_count_as_tries(
        self, operators: OperatorService, owner: OpenedSession, clock: FakeClock
    ) -> None:
        totp, _ = await with_second_factor(operators, owner, clock)
        half = await operators.sign_in("ada", PASSWORD)
        for _ in range(5):
            with pytest.raises(InvalidSecondFactor):
                await operators.verify_second_factor(half.visit, "not it")

        with pytest.raises(InvalidSecondFactor):
            await operators.verify_second_factor(half.visit, totp.at(clock.now()))


async def delete(operators: OperatorService, actor: Operator, operator_id: str) -> None:
    async with operators.storage.transaction() as tx:
        await operators.delete(actor, operator_id, tx=tx)


async def change_role(
    operators: OperatorService, actor: Operator, operator_id: str, seen: Role, wanted: Role
) -> None:
    async with operators.storage.transaction() as tx:
        await operators.change_role(actor, operator_id, seen=seen, wanted=wanted, tx=tx)


class TestOwners:
    @pytest.fixture
    async def second(self, operators: OperatorService, owner: OpenedSession) -> OpenedSession:
        return await operators.accept_invitation(await operators.invite("owner"), "Bob", PASSWORD)

    async def test_the_last_owner_stays(
        self, operators: OperatorService, owner: OpenedSession
    ) -> None:
        ada = owner.visit.operator

        with pytest.raises(LastOwner):
            await delete(operators, ada, ada.id)
        with pytest.raises(LastOwner):
            await change_role(operators, ada, ada.id, Role.OWNER, Role.EDITOR)

        visit = await operators.find_visit(owner.token)
        assert visit is not None
        assert visit.operator.role is Role.OWNER

    async def test_another_role_holds_from_the_next_request_on(
        self, operators: OperatorService, owner: OpenedSession, second: OpenedSession
    ) -> None:
        bob = second.visit.operator

        await change_role(operators, owner.visit.operator, bob.id, Role.OWNER, Role.VIEWER)

        visit = await operators.find_visit(second.token)
        assert visit is not None
        assert visit.operator.role is Role.VIEWER
        with pytest.raises(OperatorNotAllowed):
            await change_role(operators, bob, owner.visit.operator.id, Role.OWNER, Role.VIEWER)

    async def test_a_role_that_nobody_saw_is_not_overwritten(
        self, operators: OperatorService, owner: OpenedSession, second: OpenedSession
    ) -> None:
        ada, bob = owner.visit.operator, second.visit.operator

        with pytest.raises(ChangedMeanwhile):
            await change_role(operators, ada, bob.id, Role.EDITOR, Role.VIEWER)
        with pytest.raises(OperatorNotFound):
            await change_role(operators, ada, "nobody", Role.EDITOR, Role.VIEWER)

        assert [one.role for one in await operators.list()] == [Role.OWNER, Role.OWNER]

    @pytest.mark.parametrize("how", ["remove", "demote"])
    async def test_of_two_owners_who_oust_each_other_one_stays(
        self, operators: OperatorService, owner: OpenedSession, second: OpenedSession, how: str
    ) -> None:
        ada, bob = owner.visit.operator, second.visit.operator

        async def oust(actor: Operator, other: Operator) -> None:
            if how == "remove":
                await delete(operators, actor, other.id)
            else:
                await change_role(operators, actor, other.id, Role.OWNER, Role.VIEWER)

        results = await asyncio.gather(oust(ada, bob), oust(bob, ada), return_exceptions=True)

        assert {type(result) for result in results} == {type(None), OperatorNotAllowed}
        assert len([one for one in await operators.list() if one.role is Role.OWNER]) == 1


class TestOpenInvitations:
    async def test_links_are_listed_until_they_are_used_or_expire(
        self, operators: OperatorService, owner: OpenedSession, clock: FakeClock
    ) -> None:
        used = await operators.invite("editor", created_by=owner.visit.operator)
        await operators.accept_invitation(used, "Bob", PASSWORD)
        await operators.invite("viewer", created_by=owner.visit.operator)
        clock.advance(timedelta(minutes=30))
        await operators.invite("owner")

        both = await operators.list_invitations()
        clock.advance(timedelta(minutes=31))
        newest = await operators.list_invitations()

        assert [(one.role, one.invited_by) for one in both] == [
            (Role.VIEWER, "ada"),
            (Role.OWNER, None),
        ]
        assert [one.role for one in newest] == [Role.OWNER]

    async def test_a_revoked_link_opens_nothing(
        self, operators: OperatorService, owner: OpenedSession
    ) -> None:
        token = await operators.invite("editor", created_by=owner.visit.operator)
        (listed,) = await operators.list_invitations()
        assert listed.id not in token

        async with operators.storage.transaction() as tx:
            revoked = await operators.revoke_invitation(listed.id, tx=tx)

        assert revoked.role is Role.EDITOR
        assert await operators.list_invitations() == ()
        with pytest.raises(InvitationNotUsable):
            await operators.accept_invitation(token, "Bob", PASSWORD)
        with pytest.raises(InvitationNotUsable):
            async with operators.storage.transaction() as tx:
                await operators.revoke_invitation(listed.id, tx=tx)

    @pytest.mark.parametrize("how", ["remove", "demote"])
    async def test_the_links_of_a_former_owner_open_nothing(
        self, operators: OperatorService, owner: OpenedSession, how: str
    ) -> None:
        ada = owner.visit.operator
        second = await operators.accept_invitation(await operators.invite("owner"), "Bob", PASSWORD)
        bob = second.visit.operator
        kept_back = await operators.invite("owner", created_by=bob)

        if how == "remove":
            await delete(operators, ada, bob.id)
        else:
            await change_role(operators, ada, bob.id, Role.OWNER, Role.EDITOR)

        with pytest.raises(InvitationNotUsable):
            await operators.accept_invitation(kept_back, "Eve", PASSWORD)
