"""The rows of reports that came before their message's answer was written."""

from datetime import datetime

from sqlalchemy import bindparam, delete, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.connector_kit.models import DeliveryReport
from watchword.messaging.repository import IS_ANSWERED, OURS, m
from watchword.storage import TenantRepository
from watchword.storage.schema import early_reports

e = early_reports.c

# A provider that is let in may still be wrong, or somebody else with its key.
MOST_EARLY_REPORTS = 10_000
LONGEST_EARLY_WORDS = 1000
MATCHED_AT_ONCE = 200
OUR_EARLY = e.tenant_id == bindparam("tenant_id")
KEEP_EARLY = (
    upsert(early_reports)
    .from_select(
        [column.name for column in e],
        select(*(bindparam(column.name, type_=column.type) for column in e)).where(
            select(func.count())
            .select_from(early_reports)
            .where(OUR_EARLY, e.instance_id == bindparam("instance_id"))
            .scalar_subquery()
            < literal(MOST_EARLY_REPORTS)
        ),
    )
    .on_conflict_do_nothing()
)
IS_FROM_THERE = m.connector_instance_id == e.instance_id
MATCH_EARLY = (
    select(early_reports)
    .where(
        OUR_EARLY,
        # Two questions, each with an index to answer it: PostgreSQL compares every report with
        # every message where they are one.
        or_(
            exists().where(OURS, IS_FROM_THERE, m.provider_message_id == e.provider_message_id),
            exists().where(OURS, IS_FROM_THERE, m.id == e.message_id, IS_ANSWERED),
        ),
    )
    .limit(literal(MATCHED_AT_ONCE))
)
DROP_EARLY = delete(early_reports).where(
    OUR_EARLY,
    e.instance_id == bindparam("instance_id"),
    e.provider_message_id == bindparam("provider_message_id"),
    e.message_id == bindparam("message_id"),
)
PURGE_EARLY = delete(early_reports).where(OUR_EARLY, e.received_at < bindparam("before"))


class EarlyReportRows(TenantRepository):
    """Keeps the reports of messages whose provider's id is not known yet."""

    async def keep(self, instance_id: str, report: DeliveryReport, now: datetime) -> bool:
        """Write a report down, once; False where it is there, or where there are too many."""
        return (
            await self.run(
                KEEP_EARLY,
                instance_id=instance_id,
                provider_message_id=report.provider_message_id,
                message_id=report.message_id or "",
                state=report.state,
                error_class=report.error_class,
                words=report.words[:LONGEST_EARLY_WORDS] or None,
                received_at=now,
            )
            == 1
        )

    async def matching(self) -> list[tuple[str, DeliveryReport]]:
        """Return reports whose message is known by now, each with its connector."""
        return [
            (
                row["instance_id"],
                DeliveryReport(
                    row["provider_message_id"],
                    row["state"],
                    row["error_class"],
                    row["words"] or "",
                    row["message_id"] or None,
                ),
            )
            for row in await self.all(MATCH_EARLY)
        ]

    async def drop(self, instance_id: str, report: DeliveryReport) -> None:
        """Forget a report."""
        await self.run(
            DROP_EARLY,
            instance_id=instance_id,
            provider_message_id=report.provider_message_id,
            message_id=report.message_id or "",
        )

    async def purge(self, before: datetime) -> int:
        """Forget what came before a moment, and return how many that were."""
        return await self.run(PURGE_EARLY, before=before)
