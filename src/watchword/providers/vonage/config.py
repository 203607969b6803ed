"""What Vonage has to be told; the contract's four keys, and ours."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from watchword.connector_kit.config import Setting, looks_like, rule_broken
from watchword.connector_kit.templates import TextTemplatesConfig
from watchword.providers.vonage.signing import SignatureMethod

NUMBER = re.compile(r"\+?(\d{7,15})")


class VonageConfig(TextTemplatesConfig):
    """An account, a sender and the texts; a config saved elsewhere pastes in unchanged."""

    api_key: Annotated[
        SecretStr,
        Setting(
            label={"en": "API key", "ko": "API 키"},
            help={
                "en": "On the first page of the Vonage dashboard.",
                "ko": "Vonage 대시보드 첫 화면에 있습니다.",
            },
            placeholder="a1b2c3d4",
            hint=looks_like(
                r"[0-9a-zA-Z]{8}", {"en": "8 letters or digits", "ko": "영문자와 숫자 8자"}
            ),
        ),
    ] = Field(alias="apiKey")
    api_secret: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "API secret", "ko": "API 시크릿"},
            help={
                "en": "Beside the API key. Only where requests are signed does it go without.",
                "ko": "API 키 옆에 있습니다. 요청에 서명하는 방식을 고를 때만 비워도 됩니다.",
            },
            hint=looks_like(r"\S{6,32}", {"en": "6 to 32 characters", "ko": "6~32자"}),
        ),
    ] = Field(default=None, alias="apiSecret")
    brand_name: Annotated[
        str,
        Setting(
            label={"en": "Brand name or number", "ko": "브랜드 이름 또는 번호"},
            help={
                "en": "Who the text is from: up to 11 letters and digits, or a number of yours. "
                "The United States and Canada take numbers only.",
                "ko": "발신자로 보이는 값입니다. 11자 이하의 영문자와 숫자, 또는 보유 번호를 "
                "적습니다. 미국과 캐나다에는 번호로만 보낼 수 있습니다.",
            },
            placeholder="Acme",
            hint=looks_like(
                r"[A-Za-z0-9 ]{1,11}|\+?\d{3,15}",
                {
                    "en": "up to 11 letters and digits, or a number",
                    "ko": "11자 이하의 영문자와 숫자, 또는 번호",
                },
            ),
        ),
    ] = Field(alias="brandName")
    authentication: Annotated[
        Literal["basic", "secret", "signature"],
        Setting(
            label={"en": "Authentication", "ko": "인증 방식"},
            help={
                "en": "How Vonage knows who sends. The first does for every account.",
                "ko": "Vonage가 요청을 보낸 쪽을 확인하는 방식입니다. 첫 번째 방식이면 충분합니다.",
            },
            titles={
                "basic": {"en": "API secret in a header", "ko": "헤더에 담은 API 시크릿"},
                "secret": {"en": "API secret in the body", "ko": "본문에 담은 API 시크릿"},
                "signature": {"en": "Signature", "ko": "서명"},
            },
        ),
    ] = "basic"
    signature_secret: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Signature secret", "ko": "서명 시크릿"},
            help={
                "en": "Proves that delivery reports are Vonage's, once Vonage signs them for your "
                "account. Under Settings > API settings.",
                "ko": "Vonage가 계정의 전송 결과에 서명하도록 설정한 뒤 적으면, 그 서명을 "
                "확인합니다. Settings > API settings에 있습니다.",
            },
        ),
    ] = Field(default=None, alias="signatureSecret")
    signature_method: Annotated[
        SignatureMethod,
        Setting(
            label={"en": "Signature method", "ko": "서명 방식"},
            help={
                "en": "As it is set for the account, beside the signature secret.",
                "ko": "서명 시크릿 옆에 있는 계정 설정과 같은 값을 고릅니다.",
            },
            titles={
                "md5hash": {"en": "MD5 hash", "ko": "MD5 해시"},
                "md5": {"en": "MD5 HMAC", "ko": "MD5 HMAC"},
                "sha1": {"en": "SHA-1 HMAC", "ko": "SHA-1 HMAC"},
                "sha256": {"en": "SHA-256 HMAC", "ko": "SHA-256 HMAC"},
                "sha512": {"en": "SHA-512 HMAC", "ko": "SHA-512 HMAC"},
            },
        ),
    ] = Field(default="md5hash", alias="signatureMethod")

    @model_validator(mode="after")
    def _can_prove_itself(self) -> Self:
        if self.authentication == "signature":
            key, proof = "signatureSecret", self.signature_secret
        else:
            key, proof = "apiSecret", self.api_secret
        if proof is None:
            raise rule_broken(key, "This kind of authentication needs it", phrase="required")
        return self

    @property
    def sender(self) -> str:
        """Return the sender as Vonage wants it: numbers in digits alone."""
        number = NUMBER.fullmatch(self.brand_name)
        return number[1] if number else self.brand_name
