"""`/api/users`: the people who sign in, for machines that administer them."""

from collections import defaultdict
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AfterValidator, Field

from watchword.core.email import EmailAddress, InvalidEmailAddress
from watchword.core.phone import DIGITS, InvalidPhoneNumber, PhoneNumber
from watchword.sign_in_settings.errors import NothingToChange
from watchword.sign_in_settings.sections import Flag, OptionalWebAddress
from watchword.tenants.errors import TenantLimitReached
from watchword.users.errors import (
    EmailAlreadyInUse,
    IdentityNotExist,
    InvalidCredentials,
    InvalidPasswordDigest,
    InvalidSearch,
    PasswordAlgorithmNotSupported,
    PasswordAlgorithmRequired,
    PasswordAndDigest,
    PhoneAlreadyInUse,
    UsernameAlreadyInUse,
    UserNotFound,
)
from watchword.users.models import (
    MOST_VALUES,
    SEARCH_FIELDS,
    USERNAME,
    Condition,
    NewUser,
    SearchField,
    UserChange,
    UserSearch,
)
from watchword.users.passwords import GivenPassword, PasswordAlgorithm
from watchword.web.documented import problems
from watchword.web.management.access import Caller
from watchword.web.management.changes import require_a_change
from watchword.web.management.paging import InvalidPagination, Paged, describe_page
from watchword.web.models import ApiModel, PhoneDigits

router = APIRouter(prefix="/users", tags=["Users"])

LOOKED_THROUGH = "Search-Looked-Through"
LONGEST_VALUE = 256
WIRE_NAMES: dict[str, SearchField] = {
    "id": "id",
    "primaryEmail": "primary_email",
    "primaryPhone": "primary_phone",
    "username": "username",
    "name": "name",
}
assert set(WIRE_NAMES.values()) == set(get_args(SearchField))


def _email(value: str) -> str:
    try:
        return EmailAddress.parse(value).address
    except InvalidEmailAddress:
        raise ValueError("this is not an e-mail address") from None


def _username(value: str) -> str:
    if not USERNAME.fullmatch(value):
        raise ValueError("a user name has letters, digits and _, and begins with no digit")
    return value


def _or_none(check: Any) -> AfterValidator:
    # The contract takes an empty text for "none"; two people may both have none, not both "".
    return AfterValidator(lambda value: check(value) if value else None)


def _digits(value: str) -> str:
    if not DIGITS.fullmatch(value):
        raise ValueError("a phone number has digits only here, country code first")
    return value


Text = Annotated[str, Field(max_length=1024)]
Password = Annotated[str, Field(min_length=1, max_length=256)]
Name = Annotated[str, Field(max_length=128)]
Id = Annotated[str, Path(max_length=128)]


class Address(ApiModel):
    """Where somebody lives, as OpenID Connect Core 5.1.1 has it."""

    formatted: Text = ""
    street_address: Text = ""
    locality: Text = ""
    region: Text = ""
    postal_code: Text = ""
    country: Text = ""


class UserProfile(ApiModel):
    """What OpenID Connect knows of a person beside their name and picture; each field may lack."""

    family_name: Text = ""
    given_name: Text = ""
    middle_name: Text = ""
    nickname: Text = ""
    preferred_username: Text = ""
    profile: Text = ""
    website: Text = ""
    gender: Text = ""
    birthdate: Text = ""
    zoneinfo: Text = ""
    locale: Text = ""
    address: Address = Address()

    def document(self) -> dict[str, Any]:
        """Return the fields that were given, by the contract's names."""
        return self.model_dump(by_alias=True, exclude_unset=True)


