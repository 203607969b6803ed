"""`watchword`, killed as `kill -9` does after so many statements inside its transactions.

A line of standard input names a command and a number, {"after": 7, "arguments": ["config", …]};
the answer is a line with how it ended and how many statements there were. With 0 nothing is killed.
Each command is a process of its own, forked here: what it imports is read once for all of them.
"""

import json
import os
import signal
import sys
from tempfile import TemporaryFile
from typing import Any

import watchword.app  # most of what commands import
import watchword.configuration.document_text  # noqa: F401
from watchword.cli import main
from watchword.storage.database import Database
from watchword.storage.postgresql import PostgresqlConnection
from watchword.storage.sqlite import SqliteConnection


class Statements:
    """Counts what ran inside transactions, and ends the process at its number."""

    count = 0
    last = 0

    def ran(self, database: Database) -> None:
        """Count one statement, if it was part of a transaction."""
        if isinstance(database, SqliteConnection) and not database.connection.in_transaction:
            return
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, connection: type[Database], method: str) -> None:
        """Count the statements of one method."""
        run = getattr(connection, method)

        async def counted(database: Database, *arguments: Any) -> Any:
            found = await run(database, *arguments)
            self.ran(database)
            return found

        setattr(connection, method, counted)


statements = Statements()
for _connection in (SqliteConnection, PostgresqlConnection):
    for _method in ("_fetch", "_execute"):
        statements.watch(_connection, _method)


def carry_out(after: int, arguments: list[str]) -> dict[str, Any]:
    """Run a command in a child, and tell how it ended."""
    with TemporaryFile("w+") as out, TemporaryFile("w+") as errors, TemporaryFile("w+") as counted:
        child = os.fork()
        if child == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(errors.fileno(), 2)
            statements.last = after
            sys.argv = ["watchword", *arguments]
            code = _code_of_main()
            counted.write(str(statements.count))
            counted.flush()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        for file in (out, errors, counted):
            file.seek(0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "stdout": out.read(),
            "stderr": errors.read(),
            "statements": int(counted.read() or 0),
        }


def _code_of_main() -> int:
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(carry_out(**json.loads(line))) + "\n")
        sys.stdout.flush()
