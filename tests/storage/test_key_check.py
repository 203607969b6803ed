"""The wrong keys are found at start, by name."""

import base64

import pytest

from tests.fakes import FakeClock
from watchword.applications.models import NewApplication
from watchword.applications.repository import ApplicationRepository
from watchword.applications.service import ApplicationService
from watchword.core.keys import SecretKeys
from watchword.core.sealing import Sealer
from watchword.storage import Storage
from watchword.storage.key_check import WrongKeys, check_keys


def keys_of(**numbers: int) -> SecretKeys:
    encoded = {name: base64.b64encode(bytes([n]) * 32).decode() for name, n in numbers.items()}
    return SecretKeys.parse(",".join(f"{name}:{key}" for name, key in encoded.items()))


async def seal_something(storage: Storage, keys: SecretKeys, clock: FakeClock) -> None:
    repository = ApplicationRepository(storage, "default")
    service = ApplicationService(
        repository=repository, sealer=Sealer(keys, "application"), clock=clock, origin="https://x"
    )
    new = NewApplication(name="Shop", type="MachineToMachine")
    await repository.insert(service.prepare(new).application)


async def test_the_same_keys_pass_again_and_again(storage: Storage, clock: FakeClock) -> None:
    for _ in range(2):
        await check_keys(storage, keys_of(a=1), clock)


async def test_other_bytes_under_a_known_id_are_refused(storage: Storage, clock: FakeClock) -> None:
    await check_keys(storage, keys_of(a=1), clock)

    with pytest.raises(WrongKeys, match="'a' is not the one"):
        await check_keys(storage, keys_of(a=2), clock)


async def test_a_key_that_still_seals_something_is_missed_by_name_and_place(
    storage: Storage, clock: FakeClock
) -> None:
    await check_keys(storage, keys_of(a=1), clock)
    await seal_something(storage, keys_of(a=1), clock)

    with pytest.raises(WrongKeys, match=r"'a' is missing; it seals applications\.secret"):
        await check_keys(storage, keys_of(b=2), clock)


async def test_a_key_that_seals_nothing_any_more_may_go(storage: Storage, clock: FakeClock) -> None:
    await check_keys(storage, keys_of(b=2, a=1), clock)
    await seal_something(storage, keys_of(b=2, a=1), clock)

    await check_keys(storage, keys_of(b=2), clock)
