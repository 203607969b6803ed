"""Alibaba Cloud's message authentication. https://help.aliyun.com/zh/pnvs/"""

import re

import httpx2

from watchword.connector_kit.errors import InvalidRecipient, RegionUnsupported
from watchword.connector_kit.models import ConnectorMetadata, Receipt, SmsMessage
from watchword.connector_kit.templates import choose_for
from watchword.core.phone import PhoneNumber
from watchword.providers.aliyun.authentication.config import AliyunAuthenticationConfig
from watchword.providers.aliyun.calls import AliyunConnector, compact, read

MOBILE = re.compile(r"86(1[3-9]\d{9})")


class AliyunAuthenticationConnector(AliyunConnector[AliyunAuthenticationConfig]):
    """Codes to mainland China under a sign that Alibaba Cloud lends, so none is applied for."""

    metadata = ConnectorMetadata(
        id="aliyun-short-message-auth-service",
        target="aliyun-sms-mas",
        name={
            "en": "Aliyun Short Message Authentication Service",
            "ko": "알리윤 문자 인증 서비스",
        },
        description={
            "en": "Codes to mainland China with signs and templates that Alibaba Cloud lends.",
            "ko": "Alibaba Cloud의 기본 제공 서명과 템플릿으로 중국 본토에 인증번호를 보냅니다.",
        },
        features=("delivery_reports",),
        countries=("CN",),
        at_home_in=("CN",),
    )
    config_type = AliyunAuthenticationConfig
    base_url = "https://dypnsapi.aliyuncs.com"

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message; raises before anything is asked where it can't get there."""
        config = self.config
        template = choose_for(config.templates, message)
        parameters = {
            "CountryCode": "86",
            "OutId": message.id,
            "PhoneNumber": _at_home(message.to),
            "SignName": config.sign_name,
            "TemplateCode": template.template_code,
            "TemplateParam": compact(template.values(message)),
        }
        if config.scheme_name is not None:
            parameters["SchemeName"] = config.scheme_name
        return self.call("SendSmsVerifyCode", parameters)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the receipt's id, or why there is none; failures come with HTTP 200, too."""
        biz_id = (read(response).get("Model") or {}).get("BizId")
        return Receipt(biz_id if isinstance(biz_id, str) else None, words="Aliyun: OK")


def _at_home(phone: PhoneNumber) -> str:
    if phone.region != "CN":
        raise RegionUnsupported("Aliyun: message authentication serves mainland China only")
    mobile = MOBILE.fullmatch(phone.digits)
    if mobile is None:
        raise InvalidRecipient("Aliyun: not a mobile number of mainland China")
    return mobile[1]
