"""A list as one parameter, and a row that names another."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, insert, select

from watchword.storage import Storage, TenantRepository
from watchword.storage.database import StorageReferenceMissing
from watchword.storage.lists import each_of
from watchword.storage.schema import organization_members

_each = each_of("texts")
EACH = select(_each.c.value).where(bindparam("tenant_id") == "default")
ADD_MEMBER = insert(organization_members).values(
    {column.name: bindparam(column.name) for column in organization_members.c}
)
MEMBERS = select(organization_members).where(
    organization_members.c.tenant_id == bindparam("tenant_id")
)
MOMENT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "texts",
    [[], ["a"], ["b", "a", "b"], ['"', "\\", "'", "{", "é", "한", "\u2028", "😀"]],
)
async def test_a_list_comes_back_as_its_texts(storage: Storage, texts: list[str]) -> None:
    rows = await TenantRepository(storage, "default").all(EACH, texts=texts)

    assert [row["value"] for row in rows] == texts


async def test_a_list_may_be_long(storage: Storage) -> None:
    texts = [f"text {number}" for number in range(10_000)]
    rows = await TenantRepository(storage, "default").all(EACH, texts=texts)

    assert [row["value"] for row in rows] == texts


async def test_a_row_that_names_one_that_is_not_there_is_refused(storage: Storage) -> None:
    repository = TenantRepository(storage, "default")
    nobody = {"organization_id": "nope", "user_id": "nope", "created_at": MOMENT}

    with pytest.raises(StorageReferenceMissing):
        await repository.run(ADD_MEMBER, **nobody)

    assert await repository.all(MEMBERS) == []
