"""What is done to people's accounts, by administrators and by themselves."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from watchword.account.repository import Leftovers
from watchword.audit.models import Actor
from watchword.audit.service import AuditService
from watchword.core.revisions import require_unchanged
from watchword.oidc.sessions import SessionService
from watchword.storage import Database, Storage
from watchword.users.errors import IdentityAlreadyInUse, IdentityNotExist
from watchword.users.models import KEEP, NewUser, User, UserChange
from watchword.users.passwords import GivenPassword
from watchword.users.service import UserService
from watchword.users.told import told_of_user
from watchword.webhooks.models import Event
from watchword.webhooks.service import WebhookService

NO_PASSWORD = GivenPassword()

Besides = Callable[[Database, User, User], Awaitable[None]]
"""What belongs to a change: called with its transaction, and the person before and after."""


@dataclass(frozen=True, kw_only=True)
class AccountService:
    """Creates, changes and ends accounts, each together with its audit row and its event."""

    storage: Storage
    users: UserService
    sessions: SessionService
    leftovers: Leftovers
    audit: AuditService
    webhooks: WebhookService

    async def create(self, actor: Actor, new: NewUser, given: GivenPassword = NO_PASSWORD) -> User:
        """Add a person; raises …AlreadyInUse and what `Passwords.stored` raises."""
        digest = await self.users.passwords.stored(given)
        async with self.storage.transaction() as tx:
            user = await self.users.create(replace(new, password_digest=digest), tx=tx)
            await self._note(tx, actor, "created", Event.USER_CREATED, after=user)
        return user

    async def change(self, actor: Actor, user_id: str, wanted: UserChange) -> User:
        """Write what is wanted in place of what was there; raises UserNotFound, …AlreadyInUse."""
        return await self.rewrite(actor, user_id, lambda user: _new_of(wanted, user))

    async def add_to_profile(self, actor: Actor, user_id: str, more: Mapping[str, Any]) -> User:
        """Write these fields of the profile and leave the others; raises UserNotFound."""
        return await self.rewrite(
            actor, user_id, lambda user: UserChange(profile={**user.profile, **more})
        )

    async def add_to_custom_data(self, actor: Actor, user_id: str, more: Mapping[str, Any]) -> User:
        """Write these keys of the custom data and leave the others; raises UserNotFound."""
        return await self.rewrite(
            actor, user_id, lambda user: UserChange(custom_data={**user.custom_data, **more})
        )

    async def unlink(self, actor: Actor, user_id: str, target: str) -> User:
        """Take a social account away; raises UserNotFound, IdentityNotExist."""
        return await self.rewrite(actor, user_id, lambda user: without_identity(user, target))

    async def set_password(self, actor: Actor, user_id: str, password: str) -> User:
        """Give the person this password, whatever the rules for their own say."""
        await self.users.get(user_id)  # before the work of a digest
        change = UserChange(password_digest=await self.users.passwords.digest_of(password))
        return await self.rewrite(actor, user_id, lambda _: change)

    async def suspend(self, actor: Actor, user_id: str, is_suspended: bool) -> User:
        """Keep the person out, with all their sessions and tokens gone, or let them in again."""
        action = "suspended" if is_suspended else "unsuspended"
        event = Event.USER_SUSPENSION_STATUS_UPDATED
        async with self._locked(user_id) as (tx, before):
            user = await self.users.change(user_id, UserChange(is_suspended=is_suspended), tx=tx)
            if is_suspended:
                await self.sessions.within(tx).end_all(user_id)
            await self._note(tx, actor, action, event, before=before, after=user)
        return user

    async def delete(self, actor: Actor, user_id: str, *, seen: str | None = None) -> None:
        """Delete the person and whatever is kept of them; raises UserNotFound.

        With *seen*, the revision that was shown, ChangedMeanwhile, too.
        """
        async with self._locked(user_id) as (tx, before):
            require_unchanged(before.shown, seen)
            await self.leftovers.within(tx).delete(before)
            await self.users.delete(user_id, tx=tx)
            await self._note(tx, actor, "deleted", Event.USER_DELETED, before=before)

    async def rewrite(
        self,
        actor: Actor,
        user_id: str,
        decide: Callable[[User], UserChange],
        besides: Besides | None = None,
    ) -> User:
        """Write what *decide* makes of the person as they are, with *besides*, or nothing at all.

        Raises UserNotFound, …AlreadyInUse, and what either of the two raises.
        """
        async with self._locked(user_id) as (tx, before):
            user = await self.users.change(user_id, decide(before), tx=tx)
            if besides is not None:
                await besides(tx, before, user)
            await self._note(
                tx, actor, "changed", Event.USER_DATA_UPDATED, before=before, after=user
            )
        return user

    @asynccontextmanager
    async def _locked(self, user_id: str) -> AsyncIterator[tuple[Database, User]]:
        # Nobody else changes the row meanwhile: what is noted as before is what was changed, and
        # of two who add to a document neither loses what the other added.
        async with self.storage.transaction() as tx:
            yield tx, await self.users.get_for_change(user_id, tx=tx)

    async def _note(
        self,
        tx: Database,
        actor: Actor,
        action: str,
        event: Event,
        *,
        before: User | None = None,
        after: User | None = None,
    ) -> None:
        user = after or before
        assert user is not None
        await self.audit.record(
            f"user.{action}",
            actor,
            subject=f"user:{user.id}",
            payload=_difference(before, after),
            tx=tx,
        )
        await self.webhooks.announce(event, told_of_user(user.id, after), tx=tx)


def _new_of(wanted: UserChange, user: User) -> UserChange:
    # Who sends a whole person back changes nothing of an identifier that was proved.
    if wanted.primary_phone == user.phone:
        wanted = replace(wanted, primary_phone=KEEP)
    if wanted.primary_email == user.primary_email:
        wanted = replace(wanted, primary_email=KEEP)
    return wanted


def with_identity(
    user: User, target: str, identity: Mapping[str, Any], *, replaces: bool = False
) -> UserChange:
    """Return the change that adds a social account; raises IdentityAlreadyInUse.

    One of the same provider is in the way, unless this one *replaces* it.
    """
    known = user.identities.get(target)
    if known is not None and known["userId"] != identity["userId"] and not replaces:
        raise IdentityAlreadyInUse
    return UserChange(identities={**user.identities, target: dict(identity)})


def without_identity(user: User, target: str) -> UserChange:
    """Return the change that takes a social account away; raises IdentityNotExist."""
    if target not in user.identities:
        raise IdentityNotExist
    return UserChange(
        identities={name: identity for name, identity in user.identities.items() if name != target}
    )


def _difference(before: User | None, after: User | None) -> dict[str, Any]:
    """Return what became different, masked; of a new or a deleted person, what they have or had."""
    old, new = _of_interest(before), _of_interest(after)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return {
        when: {name: user.masked()[name] for name in changed}
        for when, user in (("before", before), ("after", after))
        if user is not None
    }


def _of_interest(user: User | None) -> dict[str, Any]:
    if user is None:
        return {}
    # As it is, for the comparison alone: two numbers may look alike behind their masks.
    row = {**user.row(), "hasPassword": user.password_digest}
    return {name: row[name] for name in user.masked() if row[name]}
