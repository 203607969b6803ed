"""What each provider's guide promises of its errors, and what holds for any delivery report."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import httpx2
import pytest

from tests import local
from tests.emulators.conftest import Callbacks
from watchword.connector_kit.connector import ConnectorContext, HttpSmsConnector
from watchword.connector_kit.errors import (
    AnswerLost,
    ConnectorError,
    InvalidCredentials,
    ProviderTimeout,
    ReportRefused,
    UnreadableAnswer,
)
from watchword.connector_kit.guides import guide
from watchword.connector_kit.models import DeliveryReport, SmsMessage
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import CODE, message_to
from watchword.core.phone import PhoneNumber
from watchword.emulators.kit import Trouble

REFUSALS = (
    Trouble.LANDLINE,
    Trouble.BLOCKED,
    Trouble.TEMPLATE,
    Trouble.BALANCE,
    Trouble.CREDENTIALS,
    Trouble.THROTTLED,
    Trouble.FAULT,
)

Connect = Callable[..., HttpSmsConnector[Any]]


class Promises:
    """Walks a connector through everything that can happen at its emulated provider."""

    connector_type: ClassVar[type[HttpSmsConnector[Any]]]
    config: ClassVar[Mapping[str, Any]]
    """What the emulator accepts."""
    prefix: ClassVar[str] = "44770090"
    """Digits that, with four more, are a number this provider sends to."""
    expected: ClassVar[Mapping[Trouble, tuple[type[ConnectorError], str]]]
    """For each of REFUSALS: the error, and the provider's code, which the guide explains."""
    absent: ClassVar[Mapping[Trouble, str]] = {}
    """The ones that this provider has no answer for, and why."""

    @pytest.fixture
    def connect(self, emulator: str, client: OutboundClient) -> Connect:
        """Return a way to make the connector, with other settings if need be."""

        def connect(
            settings: Mapping[str, Any] | None = None,
            *,
            through: OutboundClient = client,
            receipts: bool = False,
        ) -> HttpSmsConnector[Any]:
            config = self.connector_type.config_type.parse({**self.config, **(settings or {})})
            return self.connector_type(
                config,
                ConnectorContext(
                    client=through, base_url_override=emulator, public_receipts=receipts
                ),
            )

        return connect

    def message(self, ending: str = "0123", **others: Any) -> SmsMessage:
        """Return a message to a number that ends so."""
        return message_to(PhoneNumber(self.prefix + ending), **others)

    async def accepted(self, emulator: str) -> list[dict[str, Any]]:
        """Return what the provider took."""
        async with httpx2.AsyncClient(verify=local.NO_TLS) as asked:
            found: list[dict[str, Any]] = (await asked.get(f"{emulator}/emulator/messages")).json()
            return found

    async def test_the_provider_takes_the_message(self, connect: Connect, emulator: str) -> None:
        receipt = await connect().send(self.message())

        taken = await self.accepted(emulator)
        assert len(taken) == 1
        assert CODE in str(taken[0])
        if taken[0].get("id") is not None:
            assert receipt.provider_message_id == taken[0]["id"]

    def test_every_refusal_is_promised_or_its_absence_explained(self) -> None:
        assert self.expected.keys() | self.absent.keys() == set(REFUSALS)
        assert not self.expected.keys() & self.absent.keys()

    @pytest.mark.parametrize("trouble", REFUSALS)
    async def test_a_refusal_is_what_the_guide_says(
        self, connect: Connect, emulator: str, trouble: Trouble
    ) -> None:
        if trouble in self.absent:
            pytest.skip(self.absent[trouble])
        error_type, code = self.expected[trouble]

        with pytest.raises(ConnectorError) as refused:
            await connect().send(self.message(trouble))

        assert type(refused.value) is error_type
        assert code in refused.value.words
        for language in ("en", "ko"):
            assert code in guide(self.connector_type, language), f"not in the {language} guide"
        assert refused.value.is_outcome_known
        assert await self.accepted(emulator) == []

    async def test_a_wrong_secret_is_refused(self, connect: Connect, emulator: str) -> None:
        connector = connect(self.with_wrong_secret())

        with pytest.raises(InvalidCredentials):
            await connector.send(self.message())
        assert await self.accepted(emulator) == []

    def with_wrong_secret(self) -> dict[str, Any]:
        """Return the settings that prove who we are, each of them wrong."""
        secrets = self.connector_type.config_type.secret_keys() & self.config.keys()
        return dict.fromkeys(secrets, "not-the-secret-of-this-account")

    @pytest.mark.parametrize(
        ("trouble", "error_type"),
        [
            (Trouble.SLOW, ProviderTimeout),
            (Trouble.DROPPED, AnswerLost),
            (Trouble.NONSENSE, UnreadableAnswer),
        ],
    )
    async def test_a_lost_answer_leaves_it_open_whether_the_message_went_out(
        self, connect: Connect, emulator: str, trouble: Trouble, error_type: type[ConnectorError]
    ) -> None:
        hasty = OutboundClient(is_development=True)
        if trouble is Trouble.SLOW:
            hasty.total = hasty.total / 10
        try:
            with pytest.raises(ConnectorError) as lost:
                await connect(through=hasty).send(self.message(trouble))
        finally:
            await hasty.aclose()

        assert type(lost.value) is error_type
        assert not lost.value.is_outcome_known
        async with asyncio.timeout(10):
            # The provider may still be at it when we have given up.
            while not await self.accepted(emulator):  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.05)
        assert len(await self.accepted(emulator)) == 1


