"""Are these the keys this database was sealed with? Found out at start, not at the first send."""

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from watchword.core.clock import Clock
from watchword.core.errors import DomainError
from watchword.core.keys import SecretKeys
from watchword.core.sealing import SealBroken, Sealer
from watchword.storage.database import Storage
from watchword.storage.repositories import ServerRepository
from watchword.storage.resealing import keys_in_use
from watchword.storage.schema import secret_key_checks

KNOWN_TEXT = "watchword"

ALL = select(secret_key_checks)
REMEMBER = (
    insert(secret_key_checks)
    .values(
        key_id=bindparam("key_id"),
        sealed_check=bindparam("sealed_check"),
        created_at=bindparam("created_at"),
    )
    .on_conflict_do_nothing(index_elements=[secret_key_checks.c.key_id])
)


class WrongKeys(DomainError):
    """WATCHWORD_SECRET_KEYS lacks a key that the database needs, or has another under its id."""

    code = "server.wrong_keys"


async def check_keys(storage: Storage, keys: SecretKeys, clock: Clock) -> None:
    """Raise WrongKeys, saying which key and where, unless every sealed value can be opened."""
    repository = ServerRepository(storage)
    recorded = await repository.all(ALL)
    for row in recorded:
        key = keys.keys.get(row["key_id"])
        if key is not None:
            _require_same_key(row["key_id"], key, row["sealed_check"])
    # Every key that ever sealed was listed at a start, and so recorded: only then is it worth
    # looking through all the rows for what it sealed.
    if any(row["key_id"] not in keys.ids for row in recorded):
        await _require_no_missing_key(storage, keys)
    for key_id, secret in keys.keys.items():
        sealer = Sealer(SecretKeys({key_id: secret}), "key check")
        await repository.run(
            REMEMBER,
            key_id=key_id,
            sealed_check=sealer.seal(KNOWN_TEXT, key_id),
            created_at=clock.now(),
        )


def _require_same_key(key_id: str, key: bytes, sealed_check: str) -> None:
    try:
        Sealer(SecretKeys({key_id: key}), "key check").unseal(sealed_check, key_id)
    except SealBroken:
        raise WrongKeys(
            f"WATCHWORD_SECRET_KEYS: the key {key_id!r} is not the one this database was used "
            "with; put the old bytes back, or give the new key another id"
        ) from None


async def _require_no_missing_key(storage: Storage, keys: SecretKeys) -> None:
    for key_id, places in (await keys_in_use(storage)).items():
        if key_id not in keys.ids:
            raise WrongKeys(
                f"WATCHWORD_SECRET_KEYS: the key {key_id!r} is missing; "
                f"it seals {', '.join(places)}"
            )
