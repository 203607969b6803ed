"""Signing keys: made at first use, sealed at rest, published before they sign and after."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
)
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import base64_to_int

from watchword.applications.models import MAX_ID_TOKEN_TTL
from watchword.core.clock import Clock
from watchword.core.sealing import Sealer
from watchword.oidc.key_repository import NewKey, SigningKeyRepository
from watchword.resources.models import LONGEST_TTL

Algorithm = Literal["ES256", "RS256"]
ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "RS256")

RELOAD_INTERVAL = timedelta(minutes=1)
UNKNOWN_KEY_INTERVAL = timedelta(seconds=5)
# Every process has reloaded, and every client's copy of the key set has had time to age: stock
# clients keep theirs for up to ten minutes, and not all of them ask again for a key they lack.
PUBLISHED_AHEAD = timedelta(minutes=15)
NEVER = datetime.max.replace(tzinfo=UTC)
PUBLISHED_AFTER = max(MAX_ID_TOKEN_TTL, LONGEST_TTL) + timedelta(hours=1)


@dataclass(frozen=True)
class SigningKey:
    """One key pair, imported and ready to sign."""

    id: str
    algorithm: Algorithm
    key: ECKey | RSAKey = field(repr=False)
    public: dict[str, Any]
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True)
class Rotation:
    """A signing key that follows another: published at once, in use from a moment on."""

    algorithm: Algorithm
    key_id: str
    signs_from: datetime


@dataclass(kw_only=True)
class SigningKeys:
    """The signing keys of one tenant, imported once and read again every minute."""

    repository: SigningKeyRepository
    sealer: Sealer
    clock: Clock
    generate: Callable[[Algorithm], ECKey | RSAKey] = field(
        default_factory=lambda: new_key, repr=False
    )
    _keys: dict[str, SigningKey] = field(default_factory=dict, init=False, repr=False)
    _read_at: datetime | None = field(default=None, init=False)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    async def signing(self, algorithm: Algorithm) -> SigningKey:
        """Return the key that signs new tokens: of those not retired, the first to retire."""
        now = self.clock.now()
        return next(
            key
            for key in (await self._fresh(RELOAD_INTERVAL, {algorithm})).values()
            if key.algorithm == algorithm and (key.retired_at is None or key.retired_at > now)
        )

    async def published(self) -> list[dict[str, Any]]:
        """Return the public keys of every token that may still be good, and of every algorithm."""
        keys = await self._fresh(RELOAD_INTERVAL, ALGORITHMS)
        return [key.public for key in keys.values()]

    async def find(self, id: str) -> SigningKey | None:
        """Return the key a token names, or None."""
        known = (await self._fresh(RELOAD_INTERVAL)).get(id)
        return known or (await self._fresh(UNKNOWN_KEY_INTERVAL)).get(id)

    async def rotate(self, algorithm: Algorithm) -> Rotation:
        """Publish a new key now, let it sign after a while, and retire the old one then."""
        # So that there is an old one, which signs until then.
        await self._fresh(RELOAD_INTERVAL, {algorithm})
        now = self.clock.now()
        signs_from = now + PUBLISHED_AHEAD
        await self.repository.replace(await self._made(algorithm, now), signs_from)
        await self._read()
        newest = next(
            key
            for key in self._keys.values()
            if key.algorithm == algorithm and key.retired_at is None
        )
        return Rotation(algorithm, newest.id, signs_from)

    async def purge(self) -> None:
        """Delete the keys whose last token has expired."""
        await self.repository.purge(self.clock.now() - PUBLISHED_AFTER)

    async def _fresh(
        self, at_most: timedelta, needed: Collection[Algorithm] = ()
    ) -> dict[str, SigningKey]:
        if self._is_read(at_most, needed):
            return self._keys
        async with self._reading:
            if not self._is_read(at_most, needed):
                await self._read(needed)
        return self._keys

    def _is_read(self, at_most: timedelta, needed: Collection[Algorithm]) -> bool:
        if self._read_at is None or self.clock.now() - self._read_at >= at_most:
            return False
        active = {key.algorithm for key in self._keys.values() if key.retired_at is None}
        return active.issuperset(needed)

    async def _read(self, needed: Collection[Algorithm] = ()) -> None:
        now = self.clock.now()
        rows = await self.repository.list(now - PUBLISHED_AFTER)
        active = {row["algorithm"] for row in rows if row["retired_at"] is None}
        missing = [algorithm for algorithm in needed if algorithm not in active]
        if missing:
            for algorithm in missing:
                await self.repository.insert(await self._made(algorithm, now))
            rows = await self.repository.list(now - PUBLISHED_AFTER)
        rows = sorted(rows, key=lambda row: row["retired_at"] or NEVER)
        self._keys = {row["id"]: self._imported(row) for row in rows}
        self._read_at = now

    async def _made(self, algorithm: Algorithm, now: datetime) -> NewKey:
        # Off the event loop: an RSA key takes a tenth of a second to find.
        key = await asyncio.to_thread(self.generate, algorithm)
        key_id = key.thumbprint()
        private = orjson.dumps(key.as_dict(private=True)).decode()
        public = {**key.as_dict(private=False), "kid": key_id, "use": "sig", "alg": algorithm}
        sealed = self.sealer.seal(private, self.repository.tenant_id, key_id)
        return NewKey(key_id, algorithm, sealed, public, now)

    def _imported(self, row: dict[str, Any]) -> SigningKey:
        known = self._keys.get(row["id"])
        if known is not None and known.retired_at == row["retired_at"]:
            return known
        private = orjson.loads(
            self.sealer.unseal(row["private_key"], self.repository.tenant_id, row["id"])
        )
        return SigningKey(
            id=row["id"],
            algorithm=row["algorithm"],
            key=_key(row["algorithm"], private),
            public=row["public_key"],
            created_at=row["created_at"],
            retired_at=row["retired_at"],
        )


def new_key(algorithm: Algorithm) -> ECKey | RSAKey:
    """Return a new key pair."""
    if algorithm == "ES256":
        return ECKey.generate_key("P-256")
    return RSAKey.generate_key(2048)


def _key(algorithm: Algorithm, private: Mapping[str, str]) -> ECKey | RSAKey:
    if algorithm == "ES256":
        return ECKey.import_key({**private})
    return RSAKey.import_key(_rsa_private_key(private))


def _rsa_private_key(private: Mapping[str, str]) -> RSAPrivateKey:
    number = {name: base64_to_int(private[name]) for name in ("n", "e", *"dpq", "dp", "dq", "qi")}
    numbers = RSAPrivateNumbers(
        p=number["p"],
        q=number["q"],
        d=number["d"],
        dmp1=number["dp"],
        dmq1=number["dq"],
        iqmp=number["qi"],
        public_numbers=RSAPublicNumbers(number["e"], number["n"]),
    )
    # We made and sealed it: to find its primes prime again takes a tenth of a second.
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)
