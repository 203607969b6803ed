"""What Alibaba Cloud's codes mean for us. https://help.aliyun.com/document_detail/101346.html

`isv.` is the caller's side and `isp.` the provider's; what has no prefix comes from the gateway in
front of every Alibaba Cloud API, or from message authentication, which leaves `isv.` away.
"""

from watchword.connector_kit.errors import (
    AccountSuspended,
    ConnectorError,
    InsufficientBalance,
    InvalidCredentials,
    InvalidRecipient,
    ProviderRejected,
    ProviderSettingsRefused,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExhausted,
    RecipientOptedOut,
    RecipientThrottled,
    RecipientUnreachable,
    SenderRejected,
    TemplateRejected,
)

ERRORS: dict[str, type[ConnectorError]] = {
    # The gateway.
    "InvalidAccessKeyId.NotFound": InvalidCredentials,
    "InvalidAccessKeyId.Inactive": InvalidCredentials,
    "SignatureDoesNotMatch": InvalidCredentials,
    "IncompleteSignature": InvalidCredentials,
    "InvalidTimeStamp.Expired": ProviderSettingsRefused,  # this server's clock
    "SignatureNonceUsed": ProviderUnavailable,  # the next request has another one
    "InvalidVersion": ProviderRejected,
    "InvalidAction.NotFound": ProviderRejected,
    "Throttling": ProviderThrottled,
    "Throttling.User": ProviderThrottled,
    "ServiceUnavailable": ProviderUnavailable,
    "InternalError": ProviderUnavailable,
    # The account.
    "isp.RAM_PERMISSION_DENY": InvalidCredentials,  # a key without the permission to send
    "isv.OUT_OF_SERVICE": InsufficientBalance,  # paid-up packages do not help: top the account up
    "isv.AMOUNT_NOT_ENOUGH": InsufficientBalance,
    "isv.ACCOUNT_NOT_EXISTS": AccountSuspended,
    "isv.ACCOUNT_ABNORMAL": AccountSuspended,
    "isv.PRODUCT_UN_SUBSCRIPT": AccountSuspended,
    "isv.PRODUCT_UNSUBSCRIBE": AccountSuspended,
    "isv.FUNCTION_NOT_OPENED": AccountSuspended,
    "isv.BIZ_NOT_OPEN_STATUS": AccountSuspended,
    "isv.DENY_IP_RANGE": ProviderSettingsRefused,  # an address abroad at the mainland's endpoint
    # The number.
    "isv.MOBILE_NUMBER_ILLEGAL": InvalidRecipient,
    "isv.BLACK_KEY_CONTROL_LIMIT": InvalidRecipient,
    "isv.SECURITY_INTERCEPTED": InvalidRecipient,
    "isv.CUSTOMER_REFUSED": RecipientOptedOut,
    "isv.BUSINESS_LIMIT_CONTROL": RecipientThrottled,
    "isv.FREQUENCY_FAIL": RecipientThrottled,
    "isv.MOBILE_COUNT_OVER_LIMIT": ProviderRejected,
    # The account's own caps.
    "isv.DAY_LIMIT_CONTROL": QuotaExhausted,
    "isv.MONTH_LIMIT_CONTROL": QuotaExhausted,
    # The sign.
    "isv.SMS_SIGNATURE_ILLEGAL": SenderRejected,
    "isv.SMS_SIGN_ILLEGAL": SenderRejected,
    "isv.SIGN_STATE_ILLEGAL": SenderRejected,
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": SenderRejected,
    # The template and what is put into it.
    "isv.SMS_TEMPLATE_ILLEGAL": TemplateRejected,
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": TemplateRejected,
    "isv.TEMPLATE_MISSING_PARAMETERS": TemplateRejected,
    "isv.TEMPLATE_PARAMS_ILLEGAL": TemplateRejected,
    "isv.PARAM_NOT_SUPPORT_URL": TemplateRejected,
    "isv.PARAM_LENGTH_LIMIT": TemplateRejected,
    "isv.INVALID_JSON_PARAM": TemplateRejected,
    "isv.SMS_CONTENT_ILLEGAL": TemplateRejected,
    "isv.INVALID_PARAMETERS": ProviderRejected,
    "isv.EXTEND_CODE_ERROR": ProviderRejected,
    "isp.SYSTEM_ERROR": ProviderUnavailable,
    "isv.SMS_SYSTEM_ERROR": ProviderUnavailable,
}

# Carriers report codes of their own, hundreds of them; these are in the protocol they share.
REPORT_ERRORS: dict[str, type[ConnectorError]] = {
    "UNDELIV": RecipientUnreachable,
    "EXPIRED": RecipientUnreachable,
}


def find_error(code: str) -> type[ConnectorError] | None:
    """Return what a code means, with or without `isv.`; None for one that we don't know."""
    family = code.partition(".")[0]
    return ERRORS.get(code) or ERRORS.get(f"isv.{code}") or ERRORS.get(family)
