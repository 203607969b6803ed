"""What can go wrong when configuration is written."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from watchword.core.errors import DomainError


class ConfigurationChanged(DomainError):
    """Someone else changed it since it was read."""

    code = "configuration.changed"
    status = 409


class VersionNotFound(DomainError):
    """History holds no such version."""

    code = "configuration.version_not_found"
    status = 404


class VersionNotRestorable(DomainError):
    """The version is a deletion, or of something that can't be brought back."""

    code = "configuration.version_not_restorable"
    status = 422


class ConnectorInUse(DomainError):
    """People could no longer sign in the way the tenant allows; forcing is possible."""

    code = "connector.in_use"
    status = 422


class DevelopmentPartsInUse(DomainError):
    """A production tenant may not have a development connector."""

    code = "tenant.development_parts_in_use"
    status = 422


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong with a document, and where."""

    path: tuple[str | int, ...]
    code: str
    message: str

    @property
    def place(self) -> str:
        """Return the path for people: `connectors.sms.config.authToken`."""
        return ".".join(str(step) for step in self.path)


class DocumentRefused(DomainError):
    """A document is not right, or would not do here; *issues* say where and why."""

    code = "configuration.document_refused"
    status = 422

    def __init__(self, issues: Sequence[Issue]) -> None:
        first = issues[0]
        super().__init__(
            f"{first.place}: {first.message}",
            data={"issues": [{**asdict(issue), "path": list(issue.path)} for issue in issues]},
            place=first.place or ".",
        )
        self.issues = tuple(issues)


class SameTenant(DomainError):
    """A configuration moves from one tenant to another."""

    code = "configuration.same_tenant"
    status = 422


class NothingChosen(DomainError):
    """Nothing of the source was chosen to move, or what was chosen is not there."""

    code = "configuration.nothing_chosen"
    status = 422


class DeletionsNotAllowed(DomainError):
    """A document leaves out what the tenant has, and nobody said that it may go."""

    code = "configuration.deletions_not_allowed"
    status = 422


class ConnectorNotTested(DomainError):
    """A connector would go live that was not tested here as it is, and nobody said that it may."""

    code = "configuration.connector_not_tested"
    status = 422

    def __init__(self, slots: Sequence[str]) -> None:
        super().__init__(", ".join(slots), data={"connectors": slots})
        self.slots = slots


class SealedSecretUnreadable(DomainError):
    """A secret was sealed to another tenant, for another place, or is damaged."""

    code = "configuration.sealed_secret_unreadable"
    status = 422
