"""Write a new migration from the difference between the schema and the migrations so far."""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import Connection

from watchword.storage.migrate import _run, alembic_config, migrate


def main(message: str) -> None:
    """Draft `migrations/versions/<next number>_<message>.py`; read it before committing it."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'empty.db'}"
        asyncio.run(migrate(url))
        versions = Path(__file__).parent / "migrations" / "versions"
        number = f"{len(list(versions.glob('[0-9]*.py'))) + 1:04}"

        def draft(connection: Connection) -> None:
            config = alembic_config()
            config.attributes["connection"] = connection
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            command.revision(config, message=message, autogenerate=True, rev_id=number)

        asyncio.run(_run(url, draft))


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "change")