class CreateUser(ApiModel):
    """A new person; everything may lack."""

    primary_phone: PhoneDigits = ""
    primary_email: Annotated[str, Field(max_length=128), AfterValidator(_email)] = ""
    username: Annotated[str, AfterValidator(_username)] = ""
    password: Password = ""
    password_digest: Annotated[str, Field(min_length=1, max_length=2048)] = ""
    """Of the password they have elsewhere; with its algorithm."""
    password_algorithm: PasswordAlgorithm | None = None
    name: Name = ""
    avatar: OptionalWebAddress = None
    custom_data: dict[str, Any] = Field(default_factory=dict)
    profile: UserProfile = UserProfile()

    def new_user(self) -> NewUser:
        """Return whom to create; raises InvalidPhoneNumber."""
        return NewUser(
            username=self.username or None,
            primary_email=self.primary_email or None,
            primary_phone=(
                PhoneNumber.from_digits(self.primary_phone) if self.primary_phone else None
            ),
            name=self.name or None,
            avatar=self.avatar,
            custom_data=self.custom_data,
            profile=self.profile.document(),
        )


class ChangeUser(ApiModel):
    """What to change of a person; null or an empty text takes it away."""

    username: Annotated[str | None, _or_none(_username)] = None
    primary_email: Annotated[str | None, Field(max_length=128), _or_none(_email)] = None
    primary_phone: Annotated[str | None, _or_none(_digits)] = None
    name: Annotated[str | None, Field(max_length=128), _or_none(str)] = None
    avatar: OptionalWebAddress = None
    custom_data: dict[str, Any] = Field(default_factory=dict)
    """In place of the whole of it."""
    profile: UserProfile = UserProfile()
    """In place of the whole of it."""

    def change(self) -> UserChange:
        """Return what the body names; raises InvalidPhoneNumber."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if given.get("primary_phone"):
            given["primary_phone"] = PhoneNumber.from_digits(given["primary_phone"])
        if "profile" in given:
            given["profile"] = self.profile.document()
        return UserChange(**given)


class ChangeProfile(ApiModel):
    """Fields of the profile to write; the others stay."""

    profile: UserProfile


class ChangeCustomData(ApiModel):
    """Keys of the custom data to write; the others stay."""

    custom_data: dict[str, Any]


class SetPassword(ApiModel):
    """A password, in clear."""

    password: Password


class Suspend(ApiModel):
    """Whether the person is kept out."""

    is_suspended: Flag


class UserAnswer(ApiModel):
    """One person."""

    id: str
    username: str | None
    primary_email: str | None
    primary_phone: str | None
    """Digits only, country code first."""
    name: str | None
    avatar: str | None
    custom_data: dict[str, Any]
    identities: dict[str, Any]
    last_sign_in_at: int | None
    """Milliseconds since 1970, as all moments here."""
    created_at: int
    updated_at: int
    profile: dict[str, Any]
    application_id: str | None
    """Where they signed up."""
    cimd_client_id: str | None
    is_suspended: bool
    has_password: bool
    sso_identities: list[Any] = Field(default_factory=list)
    """Only where it was asked for."""


class PasswordAnswer(ApiModel):
    """Whether a person has a password."""

    has_password: bool


def _parameter(name: str, description: str, *values: str, is_list: bool = False) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", **({"enum": list(values)} if values else {})}
    if is_list:
        schema = {"type": "array", "items": schema, "maxItems": MOST_VALUES}
    return {"name": name, "in": "query", "description": description, "schema": schema}


MODES = ("exact", "like")
SEARCH_PARAMETERS = [
    _parameter("search", "Looked for in every field: `%` is any text, `_` any character."),
    _parameter("mode", "How fields without a mode of their own are compared.", *MODES),
    *(
        _parameter(f"search.{name}", f"Looked for in `{name}`.", is_list=True)
        for name in WIRE_NAMES
    ),
    *(_parameter(f"mode.{name}", f"How `{name}` is compared.", *MODES) for name in WIRE_NAMES),
    _parameter("joint", "Whether one condition is enough, or all are needed.", "or", "and"),
    _parameter("isCaseSensitive", "Whether capital letters matter.", "true", "false"),
]
YES = frozenset({"1", "true", "y", "yes", "yep", "yeah"})


async def asked_search(request: Request) -> UserSearch | None:
    """Return which users are asked for, None for all; raises InvalidSearch."""
    values: dict[str, list[str]] = defaultdict(list)
    modes: dict[str, str] = {}
    for key, value in request.query_params.multi_items():
        root, dot, field = key.partition(".")
        if root not in {"search", "mode"}:
            continue
        if dot and field not in WIRE_NAMES:
            raise _refused(key, f"there are only the fields {', '.join(WIRE_NAMES)}")
        if root == "search":
            values[field].append(value)
        else:
            modes[field] = value
    if not values:
        return None
    conditions = [
        _condition(field, asked, modes.get(field) or modes.get("", "like"))
        for field, asked in values.items()
    ]
    query = request.query_params
    joint = query.get("joint") or query.get("jointMode") or "or"
    if joint not in {"or", "and"}:
        raise _refused("joint", "there are only or, and")
    return UserSearch(
        conditions=tuple(conditions),
        needs_all=joint == "and",
        is_case_sensitive=query.get("isCaseSensitive", "").lower() in YES,
    )


def _condition(field: str, values: list[str], mode: str) -> Condition:
    name = f"search.{field}" if field else "search"
    if mode not in MODES:
        raise _refused(f"mode.{field}" if field else "mode", f"there are only {', '.join(MODES)}")
    most = MOST_VALUES if mode == "exact" else 1
    if len(values) > most:
        raise _refused(name, f"takes {most} value(s) in the mode {mode}")
    if not all(0 < len(value) <= LONGEST_VALUE for value in values):
        raise _refused(name, f"a value has 1 to {LONGEST_VALUE} characters")
    fields = (WIRE_NAMES[field],) if field else SEARCH_FIELDS
    if mode == "exact":
        return Condition(fields=fields, values=tuple(values))
    return Condition.fitting(values[0], fields)


def _refused(parameter: str, reason: str) -> InvalidSearch:
    return InvalidSearch(reason, data={"parameter": parameter[:64], "reason": reason})


Asked = Annotated[UserSearch | None, Depends(asked_search)]
TAKEN = (InvalidPhoneNumber, PhoneAlreadyInUse, EmailAlreadyInUse, UsernameAlreadyInUse)


@router.post(
    "",
    response_model=UserAnswer,
    response_model_exclude_unset=True,
    responses=problems(
        *TAKEN,
        TenantLimitReached,
        PasswordAndDigest,
        PasswordAlgorithmRequired,
        PasswordAlgorithmNotSupported,
        InvalidPasswordDigest,
    ),
)
async def create_user(body: CreateUser, caller: Caller) -> dict[str, Any]:
    """Add a person, with a password, with the digest of one, or without."""
    given = GivenPassword(
        password=body.password, digest=body.password_digest, algorithm=body.password_algorithm
    )
    return (await caller.tenant.accounts.create(caller.actor, body.new_user(), given)).row()


@router.get(
    "",
    response_model=list[UserAnswer],
    response_model_exclude_unset=True,
    responses=problems(InvalidPagination, InvalidSearch),
    openapi_extra={"parameters": SEARCH_PARAMETERS},
)
async def list_users(
    caller: Caller, search: Asked, page: Paged, request: Request, response: Response
) -> list[dict[str, Any]]:
    """List people, the newest first.

    The total of a search is exact to 10000 and goes no further. What no index knows is looked for
    among the newest 100000; where there are more, `Search-Looked-Through` says so.
    """
    found = await caller.tenant.users.list(page, search)
    describe_page(request, response, found)
    if found.looked_through is not None:
        response.headers[LOOKED_THROUGH] = str(found.looked_through)
    return [user.row() for user in found.items]


@router.get(
    "/{user_id}",
    response_model=UserAnswer,
    response_model_exclude_unset=True,
    responses=problems(UserNotFound),
)
async def get_user(
    user_id: Id,
    caller: Caller,
    with_sso: Annotated[str, Query(alias="includeSsoIdentities")] = "",
) -> dict[str, Any]:
    """Show one person."""
    row = (await caller.tenant.users.get(user_id)).row()
    # There is no enterprise sign-in here; who asks for it gets what there is.
    return {**row, "ssoIdentities": []} if with_sso.lower() in YES else row


@router.patch(
    "/{user_id}",
    response_model=UserAnswer,
    response_model_exclude_unset=True,
    responses=problems(UserNotFound, NothingToChange, *TAKEN),
)
async def change_user(user_id: Id, body: ChangeUser, caller: Caller) -> dict[str, Any]:
    """Change what the body has; an identifier that is new counts as unproved."""
    require_a_change(body)
    return (await caller.tenant.accounts.change(caller.actor, user_id, body.change())).row()


@router.delete("/{user_id}", status_code=204, responses=problems(UserNotFound))
async def delete_user(user_id: Id, caller: Caller) -> None:
    """Delete a person, with their sessions, tokens, consents and memberships."""
    await caller.tenant.accounts.delete(caller.actor, user_id)


@router.patch("/{user_id}/profile", responses=problems(UserNotFound))
async def change_user_profile(user_id: Id, body: ChangeProfile, caller: Caller) -> dict[str, Any]:
    """Write these fields of the profile; the others stay."""
    user = await caller.tenant.accounts.add_to_profile(
        caller.actor, user_id, body.profile.document()
    )
    return dict(user.profile)


@router.get("/{user_id}/custom-data", responses=problems(UserNotFound))
async def get_custom_data(user_id: Id, caller: Caller) -> dict[str, Any]:
    """Show what an application keeps with the person."""
    return dict((await caller.tenant.users.get(user_id)).custom_data)


@router.patch("/{user_id}/custom-data", responses=problems(UserNotFound))
async def change_custom_data(user_id: Id, body: ChangeCustomData, caller: Caller) -> dict[str, Any]:
    """Write these keys; the others stay."""
    user = await caller.tenant.accounts.add_to_custom_data(caller.actor, user_id, body.custom_data)
    return dict(user.custom_data)


@router.patch(
    "/{user_id}/password",
    response_model=UserAnswer,
    response_model_exclude_unset=True,
    responses=problems(UserNotFound),
)
async def set_user_password(user_id: Id, body: SetPassword, caller: Caller) -> dict[str, Any]:
    """Give a person this password; the rules for people's own choices do not bind machines."""
    return (await caller.tenant.accounts.set_password(caller.actor, user_id, body.password)).row()


