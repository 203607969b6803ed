"""Ports for servers of tests."""

import secrets
import socket

# Below the ports that the system gives to outgoing connections (from 32768 on Linux), so that none
# of those takes a port between the look at it and the start of its server.
FIRST, LAST = 15_000, 32_000


def free_port() -> int:
    """Return a port nobody listens on at this moment."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return different ports nobody listens on at this moment."""
    found: list[int] = []
    while len(found) < count:
        port = FIRST + secrets.randbelow(LAST - FIRST)
        if port not in found and _is_free(port):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
