"""What can go wrong with a tenant's connectors."""

from collections.abc import Sequence

from watchword.connector_kit.errors import InvalidConfig
from watchword.core.errors import DomainError


class ConnectorNotFound(DomainError):
    """The tenant has no active connector with this id."""

    code = "entity.not_found"


class NoConnector(DomainError):
    """Nothing of the needed type is set up, so nothing can be sent."""

    code = "connector.not_found"
    status = 501


class UnknownConnectorClass(DomainError):
    """This server ships no connector class with this id."""

    code = "connector.not_found_with_connector_id"


class ConnectorIdTaken(DomainError):
    """Another connector of the tenant has, or had, the chosen id."""

    code = "connector.id_in_use"
    status = 422


class DevelopmentConnectorRefused(DomainError):
    """The connector is for development, and this tenant is in production."""

    code = "connector.development_only"
    status = 422


class MetadataNotAllowed(DomainError):
    """Only standard social connectors have a name and logo of their own."""

    code = "connector.cannot_overwrite_metadata_for_non_standard_connector"


class TargetMissing(DomainError):
    """A standard social connector needs a target: what accounts and settings call it."""

    code = "connector.should_specify_target"


class TargetFixed(DomainError):
    """Accounts are linked by the target, so it stays as it is."""

    code = "connector.can_not_modify_target"


class TargetTaken(DomainError):
    """Another connector has this target; `data` says which."""

    code = "connector.multiple_target_with_same_platform"
    status = 422


class InstanceExists(DomainError):
    """The provider is set up already, and takes no second set-up."""

    code = "connector.multiple_instances_not_supported"
    status = 422


class NeedsVisit(DomainError):
    """An address to a provider is made for one browser's visit, and for nobody else."""

    code = "connector.not_implemented"
    status = 501


class SyncProfileNotAllowed(DomainError):
    """A connector that sends messages knows no profile to copy."""

    code = "connector.invalid_type_for_syncing_profile"


class TestConnectorNotFound(DomainError):
    """No connector class to test has this id; the contract answers as if none were set up."""

    code = "connector.not_found"
    status = 400


class ReceiverMissing(DomainError):
    """A test names neither a number nor an address."""

    code = "guard.invalid_input"


class ReceiverOfAnotherType(DomainError):
    """A number was given to an e-mail connector, or an address to one for text messages."""

    code = "connector.unexpected_type"


class ConnectorOfAnotherType(DomainError):
    """The connector class sends something else than its place is for."""

    code = "connector.unexpected_type"


class TokenStorageNotSupported(DomainError):
    """A connector that sends messages gets no tokens that could be stored."""

    code = "connector.token_storage_not_supported"
    status = 422


class TrialNotFound(DomainError):
    """No connector is on trial beside this one."""

    code = "connector.trial_not_found"
    status = 404


class TrialRunning(DomainError):
    """One trial at a time: the present one has to be dropped or promoted first."""

    code = "connector.trial_running"
    status = 422


class TrialNotPossible(DomainError):
    """Only text messages are tried so, and through no connector that keeps a session open."""

    code = "connector.trial_not_possible"
    status = 422


class TrialReachInvalid(DomainError):
    """A trial takes a share of 1 to 50 of a hundred numbers, or else up to 100 chosen numbers."""

    code = "connector.trial_reach_invalid"
    status = 422


class TrialEndOutOfRange(DomainError):
    """A trial ends within 30 days, and not in the past."""

    code = "connector.trial_end_out_of_range"
    status = 422


class SecretsWantedAgain(InvalidConfig):
    """Requests would go to another place, and *keys* are secrets that were not typed again."""

    def __init__(self, keys: Sequence[str]) -> None:
        message = "The address changed: enter this secret again"
        super().__init__(
            data={
                "issues": [{"code": "custom", "path": [key], "message": message} for key in keys],
                "name": "ZodError",
            },
            fields=dict.fromkeys(keys, "connector_kit.form.secret_wanted_again"),
        )
        self.replace_words(f"the address changed, so enter again: {', '.join(keys)}")
