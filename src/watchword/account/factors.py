"""What administrators and people themselves do to second factors, each noted as it happens."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from watchword.audit.models import Actor
from watchword.audit.service import AuditService
from watchword.factors.errors import (
    FactorNotFound,
    RecoveryCodesAlone,
    RecoveryCodesAlreadyInUse,
    TotpAlreadyInUse,
)
from watchword.factors.models import Choice, PendingTotp, SavedFactor, SavedFactors, address_of
from watchword.factors.service import FactorService
from watchword.oidc.sessions import SessionService
from watchword.sign_in_settings.models import SignInSettings
from watchword.storage import Database, Storage
from watchword.users.models import User, UserChange
from watchword.users.service import UserService
from watchword.users.told import told_of_user
from watchword.webhooks.models import Event
from watchword.webhooks.service import WebhookService

Besides = Callable[[Database, User], Awaitable[None]]
"""What belongs to a change: called with its transaction, and the person as they were."""


async def nothing(_tx: Database, _user: User) -> None:
    """Do nothing besides."""


@dataclass(frozen=True, kw_only=True)
class AccountFactors:
    """Adds and removes the factors of one tenant's people, with an audit row and an event each."""

    storage: Storage
    users: UserService
    factors: FactorService
    sessions: SessionService
    settings: SignInSettings
    audit: AuditService
    webhooks: WebhookService

    async def list(self, user_id: str) -> SavedFactors:
        """Return what a person has set up; raises UserNotFound."""
        await self.users.get(user_id)
        return await self.factors.of_user(user_id)

    def new_totp(self, secret: str | None = None) -> PendingTotp:
        """Return a new secret, or a given one; nothing is kept. Raises InvalidTotpSecret."""
        return self.factors.new_totp(secret)

    async def add_totp(
        self,
        actor: Actor,
        user_id: str,
        totp: PendingTotp,
        *,
        replaces: bool = False,
        besides: Besides = nothing,
    ) -> SavedFactor:
        """Give a person an authenticator app; raises UserNotFound, TotpAlreadyInUse."""
        async with self._changing(user_id) as (tx, user):
            saved = await self.factors.rows.within(tx).of_user(user_id)
            if saved.totp is not None and not replaces:
                raise TotpAlreadyInUse
            added = await self.factors.replace_totp(user_id, totp, tx=tx)
            await self._note(tx, actor, "added", user, added)
            await besides(tx, user)
        return added

    async def add_codes(
        self,
        actor: Actor,
        user_id: str,
        given: Sequence[str] | None = None,
        *,
        replaces: bool = False,
        besides: Besides = nothing,
    ) -> tuple[str, ...]:
        """Give a person recovery codes, and return them this once.

        Raises UserNotFound, RecoveryCodesAlreadyInUse and, where there is nothing for them to
        stand in for, RecoveryCodesAlone.
        """
        await self.users.get(user_id)  # before the work of ten digests
        codes, shown = await self.factors.new_codes(given)
        async with self._changing(user_id) as (tx, user):
            saved = await self.factors.rows.within(tx).of_user(user_id)
            if not self._has_another(user, saved):
                raise RecoveryCodesAlone
            if saved.codes is not None and saved.codes.codes_left and not replaces:
                raise RecoveryCodesAlreadyInUse
            added = await self.factors.replace_codes(user_id, codes, tx=tx)
            await self._note(tx, actor, "added", user, added)
            await besides(tx, user)
        return shown

    async def remove(
        self,
        actor: Actor,
        user_id: str,
        factor_id: str,
        besides: Callable[[SavedFactor], Besides] = lambda _: nothing,
    ) -> None:
        """Take a factor away; raises UserNotFound, FactorNotFound."""
        async with self._changing(user_id) as (tx, user):
            factor = (await self.factors.rows.within(tx).of_user(user_id)).find(factor_id)
            if factor is None:
                raise FactorNotFound
            await self.factors.remove(user_id, factor_id, tx=tx)
            await self._note(tx, actor, "removed", user, factor)
            await besides(factor)(tx, user)

    async def reset(self, actor: Actor, user_id: str) -> None:
        """Take all factors away and sign the person out everywhere: their device was lost.

        At the next sign-in they are asked what a new person is asked.
        """
        async with self._changing(user_id) as (tx, user):
            for factor in (await self.factors.rows.within(tx).of_user(user_id)).all:
                await self.factors.remove(user_id, factor.id, tx=tx)
                await self._note(tx, actor, "removed", user, factor)
            await self.users.change(user_id, UserChange(mfa=Choice().row()), tx=tx)
            await self.sessions.within(tx).end_all(user_id)

    async def choice(self, user_id: str) -> Choice:
        """Return what a person said about second factors; raises UserNotFound."""
        return Choice.of((await self.users.get(user_id)).mfa)

    async def choose(
        self,
        actor: Actor,
        user_id: str,
        decide: Callable[[Choice], Choice],
        besides: Callable[[Choice, Choice], Besides] = lambda _said, _says: nothing,
    ) -> Choice:
        """Ask a person for a second proof at sign-in, or not, as far as the policy lets them."""
        async with self._changing(user_id) as (tx, user):
            said = Choice.of(user.mfa)
            choice = decide(said)
            await self.users.change(user_id, UserChange(mfa=choice.row()), tx=tx)
            changed = {name: v for name, v in choice.row().items() if said.row()[name] != v}
            await self._record(tx, actor, "changed", user, changed)
            await besides(said, choice)(tx, user)
        return choice

    def _has_another(self, user: User, saved: SavedFactors) -> bool:
        addresses = (address_of(user, factor) for factor in self.settings.mfa.factors)
        return saved.totp is not None or any(address is not None for address in addresses)

    @asynccontextmanager
    async def _changing(self, user_id: str) -> AsyncIterator[tuple[Database, User]]:
        # Of two who change one person's factors, each sees what the other left.
        async with self.storage.transaction() as tx:
            yield tx, await self.users.get_for_change(user_id, tx=tx)

    async def _note(
        self, tx: Database, actor: Actor, word: str, user: User, factor: SavedFactor
    ) -> None:
        await self._record(tx, actor, f"factor_{word}", user, {"factor": factor.type})

    async def _record(
        self, tx: Database, actor: Actor, word: str, user: User, changed: dict[str, Any]
    ) -> None:
        side = "before" if word.endswith("removed") else "after"
        await self.audit.record(
            f"user.{word}", actor, subject=f"user:{user.id}", payload={side: changed}, tx=tx
        )
        await self.webhooks.announce(Event.USER_DATA_UPDATED, told_of_user(user.id, user), tx=tx)
