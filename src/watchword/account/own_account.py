"""What a signed-in person sees, changes and ends of their own account."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from watchword.account.admission import Admission
from watchword.account.errors import LastSignInMethodRequired, ScopeMissing
from watchword.account.models import AccountCenterSettings, Asker, FieldName, can_prove_themselves
from watchword.account.service import AccountService, with_identity, without_identity
from watchword.account.social_proofs import SocialProofs
from watchword.account.step_up import StepUp
from watchword.core.context import RequestContext
from watchword.core.phone import PhoneNumber
from watchword.notices.service import Change, Notices
from watchword.oidc.management_access import Unauthorized
from watchword.oidc.models import SESSIONS, Session, UserGrant
from watchword.oidc.signed_in import RevokedGrants, SignedIn
from watchword.sign_in_settings.models import Profile, SignInSettings
from watchword.sign_in_settings.service import check_email, check_password, check_username
from watchword.storage import Database
from watchword.users.errors import InvalidUsername
from watchword.users.models import USERNAME, Identifier, Keep, User, UserChange

Contact = Literal["phone", "email"]

# Whose scope shows what, and which setting hides it.
SHOWN: tuple[tuple[str, str, FieldName | None], ...] = (
    ("username", "profile", "username"),
    ("primaryEmail", "email", "email"),
    ("primaryPhone", "phone", "phone"),
    ("name", "profile", "name"),
    ("avatar", "profile", "avatar"),
    ("customData", "custom_data", "customData"),
    ("identities", "identities", "social"),
    ("profile", "profile", "profile"),
    ("hasPassword", "profile", "password"),
    *(
        (name, "profile", None)
        for name in (
            "lastSignInAt",
            "createdAt",
            "updatedAt",
            "applicationId",
            "cimdClientId",
            "isSuspended",
        )
    ),
)
COLUMNS: Mapping[str, FieldName] = {
    "name": "name",
    "avatar": "avatar",
    "username": "username",
    "custom_data": "customData",
}


@dataclass(frozen=True, kw_only=True)
class OwnAccount:
    """One tenant's account centre, for its pages and for the Account API alike.

    The order of checks is API: who asks (`StepUp.require`), what the tenant lets people change,
    what the application may, whose application it is, and only then the change itself.
    """

    accounts: AccountService
    settings: AccountCenterSettings
    sign_in: SignInSettings
    step_up: StepUp
    social_proofs: SocialProofs
    signed_in: SignedIn
    notices: Notices

    def describe(self, asker: Asker) -> dict[str, Any]:
        """Return what the application may know and the tenant lets people see."""
        user = asker.user
        row = user.row()
        if not asker.may_see("address"):
            row["profile"].pop("address", None)
        shown = {
            name: row[name]
            for name, scope, field in SHOWN
            if asker.may_see(scope) and (field is None or self.settings.shows(field))
        }
        proves = can_prove_themselves(user)
        return {"id": user.id, **shown, "hasSecurityVerificationMethod": proves}

    async def change(self, asker: Asker, change: UserChange) -> User:
        """Write name, picture, user name and custom data, those that *change* names."""
        named = [
            field
            for column, field in COLUMNS.items()
            if not isinstance(getattr(change, column), Keep)
        ]
        if "username" in named:
            await self.step_up.require(asker)
        for field in named:
            self.settings.require_editable(field)
        asker.require_scope("profile", ScopeMissing)
        if "customData" in named:
            asker.require_scope("custom_data", ScopeMissing)
        asker.require_first_party()
        self._check_username(asker.user, change.username)
        return await self.accounts.rewrite(
            asker.actor, asker.user.id, lambda user: _with_a_way_in(user, change)
        )

    async def change_profile(self, asker: Asker, more: Mapping[str, Any]) -> User:
        """Write these claims of the profile; the others stay."""
        self.settings.require_editable("profile")
        asker.require_scope("profile", ScopeMissing)
        if "address" in more:
            asker.require_scope("address", ScopeMissing)
        asker.require_first_party()
        return await self.accounts.add_to_profile(asker.actor, asker.user.id, more)

    async def set_password(self, asker: Asker, password: str, context: RequestContext) -> None:
        """Give the person a password of their choice; everywhere else they are signed out.

        Raises PasswordRejected.
        """
        if can_prove_themselves(asker.user):
            await self.step_up.require(asker)
        self.settings.require_editable("password")
        asker.require_first_party()
        user = asker.user
        check_password(
            self.sign_in,
            password,
            Profile(
                username=user.username,
                email=user.primary_email,
                phone=user.primary_phone,
                name=user.name,
            ),
        )
        digest = await self.accounts.users.passwords.digest_of(password)
        await self.notices.spend(user, "email")
        language = self.step_up.language(context)

        async def besides(tx: Database, before: User, _after: User) -> None:
            await self.signed_in.within(tx).end_others(
                before.id, kept_session=asker.session_digest, kept_grant=asker.grant_id
            )
            await self.accounts.leftovers.within(tx).end_visits(before.id)
            await self.notices.tell(before, "email", "password_changed", language=language, tx=tx)

        change = UserChange(password_digest=digest)
        await self.accounts.rewrite(asker.actor, user.id, lambda _: change, besides)

    async def set_contact(
        self, asker: Asker, type_: Contact, value: str, record_id: str, context: RequestContext
    ) -> None:
        """Replace the number or the address by one that the person has just proved.

        Raises ProofNotFound where *record_id* is no proof of *value*, …AlreadyInUse, and what the
        tenant has against an address.
        """
        await self._admission.to_change(asker, type_, scope=type_)
        new = await self.step_up.get_new(asker, type_, value, record_id)
        if type_ == "email":
            check_email(self.sign_in, new.value)
        change = (
            UserChange(primary_phone=PhoneNumber(new.value), is_phone_verified=True)
            if type_ == "phone"
            else UserChange(primary_email=new.value, is_email_verified=True)
        )
        await self._change_contact(asker, type_, change, new, context)

    async def remove_contact(self, asker: Asker, type_: Contact, context: RequestContext) -> None:
        """Take the number or the address away; raises LastSignInMethodRequired."""
        await self._admission.to_change(asker, type_, scope=type_)
        change = UserChange(primary_phone=None) if type_ == "phone" else _NO_EMAIL
        await self._change_contact(asker, type_, change, None, context)

    async def link(
        self, asker: Asker, proof_id: str, context: RequestContext, *, replaces: bool = False
    ) -> None:
        """Link the social account that the proof is of.

        Raises ProofNotFound, and IdentityAlreadyInUse where another account is linked to it, or
        this one to another account of the provider, unless that is to be replaced.
        """
        await self.admit_to_identities(asker)
        proof = await self.social_proofs.get_proved(asker, proof_id)
        social = {"userId": proof.proved().id, "details": proof.proved().details()}
        await self._change_identity(
            asker,
            "identity_linked",
            proof.target,
            lambda user: with_identity(user, proof.target, social, replaces=replaces),
            context,
        )

    async def unlink(self, asker: Asker, target: str, context: RequestContext) -> None:
        """Take a social account away; raises IdentityNotExist, LastSignInMethodRequired."""
        await self.admit_to_identities(asker)
        without_identity(asker.user, target)
        await self._change_identity(
            asker,
            "identity_removed",
            target,
            lambda user: _with_a_way_in(user, without_identity(user, target)),
            context,
        )

    async def admit_to_identities(self, asker: Asker) -> None:
        """Let pass who may link and unlink social accounts."""
        if can_prove_themselves(asker.user):
            await self.step_up.require(asker)
        self.settings.require_editable("social")
        asker.require_scope("identities", Unauthorized)
        asker.require_first_party()

    async def list_sessions(self, asker: Asker) -> Sequence[Session]:
        """Return where the person is signed in."""
        await self._admit_to_sessions(asker)
        return await self.signed_in.list_sessions(asker.user.id)

    async def end_session(
        self, asker: Asker, name: str, revoked: RevokedGrants | None = None
    ) -> None:
        """Sign the person out of one browser; raises NotSignedInThere."""
        await self._admission.to_change(asker, "session", scope=SESSIONS, refusal=Unauthorized)

        async def note(tx: Database) -> None:
            await self._note(asker, "session_ended", {"session": name}, tx)

        await self.signed_in.end_session(asker.user.id, name, revoked, note)

    async def list_grants(self, asker: Asker) -> Sequence[UserGrant]:
        """Return which applications hold something for the person."""
        await self._admit_to_sessions(asker)
        return await self.signed_in.list_grants(asker.user.id)

    async def revoke_grant(self, asker: Asker, grant_id: str) -> None:
        """Take back what an application holds; raises NotSignedInThere."""
        await self._admission.to_change(asker, "session", scope=SESSIONS, refusal=Unauthorized)
        async with self.accounts.storage.transaction() as tx:
            await self.signed_in.within(tx).revoke(asker.user.id, grant_id)
            await self._note(asker, "grant_revoked", {"grant": grant_id}, tx)

    @property
    def _admission(self) -> Admission:
        return Admission(step_up=self.step_up, settings=self.settings)

    async def _admit_to_sessions(self, asker: Asker) -> None:
        await self.step_up.require(asker)
        self._admission.to_see(asker, "session", scope=SESSIONS, refusal=Unauthorized)

    async def _change_contact(
        self,
        asker: Asker,
        type_: Contact,
        change: UserChange,
        new: Identifier | None,
        context: RequestContext,
    ) -> None:
        language = self.step_up.language(context)
        if _contact(asker.user, type_) != (new and new.value):
            await self.notices.spend(asker.user, type_)

        async def besides(tx: Database, before: User, after: User) -> None:
            if _contact(before, type_) == _contact(after, type_):
                return
            # What was found out by the old number must not sign anybody in any more.
            await self.accounts.leftovers.within(tx).end_visits(before.id)
            what = _CHANGES[type_, new is not None]
            shown = new.masked if new else ""
            await self.notices.tell(before, type_, what, language=language, tx=tx, new=shown)

        await self.accounts.rewrite(
            asker.actor, asker.user.id, lambda user: _with_a_way_in(user, change), besides
        )

    async def _change_identity(
        self,
        asker: Asker,
        what: Change,
        target: str,
        decide: Callable[[User], UserChange],
        context: RequestContext,
    ) -> None:
        language = self.step_up.language(context)
        name = await self.social_proofs.social.name_of(target, language)
        await self.notices.spend(asker.user, "email")

        async def besides(tx: Database, before: User, _after: User) -> None:
            await self.notices.tell(before, "email", what, language=language, tx=tx, new=name)

        await self.accounts.rewrite(asker.actor, asker.user.id, decide, besides)

    async def _note(
        self, asker: Asker, action: str, payload: Mapping[str, Any], tx: Database
    ) -> None:
        await self.accounts.audit.record(
            f"user.{action}",
            asker.actor,
            subject=f"user:{asker.user.id}",
            payload=payload,
            application_id=asker.application.id if asker.application else None,
            tx=tx,
        )

    def _check_username(self, user: User, wanted: str | Keep | None) -> None:
        if not isinstance(wanted, str) or wanted == user.username:
            return
        if not USERNAME.fullmatch(wanted):
            raise InvalidUsername
        check_username(self.sign_in, wanted)


_NO_EMAIL = UserChange(primary_email=None)
_CHANGES: dict[tuple[Contact, bool], Change] = {
    ("phone", True): "phone_changed",
    ("phone", False): "phone_removed",
    ("email", True): "email_changed",
    ("email", False): "email_removed",
}


def _contact(user: User, type_: Contact) -> str | None:
    return user.primary_phone if type_ == "phone" else user.primary_email


def _with_a_way_in(user: User, change: UserChange) -> UserChange:
    """Let a change pass after which something still says who this is."""
    names = ("username", "primary_email", "primary_phone", "identities")
    after = {
        name: getattr(user, name) if isinstance(wanted, Keep) else wanted
        for name in names
        for wanted in (getattr(change, name),)
    }
    takes_away = any(getattr(user, name) and not after[name] for name in names)
    if takes_away and not any(after.values()):
        raise LastSignInMethodRequired
    return change
