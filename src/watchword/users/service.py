"""Find, create and change the people of one tenant."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from watchword.core.clock import Clock
from watchword.core.ids import new_user_id
from watchword.core.pagination import PageRequest
from watchword.storage import Database
from watchword.storage.database import StorageConflict
from watchword.test_numbers.service import FixedNumbers
from watchword.users.errors import (
    EmailAlreadyInUse,
    IdentityAlreadyInUse,
    InvalidCredentials,
    InvalidEmail,
    InvalidUsername,
    PhoneAlreadyInUse,
    UsernameAlreadyInUse,
    UserNotFound,
    UserSuspended,
)
from watchword.users.models import (
    EMAIL,
    USERNAME,
    Identifier,
    IdentifierType,
    Keep,
    NewUser,
    User,
    UserChange,
    UserPage,
    UserSearch,
)
from watchword.users.passwords import Passwords
from watchword.users.repository import UserRepository

TAKEN = {
    "primary_phone": PhoneAlreadyInUse,
    "primary_email": EmailAlreadyInUse,
    "username": UsernameAlreadyInUse,
    "social_identities": IdentityAlreadyInUse,
}

KEPT_AS_GIVEN = (
    *("username", "password_digest", "name", "avatar", "profile", "custom_data"),
    *("identities", "mfa", "is_suspended"),
)


@dataclass(frozen=True, kw_only=True)
class UserService:
    """The people of one tenant."""

    users: UserRepository
    clock: Clock
    passwords: Passwords = field(default_factory=Passwords)
    fixed_numbers: FixedNumbers | None = None

    async def find(self, user_id: str) -> User | None:
        """Return the user, or None."""
        return await self.users.find(user_id)

    async def get(self, user_id: str) -> User:
        """Return the user; raises UserNotFound."""
        user = await self.users.find(user_id)
        if user is None:
            raise UserNotFound
        return user

    async def get_for_change(self, user_id: str, *, tx: Database) -> User:
        """Return the user, whom nobody else changes until *tx* ends; raises UserNotFound."""
        user = await self.users.within(tx).find_for_change(user_id)
        if user is None:
            raise UserNotFound
        return user

    async def find_by_identifier(self, type_: IdentifierType, value: str) -> User | None:
        """Return the one who owns the identifier (a phone as digits), or None."""
        return await self.users.find_by(Identifier.of(type_, value))

    async def find_by_identity(self, target: str, social_id: str) -> User | None:
        """Return the one whom a provider's account is linked to, or None."""
        return await self.users.find_by_identity(target, social_id)

    async def create(self, new: NewUser, *, tx: Database | None = None) -> User:
        """Add a person; raises …AlreadyInUse, also when two ask at the same moment.

        In a development tenant that is full, TenantLimitReached.
        """
        _check(new)
        now = self.clock.now()
        user = User(
            id=new_user_id(),
            username=new.username,
            primary_email=new.primary_email and new.primary_email.strip().lower(),
            primary_phone=new.primary_phone.digits if new.primary_phone else None,
            email_verified_at=now if new.primary_email and new.is_email_verified else None,
            phone_verified_at=now if new.primary_phone and new.is_phone_verified else None,
            password_digest=new.password_digest,
            name=new.name,
            avatar=new.avatar,
            profile=new.profile,
            custom_data=new.custom_data,
            identities=new.identities,
            mfa={"enabled": False},
            application_id=new.application_id,
            is_suspended=False,
            last_sign_in_at=now if new.is_signed_in else None,
            created_at=now,
            updated_at=now,
        )
        try:
            await self._users(tx).add(user)
        except StorageConflict as conflict:
            raise _taken(conflict) from conflict
        if self.fixed_numbers is not None and new.primary_phone is not None:
            await self.fixed_numbers.note_created(user.id, new.primary_phone, tx)
        return user

    async def change(self, user_id: str, change: UserChange, *, tx: Database | None = None) -> User:
        """Change a person; raises UserNotFound and …AlreadyInUse."""
        await self._check_move(user_id, change, tx)
        return await self._write(user_id, self._columns(change), tx)

    async def record_sign_in(
        self, user_id: str, change: UserChange | None = None, *, tx: Database | None = None
    ) -> User:
        """Note that the person signed in and write what the visit changed, in one statement."""
        if change:
            await self._check_move(user_id, change, tx)
        columns = self._columns(change) if change else {}
        return await self._write(user_id, {**columns, "last_sign_in_at": self.clock.now()}, tx)

    async def set_password(self, user_id: str, password: str) -> User:
        """Give the person a new password; its rules are checked before."""
        digest = await self.passwords.digest_of(password)
        return await self.change(user_id, UserChange(password_digest=digest))

    async def delete(self, user_id: str, *, tx: Database | None = None) -> None:
        """Delete the person; raises UserNotFound."""
        if not await self._users(tx).delete(user_id):
            raise UserNotFound

    async def verify_password(self, identifier: Identifier, password: str) -> User:
        """Return whose password this is, as they are now; raises InvalidCredentials, UserSuspended.

        Known and unknown identifiers take the same time.
        """
        return await self._verify(await self.users.find_by(identifier), password)

    async def verify_password_of(self, user_id: str, password: str) -> None:
        """Accept the password of a user, suspended or not; raises InvalidCredentials."""
        await self._verify(await self.get(user_id), password, lets_suspended=True)

    async def _verify(
        self, user: User | None, password: str, *, lets_suspended: bool = False
    ) -> User:
        digest = user.password_digest if user else None
        # Both are needed before the answer, so that neither is skipped for strangers.
        if not await self.passwords.matches(digest, password) or user is None or digest is None:
            raise InvalidCredentials
        if user.is_suspended and not lets_suspended:
            raise UserSuspended
        if not self.passwords.is_outdated(digest):
            return user
        renewed = await self.passwords.digest_of(password)
        # Only over the digest just checked: a password changed meanwhile wins.
        if await self.users.replace_password_digest(user.id, digest, renewed):
            return replace(user, password_digest=renewed)
        found = await self.users.find(user.id)
        return await self._verify(found, password, lets_suspended=lets_suspended)

    async def has_phone_signed_in(self) -> bool:
        """Tell whether anybody who has a phone number signed in yet."""
        return await self.users.has_phone_signed_in()

    async def username_conflicts(self, *, tx: Database | None = None) -> list[str]:
        """Return user names that several people spell in different case."""
        return await self._users(tx).username_conflicts()

    async def list(self, page: PageRequest, search: UserSearch | str | None = None) -> UserPage:
        """Return users, newest first; a text is looked for in ids, names and identifiers."""
        if isinstance(search, str):
            text = search.strip().strip("%")
            search = UserSearch.containing(text) if text else None
        if search is None:
            return await self.users.list(page)
        return await self.users.search(page, search)

    def _users(self, tx: Database | None) -> UserRepository:
        return self.users.within(tx) if tx else self.users

    async def _write(self, user_id: str, columns: Mapping[str, Any], tx: Database | None) -> User:
        try:
            user = await self._users(tx).change(user_id, columns)
        except StorageConflict as conflict:
            raise _taken(conflict) from conflict
        if user is None:
            raise UserNotFound
        return user

    async def _check_move(self, user_id: str, change: UserChange, tx: Database | None) -> None:
        phone = change.primary_phone
        if self.fixed_numbers is not None and not isinstance(phone, Keep):
            await self.fixed_numbers.check_move(user_id, phone, tx)

    def _columns(self, change: UserChange) -> dict[str, Any]:
        _check(change)
        now = self.clock.now()
        columns: dict[str, Any] = {"updated_at": now}
        for name in KEPT_AS_GIVEN:
            value = getattr(change, name)
            if not isinstance(value, Keep):
                columns[name] = value
        if not isinstance(change.primary_email, Keep):
            email = change.primary_email
            columns["primary_email"] = email and email.strip().lower()
            columns["email_verified_at"] = now if email and change.is_email_verified else None
        if not isinstance(change.primary_phone, Keep):
            phone = change.primary_phone
            columns["primary_phone"] = phone and phone.digits
            columns["phone_verified_at"] = now if phone and change.is_phone_verified else None
        return columns


def _check(user: NewUser | UserChange) -> None:
    if isinstance(user.username, str) and not USERNAME.fullmatch(user.username):
        raise InvalidUsername
    if isinstance(user.primary_email, str) and not EMAIL.fullmatch(user.primary_email.strip()):
        raise InvalidEmail


def _taken(conflict: StorageConflict) -> Exception:
    # PostgreSQL names the index, SQLite its columns; both hold the column's name.
    for column, error_type in TAKEN.items():
        if column in conflict.constraint:
            return error_type()
    return conflict
