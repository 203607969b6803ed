"""What can go wrong when the audit log is read."""

from watchword.core.errors import DomainError


class EntryNotFound(DomainError):
    """The log holds no such entry, or no longer."""

    code = "entity.not_found"


class EndsBeforeItBegins(DomainError):
    """The time that is asked for ends before it begins."""

    code = "guard.invalid_input"
