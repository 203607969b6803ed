"""How operators come in, prove who they are, and leave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyotp

from watchword.core.clock import Clock
from watchword.core.digests import digest_of_token
from watchword.core.email import EmailAddress
from watchword.core.ids import new_id, new_token
from watchword.core.recovery_codes import grouped, new_code, plain
from watchword.core.revisions import ChangedMeanwhile
from watchword.core.sealing import Sealer
from watchword.core.slow_digests import SlowDigest
from watchword.core.totp import step_of
from watchword.operators.errors import (
    InvalidOperatorCredentials,
    InvalidSecondFactor,
    InvitationNotUsable,
    LastOwner,
    OperatorNameInvalid,
    OperatorNameTaken,
    OperatorNotAllowed,
    OperatorNotFound,
)
from watchword.operators.models import (
    INVITATION_LIFETIME,
    LONGEST_PASSWORD,
    SESSION_LIFETIME,
    Invitation,
    OpenedSession,
    OpenInvitation,
    Operator,
    OperatorSession,
    Role,
    TotpEnrolment,
    Visit,
    check_password,
    check_username,
)
from watchword.operators.repository import OperatorRepository
from watchword.storage import Storage
from watchword.storage.database import Database, StorageConflict

RECOVERY_CODES = 10
RECOVERY_CODE_LENGTH = 16


@dataclass(frozen=True, kw_only=True)
class OperatorService:
    """The operators of this server and their sessions."""

    storage: Storage
    repository: OperatorRepository
    sealer: Sealer
    clock: Clock
    passwords: SlowDigest = field(default_factory=SlowDigest)

    async def has_any(self) -> bool:
        """Tell whether the first operator exists."""
        return await self.repository.count() > 0

    async def list(self) -> list[Operator]:
        """Return every operator, the oldest first."""
        return await self.repository.list()

    # One-time links

    async def mint_setup_token(self) -> str | None:
        """Return the token of a fresh set-up link, or None once there is an operator.

        Earlier set-up links stop working.
        """
        if await self.has_any():
            return None
        await self.repository.forget_setup_links()
        return await self.invite(Role.OWNER, is_setup=True)

    async def invite(
        self,
        role: str,
        *,
        created_by: Operator | None = None,
        is_setup: bool = False,
        tx: Database | None = None,
    ) -> str:
        """Return the token of a link that makes one operator, within an hour."""
        token = new_token()
        now = self.clock.now()
        await self._rows(tx).invite(
            token_digest=digest_of_token(token),
            role=Role(role),
            is_setup=is_setup,
            created_by=created_by.id if created_by else None,
            at=now,
            expires_at=now + INVITATION_LIFETIME,
        )
        return token

    async def get_invitation(self, token: str) -> Invitation:
        """Return what a link is for without using it; raises InvitationNotUsable."""
        found = await self.repository.find_invitation(digest_of_token(token), self.clock.now())
        if found is None:
            raise InvitationNotUsable
        return found

    async def list_invitations(self) -> tuple[OpenInvitation, ...]:
        """Return the links that can still be used, the oldest first."""
        return await self.repository.open_invitations(self.clock.now())

    async def revoke_invitation(self, invitation_id: str, *, tx: Database) -> Invitation:
        """Let a link open nothing any more; raises InvitationNotUsable for one that was used."""
        revoked = await self.repository.within(tx).revoke(invitation_id, self.clock.now())
        if revoked is None:
            raise InvitationNotUsable
        return revoked

    async def accept_invitation(self, token: str, username: str, password: str) -> OpenedSession:
        """Use the link up: create the operator and sign them in."""
        await self.get_invitation(token)
        username = check_username(username)
        check_password(password, username)
        digest = await self.passwords.digest_of(password)
        now = self.clock.now()
        operator_id = new_id()
        try:
            async with self.storage.transaction() as tx:
                repository = self.repository.within(tx)
                invitation = await repository.spend_invitation(digest_of_token(token), now)
                if invitation is None:
                    raise InvitationNotUsable
                await repository.create(
                    id=operator_id,
                    username=username,
                    password_digest=digest,
                    role=invitation.role,
                    at=now,
                )
                await repository.succeeded(operator_id, now)
                opened = await self._open_session(operator_id, within=tx)
        except StorageConflict:
            raise OperatorNameTaken from None
        return await self._opened(opened)

    # Signing in

    async def sign_in(self, username: str, password: str) -> OpenedSession:
        """Check user name and password and open a session, perhaps one that needs a second factor.

        Unknown names, wrong passwords and too many tries look alike and take the same time.
        """
        now = self.clock.now()
        try:
            name = check_username(username)
        except OperatorNameInvalid:
            name = ""
        operator = await self.repository.attempt_by_name(name, now) if name else None
        await self._check(operator, password)
        assert operator is not None
        if not operator.has_second_factor:
            await self.repository.succeeded(operator.id, now)
        return await self._opened(
            await self._open_session(operator.id, needs_second_factor=operator.has_second_factor)
        )

    async def verify_second_factor(self, visit: Visit, code: str) -> OpenedSession:
        """Finish a sign-in with an authenticator's or recovery code; the session gets a new id."""
        if not visit.operator.has_second_factor:
            raise InvalidSecondFactor
        operator = await self.repository.attempt_by_id(visit.operator.id, self.clock.now())
        if operator is None:
            raise InvalidSecondFactor
        await self._spend_second_factor(operator, code)
        return await self._renew(visit)

    async def reauthenticate(self, visit: Visit, password: str, code: str = "") -> OpenedSession:
        """Prove again who is there; the session gets a new id."""
        operator = await self.repository.attempt_by_id(visit.operator.id, self.clock.now())
        await self._check(operator, password)
        assert operator is not None
        if operator.has_second_factor:
            await self._spend_second_factor(operator, code)
        return await self._renew(visit)

    # Sessions

    async def find_visit(self, token: str) -> Visit | None:
        """Return the operator and session behind a cookie, or None."""
        return await self.repository.find_visit(digest_of_token(token), self.clock.now())

    async def sign_out(self, visit: Visit) -> None:
        """End the session on the server, at once."""
        await self.repository.end_session(visit.operator.id, visit.session.id)

    async def list_sessions(self, operator: Operator) -> tuple[OperatorSession, ...]:
        """Return an operator's live sessions."""
        return await self.repository.sessions_of(operator.id, self.clock.now())

    async def end_session(
        self, operator: Operator, session_id: str, *, tx: Database | None = None
    ) -> None:
        """End one of the operator's own sessions."""
        await self._rows(tx).end_session(operator.id, session_id)

    async def end_other_sessions(self, visit: Visit, *, tx: Database | None = None) -> None:
        """End every session of the operator but this one."""
        await self._rows(tx).end_others(visit.operator.id, visit.session.id)

    # The operator's own account

    async def set_preferences(
        self, operator: Operator, *, language: str | None, theme: str | None
    ) -> None:
        """Remember language and theme; None means the browser's and the system's."""
        await self._prefer(operator, {"language": language, "theme": theme})

    async def set_alert_email(
        self, operator: Operator, address: str, *, tx: Database | None = None
    ) -> None:
        """Remember where to write when a connector needs a look; an empty text means nowhere.

        Raises InvalidEmailAddress.
        """
        alert_email = EmailAddress.parse(address).address if address.strip() else None
        await self._prefer(operator, {"alert_email": alert_email}, tx)

    async def _prefer(
        self, operator: Operator, chosen: Mapping[str, str | None], tx: Database | None = None
    ) -> None:
        preferences = {**operator.preferences, **chosen}
        await self._rows(tx).set_preferences(
            operator.id, {name: value for name, value in preferences.items() if value}
        )

    async def check_new_password(self, visit: Visit, present: str, new: str) -> str:
        """Return the digest of a new password, for `set_password`, once the present one is right.

        Raises InvalidOperatorCredentials, and the errors of `check_password`.
        """
        operator = await self.repository.attempt_by_id(visit.operator.id, self.clock.now())
        await self._check(operator, present)
        await self.repository.succeeded(visit.operator.id, self.clock.now())
        check_password(new, visit.operator.username)
        return await self.passwords.digest_of(new)

    async def set_password(self, visit: Visit, digest: str, *, tx: Database) -> None:
        """Replace the password; other sessions end."""
        rows = self.repository.within(tx)
        await rows.set_password(visit.operator.id, digest)
        await rows.end_others(visit.operator.id, visit.session.id)

    def begin_totp(self, operator: Operator) -> TotpEnrolment:
        """Return a secret for an authenticator app; nothing is stored until a code proves it."""
        return self._enrolment(operator, pyotp.random_base32())

    def resume_totp(self, operator: Operator, sealed: str) -> TotpEnrolment:
        """Return the enrolment a form carried, to be shown again after a wrong code."""
        return self._enrolment(operator, self.sealer.unseal(sealed, "pending totp", operator.id))

    async def enable_totp(
        self, operator: Operator, sealed: str, code: str, *, tx: Database | None = None
    ) -> tuple[str, ...]:
        """Turn the second factor on and return recovery codes, which are shown this once."""
        secret = self.sealer.unseal(sealed, "pending totp", operator.id)
        step = step_of(secret, code, self.clock.now())
        if step is None:
            raise InvalidSecondFactor
        codes = tuple(new_code(RECOVERY_CODE_LENGTH) for _ in range(RECOVERY_CODES))
        await self._rows(tx).set_totp(
            operator.id,
            self.sealer.seal(secret, "totp", operator.id),
            step,
            tuple(digest_of_token(code) for code in codes),
        )
        return codes

    async def disable_totp(self, operator: Operator, *, tx: Database | None = None) -> None:
        """Turn the second factor off; the caller has asked for a fresh proof of identity."""
        await self._rows(tx).set_totp(operator.id, None, None, ())

    # Operators

    async def change_role(
        self, actor: Operator, operator_id: str, *, seen: Role, wanted: Role, tx: Database
    ) -> Operator:
        """Give an operator another role from their next request on; returns who they were before.

        Raises OperatorNotAllowed, OperatorNotFound, LastOwner, and ChangedMeanwhile where the role
        is not the one that was *seen*.
        """
        repository = self.repository.within(tx)
        before = await self._for_owner(actor, operator_id, repository, stays=wanted is Role.OWNER)
        if before.role is not seen:
            raise ChangedMeanwhile
        await repository.set_role(operator_id, wanted)
        if not wanted.can_manage_operators:
            # A link kept back would let them in again, as an owner.
            await repository.revoke_all_of(operator_id)
        return before

    async def delete(
        self, actor: Operator, operator_id: str, *, seen: Role | None = None, tx: Database
    ) -> Operator:
        """Remove an operator with their sessions; returns who it was.

        Raises OperatorNotAllowed, OperatorNotFound or LastOwner, and with *seen*, ChangedMeanwhile
        where the role is another one.
        """
        repository = self.repository.within(tx)
        removed = await self._for_owner(actor, operator_id, repository)
        if seen not in {None, removed.role}:
            raise ChangedMeanwhile
        await repository.delete(operator_id)
        await repository.revoke_all_of(operator_id)
        return removed

    async def _for_owner(
        self, actor: Operator, operator_id: str, rows: OperatorRepository, *, stays: bool = False
    ) -> Operator:
        owners = await rows.lock_owners()
        # Asked again here: of two owners who remove each other, only one is still an owner.
        if actor.id not in owners:
            raise OperatorNotAllowed
        if owners == {operator_id} and not stays:
            raise LastOwner
        operator = await rows.find(operator_id)
        if operator is None:
            raise OperatorNotFound
        return operator

    async def purge(self, now: datetime) -> None:
        """Remove sessions and links that are past their time."""
        await self.repository.purge(now)

    def _rows(self, tx: Database | None) -> OperatorRepository:
        return self.repository if tx is None else self.repository.within(tx)

    def _enrolment(self, operator: Operator, secret: str) -> TotpEnrolment:
        return TotpEnrolment(
            secret=secret,
            uri=pyotp.TOTP(secret).provisioning_uri(
                name=operator.username, issuer_name="Watchword"
            ),
            sealed=self.sealer.seal(secret, "pending totp", operator.id),
        )

    async def _spend_second_factor(self, operator: Operator, code: str) -> None:
        assert operator.sealed_totp_secret is not None
        secret = self.sealer.unseal(operator.sealed_totp_secret, "totp", operator.id)
        step = step_of(secret, code, self.clock.now())
        if step is not None:
            accepted = await self.repository.spend_step(operator.id, step)
        else:
            digest = digest_of_token(grouped(plain(code)))
            left = tuple(kept for kept in operator.recovery_codes if kept != digest)
            accepted = (
                left != operator.recovery_codes
                and await self.repository.spend_recovery_code(
                    operator.id, operator.recovery_codes, left
                )
            )
        if not accepted:
            raise InvalidSecondFactor

    async def _renew(self, visit: Visit) -> OpenedSession:
        """Give the session a new id, with its first moment and end kept (S120)."""
        await self.repository.succeeded(visit.operator.id, self.clock.now())
        await self.repository.end_session(visit.operator.id, visit.session.id)
        return await self._opened(
            await self._open_session(visit.operator.id, created_at=visit.session.created_at)
        )

    async def _open_session(
        self,
        operator_id: str,
        *,
        needs_second_factor: bool = False,
        created_at: datetime | None = None,
        within: Database | None = None,
    ) -> str:
        token = new_token()
        now = self.clock.now()
        created_at = created_at or now
        repository = self.repository.within(within) if within else self.repository
        await repository.open_session(
            token_digest=digest_of_token(token),
            operator_id=operator_id,
            csrf_token=new_token(),
            needs_second_factor=needs_second_factor,
            at=now,
            created_at=created_at,
            expires_at=created_at + SESSION_LIFETIME,
        )
        return token

    async def _check(self, operator: Operator | None, password: str) -> None:
        # An unknown name takes as long as a known one.
        digest = operator.password_digest if operator else None
        is_right = await self.passwords.matches(digest, password[: LONGEST_PASSWORD + 1])
        if operator is None or not is_right:
            raise InvalidOperatorCredentials

    async def _opened(self, token: str) -> OpenedSession:
        visit = await self.find_visit(token)
        assert visit is not None
        return OpenedSession(token, visit)
