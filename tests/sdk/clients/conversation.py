"""How a client's script talks with its test: a line of JSON for each address to visit."""

import json
import sys
from typing import Any

ASKED: dict[str, Any] = json.loads(sys.argv[1])


def visit(address: str) -> str:
    """Let the person's browser go there; return where it leaves the server."""
    print(json.dumps({"visit": address}), flush=True)  # noqa: T201
    return json.loads(sys.stdin.readline())


def finish(**result: Any) -> None:
    """Tell the test what came of it."""
    print(json.dumps({"result": result}), flush=True)  # noqa: T201
