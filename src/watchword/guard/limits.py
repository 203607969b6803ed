"""Which gates a message or a guess goes through, by the tenant's policy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from watchword.core.digests import KeyedDigest
from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber
from watchword.core.recipients import Recipient
from watchword.guard.gates import Gate, Reason, Share, daily_bucket, members, total, window
from watchword.guard.models import GuardPolicy, Limit, network_of

DAY = "day"
"""Names the total of all text messages."""
EMAIL_DAY = "day of e-mails"
BLOCK = 3
"""How many digits neighbours may differ in."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Names what is counted; numbers and addresses stand in no bucket."""

    tenant_id: str
    digest: KeyedDigest
    policy: GuardPolicy
    development_day: int | None = None
    """How many texts, and how many e-mails, go out in a day at most; None in production."""

    @property
    def most_texts(self) -> int | None:
        """Return how many texts the tenant sends in a day, by its own word and the server's.

        None where neither sets a limit.
        """
        both = [most for most in (self.policy.daily_messages, self.development_day) if most]
        return min(both, default=None)

    def of_source(self, client_ip: str | None, now: datetime) -> list[Gate]:
        """Return what a message counts in for where it is asked for, refused or not."""
        if not client_ip:
            return []
        found = [
            (Reason.ADDRESS, "address", network_of(client_ip, 32, 128), self.policy.per_address),
            (Reason.SUBNET, "subnet", network_of(client_ip, 24, 64), self.policy.per_subnet),
        ]
        return self._counted(found, now)

    def of_guess(self, client_ip: str | None, now: datetime) -> list[Gate]:
        """Return what an attempt counts in for where it comes from, until it succeeds."""
        if not client_ip:
            return []
        one, all_near = network_of(client_ip, 32, 128), network_of(client_ip, 24, 64)
        found = [
            (Reason.GUESSES, "guesses of address", one, self.policy.failures_per_address),
            (Reason.GUESSES, "guesses of subnet", all_near, self.policy.failures_per_subnet),
        ]
        return self._counted(found, now)

    def of_message(
        self, to: Recipient, own: Gate, client_ip: str | None, now: datetime
    ) -> list[Gate]:
        """Return what a message counts in if all of it lets the message through.

        *own* limits the recipient. What is behind a gate loses nothing by what that one refuses,
        so the day's, which everybody shares, comes last.
        """
        if isinstance(to, EmailAddress):
            return [own, *self.of_day(to, now)]
        gates = [own]
        most = self.policy.countries_per_address
        if client_ip and most:
            buckets = self.buckets("countries", network_of(client_ip, 32, 128))
            gates.append(members(Reason.COUNTRIES, buckets, to.region, most, now))
        if self.policy.per_block:
            buckets = self.buckets("block", to.digits[:-BLOCK])
            gates.append(window(Reason.BLOCK, buckets, self.policy.per_block, now))
        return [*gates, *self.of_day(to, now)]

    def of_day(self, to: Recipient, now: datetime) -> Iterator[Gate]:
        """Yield the totals that a message counts in; e-mails are counted in development alone."""
        if isinstance(to, EmailAddress):
            if self.development_day:
                yield total(Reason.DAY, EMAIL_DAY, now, most=self.development_day)
            return
        policy, country = self.policy, to.region
        if policy.unanswered:
            share = Share(policy.unanswered.at_least, policy.unanswered.percent)
            yield total(Reason.CONVERSION, f"answered {country}", now, share=share)
        if policy.daily_per_country:
            name = f"country {country}"
            yield total(Reason.COUNTRY, name, now, most=policy.daily_per_country)
        yield total(Reason.DAY, DAY, now, most=self.most_texts)

    def answered(self, to: PhoneNumber, now: datetime) -> str | None:
        """Return the bucket that counts who typed their code; None where nothing is counted."""
        return daily_bucket(f"answered {to.region}", now) if self.policy.unanswered else None

    def buckets(self, kind: str, value: str) -> Sequence[str]:
        """Return the buckets of a personal value, one for each key.

        Under every listed key, so that a change of keys starts no limit anew.
        """
        return self.digest.all_of(self.tenant_id, kind, value)

    def _counted(
        self, found: Sequence[tuple[Reason, str, str, Limit | None]], now: datetime
    ) -> list[Gate]:
        return [
            window(reason, self.buckets(kind, value), limit, now, counts_refused=True)
            for reason, kind, value, limit in found
            if limit
        ]
