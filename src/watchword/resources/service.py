"""Find an API resource, and what an application may be given of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from watchword.resources.errors import ResourceNotFound, UnknownScopes
from watchword.resources.models import Resource, ResourceScope, management_api
from watchword.resources.repository import ResourceRepository

BUILT_IN_SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class ResourceService:
    """The API resources of one tenant, read once for as long as its configuration stands."""

    repository: ResourceRepository
    origin: str
    _read: list[tuple[Resource, ...]] = field(default_factory=list, init=False, repr=False)

    @property
    def management_indicators(self) -> frozenset[str]:
        """Return the names of the Management API: ours, and the contract's for its SDKs."""
        alias = f"https://{self.repository.tenant_id}.logto.app/api"
        return frozenset({self.management_api.indicator, alias})

    @property
    def management_api(self) -> Resource:
        """Return the built-in resource."""
        return management_api(f"{self.origin}/api", BUILT_IN_SINCE)

    async def list(self) -> tuple[Resource, ...]:
        """Return every resource, the built-in one first, then the newest."""
        if not self._read:
            self._read.append((self.management_api, *await self.repository.list()))
        return self._read[0]

    async def get(self, id: str) -> Resource:
        """Return a resource by its id; raises ResourceNotFound."""
        for resource in await self.list():
            if resource.id == id:
                return resource
        raise ResourceNotFound(id[:64])

    async def find_indicated(self, indicator: str) -> Resource | None:
        """Return the resource that a request names, by whichever name it used, or None."""
        if indicator in self.management_indicators:
            return replace(self.management_api, indicator=indicator)
        for resource in await self.list():
            if resource.indicator == indicator:
                return resource
        return None

    async def find_default(self) -> Resource | None:
        """Return the resource of requests that name none, or None."""
        for resource in await self.list():
            if resource.is_default:
                return resource
        return None

    async def named(
        self, names: Mapping[str, Collection[str]]
    ) -> tuple[tuple[Resource, tuple[ResourceScope, ...]], ...]:
        """Return the scopes with these names, by indicator; what is gone is left out."""
        found = ((await self.find_indicated(indicator), names[indicator]) for indicator in names)
        return tuple(
            [
                (resource, tuple(scope for scope in resource.scopes if scope.name in wanted))
                async for resource, wanted in found
                if resource is not None
            ]
        )

    async def grouped(
        self, scope_ids: Collection[str]
    ) -> tuple[tuple[Resource, tuple[ResourceScope, ...]], ...]:
        """Return the scopes with these ids by resource; ids that are nobody's are left out."""
        found = (
            (resource, tuple(scope for scope in resource.scopes if scope.id in scope_ids))
            for resource in await self.list()
        )
        return tuple((resource, scopes) for resource, scopes in found if scopes)


def check_assignable(scope_ids: Collection[str], resources: Collection[Resource]) -> None:
    """Raise UnknownScopes unless every id is of a scope that an application may be given."""
    known = {scope.id for resource in resources for scope in resource.scopes}
    unknown = sorted(set(scope_ids) - known)
    if unknown:
        raise UnknownScopes(data={"scopeIds": [scope_id[:64] for scope_id in unknown]})
