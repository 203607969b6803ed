"""The base of every JSON body."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from watchword.core.phone import DIGITS


class ApiModel(BaseModel):
    """snake_case here, camelCase on the wire; unknown keys are ignored, as the contract does."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True
    )


def _digits(value: str) -> str:
    if not DIGITS.fullmatch(value):
        raise ValueError("a phone number has digits only here, country code first")
    return value


PhoneDigits = Annotated[str, AfterValidator(_digits)]
"""A phone number on the wire: `^\\d+$`, country code first, no `+`."""
