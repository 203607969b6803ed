"""What the codes of NAVER Cloud's gateway mean for us.

https://api.ncloud-docs.com/docs/common-ncpapi
"""

from watchword.connector_kit.errors import (
    ConnectorError,
    InvalidCredentials,
    ProviderRejected,
    ProviderSettingsRefused,
    ProviderThrottled,
    ProviderTimeout,
    ProviderUnavailable,
    QuotaExhausted,
)

ERRORS: dict[str, type[ConnectorError]] = {
    "100": ProviderRejected,
    "200": InvalidCredentials,  # or our clock is more than five minutes off
    "210": ProviderSettingsRefused,  # the key's owner may not use SENS
    "300": ProviderSettingsRefused,
    "400": QuotaExhausted,
    "410": ProviderThrottled,
    "420": ProviderThrottled,
    "430": ProviderRejected,
    "500": ProviderUnavailable,
    "510": ProviderTimeout,  # SENS may have taken it behind the gateway
    "900": ProviderUnavailable,
}
