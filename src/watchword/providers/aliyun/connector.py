"""Alibaba Cloud SMS. https://help.aliyun.com/document_detail/101414.html"""

from typing import Any

import httpx2

from watchword.connector_kit.errors import SenderRejected
from watchword.connector_kit.models import ConnectorMetadata, Receipt, SmsMessage
from watchword.connector_kit.templates import choose_for
from watchword.providers.aliyun.calls import AliyunConnector, compact, read
from watchword.providers.aliyun.config import AliyunSmsConfig

# As in the official packages; every region that is not here shares the first host.
HOSTS = {
    "cn-hangzhou": "dysmsapi.aliyuncs.com",
    "cn-beijing": "dysmsapi-proxy.cn-beijing.aliyuncs.com",
    "cn-hongkong": "dysmsapi-xman.cn-hongkong.aliyuncs.com",
    "ap-southeast-1": "dysmsapi.ap-southeast-1.aliyuncs.com",
    "ap-southeast-5": "dysmsapi.ap-southeast-5.aliyuncs.com",
    "eu-central-1": "dysmsapi.eu-central-1.aliyuncs.com",
    "us-east-1": "dysmsapi.us-east-1.aliyuncs.com",
}
SIGNS_IN_A_PAGE = "50"
APPROVED = "AUDIT_STATE_PASS"


class AliyunSmsConnector(AliyunConnector[AliyunSmsConfig]):
    """Texts through an Alibaba Cloud account, in China and elsewhere."""

    metadata = ConnectorMetadata(
        id="aliyun-short-message-service",
        target="aliyun-sms",
        name={"en": "Aliyun Short Message Service", "ko": "알리윤 문자 서비스"},
        description={
            "en": "Texts to mainland China and other countries through Alibaba Cloud SMS.",
            "ko": "Alibaba Cloud SMS로 중국 본토와 다른 나라에 문자를 보냅니다.",
        },
        features=("delivery_reports", "credential_check"),
        at_home_in=("CN",),
    )
    config_type = AliyunSmsConfig

    @property
    def base_url(self) -> str:
        """Return the API's host in the chosen region."""
        return f"https://{HOSTS[self.config.region]}"

    @property
    def region_id(self) -> str:
        """Return the chosen region."""
        return self.config.region

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message, with the sign and the template that its country needs."""
        # The first digits do not tell: +1 310 555 0123 looks like a number of the mainland.
        mainland = message.to.region == "CN"
        template = choose_for(self.config.templates, message)
        parameters = {
            "OutId": message.id,
            "PhoneNumbers": message.to.digits.removeprefix("86" if mainland else ""),
            "SignName": self.config.sign_for(mainland=mainland),
            "TemplateCode": template.code_for(mainland=mainland),
        }
        values = template.values(message)
        if values:
            parameters["TemplateParam"] = compact(values)
        return self.call("SendSms", parameters)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the receipt's id, or why there is none; failures come with HTTP 200, too."""
        answer = read(response)
        biz_id = answer.get("BizId")
        return Receipt(biz_id if isinstance(biz_id, str) else None, words="Aliyun: OK")

    async def check_credentials(self) -> str:
        """Return what Alibaba Cloud says of the sign, which costs nothing."""
        page = {"PageIndex": "1", "PageSize": SIGNS_IN_A_PAGE}
        return await self.exchange(self.call("QuerySmsSignList", page), self._read_signs)

    def _read_signs(self, response: httpx2.Response) -> str:
        signs: list[dict[str, Any]] = read(response)["SmsSignList"]
        states = {sign["SignName"]: sign["AuditStatus"] for sign in signs}
        name = self.config.sign_name
        if states.get(name, APPROVED) != APPROVED:
            raise SenderRejected(f"Aliyun: the sign {name} is not approved: {states[name]}")
        if name not in states:
            # It may be further down, or one of the signs for tests, which are in no list.
            return f"Aliyun: the key is accepted; the sign {name} is not in the list"
        return f"Aliyun: the key is accepted, the sign {name} is approved"
