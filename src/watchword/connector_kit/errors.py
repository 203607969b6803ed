"""What can go wrong at a provider, sorted by who must act."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Literal

from watchword.core.errors import DomainError

Actor = Literal["person", "administrator", "nobody", "us"]


class ConnectorError(DomainError):
    """A message was not sent, or may not have been; *words* are the provider's own.

    Words are for administrators only. The kit takes the number, the code and the secrets out of
    them before the error leaves it; until then they are in no `str`, `repr` or `detail`.
    """

    code = "connector.general"
    acts: ClassVar[Actor] = "us"
    error_class: ClassVar[str] = "general"
    """Stable name for message rows and metrics."""
    is_outcome_known: ClassVar[bool] = True
    """False where the provider may have sent the message all the same."""

    def __init__(self, words: str = "", *, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data=data)
        self.words = words

    def replace_words(self, words: str) -> None:
        """Set words that are safe to log."""
        self.words = self.detail = words


# The person: another number, or the same one typed right.


class InvalidRecipient(ConnectorError):
    """The provider says that this number can't receive a text."""

    acts = "person"
    error_class = "invalid_recipient"


class RecipientOptedOut(InvalidRecipient):
    """The person once told the provider to send nothing more."""

    error_class = "recipient_opted_out"


class RecipientUnreachable(InvalidRecipient):
    """The number exists, but no message gets there: switched off, no route, a landline."""

    error_class = "recipient_unreachable"


class RegionUnsupported(InvalidRecipient):
    """The account may not send to this country."""

    error_class = "region_unsupported"


class RecipientThrottled(InvalidRecipient):
    """The provider sends no more to this number for a while: too many texts in a short time."""

    error_class = "recipient_throttled"


# The administrator: settings, money, permissions at the provider.


class InvalidConfig(ConnectorError):
    """The settings don't do; *fields* maps a setting's key to a phrase key, where it is known.

    *texts* has the connector's own sentence for a key, by language, where it brought one.
    """

    code = "connector.invalid_config"
    acts = "administrator"
    error_class = "invalid_config"

    def __init__(
        self,
        words: str = "",
        *,
        data: Mapping[str, Any] | None = None,
        fields: Mapping[str, str] | None = None,
        texts: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        super().__init__(words, data=data)
        self.fields = dict(fields or {})
        self.texts = dict(texts or {})


class ProviderSettingsRefused(InvalidConfig):
    """The provider itself, not our form, found fault with the settings."""

    # To the person signing in this is the contract's general failure.
    code = "connector.general"


class InvalidCredentials(ProviderSettingsRefused):
    """The provider doesn't accept the user, key or token."""

    error_class = "invalid_credentials"


class AddressRefused(ProviderSettingsRefused):
    """The address is private, or plain http, and the operator did not allow it."""

    error_class = "address_refused"


class AccountSuspended(ConnectorError):
    """The account at the provider is suspended, closed or still a trial."""

    acts = "administrator"
    error_class = "account_suspended"


class InsufficientBalance(ConnectorError):
    """The account at the provider has no money left."""

    acts = "administrator"
    error_class = "insufficient_balance"


class QuotaExhausted(ConnectorError):
    """The account used up what it may send today or this month."""

    code = "connector.usage_limit_exceeded"
    acts = "administrator"
    error_class = "quota_exhausted"


class SenderRejected(ConnectorError):
    """The sender is unknown to the provider or may not send there."""

    acts = "administrator"
    error_class = "sender_rejected"


class TemplateRejected(ConnectorError):
    """The provider refuses the wording: too long, filtered, not approved."""

    acts = "administrator"
    error_class = "template_rejected"


class TemplateNotFound(ConnectorError):
    """There is neither a template for this usage type nor a Generic one."""

    code = "connector.template_not_found"
    acts = "administrator"
    error_class = "template_not_found"


# Nobody: it passes.


class ProviderThrottled(ConnectorError):
    """The provider wants fewer requests; it did not take this one."""

    code = "connector.rate_limit_exceeded"
    acts = "nobody"
    error_class = "provider_throttled"
    holds_others: ClassVar[bool] = True
    """False where it says nothing of the messages to others."""

    def __init__(
        self,
        words: str = "",
        *,
        data: Mapping[str, Any] | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(words, data=data)
        self.retry_after = retry_after


class MessageDeferred(ProviderThrottled):
    """The provider takes this one message later; what else there is to send need not wait."""

    error_class = "message_deferred"
    holds_others = False


class ProviderUnavailable(ConnectorError):
    """The provider can't be reached, or says that it can't work now."""

    acts = "nobody"
    error_class = "provider_unavailable"


class AnswerLost(ProviderUnavailable):
    """The connection broke after the request was on its way."""

    error_class = "answer_lost"
    is_outcome_known = False


class ProviderTimeout(ProviderUnavailable):
    """No answer in time; the message may go out all the same."""

    error_class = "provider_timeout"
    is_outcome_known = False


# Us: the connector has something to learn.


class ProviderRejected(ConnectorError):
    """The provider refused for a reason that the connector doesn't know."""

    error_class = "provider_rejected"


class UnreadableAnswer(ConnectorError):
    """The provider's answer makes no sense to the connector."""

    error_class = "unreadable_answer"
    is_outcome_known = False


# Whoever signs in with a provider, and what it answers about them.


class AuthorizationFailed(ConnectorError):
    """The provider sent the person back without letting them in."""

    code = "connector.authorization_failed"
    acts: ClassVar[Actor] = "nobody"
    error_class = "authorization_failed"


class AuthorizationDenied(AuthorizationFailed):
    """The person said no at the provider, or turned back."""

    acts = "person"
    error_class = "authorization_denied"


class AuthorizationMixedUp(AuthorizationFailed):
    """The answer is another provider's, by the issuer that it names (RFC 9207)."""

    acts = "us"
    error_class = "authorization_mixed_up"


class AuthorizationCodeRefused(ConnectorError):
    """The provider does not take its code: used before, too old, or somebody else's."""

    code = "connector.social_auth_code_invalid"
    acts = "person"
    error_class = "authorization_code_refused"


class AccessTokenRefused(ConnectorError):
    """The provider does not take the token that it has just given."""

    code = "connector.social_invalid_access_token"
    error_class = "access_token_refused"


class IdTokenRefused(ConnectorError):
    """What says who the person is does not stand up: signature, issuer, audience, time or nonce."""

    code = "connector.social_invalid_id_token"
    error_class = "id_token_refused"


class ReportRefused(DomainError):
    """A delivery report is not signed by the provider, or is not a report."""

    code = "connector.report_refused"


class ConnectorClassNotFound(DomainError):
    """No installed connector has this id."""

    code = "entity.not_found"
