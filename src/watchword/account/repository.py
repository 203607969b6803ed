"""What other rooms keep of one person, to be deleted with them."""

from sqlalchemy import and_, bindparam, delete, or_

from watchword.storage import TenantRepository
from watchword.storage.schema import (
    consents,
    interactions,
    oidc_tokens,
    sessions,
    social_verifications,
    verification_records,
)
from watchword.users.models import User

# Memberships go by themselves: their rows refer to the person's.
OF_USER = {
    table.name: delete(table).where(
        table.c.tenant_id == bindparam("tenant_id"), table.c.user_id == bindparam("owner")
    )
    for table in (sessions, oidc_tokens, consents, interactions)
}
_records = verification_records.c
RECORDS = delete(verification_records).where(
    _records.tenant_id == bindparam("tenant_id"),
    or_(
        *(
            and_(_records.identifier_type == name, _records.identifier == bindparam(name))
            for name in ("phone", "email", "username")
        )
    ),
)


_ways = social_verifications.c
WAYS = delete(social_verifications).where(
    _ways.tenant_id == bindparam("tenant_id"),
    _ways.target == bindparam("target_"),
    _ways.social_id == bindparam("social_id_"),
)


class Leftovers(TenantRepository):
    """Rows of one tenant that are about a person and mean nothing without them."""

    async def end_visits(self, user_id: str) -> None:
        """Delete the visits that found out who this is: what they proved may hold no longer."""
        await self.run(OF_USER[interactions.name], owner=user_id)

    async def delete(self, user: User) -> None:
        """Delete sessions, tokens, consents, visits under way, and proofs that are about them."""
        for statement in OF_USER.values():
            await self.run(statement, owner=user.id)
        await self.run(
            RECORDS,
            phone=user.primary_phone,
            email=user.primary_email,
            username=user.username,
        )
        for target, identity in user.identities.items():
            await self.run(WAYS, target_=target, social_id_=identity["userId"])
