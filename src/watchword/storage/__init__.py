"""The database: statements built once, run straight on the driver, on SQLite or PostgreSQL."""

from watchword.storage.compiled import Row
from watchword.storage.database import Database, Storage, StorageUnavailable
from watchword.storage.repositories import ServerRepository, TenantRepository

__all__ = [
    "Database",
    "Row",
    "ServerRepository",
    "Storage",
    "StorageUnavailable",
    "TenantRepository",
]
