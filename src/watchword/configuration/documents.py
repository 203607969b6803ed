"""Export a tenant's configuration, see what a document would change, and apply it as one change."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from watchword.audit.models import Actor
from watchword.configuration.connector_logos import with_known_logos, with_missing_logos
from watchword.configuration.document import SLOTS, Document, Path, slot_of
from watchword.configuration.document_applying import Applying
from watchword.configuration.document_export import Exported, exported
from watchword.configuration.document_parts import DocumentParts
from watchword.configuration.document_plan import Plan
from watchword.configuration.document_reading import parsed, refusing
from watchword.configuration.document_values import Values, setting_at
from watchword.configuration.errors import (
    ConfigurationChanged,
    ConnectorNotTested,
    DeletionsNotAllowed,
    DocumentRefused,
    Issue,
)
from watchword.configuration.proofs_of_tests import ProofsOfTests
from watchword.configuration.sealed_secrets import SealedSecrets, SealingKey
from watchword.configuration.writing import Write
from watchword.connectors.models import SavedConnector
from watchword.core.digests import KeyedDigest


@dataclass(frozen=True)
class GivenConnector:
    """A connector that sends, as a document would make it."""

    connector_id: str
    config: Mapping[str, Any] = field(repr=False)
    """With the mask for the tenant's own secrets."""
    present: SavedConnector | None
    """The tenant's connector of that kind now, whose secrets those are."""


@dataclass(frozen=True, kw_only=True)
class _Terms:
    """How a document is carried out."""

    expected_stamp: int | None = None
    reason: str | None = None
    source: str | None = None
    keeps_others: bool = False
    may_delete: bool = False
    tests: Collection[str] = ()
    may_be_untested: bool = False
    is_plan: bool = False


class _OnlyPlanned(Exception):
    """No error: it undoes what was tried."""


