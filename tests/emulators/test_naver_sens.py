"""The SENS emulator refuses what SENS refuses; the connector and it understand each other."""

import hmac
import json
import time
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx2
import pytest

from tests import local
from tests.emulators.promises import Connect, Promises
from tests.fakes import FakeClock
from watchword.connector_kit import errors
from watchword.connector_kit.testing import message_to
from watchword.connector_kit.wording import default_templates
from watchword.core.phone import PhoneNumber
from watchword.emulators.kit import Trouble
from watchword.emulators.naver_sens import ACCESS_KEY, SECRET_KEY, SENDER, SERVICE_ID
from watchword.providers.naver_sens.connector import NaverSensConnector

PATH = f"/sms/v2/services/{SERVICE_ID}/messages"
BODY = {
    "type": "SMS",
    "contentType": "COMM",
    "countryCode": "82",
    "from": SENDER,
    "content": "인증번호 135790",
    "messages": [{"to": "01000000123"}],
}
LATER = "SENS takes every message, and tells only who asks later"


@pytest.fixture
def provider() -> str:
    return "naver_sens"


class TestNaverSens(Promises):
    connector_type = NaverSensConnector
    prefix = "82100000"
    config: ClassVar[dict[str, Any]] = {
        "accessKey": ACCESS_KEY,
        "secretKey": SECRET_KEY,
        "serviceId": SERVICE_ID,
        "from": SENDER,
        "templates": default_templates("ko"),
    }
    expected: ClassVar[Any] = {
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "200"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "410"),
        Trouble.FAULT: (errors.ProviderUnavailable, "900"),
    }
    absent: ClassVar[dict[Trouble, str]] = {
        Trouble.LANDLINE: LATER,
        Trouble.BLOCKED: LATER,
        Trouble.TEMPLATE: "SENS wants no approval of texts",
        Trouble.BALANCE: "NAVER Cloud sends a bill; there is no balance",
    }

    async def test_abroad_the_country_code_is_apart(self, connect: Connect, emulator: str) -> None:
        await connect().send(message_to(PhoneNumber("14155550123")))
        [taken] = await self.accepted(emulator)

        assert (taken["to"], taken["fields"]["countryCode"]) == ("4155550123", "1")

    async def test_a_long_text_is_an_lms(self, connect: Connect, emulator: str) -> None:
        texts = [{**text, "content": "{{code}} " + "가" * 60} for text in default_templates()]
        await connect({"templates": texts}).send(self.message())
        [taken] = await self.accepted(emulator)

        assert taken["fields"]["type"] == "LMS"

    async def test_the_keys_are_checked(self, connect: Connect) -> None:
        assert await connect().check_credentials() == "NAVER SENS accepts the keys"
        with pytest.raises(errors.InvalidCredentials):
            await connect({"secretKey": "wrong-secret"}).check_credentials()

    async def test_a_wrong_service_is_the_administrators_matter(self, connect: Connect) -> None:
        with pytest.raises(errors.ProviderSettingsRefused):
            await connect({"serviceId": "ncp:sms:kr:1:other"}).send(self.message())

    async def test_a_clock_that_is_wrong_is_refused(self, connect: Connect) -> None:
        connector, clock = connect(), FakeClock()
        clock.moment = datetime.now(UTC) - timedelta(minutes=6)
        late = NaverSensConnector(connector.config, replace(connector.context, clock=clock))
        with pytest.raises(errors.InvalidCredentials) as refused:
            await late.send(self.message())

        assert "Expired" in refused.value.words


def signed(
    method: str = "POST",
    target: str = PATH,
    *,
    key: str = ACCESS_KEY,
    secret: str = SECRET_KEY,
    timestamp: str = "",
    late: float = 0,
) -> dict[str, str]:
    timestamp = timestamp or str(int((time.time() - late) * 1000))
    text = f"{method} {target}\n{timestamp}\n{key}".encode()
    signature = b64encode(hmac.new(secret.encode(), text, "sha256").digest()).decode()
    return {
        "x-ncp-apigw-timestamp": timestamp,
        "x-ncp-iam-access-key": key,
        "x-ncp-apigw-signature-v2": signature,
    }


async def post(
    emulator: str, body: Any = BODY, headers: dict[str, str] | None = None, path: str = PATH
) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = {"Content-Type": "application/json; charset=utf-8"}
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return await client.post(
            emulator + path,
            content=content,
            headers={**kind, **(signed(target=path) if headers is None else headers)},
        )


async def accepted(emulator: str) -> Any:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return (await client.get(f"{emulator}/emulator/messages")).json()


async def test_answers_as_sens_does(emulator: str) -> None:
    response = await post(emulator)
    answer = response.json()

    assert response.status_code == 202
    assert (answer["statusCode"], answer["statusName"]) == ("202", "success")
    assert answer["requestId"].startswith("VORSSA-")


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "SomebodyElses"},
        {"secret": "wrong"},
        {"method": "GET"},
        {"target": PATH + "?x=1"},
        {"timestamp": "1767323045"},
        {"late": 301},
        {"late": -301},
    ],
)
async def test_refuses_a_wrong_signature(emulator: str, wrong: dict[str, Any]) -> None:
    response = await post(emulator, headers=signed(**wrong))

    assert response.status_code == 401
    assert response.json()["error"]["errorCode"] == "200"
    assert await accepted(emulator) == []


async def test_refuses_what_is_not_signed(emulator: str) -> None:
    assert (await post(emulator, headers={})).status_code == 401


async def test_the_query_is_signed_too(emulator: str) -> None:
    sent = (await post(emulator)).json()["requestId"]
    target = f"{PATH}?requestId={sent}"
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        found = await client.get(emulator + target, headers=signed("GET", target))
        refused = await client.get(emulator + target, headers=signed("GET", PATH))
        missing = await client.get(emulator + PATH, headers=signed("GET", PATH))

    assert [message["to"] for message in found.json()["messages"]] == ["01000000123"]
    assert (refused.status_code, missing.status_code) == (401, 400)


async def test_another_service_is_not_found(emulator: str) -> None:
    response = await post(emulator, path="/sms/v2/services/ncp:sms:kr:1:other/messages")

    assert response.status_code == 404
    assert response.json()["status"] == 404


async def test_another_path_is_the_gateways_404(emulator: str) -> None:
    response = await post(emulator, path="/sms/v1/messages")

    assert (response.status_code, response.json()["error"]["errorCode"]) == (404, "300")


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        [],
        {**BODY, "type": "sms!"},
        {**BODY, "contentType": "AD"},
        {**BODY, "countryCode": "+82"},
        {**BODY, "from": "0298765432"},
        {**BODY, "messages": []},
        {**BODY, "messages": [{"to": "821000000123"}]},
        {**BODY, "messages": [{"to": "010-0000-0123"}]},
        {**BODY, "messages": [{"to": "01000000123", "from": SENDER}]},
        {**BODY, "content": ""},
        {**BODY, "content": "가" * 46},
        {**BODY, "type": "LMS", "content": "가" * 1001},
        {**BODY, "content": "😀"},
        {**BODY, "subject": "제목"},
        {**BODY, "text": "x"},
    ],
)
async def test_refuses_what_sens_refuses(emulator: str, body: Any) -> None:
    response = await post(emulator, body)

    assert response.status_code == response.json()["status"] == 400
    assert await accepted(emulator) == []


async def test_the_content_type_names_its_charset(emulator: str) -> None:
    response = await post(emulator, headers={**signed(), "Content-Type": "application/json"})

    assert response.status_code == 400
