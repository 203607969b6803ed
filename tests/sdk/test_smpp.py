"""Another implementation of SMPP takes our connector's messages, and has its own taken by ours."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from tests.emulators.smsc import RunningSmsc, cleared, running_smsc, until
from tests.ports import free_ports
from tests.sdk.conftest import CLIENTS, PYTHON
from watchword.connector_kit.models import DeliveryReport
from watchword.connector_kit.testing import MESSAGE
from watchword.emulators.smpp import PASSWORD, SYSTEM_ID
from watchword.providers.smpp.connector import SmppConnector

pytestmark = pytest.mark.slow

WORDED = [
    {"usageType": usage, "content": "인증번호 {{code}} 🔑 " * 6}
    for usage in ("Register", "SignIn", "ForgotPassword", "Generic")
]


@pytest.fixture(scope="module")
def smsc_process() -> Iterator[RunningSmsc]:
    with running_smsc() as smsc:
        yield smsc


@pytest.fixture
def smsc(smsc_process: RunningSmsc) -> RunningSmsc:
    return cleared(smsc_process)


@asynccontextmanager
async def oracle(**asked: Any) -> AsyncIterator[asyncio.StreamReader]:
    """Run the other implementation, and return what it writes."""
    assert PYTHON.exists(), "the providers' packages are missing: tools/environment sdk"
    process = await asyncio.create_subprocess_exec(
        PYTHON, "-P", CLIENTS / "smpp.py", json.dumps(asked), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            yield process.stdout
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line(said: asyncio.StreamReader) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(await said.readline())
    return answer


async def test_both_send_the_same_to_our_smsc(smsc: RunningSmsc) -> None:
    connector = smsc.connector()
    message = {
        "to": MESSAGE.to.digits,
        "text": connector.text_of(MESSAGE).encode("ascii").hex(),
        "source_addr": "Watchword",
        "source_addr_ton": 5,
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "validity_period": "000000001000000R",
        "registered_delivery": 1,
    }
    async with oracle(
        send={"port": smsc.port, "user": SYSTEM_ID, "password": PASSWORD, "message": message}
    ) as said:
        theirs = await line(said)
    ours = await connector.send(MESSAGE)

    taken = await smsc.messages()
    assert [each.pop("id") for each in taken] == [theirs["id"], ours.provider_message_id]
    assert taken[0] == taken[1]
    assert theirs["reported"] == [theirs["id"]]


async def test_another_smsc_reads_what_we_send_and_we_read_its_receipts() -> None:
    [port] = free_ports(1)
    connector = RunningSmsc(port, "").connector()
    async with oracle(serve={"port": port, "messages": 1}) as said:
        assert await line(said) == {"ready": True}
        await connector.open()
        found: list[DeliveryReport] = []
        reading = asyncio.create_task(read_reports(connector, found))
        receipt = await connector.send(MESSAGE)
        bound, message = await line(said), await line(said)
        await until(lambda: found)
        await connector.close()
        await reading
        assert await line(said) == {"unbound": True}

    assert bound == {"bound": SYSTEM_ID, "receives": True}
    assert message == {
        "to": MESSAGE.to.digits,
        "to_type": [1, 1],
        "sender": "Watchword",
        "sender_type": [5, 0],
        "text": connector.text_of(MESSAGE).encode("ascii").hex(),
        "coding": 0,
        "esm_class": 0,
        "registered": 1,
        "tlvs": {},
    }
    assert receipt.provider_message_id == "oracle-1"
    assert found == [DeliveryReport("oracle-1", "delivered", words="SMPP: DELIVRD")]


async def read_reports(connector: SmppConnector, found: list[DeliveryReport]) -> None:
    async with aclosing(connector.receipts()) as reports:
        async for report in reports:
            found.append(report)


async def test_another_smsc_gets_every_part_of_a_long_text() -> None:
    [port] = free_ports(1)
    connector = RunningSmsc(port, "").connector(templates=WORDED, deliveryReceipts=False)
    async with oracle(serve={"port": port, "messages": 2}) as said:
        assert await line(said) == {"ready": True}
        receipt = await connector.send(MESSAGE)
        _, *parts, unbound = [await line(said) for _ in range(4)]

    assert unbound == {"unbound": True}
    assert receipt.provider_message_id == "oracle-2"
    assert [(part["coding"], part["esm_class"]) for part in parts] == [(8, 0x40)] * 2
    text = b"".join(bytes.fromhex(part["text"])[6:] for part in parts).decode("utf-16-be")
    assert text == connector.text_of(MESSAGE)
