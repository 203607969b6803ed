"""Ports of this machine."""

import socket


def is_free(port: int) -> bool:
    """Tell whether a server could listen on *port* of the loopback address at this moment."""
    with socket.socket() as probe:
        # As servers do: connections that are just ending keep no port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