@dataclass(frozen=True, kw_only=True)
class DocumentConfiguration(DocumentParts):
    """A tenant's whole configuration, read and written as one document."""

    @property
    def sealed(self) -> SealedSecrets:
        """Return what opens secrets that were sealed to this tenant."""
        return SealedSecrets(self.connectors.saved.sealer.keys, self.writer.tenant.id)

    @property
    def proofs(self) -> ProofsOfTests:
        """Return what proves that a connector was tested here."""
        digest = KeyedDigest(self.connectors.saved.sealer.keys, "connector test")
        return ProofsOfTests(digest, self.writer.tenant.id, self.writer.clock)

    async def export(self, seal_to: SealingKey | None = None) -> Exported:
        """Return the configuration in a stable order, each secret a reference to a variable.

        With *seal_to*, secrets are in it, for that key's owner alone.
        """
        return await exported(self, seal_to)

    async def plan(
        self,
        actor: Actor,
        document: Mapping[str, Any],
        variables: Mapping[str, str],
        *,
        keeps_others: bool = False,
    ) -> Plan:
        """Return what `apply` would do; raises what it raises, and changes nothing.

        It is tried out and undone, so a plan is never of another mind than the deed.
        """
        terms = _Terms(keeps_others=keeps_others, is_plan=True)
        return await self._carried_out(actor, document, variables, terms)

    async def apply(
        self,
        actor: Actor,
        document: Mapping[str, Any],
        variables: Mapping[str, str],
        *,
        expected_stamp: int | None = None,
        keeps_others: bool = False,
        may_delete: bool = False,
        tests: Collection[str] = (),
        may_be_untested: bool = False,
        reason: str | None = None,
        source: str | None = None,
    ) -> Plan:
        """Make the configuration what *document* says, all or nothing; return what changed.

        With *keeps_others* it is moved over: what a list leaves out stays, and a connector that
        sends goes live with a proof in *tests* that it was tested here, or untested where that is
        said. *source* is where it was moved from.
        Raises DocumentRefused with the place; ConfigurationChanged where the state is not the one
        expected; DeletionsNotAllowed where something would be gone and that was not said;
        ConnectorNotTested.
        """
        terms = _Terms(
            expected_stamp=expected_stamp,
            reason=reason,
            source=source,
            keeps_others=keeps_others,
            may_delete=may_delete,
            tests=tests,
            # A file that says everything is applied by pipelines, again and again.
            may_be_untested=may_be_untested or not keeps_others,
        )
        return await self._carried_out(actor, document, variables, terms)

    async def connector_in(
        self, given: Mapping[str, Any], slot: str, variables: Mapping[str, str]
    ) -> GivenConnector:
        """Return a connector that sends as a document would make it here, to try it first.

        Raises DocumentRefused, for instance where a secret is missing.
        """
        path: Path = ("connectors", slot)
        part = (parsed(given).connectors or {}).get(slot)
        if part is None:
            raise DocumentRefused(
                [Issue(path, "connector.not_found", "there is no such connector")]
            )
        with refusing(path):
            secrets = self.connectors.saved.class_of(part.connector_id).config_type.secret_keys()
            config = Values(variables, self.sealed).filled(
                part.config, (*path, "config"), lambda found: setting_at(found) in secrets
            )
            present = await self.connectors.saved.active(SLOTS[slot])
            self.connectors.saved.build_unsaved(part.connector_id, config, present)
        return GivenConnector(part.connector_id, config, present)

    def proof_of(self, given: GivenConnector) -> str:
        """Return what lets a connector go live that was just tested as it is."""
        saved = self.connectors.saved
        completed = saved.completed(given.connector_id, given.config, given.present)
        stored, secrets = saved.split(given.connector_id, completed)
        return self.proofs.of(given.connector_id, {**stored, **secrets})

    async def _carried_out(
        self,
        actor: Actor,
        given: Mapping[str, Any],
        variables: Mapping[str, str],
        terms: _Terms,
    ) -> Plan:
        document = parsed(given)
        looks = await self._looks(document, is_plan=terms.is_plan)
        plan: Plan | None = None
        try:
            async with self.writer.writing(actor, terms.reason) as write:
                # The writer moved it on by one, and holds others off until the end.
                stamp = write.tenant.configuration_stamp - 1
                if terms.expected_stamp not in {None, stamp}:
                    raise ConfigurationChanged(
                        f"expected stamp {terms.expected_stamp}, found {stamp}"
                    )
                applying = Applying(
                    parts=self.joined(write),
                    write=write,
                    document=document,
                    given=given,
                    values=Values(variables, self.sealed),
                    looks=looks,
                )
                await applying.everything(keeps_others=terms.keeps_others)
                plan = Plan(stamp, tuple(applying.done), tuple(applying.values.kept))
                _finish(plan, may_delete=terms.may_delete, is_plan=terms.is_plan)
                await self._go_live(write, applying.senders, terms)
                await self._audited(write, plan, terms.source)
        except _OnlyPlanned:
            pass
        assert plan is not None
        return plan

    async def _looks(self, document: Document, *, is_plan: bool) -> dict[str, dict[str, Any]]:
        """Return what connectors are shown as, by slot; fetched before anything is locked."""
        saved = self.connectors.saved
        known = {slot_of(one): one.metadata for one in await saved.rows.list()}
        looks = {}
        for slot, part in (document.connectors or {}).items():
            chosen, before = part.metadata.document(), known.get(slot, {})
            looks[slot] = (
                with_known_logos(chosen, before)
                if is_plan
                else await with_missing_logos(saved.context.client, chosen, before)
            )
        return looks

    async def _go_live(
        self, write: Write, senders: Mapping[str, SavedConnector], terms: _Terms
    ) -> None:
        """Note who was tested and who was not; raises ConnectorNotTested where that may not be."""
        connectors = self.connectors.saved
        untested = []
        for slot, saved in senders.items():
            config = {**saved.config, **connectors.opened_secrets(saved)}
            if any(self.proofs.holds(one, saved.connector_id, config) for one in terms.tests):
                now = self.writer.clock.now()
                await connectors.rows.within(write.tx).set_tested(saved, now)
            else:
                untested.append(slot)
        if not terms.keeps_others or not untested:
            return
        if not terms.may_be_untested:
            raise ConnectorNotTested(untested)
        for slot in untested:
            await self.writer.audit.record(
                "connector.went_live_untested",
                write.actor,
                subject=f"connector:{senders[slot].id}",
                payload={"reason": write.reason, "source": terms.source},
                tx=write.tx,
            )

    async def _audited(self, write: Write, plan: Plan, source: str | None) -> None:
        await self.writer.audit.record(
            "configuration.applied",
            write.actor,
            subject=f"tenant:{write.tenant.id}",
            payload={
                "before": plan.stamp,
                "after": write.tenant.configuration_stamp,
                "reason": write.reason,
                "source": source,
                "versions": [
                    {
                        "kind": version.kind,
                        "subject": version.subject_id,
                        "version": version.version,
                    }
                    for version in write.written
                ],
            },
            tx=write.tx,
        )


def _finish(plan: Plan, *, may_delete: bool, is_plan: bool) -> None:
    """Let a plan become a deed; raises _OnlyPlanned or DeletionsNotAllowed."""
    # Without a change, the stamp stays too: nobody has to read anything again.
    if is_plan or not plan.changes:
        raise _OnlyPlanned
    if plan.deletions and not may_delete:
        gone = [".".join(map(str, change.path)) for change in plan.deletions]
        raise DeletionsNotAllowed(", ".join(gone), data={"deletions": gone})
