"""Bodies that several routes of the Experience API share."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from watchword.core.phone import DIGITS
from watchword.users.models import Identifier, IdentifierType
from watchword.web.models import ApiModel

Password = Annotated[str, Field(min_length=1, max_length=1024)]
Code = Annotated[str, Field(max_length=64)]
RecordId = Annotated[str, Field(max_length=64)]


Username = Annotated[str, Field(min_length=1, max_length=256)]


class AnyIdentifier(ApiModel):
    """An identifier as the contract writes it: a type, and a value in that type's form."""

    type: IdentifierType
    value: Annotated[str, Field(max_length=256)]

    @field_validator("type", mode="before")
    @classmethod
    def _known_type(cls, value: object) -> object:
        expected = cls.model_fields["type"].annotation
        options = getattr(expected, "__args__", ())
        if value not in options:
            raise PydanticCustomError(
                "union_tag_invalid",
                "Invalid discriminator value. Expected {expected}",
                {"expected": " | ".join(f"'{option}'" for option in options)},
            )
        return value

    @field_validator("value")
    @classmethod
    def _form_of_type(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("type") == "phone" and not DIGITS.fullmatch(value):
            raise ValueError("a phone number has digits only here, country code first")
        if info.data.get("type") == "email" and "@" not in value:
            raise ValueError("this is not an e-mail address")
        return value

    def parsed(self) -> Identifier:
        """Return the identifier in its normal form; raises InvalidPhoneNumber."""
        return Identifier.of(self.type, self.value)


class CodeIdentifier(AnyIdentifier):
    """An identifier that a code can be sent to."""

    type: Literal["email", "phone"]


class NewIdentifier(ApiModel):
    """The user name of a new account."""

    type: Literal["username"]
    value: Username


class Verified(ApiModel):
    """Names the verification record that a route made or checked."""

    verification_id: str
