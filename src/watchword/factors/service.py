"""Set second factors up, and check what people prove with them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pyotp

from watchword.core.clock import Clock
from watchword.core.errors import DomainError
from watchword.core.ids import new_id
from watchword.core.sealing import Sealer
from watchword.core.totp import step_of
from watchword.factors.errors import (
    FactorNotEnabled,
    FactorNotFound,
    InvalidRecoveryCode,
    InvalidTotpCode,
    InvalidTotpSecret,
    RecoveryCodesAlreadyInUse,
    TotpAlreadyInUse,
)
from watchword.factors.models import (
    Pending,
    PendingCodes,
    PendingTotp,
    SavedFactor,
    SavedFactors,
    SavedType,
)
from watchword.factors.recovery_codes import CodeDigest, new_codes
from watchword.factors.repository import FactorRows
from watchword.guard.models import LockoutPool
from watchword.guard.service import Lockout
from watchword.storage import Database
from watchword.storage.database import StorageConflict

BASE32 = re.compile(r"[A-Z2-7]{23,128}")  # RFC 4226, 4: 128 bits or more; 112 are let pass

TAKEN: dict[SavedType, type[DomainError]] = {
    "Totp": TotpAlreadyInUse,
    "BackupCode": RecoveryCodesAlreadyInUse,
}


@dataclass(frozen=True, kw_only=True)
class FactorService:
    """The second factors of one tenant's people."""

    rows: FactorRows
    sealer: Sealer
    lockout: Lockout
    clock: Clock
    issuer: str
    """What authenticator apps call this server."""
    digest: CodeDigest = field(default_factory=CodeDigest)

    async def of_user(self, user_id: str) -> SavedFactors:
        """Return what a person has set up."""
        return await self.rows.of_user(user_id)

    # Authenticator apps.

    def new_totp(self, secret: str | None = None) -> PendingTotp:
        """Return a new secret, or the given one, sealed; raises InvalidTotpSecret."""
        chosen = pyotp.random_base32() if secret is None else secret.replace(" ", "").upper()
        if not BASE32.fullmatch(chosen) or len(chosen) % 8 not in {0, 2, 4, 5, 7}:
            raise InvalidTotpSecret
        id_ = new_id()
        return PendingTotp(id=id_, sealed=self.sealer.seal(chosen, *self._place(id_)))

    def secret_of(self, totp: PendingTotp) -> str:
        """Return the secret, to be shown to whom it is for."""
        return self.sealer.unseal(totp.sealed, *self._place(totp.id))

    def address_of(self, totp: PendingTotp, label: str) -> str:
        """Return the `otpauth:` address that an app reads from a picture."""
        return pyotp.TOTP(self.secret_of(totp)).provisioning_uri(
            name=label, issuer_name=self.issuer
        )

    async def prove(self, totp: PendingTotp, user_id: str, code: str) -> PendingTotp:
        """Accept the first code of a new app; raises InvalidTotpCode, TooManyAttempts."""
        attempt = await self.lockout.attempt(LockoutPool.TOTP, user_id)
        step = step_of(self.secret_of(totp), code, self.clock.now())
        if step is None:
            await self.lockout.failed(attempt, "userId", user_id)
            raise InvalidTotpCode
        await self.lockout.succeeded(LockoutPool.TOTP, user_id)
        return replace(totp, step=step)

    async def verify_totp(self, saved: SavedFactors, user_id: str, code: str) -> None:
        """Accept a code of the person's app, once; raises InvalidTotpCode, TooManyAttempts."""
        totp = saved.totp
        if totp is None or totp.secret is None:
            raise FactorNotEnabled
        attempt = await self.lockout.attempt(LockoutPool.TOTP, user_id)
        secret = self.sealer.unseal(totp.secret, *self._place(totp.id))
        now = self.clock.now()
        step = step_of(secret, code, now)
        if step is None or not await self.rows.spend_step(totp.id, step, now):
            await self.lockout.failed(attempt, "userId", user_id)
            raise InvalidTotpCode
        await self.lockout.succeeded(LockoutPool.TOTP, user_id)

    # Recovery codes.

    async def new_codes(
        self, given: Sequence[str] | None = None
    ) -> tuple[PendingCodes, tuple[str, ...]]:
        """Return new recovery codes, to be shown once, and what is kept of them."""
        codes = tuple(given) if given else new_codes()
        id_, salt = new_id(), self.digest.new_salt()
        digests = await self.digest.of_all(salt, codes)
        sealed = self.sealer.seal("\n".join(codes), *self._place(id_))
        return PendingCodes(id=id_, salt=salt, digests=digests, sealed=sealed), codes

    def shown(self, codes: PendingCodes) -> tuple[str, ...]:
        """Return codes that are still to be shown; none once they were accepted."""
        if codes.sealed is None:
            return ()
        return tuple(self.sealer.unseal(codes.sealed, *self._place(codes.id)).split("\n"))

    async def verify_code(self, saved: SavedFactors, user_id: str, code: str) -> None:
        """Accept a recovery code, once; raises InvalidRecoveryCode, TooManyAttempts."""
        codes = saved.codes
        if codes is None or codes.salt is None:
            raise FactorNotEnabled
        attempt = await self.lockout.attempt(LockoutPool.BACKUP_CODE, user_id)
        digest = await self.digest.of(codes.salt, code)
        if not await self.rows.spend_code(codes.id, digest, self.clock.now()):
            await self.lockout.failed(attempt, "userId", user_id)
            raise InvalidRecoveryCode
        await self.lockout.succeeded(LockoutPool.BACKUP_CODE, user_id)

    # Writing.

    async def add_totp(self, user_id: str, totp: PendingTotp, *, tx: Database) -> SavedFactor:
        """Give a person an authenticator app; raises TotpAlreadyInUse."""
        return await self._add(
            tx, self._saved(user_id, "Totp", id_=totp.id, secret=totp.sealed, last_step=totp.step)
        )

    async def add_codes(self, user_id: str, codes: PendingCodes, *, tx: Database) -> SavedFactor:
        """Give a person recovery codes; raises RecoveryCodesAlreadyInUse."""
        saved = self._saved(user_id, "BackupCode", id_=codes.id, salt=codes.salt)
        return await self._add(tx, saved, codes.digests)

    async def replace_codes(
        self, user_id: str, codes: PendingCodes, *, tx: Database
    ) -> SavedFactor:
        """Give a person recovery codes in place of earlier ones, which stop working."""
        await self.rows.within(tx).remove_type(user_id, "BackupCode")
        return await self.add_codes(user_id, codes, tx=tx)

    async def replace_totp(self, user_id: str, totp: PendingTotp, *, tx: Database) -> SavedFactor:
        """Give a person an authenticator app in place of an earlier one."""
        await self.rows.within(tx).remove_type(user_id, "Totp")
        return await self.add_totp(user_id, totp, tx=tx)

    async def write(self, user_id: str, pending: Pending, *, tx: Database) -> list[SavedFactor]:
        """Keep what a visit set up, and return it; raises TotpAlreadyInUse."""
        written = []
        if pending.totp is not None and pending.is_totp_bound:
            written.append(await self.add_totp(user_id, pending.totp, tx=tx))
        if pending.codes is not None and pending.has_new_codes:
            written.append(await self.replace_codes(user_id, pending.codes, tx=tx))
        return written

    async def remove(self, user_id: str, factor_id: str, *, tx: Database) -> None:
        """Take a factor away; raises FactorNotFound."""
        if not await self.rows.within(tx).remove(user_id, factor_id):
            raise FactorNotFound

    async def _add(
        self, tx: Database, factor: SavedFactor, digests: tuple[str, ...] = ()
    ) -> SavedFactor:
        try:
            await self.rows.within(tx).add(factor, digests)
        except StorageConflict as conflict:
            raise TAKEN[factor.type] from conflict
        return replace(factor, codes_left=len(digests))

    def _saved(
        self,
        user_id: str,
        type_: SavedType,
        *,
        id_: str,
        secret: str | None = None,
        last_step: int | None = None,
        salt: str | None = None,
    ) -> SavedFactor:
        return SavedFactor(
            id=id_,
            user_id=user_id,
            type=type_,
            secret=secret,
            last_step=last_step,
            salt=salt,
            codes_left=0,
            created_at=self.clock.now(),
            last_used_at=None,
        )

    def _place(self, factor_id: str) -> tuple[str, str]:
        return self.rows.tenant_id, factor_id