class ReportPromises:
    """Goes beside `Promises` for a provider that reports what became of a message."""

    reports_to_the_message: ClassVar[bool] = True
    """True: each message says where to report. False: the address is set in a dashboard."""
    signs_reports: ClassVar[bool] = True

    @pytest.fixture
    async def sent(
        self, connect: Connect, emulator: str, callbacks: tuple[str, Callbacks]
    ) -> Callable[..., Any]:
        """Return a way to send a message and read the reports that come of it."""
        address, received = callbacks

        async def send(ending: str, count: int = 1) -> tuple[str, list[DeliveryReport]]:
            if not self.reports_to_the_message:
                async with httpx2.AsyncClient(verify=local.NO_TLS) as asked:
                    await asked.put(f"{emulator}/emulator/receipts", json={"url": address})
            connector = connect(receipts=True)
            receipt = await connector.send(self.message(ending, receipt_url=address))  # type: ignore[attr-defined]  # of Promises
            assert receipt.provider_message_id is not None
            await received.wait_for(count)
            reports: list[DeliveryReport] = []
            seen = 0
            while not reports and seen < 20:
                reports = [
                    report
                    for request in received.calls
                    for report in connector.read_report(request)
                ]
                if not reports:
                    seen += 1
                    await received.wait_for(len(received.calls) + 1)
            return receipt.provider_message_id, reports

        return send

    async def test_a_delivery_is_reported(self, sent: Callable[..., Any]) -> None:
        message_id, reports = await sent("0123")

        assert {(report.provider_message_id, report.state) for report in reports} == {
            (message_id, "delivered")
        }

    async def test_a_failure_is_reported_with_its_reason(self, sent: Callable[..., Any]) -> None:
        message_id, reports = await sent(Trouble.UNDELIVERED)

        assert {(report.provider_message_id, report.state) for report in reports} == {
            (message_id, "undelivered")
        }
        assert all(report.error_class and report.words for report in reports)

    @pytest.mark.parametrize("trouble", [Trouble.REPORTS_OUT_OF_ORDER, Trouble.REPORTS_REPEATED])
    async def test_disorder_and_repetition_say_the_same(
        self, sent: Callable[..., Any], trouble: Trouble
    ) -> None:
        message_id, reports = await sent(trouble)

        assert {(report.provider_message_id, report.state) for report in reports} == {
            (message_id, "delivered")
        }

    async def test_a_badly_signed_report_is_refused(self, sent: Callable[..., Any]) -> None:
        if not self.signs_reports:
            pytest.skip("the provider signs nothing; a token in the address stands for it")
        with pytest.raises(ReportRefused):
            await sent(Trouble.REPORTS_BADLY_SIGNED)
