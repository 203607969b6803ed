"""What a host name or an address says about where it is."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Tell whether *host* (a name or an address) means this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(host: str) -> bool:
    """Tell whether somebody on the internet could reach *host*."""
    if is_loopback(host):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host
