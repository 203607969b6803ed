"""Is the database at this version's schema? Told without Alembic, which a server never needs."""

from importlib.resources import files

from watchword.core.errors import DomainError
from watchword.storage.database import Storage


class SchemaNotCurrent(DomainError):
    """The database has another schema than this version needs."""

    code = "server.schema_not_current"


def newest_revision() -> str:
    """Return the revision this version needs; migrations are named `<revision>_<what>.py`."""
    versions = files("watchword.storage").joinpath("migrations/versions")
    return max(
        name.partition("_")[0] for name in (v.name for v in versions.iterdir()) if name[0].isdigit()
    )


async def require_current_schema(storage: Storage) -> None:
    """Raise SchemaNotCurrent unless the database is at the newest revision."""
    found = await storage.revision()
    if found != newest_revision():
        raise SchemaNotCurrent(
            f"it is at schema {found or 'none'} and this version needs {newest_revision()}; "
            "run `watchword migrate`"
        )
