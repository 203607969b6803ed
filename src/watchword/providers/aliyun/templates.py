"""Templates that stand at Alibaba Cloud, and what goes into their variables."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from watchword.connector_kit.config import rule_broken
from watchword.connector_kit.models import SmsMessage
from watchword.connector_kit.templates import VARIABLES, Template, value_of, variables_of

Filled = Annotated[str, Field(min_length=1)]


class NamedTemplate(Template):
    """A template at Alibaba Cloud, whose variables have names."""

    parameters: tuple[str, ...] | dict[str, str] = ("code",)
    """Which of our variables it takes; `{"number": "code"}` where it has another name for one."""

    @field_validator("parameters")
    @classmethod
    def _are_known(
        cls, parameters: tuple[str, ...] | dict[str, str]
    ) -> tuple[str, ...] | dict[str, str]:
        unknown = [
            name for name in _named(parameters).values() if name.partition(".")[0] not in VARIABLES
        ]
        if unknown:
            message = f"There is no variable {', '.join(unknown)}"
            raise rule_broken("templates", message, phrase="unknown_variable")
        return parameters

    def values(self, message: SmsMessage) -> dict[str, str]:
        """Return the values of the declared variables, by the provider's names."""
        variables = variables_of(message)
        return {
            theirs: value_of(ours, variables) for theirs, ours in _named(self.parameters).items()
        }


def _named(parameters: tuple[str, ...] | dict[str, str]) -> dict[str, str]:
    return {n: n for n in parameters} if isinstance(parameters, tuple) else parameters


class RegionalCodes(BaseModel):
    """Two templates, since one for the mainland is refused abroad and the other way round."""

    model_config = ConfigDict(frozen=True)

    china: Filled
    overseas: Filled
    """Also for Hong Kong, Macao and Taiwan."""


class AliyunTemplate(NamedTemplate):
    """One template, or one for the mainland and one for everywhere else."""

    template_code: Filled | RegionalCodes = Field(alias="templateCode")
    type: int | None = None
    """What kind of template it is: kept from configs of elsewhere, and never sent."""

    def code_for(self, *, mainland: bool) -> str:
        """Return the template's code for a number in or outside mainland China."""
        if isinstance(self.template_code, str):
            return self.template_code
        return self.template_code.china if mainland else self.template_code.overseas
