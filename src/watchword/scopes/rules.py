"""What the operator of a server set for all of its tenants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from watchword.core.keys import SecretKeys
from watchword.guard.carrier import Carrier
from watchword.guard.models import ServerRules
from watchword.tenants.limits import Limited


@dataclass(frozen=True, kw_only=True)
class OperatorRules:
    """The settings of the environment that every tenant's services go by."""

    keys: SecretKeys
    sending: ServerRules
    """Where messages may go; its limit for a day binds development tenants only."""
    carrier: Carrier | None
    """Who is asked about a number before a code goes to it; None where nobody is."""
    delivery_wait: timedelta
    most_in_development: Mapping[Limited, int]
    """How many of each a development tenant may hold."""
