"""The one way out: an HTTP client that can't be talked into reaching our own network."""

import asyncio
import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Any

import httpcore2
import httpx2

from watchword.connector_kit.errors import (
    AddressRefused,
    AnswerLost,
    ProviderSettingsRefused,
    ProviderTimeout,
    ProviderUnavailable,
    UnreadableAnswer,
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

TOTAL = timedelta(seconds=10)
CONNECT = timedelta(seconds=5)
# Shorter than servers commonly keep an idle connection, so that we seldom write into a closed one.
IDLE = timedelta(seconds=3)
CONNECTIONS = 100
LARGEST_ANSWER = 256 * 1024

# Public by the registries, and yet not for us.
NEVER = (
    ipaddress.ip_network("168.63.129.16/32"),  # Azure's host agent
    ipaddress.ip_network("192.0.0.0/24"),  # Oracle's metadata service is in here
    ipaddress.ip_network("198.18.0.0/15"),  # benchmarks, RFC 2544
)
# RFC 6052 and RFC 8215: an IPv4 address in the last 32 bits, reached through a translator.
NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


@dataclass(frozen=True)
class Destinations:
    """Which addresses may be connected to."""

    allowed: tuple[Network, ...] = ()
    """Networks that the operator listed, private or not."""
    allows_loopback: bool = False
    allows_public: bool = True

    def permits(self, address: Address) -> bool:
        """Tell whether *address*, and any IPv4 address hidden in it, may be connected to."""
        inner = _unwrapped(address)
        if any(candidate in network for network in self.allowed for candidate in (address, inner)):
            return True
        if inner.is_loopback:
            return self.allows_loopback
        return (
            self.allows_public
            and inner.is_global
            and not inner.is_multicast
            and not inner.is_reserved
            and not any(inner in network for network in NEVER)
        )


def _unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Resolves a name once, and connects to an address that was looked at.

    Above it everyone still knows the name only: TLS checks the certificate for it, the Host
    header carries it, and no second look-up can answer differently.
    """

    def __init__(self, destinations: Destinations) -> None:
        self._destinations = destinations
        self._sockets = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the interface's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first permitted address that answers; raises AddressRefused."""
        until = time.monotonic() + (timeout if timeout is not None else CONNECT.total_seconds())
        failure: Exception = httpcore2.ConnectError("no address answered")
        for address in await self._addresses(host, port, until):
            try:
                return await self._sockets.connect_tcp(
                    str(address), port, _left(until), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_socket(self, host: str, port: int) -> socket.socket:
        """Connect as `connect_tcp` does, for a library that speaks over a socket by itself."""
        until = time.monotonic() + CONNECT.total_seconds()
        failure: Exception = httpcore2.ConnectError("no address answered")
        for address in await self._addresses(host, port, until):
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            connecting = socket.socket(family, socket.SOCK_STREAM)
            connecting.setblocking(False)
            try:
                async with asyncio.timeout(_left(until)):
                    loop = asyncio.get_running_loop()
                    await loop.sock_connect(connecting, (str(address), port))
            except (OSError, TimeoutError) as error:
                connecting.close()
                failure = httpcore2.ConnectError(type(error).__name__)
            except BaseException:
                connecting.close()
                raise
            else:
                return connecting
        raise failure

    async def _addresses(self, host: str, port: int, until: float) -> list[Address]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_left(until)):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError:
            raise httpcore2.ConnectTimeout("the name was not resolved in time") from None
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError("the name does not resolve") from None
        # A scope id (`fe80::1%eth0`) only stands on link-local addresses, which are refused.
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        permitted = [address for address in addresses if self._destinations.permits(address)]
        if not permitted:
            raise AddressRefused(
                f"{host} is a private address, or one that only https may reach; the operator "
                "can list its network in WATCHWORD_OUTBOUND_ALLOW"
            )
        return list(dict.fromkeys(permitted))


def _left(until: float) -> float:
    return max(0.001, until - time.monotonic())


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """httpx2's transport over a guarded backend; it retries nothing and knows no proxy."""

    def __init__(self, destinations: Destinations, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)
        # httpx2 has no argument for the backend.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=IDLE.total_seconds(),
            network_backend=GuardedBackend(destinations),
        )


@dataclass(kw_only=True)
class OutboundClient:
    """Sends a request once and reads a small answer, within ten seconds altogether."""

    allowed: tuple[Network, ...] = ()
    is_development: bool = False
    transport: httpx2.AsyncBaseTransport | None = None
    """In place of the network, for tests."""
    total: timedelta = TOTAL
    """The longest that one request may take, from connecting to the answer's last byte."""
    _client: httpx2.AsyncClient | None = field(default=None, init=False, repr=False)

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer, whatever its status; raises ConnectorError."""
        # Asked for as it is, an answer can't unpack to more than was sent.
        request.headers["Accept-Encoding"] = "identity"
        try:
            async with asyncio.timeout(self.total.total_seconds()):
                return await self._exchange(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise ProviderUnavailable(f"no connection: {str(error) or _name(error)}") from None
        except (TimeoutError, httpx2.TimeoutException):
            seconds = self.total.total_seconds()
            raise ProviderTimeout(f"no answer within {seconds:g} seconds") from None
        except (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, httpx2.InvalidURL) as error:
            raise ProviderSettingsRefused(f"can't be sent: {_name(error)}") from None
        except httpx2.TransportError as error:
            raise AnswerLost(f"the connection broke: {_name(error)}") from None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _exchange(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._opened().send(request, stream=True, follow_redirects=False)
        try:
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise UnreadableAnswer("a packed answer was not asked for")
            content = bytearray()
            async for part in response.aiter_bytes():
                content += part
                if len(content) > LARGEST_ANSWER:
                    raise UnreadableAnswer(f"an answer of more than {LARGEST_ANSWER} bytes")
        finally:
            await response.aclose()
        return httpx2.Response(
            response.status_code,
            headers=[
                (name, value)
                for name, value in response.headers.multi_items()
                # It is a whole body now, however it came.
                if name.lower() not in {"transfer-encoding", "content-length"}
            ],
            content=bytes(content),
            request=request,
        )

    def _opened(self) -> httpx2.AsyncClient:
        if self._client is None:
            # The libraries would write addresses and headers, with keys and numbers in them.
            for library in ("httpx2", "httpcore2"):
                logging.getLogger(library).setLevel(logging.WARNING)
            public = Destinations(self.allowed, self.is_development)
            plain = replace(public, allows_public=False)
            self._client = httpx2.AsyncClient(
                transport=self.transport or GuardedTransport(public, _trusted()),
                # Without TLS only where the operator knows the way.
                mounts={"http://": self.transport or GuardedTransport(plain, _trusted())},
                timeout=httpx2.Timeout(self.total.total_seconds(), connect=CONNECT.total_seconds()),
                trust_env=False,
                follow_redirects=False,
            )
        return self._client


# Once for the process and at first use: reading the certificate store takes a while.
@cache
def _trusted() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def _name(error: Exception) -> str:
    # Their own texts may hold the address, and an address may hold a key.
    return type(error).__name__