@router.post(
    "/{user_id}/password/verify",
    status_code=204,
    responses=problems(UserNotFound, InvalidCredentials),
)
async def verify_user_password(user_id: Id, body: SetPassword, caller: Caller) -> None:
    """Tell whether this is a person's password."""
    await caller.tenant.users.verify_password_of(user_id, body.password)


@router.get("/{user_id}/has-password", responses=problems(UserNotFound))
async def has_user_password(user_id: Id, caller: Caller) -> PasswordAnswer:
    """Tell whether a person has a password."""
    user = await caller.tenant.users.get(user_id)
    return PasswordAnswer(has_password=user.has_password)


@router.patch(
    "/{user_id}/is-suspended",
    response_model=UserAnswer,
    response_model_exclude_unset=True,
    responses=problems(UserNotFound),
)
async def suspend_user(user_id: Id, body: Suspend, caller: Caller) -> dict[str, Any]:
    """Keep a person out, which ends their sessions and tokens, or let them in again."""
    return (await caller.tenant.accounts.suspend(caller.actor, user_id, body.is_suspended)).row()


@router.delete(
    "/{user_id}/identities/{target}",
    status_code=204,
    responses=problems(UserNotFound, IdentityNotExist),
)
async def unlink_identity(
    user_id: Id, target: Annotated[str, Path(max_length=128)], caller: Caller
) -> None:
    """Take a social account away from a person."""
    await caller.tenant.accounts.unlink(caller.actor, user_id, target)
