"""What can go wrong with webhooks."""

from watchword.core.errors import DomainError


class WebhookNotFound(DomainError):
    """The tenant has no webhook with this id."""

    code = "entity.not_found"


class NoEvents(DomainError):
    """A webhook wants to hear of at least one event."""

    code = "hook.missing_events"


class HeaderWantedAgain(DomainError):
    """A masked header has no saved value, or the address is at another host than before."""

    code = "hook.header_wanted_again"
    status = 422


class ReceiverRefused(DomainError):
    """The receiver answered a test with a status that is no success."""

    code = "hook.endpoint_responded_with_error"
    status = 422


class TestNotSent(DomainError):
    """A test did not reach the receiver."""

    __test__ = False  # not a test of ours

    code = "hook.send_test_payload_failed"
    status = 422


class DeliveryNotRepeatable(DomainError):
    """The delivery is unknown, on its way, or what it said is erased."""

    code = "hook.delivery_not_repeatable"
    status = 422
