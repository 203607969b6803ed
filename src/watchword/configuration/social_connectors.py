"""What holds for connectors that people sign in with: several at once, each with its target."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from watchword.connector_kit.config import localized
from watchword.connector_kit.connector import Connector
from watchword.connector_kit.models import ConnectorType
from watchword.connectors.errors import (
    InstanceExists,
    MetadataNotAllowed,
    TargetFixed,
    TargetMissing,
    TargetTaken,
)
from watchword.connectors.models import SavedConnector
from watchword.connectors.service import ConnectorService

TARGET = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
LONGEST_LOGO = 32 * 1024
# Pictures alone: a browser runs nothing that is in them, as long as they stand in an `img`.
PICTURE = re.compile(r"data:image/(svg\+xml|png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]+")
WEB_PICTURE = re.compile(r"https://[^\s\"'<>]{1,2040}")


def _picture(value: str) -> str:
    if not (PICTURE.fullmatch(value) or WEB_PICTURE.fullmatch(value)):
        raise ValueError("a logo is a data URI of a picture, or begins with https://")
    return value


def _named(value: dict[str, str]) -> dict[str, str]:
    if not value.get("en"):
        raise ValueError("a name in English (en) is needed")
    return value


Logo = Annotated[str, Field(max_length=LONGEST_LOGO), AfterValidator(_picture)]


class ConnectorOverride(BaseModel):
    """What a tenant chooses of a standard connector: its target, and how people see it."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    target: Annotated[str, Field(pattern=TARGET)] | None = None
    name: (
        Annotated[
            dict[
                Annotated[str, Field(max_length=35)],
                Annotated[str, Field(min_length=1, max_length=128)],
            ],
            AfterValidator(_named),
        ]
        | None
    ) = None
    logo: Logo | None = None
    logo_dark: Logo | None = Field(default=None, alias="logoDark")

    def document(self) -> dict[str, Any]:
        """Return what was chosen, as it is stored."""
        return self.model_dump(by_alias=True, exclude_none=True)


def check_new_override(
    found: type[Connector[Any, Any]], metadata: Mapping[str, Any] | None
) -> None:
    """Refuse an override where there can be none, or none where there must be one."""
    if found.metadata.type is not ConnectorType.SOCIAL:
        return
    if found.metadata.is_standard and not (metadata or {}).get("target"):
        raise TargetMissing(found.metadata.id)
    if metadata and not found.metadata.is_standard:
        raise MetadataNotAllowed(found.metadata.id)


def changed_override(
    found: type[Connector[Any, Any]], before: SavedConnector, metadata: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the new override; raises MetadataNotAllowed, TargetFixed."""
    if not found.metadata.is_standard:
        raise MetadataNotAllowed(before.connector_id)
    target = before.metadata.get("target")
    if metadata.get("target", target) != target:
        raise TargetFixed(before.id)
    return {**metadata, "target": target}


def require_own_target(
    connectors: ConnectorService, present: Iterable[SavedConnector], wanted: SavedConnector
) -> None:
    """Raise InstanceExists or TargetTaken where another active connector stands in the way."""
    if wanted.type is not ConnectorType.SOCIAL:
        return
    found = connectors.class_of(wanted.connector_id)
    others = [saved for saved in present if saved.id != wanted.id]
    if not found.metadata.is_standard and any(
        saved.connector_id == wanted.connector_id for saved in others
    ):
        raise InstanceExists(wanted.connector_id)
    target = connectors.target_of(wanted)
    for saved in others:
        if saved.type is ConnectorType.SOCIAL and connectors.target_of(saved) == target:
            shown = connectors.shown(saved)
            data = {"connectorId": saved.connector_id, "connectorName": dict(shown.name)}
            raise TargetTaken(localized(shown.name, "en"), data=data)
