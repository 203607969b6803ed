"""What Tencent Cloud's codes mean for us. https://cloud.tencent.com/document/product/382/59177

One list for both levels: a code may refuse the whole call, or one number of it.
"""

from watchword.connector_kit.errors import (
    AccountSuspended,
    AnswerLost,
    ConnectorError,
    InsufficientBalance,
    InvalidCredentials,
    InvalidRecipient,
    ProviderRejected,
    ProviderSettingsRefused,
    ProviderThrottled,
    ProviderTimeout,
    ProviderUnavailable,
    QuotaExhausted,
    RecipientOptedOut,
    RecipientThrottled,
    RecipientUnreachable,
    RegionUnsupported,
    SenderRejected,
    TemplateRejected,
)

ERRORS: dict[str, type[ConnectorError]] = {
    # The key. What else begins so is the key's fault as well.
    "AuthFailure": InvalidCredentials,
    "AuthFailure.InvalidAuthorization": InvalidCredentials,
    "AuthFailure.InvalidSecretId": InvalidCredentials,
    "AuthFailure.SecretIdNotFound": InvalidCredentials,
    "AuthFailure.SignatureFailure": InvalidCredentials,
    "AuthFailure.TokenFailure": InvalidCredentials,
    "AuthFailure.UnauthorizedOperation": InvalidCredentials,
    "UnauthorizedOperation.RequestPermissionDeny": InvalidCredentials,
    "InternalError.SigFieldMissing": InvalidCredentials,
    "InternalError.SigVerificationFail": InvalidCredentials,
    # This server's clock, and its address.
    "AuthFailure.SignatureExpire": ProviderSettingsRefused,
    "InternalError.RequestTimeException": ProviderSettingsRefused,
    "UnauthorizedOperation.RequestIpNotInWhitelist": ProviderSettingsRefused,
    "IpInBlacklist": ProviderSettingsRefused,
    "IpNotInWhitelist": ProviderSettingsRefused,
    # The application and the account.
    "InvalidParameter.AppidAndBizId": ProviderSettingsRefused,
    "InvalidParameterValue.SdkAppIdNotExist": ProviderSettingsRefused,
    "UnauthorizedOperation.SmsSdkAppIdVerifyFail": ProviderSettingsRefused,
    "UnsupportedRegion": ProviderSettingsRefused,
    "UnauthorizedOperation.SdkAppIdIsDisabled": AccountSuspended,
    "FailedOperation.InsufficientBalanceInSmsPackage": InsufficientBalance,
    "UnauthorizedOperation.ServiceSuspendDueToArrears": InsufficientBalance,
    # The number.
    "FailedOperation.PhoneNumberParseFail": InvalidRecipient,
    "InvalidParameterValue.IncorrectPhoneNumber": InvalidRecipient,
    "FailedOperation.PhoneNumberInBlacklist": RecipientOptedOut,
    "LimitExceeded.AppCountryOrRegionInBlacklist": RegionUnsupported,
    "UnsupportedOperation.UnsupportedRegion": RegionUnsupported,
    "LimitExceeded.DeliveryFrequencyLimit": RecipientThrottled,
    "LimitExceeded.PhoneNumberDailyLimit": RecipientThrottled,
    "LimitExceeded.PhoneNumberOneHourLimit": RecipientThrottled,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": RecipientThrottled,
    "LimitExceeded.PhoneNumberThirtySecondLimit": RecipientThrottled,
    "LimitExceeded.PhoneNumberCountLimit": ProviderRejected,
    # The account's own caps.
    "LimitExceeded.AppCountryOrRegionDailyLimit": QuotaExhausted,
    "LimitExceeded.AppDailyLimit": QuotaExhausted,
    "LimitExceeded.AppGlobalDailyLimit": QuotaExhausted,
    "LimitExceeded.AppMainlandChinaDailyLimit": QuotaExhausted,
    "LimitExceeded.DailyLimit": QuotaExhausted,
    # Too many requests; there is one code for each way to count them.
    "LimitExceeded.GlobalSmsSendingRateLimit": ProviderThrottled,
    "RequestLimitExceeded": ProviderThrottled,
    # The sign.
    "FailedOperation.MissingSignatureList": SenderRejected,
    "FailedOperation.SignatureIncorrectOrUnapproved": SenderRejected,
    # The template and what is put into it.
    "FailedOperation.ContainSensitiveWord": TemplateRejected,
    "FailedOperation.MissingTemplateList": TemplateRejected,
    "FailedOperation.TemplateIdNotExist": TemplateRejected,
    "FailedOperation.TemplateIncorrectOrUnapproved": TemplateRejected,
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": TemplateRejected,
    "FailedOperation.TemplateUnapprovedOrNotExist": TemplateRejected,
    "InvalidParameter.DirtyWordFound": TemplateRejected,
    "InvalidParameterValue.ContentLengthLimit": TemplateRejected,
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": TemplateRejected,
    "InvalidParameterValue.TemplateParameterFormatError": TemplateRejected,
    "InvalidParameterValue.TemplateParameterLengthLimit": TemplateRejected,
    "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone": TemplateRejected,
    "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber": TemplateRejected,
    "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone": TemplateRejected,
    # Tencent Cloud's own trouble; with some of it the message may have gone out.
    "InternalError": ProviderUnavailable,
    "InternalError.Timeout": ProviderTimeout,
    "InternalError.OtherError": AnswerLost,
    "InternalError.ParseBackendResponseFail": AnswerLost,
    "InternalError.SendAndRecvFail": AnswerLost,
    "InternalError.UnknownError": AnswerLost,
}

# Carriers report codes of their own, hundreds of them; these are in the protocol they share.
REPORT_ERRORS: dict[str, type[ConnectorError]] = {
    "UNDELIV": RecipientUnreachable,
    "EXPIRED": RecipientUnreachable,
}


def find_error(code: str) -> type[ConnectorError] | None:
    """Return what a code, or the family it is of, means; None for one that we don't know."""
    return ERRORS.get(code) or ERRORS.get(code.partition(".")[0])
