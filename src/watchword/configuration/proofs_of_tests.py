"""Proof that a provider took a test message from a connector exactly as it is to go live."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from watchword.core.clock import Clock
from watchword.core.digests import KeyedDigest

LIFETIME = timedelta(hours=1)
"""What was tested longer ago may have ceased to work."""
LONGEST_MOMENT = 12


@dataclass(frozen=True)
class ProofsOfTests:
    """Makes and reads one tenant's proofs; nothing is stored, and nobody else can make one."""

    digest: KeyedDigest
    tenant_id: str
    clock: Clock

    def of(self, connector_id: str, config: Mapping[str, Any]) -> str:
        """Return the proof that a connector with these settings and secrets was tested now."""
        until = str(int((self.clock.now() + LIFETIME).timestamp()))
        return f"{until}.{self.digest.of(*self._tested(until, connector_id, config))}"

    def holds(self, proof: str, connector_id: str, config: Mapping[str, Any]) -> bool:
        """Tell whether *proof* is of exactly this connector, and not too old."""
        until, _, digest = proof.partition(".")
        if not (until.isascii() and until.isdigit() and len(until) <= LONGEST_MOMENT):
            return False
        if int(until) < self.clock.now().timestamp():
            return False
        known = self.digest.all_of(*self._tested(until, connector_id, config))
        given = digest.encode(errors="replace")
        return any(hmac.compare_digest(given, one.encode()) for one in known)

    def _tested(
        self, until: str, connector_id: str, config: Mapping[str, Any]
    ) -> tuple[str, str, str, str]:
        settings = json.dumps(config, sort_keys=True, default=str)
        return self.tenant_id, until, connector_id, settings
