"""What a carrier knows of a number: an installed package may be asked before a code goes there."""

from abc import ABC, abstractmethod
from enum import StrEnum
from importlib.metadata import entry_points
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from watchword.connector_kit.models import UsageType
from watchword.connector_kit.outbound import OutboundClient
from watchword.core.phone import PhoneNumber

ENTRY_POINTS = "watchword.number_checks"


class Risk(StrEnum):
    """What speaks against sending a code to a number; it stands in the audit log."""

    SIM_SWAPPED = "sim_swapped"
    """The number moved to another SIM a short while ago."""
    CALLS_FORWARDED = "calls_forwarded"
    RECENTLY_PORTED = "recently_ported"
    """The number moved to another carrier a short while ago."""
    LINE_TYPE = "line_type"
    """The carrier knows it as a line that should get no codes, such as VoIP."""
    NOT_IN_SERVICE = "not_in_service"
    OTHER = "other"


class NumberCheckConfig(BaseModel):
    """What a check is set up with: the JSON of `WATCHWORD_NUMBER_CHECK_CONFIG`."""

    # What is wrong is printed at start, and must not bring a key with it.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


Config = TypeVar("Config", bound=NumberCheckConfig)


class NumberCheck(ABC, Generic[Config]):
    """Asks somebody who knows more of a number than its digits say."""

    name: ClassVar[str]
    """As administrators read it."""
    config_type: ClassVar[type[NumberCheckConfig]]

    def __init__(self, config: Config, client: OutboundClient) -> None:
        self.config = config
        self.client = client

    @abstractmethod
    async def find_risk(self, phone: PhoneNumber, usage: UsageType) -> Risk | None:
        """Return what speaks against a code to *phone*, or None; raises whatever went wrong.

        It is asked once for each code, after all limits, and cancelled when its time is over.
        """


def installed_check(name: str) -> type[NumberCheck[Any]]:
    """Return the class behind an installed package's entry point; raises ValueError."""
    points = list(entry_points(group=ENTRY_POINTS, name=name))
    if not points:
        others = ", ".join(sorted({point.name for point in entry_points(group=ENTRY_POINTS)}))
        raise ValueError(f"no installed package has a check {name!r}; there is {others or 'none'}")
    if len({point.value for point in points}) > 1:
        # Whichever was taken, the other's author could not tell why numbers go elsewhere.
        raise ValueError(f"several installed packages have a check {name!r}")
    # Foreign code may fail in any way, and a module that calls `sys.exit` has to be named.
    try:
        found = points[0].load()
    except (Exception, SystemExit) as error:
        raise ValueError(f"{points[0].value}: {type(error).__name__}: {error}") from None
    if not (isinstance(found, type) and issubclass(found, NumberCheck)):
        # As for a wrong setting, which it is.
        raise ValueError(f"{points[0].value} is no NumberCheck")  # noqa: TRY004
    return found
