"""An ESME and an SMSC of the package `smpp34`, whose protocol code has nothing in common with ours.

`{"send": …}` binds, submits one message and returns what was answered and reported; `{"serve": …}`
is an SMSC that takes two messages, writes down how it read them, and reports them delivered.
"""

import asyncio
import json
import os
import sys
from typing import Any

import smpp34


def say(**answer: Any) -> None:
    """Write one line for the test."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def send(asked: dict[str, Any]) -> None:
    """Submit one message."""
    client = smpp34.Client("127.0.0.1", asked["port"], asked["user"], asked["password"])
    smsc = await client.connect()
    fields = asked["message"]
    text = bytes.fromhex(fields.pop("text"))
    answer = await smsc.submit_sm(fields.pop("to"), text, **fields)
    report = await smsc.next()
    while b"DELIVRD" not in report.short_message:
        report = await smsc.next()
    ids = [tlv.as_string() for tlv in report.tlvs if tlv.tag == smpp34.TLV_RECEIPTED_MESSAGE_ID]
    await smsc.unbind()
    say(status=answer.command_status, id=answer.message_id, reported=ids)


async def serve(asked: dict[str, Any]) -> None:
    """Take messages until there were as many as asked for."""
    server = smpp34.Server("127.0.0.1", asked["port"], system_id="ORACLE")
    await server.start()
    say(ready=True)
    sessions, taken = {}, 0
    while taken < asked["messages"]:
        event = await server.next()
        if isinstance(event, smpp34.Esme):
            sessions[event.session_id] = event
            say(bound=event.system_id, receives=event.can_receive)
        elif isinstance(event, smpp34.SubmitSmEvent):
            taken += 1
            event.accept(f"oracle-{taken}")
            say(
                to=event.destination_addr,
                to_type=[event.dest_addr_ton, event.dest_addr_npi],
                sender=event.source_addr,
                sender_type=[event.source_addr_ton, event.source_addr_npi],
                text=event.short_message.hex(),
                coding=event.data_coding,
                esm_class=event.esm_class,
                registered=event.registered_delivery,
                tlvs={tlv.tag: tlv.value.hex() for tlv in event.tlvs},
            )
            if event.registered_delivery:
                await sessions[event.session_id].deliver_sm(
                    event.source_addr,
                    esm_class=4,
                    source_addr=event.destination_addr,
                    tlvs=[
                        smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, f"oracle-{taken}\0".encode()),
                        smpp34.Tlv(smpp34.TLV_MESSAGE_STATE, b"\x02"),
                    ],
                )
    # Until the ESME has taken its leave.
    while not isinstance(await server.next(), smpp34.Unbound):
        pass
    say(unbound=True)
    await server.stop()


asked = json.loads(sys.argv[1])
asyncio.run(send(asked["send"]) if "send" in asked else serve(asked["serve"]))
# The package's own threads may crash while Python tears down; all that was to be said is said.
os._exit(0)
