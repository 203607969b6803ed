"""Users over the Management API: what the recorded story does not tell."""

import asyncio
import hashlib
from typing import Any

import httpx2
import pytest

from tests.web.management.conftest import Site
from watchword.users.models import UserChange

PATH = "/api/users"
PHONE = "821012345678"


async def create(api: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await api.post(PATH, json=body)
    assert answer.status_code == 200, answer.text
    created: dict[str, Any] = answer.json()
    return created


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestPhones:
    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            ("610412345678", "61412345678"),
            ("61412345678", "61412345678"),
            ("4407911123456", "447911123456"),
            ("12025550123", "12025550123"),
        ],
    )
    async def test_a_number_is_stored_without_a_trunk_zero(
        self, api: httpx2.AsyncClient, typed: str, stored: str
    ) -> None:
        created = await create(api, primaryPhone=typed)
        assert created["primaryPhone"] == stored

        other = await create(api)
        changed = await api.patch(f"{PATH}/{other['id']}", json={"primaryPhone": typed})
        assert refusal(changed) == (422, "user.phone_already_in_use")
        again = await api.patch(f"{PATH}/{created['id']}", json={"primaryPhone": typed})
        assert again.json()["primaryPhone"] == stored

    @pytest.mark.parametrize(
        ("first", "second"),
        [("610412345678", "61412345678"), ("61412345678", "610412345678")],
    )
    async def test_a_number_belongs_to_one_person_in_whichever_form(
        self, api: httpx2.AsyncClient, first: str, second: str
    ) -> None:
        await create(api, primaryPhone=first)

        answer = await api.post(PATH, json={"primaryPhone": second})

        assert refusal(answer) == (422, "user.phone_already_in_use")

    @pytest.mark.parametrize("phone", ["456", "0", "9" * 32])
    async def test_digits_that_are_no_number_are_refused(
        self, api: httpx2.AsyncClient, phone: str
    ) -> None:
        created = await create(api)

        for answer in (
            await api.post(PATH, json={"primaryPhone": phone}),
            await api.patch(f"{PATH}/{created['id']}", json={"primaryPhone": phone}),
        ):
            assert refusal(answer) == (422, "user.invalid_phone")

    async def test_of_many_who_are_given_one_number_at_once_one_gets_it(
        self, api: httpx2.AsyncClient
    ) -> None:
        forms = ["610412345678", "61412345678"] * 3

        answers = await asyncio.gather(
            *(api.post(PATH, json={"primaryPhone": form}) for form in forms)
        )

        assert sorted(answer.status_code for answer in answers) == [200, *[422] * 5]
        listed = await api.get(PATH, params={"search": "61412345678"})
        assert listed.headers["total-number"] == "1"
        assert (await api.get(PATH)).headers["total-number"] == "1"


class TestCreate:
    async def test_an_imported_digest_opens_the_account(self, api: httpx2.AsyncClient) -> None:
        digest = hashlib.md5(b"correct horse", usedforsecurity=False).hexdigest()
        answer = await api.post(
            PATH, json={"passwordDigest": digest, "passwordAlgorithm": "MD5", "username": "alice"}
        )

        assert answer.json()["hasPassword"] is True
        assert digest not in answer.text
        verify = f"{PATH}/{answer.json()['id']}/password/verify"
        assert (await api.post(verify, json={"password": "correct horse"})).status_code == 204
        assert (await api.post(verify, json={"password": digest})).status_code == 422

    async def test_what_is_wrong_is_refused_and_nobody_is_added(
        self, api: httpx2.AsyncClient
    ) -> None:
        cases: list[tuple[dict[str, Any], int, str]] = [
            ({"password": "x", "passwordDigest": "y"}, 400, "user.password_and_digest"),
            ({"passwordDigest": "y"}, 400, "user.password_algorithm_required"),
            (
                {"passwordDigest": "$2b$x", "passwordAlgorithm": "Bcrypt"},
                422,
                "user.invalid_password_digest",
            ),
            (
                {
                    "passwordDigest": '["whirlpool", ["@"], "00"]',
                    "passwordAlgorithm": "Legacy",
                },
                422,
                "user.password_algorithm_not_supported",
            ),
            (
                {"passwordDigest": "y", "passwordAlgorithm": "Argon2id"},
                422,
                "user.invalid_password_digest",
            ),
            ({"passwordDigest": "y", "passwordAlgorithm": "x"}, 400, "guard.invalid_input"),
            ({"primaryEmail": "x"}, 400, "guard.invalid_input"),
            ({"avatar": "javascript:alert(1)"}, 400, "guard.invalid_input"),
            ({"name": "x" * 129}, 400, "guard.invalid_input"),
            ({"profile": {"givenName": 1}}, 400, "guard.invalid_input"),
            ({"customData": []}, 400, "guard.invalid_input"),
            ({"customData": {"k": "a\0b"}, "name": "a\0b"}, 400, "guard.invalid_input"),
        ]
        for body, status, code in cases:
            answer = await api.post(PATH, json=body)

            assert refusal(answer) == (status, code), body
            assert (await api.get(PATH)).headers["total-number"] == "0", body

    async def test_an_address_belongs_to_one_person_however_it_is_written(
        self, api: httpx2.AsyncClient
    ) -> None:
        created = await create(api, primaryEmail="Alice@Example.com")
        assert created["primaryEmail"] == "alice@example.com"

        answer = await api.post(PATH, json={"primaryEmail": "ALICE@example.com"})

        assert refusal(answer) == (422, "user.email_already_in_use")


class TestChange:
    async def test_documents_are_replaced_or_added_to(self, api: httpx2.AsyncClient) -> None:
        created = await create(
            api, customData={"a": 1, "b": {"c": 1}}, profile={"givenName": "A", "nickname": "N"}
        )
        address = f"{PATH}/{created['id']}"

        added = await api.patch(f"{address}/custom-data", json={"customData": {"b": {}, "d": 2}})
        assert added.json() == {"a": 1, "b": {}, "d": 2}
        assert (await api.get(f"{address}/custom-data")).json() == added.json()
        added = await api.patch(
            f"{address}/profile",
            json={"profile": {"nickname": "", "address": {"country": "KR"}, "other": "x"}},
        )
        assert added.json() == {"givenName": "A", "nickname": "", "address": {"country": "KR"}}

        body = {"customData": {"z": 1}, "profile": {"locale": "ko"}}
        replaced = (await api.patch(address, json=body)).json()
        assert (replaced["customData"], replaced["profile"]) == ({"z": 1}, {"locale": "ko"})

    @pytest.mark.parametrize("nothing", [None, ""])
    async def test_null_or_an_empty_text_takes_a_value_away(
        self, api: httpx2.AsyncClient, nothing: str | None
    ) -> None:
        names = ("primaryPhone", "primaryEmail", "username", "name", "avatar")
        values = (PHONE, "a@example.com", "alice", "Alice", "https://shop.example/a.png")
        both = [await create(api, **dict(zip(names, values, strict=True))), await create(api)]

        for created in both:
            answer = await api.patch(f"{PATH}/{created['id']}", json=dict.fromkeys(names, nothing))
            assert {answer.json()[name] for name in names} == {None}

    async def test_a_person_sent_back_as_they_came_stays_as_they_are(
        self, api: httpx2.AsyncClient
    ) -> None:
        created = await create(api, primaryPhone=PHONE, username="alice", name="Alice")

        answer = await api.patch(f"{PATH}/{created['id']}", json=created)

        assert {**answer.json(), "updatedAt": 0} == {**created, "updatedAt": 0}

    async def test_a_social_account_is_taken_away_once(
        self, site: Site, api: httpx2.AsyncClient
    ) -> None:
        created = await create(api)
        users = (await site.scope()).users
        await users.change(created["id"], UserChange(identities={"google": {"userId": "g"}}))
        address = f"{PATH}/{created['id']}/identities/google"

        assert (await api.delete(address)).status_code == 204
        assert refusal(await api.delete(address)) == (404, "user.identity_not_exist")
        assert (await api.get(f"{PATH}/{created['id']}")).json()["identities"] == {}

    async def test_enterprise_identities_are_shown_where_they_are_asked_for(
        self, api: httpx2.AsyncClient
    ) -> None:
        address = f"{PATH}/{(await create(api))['id']}"

        asked = await api.get(address, params={"includeSsoIdentities": "true"})

        assert asked.json()["ssoIdentities"] == []
        assert "ssoIdentities" not in (await api.get(address)).json()

    async def test_a_password_is_known_until_another_is_set(self, api: httpx2.AsyncClient) -> None:
        address = f"{PATH}/{(await create(api))['id']}"
        verify = f"{address}/password/verify"
        body = {"password": "first"}
        # Without any password no password is right.
        assert refusal(await api.post(verify, json=body)) == (
            422,
            "session.invalid_credentials",
        )

        await api.patch(f"{address}/password", json=body)
        assert (await api.post(verify, json=body)).status_code == 204
        await api.patch(f"{address}/password", json={"password": "second"})

        assert (await api.post(verify, json=body)).status_code == 422
        assert (await api.get(f"{address}/has-password")).json() == {"hasPassword": True}


async def test_nobody_is_not_found(api: httpx2.AsyncClient) -> None:
    cases: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", "", None),
        ("PATCH", "", {"name": "x"}),
        ("DELETE", "", None),
        ("PATCH", "/profile", {"profile": {}}),
        ("GET", "/custom-data", None),
        ("PATCH", "/custom-data", {"customData": {}}),
        ("PATCH", "/password", {"password": "x"}),
        ("POST", "/password/verify", {"password": "x"}),
        ("GET", "/has-password", None),
        ("PATCH", "/is-suspended", {"isSuspended": True}),
        ("DELETE", "/identities/google", None),
    ]
    for method, path, body in cases:
        answer = await api.request(method, f"{PATH}/nobody{path}", json=body)

        assert refusal(answer) == (404, "entity.not_found"), method


class TestSearch:
    async def test_users_are_found_by_what_is_asked(
        self, site: Site, api: httpx2.AsyncClient
    ) -> None:
        cases: list[tuple[str, list[str]]] = [
            ("search=%25alice%25", ["alice2", "alice1"]),
            ("search.username=alice1", ["alice1"]),
            ("search.name=alice&mode.name=exact", ["alice1"]),
            ("search.name=alice&search.name=bob&mode=exact", ["bob", "alice1"]),
            ("search.name=alice&mode=exact&isCaseSensitive=true", []),
            ("search.name=%25b%25&search.username=alice%25&joint=and", ["alice2"]),
            ("search.name=%25b%25&search.username=alice%25&jointMode=and", ["alice2"]),
            ("search.name=%25b%25&search.username=alice%25", ["bob", "alice2", "alice1"]),
            ("search.primaryPhone=821012345678&mode=exact", ["alice1"]),
            (f"search={PHONE}", ["alice1"]),
            (f"search=%25{PHONE}%25", ["alice1"]),
            ("mode=exact&unknown=x", ["bob", "alice2", "alice1"]),
        ]
        for body in (
            {"username": "alice1", "name": "Alice", "primaryPhone": PHONE},
            {"username": "alice2", "name": "Alice B"},
            {"username": "bob", "name": "Bob"},
        ):
            await create(api, **body)
            site.clock.moment += site.clock.moment.resolution * 1000

        for query, names in cases:
            answer = await api.get(f"{PATH}?{query}")

            assert [user["username"] for user in answer.json()] == names, query
            assert answer.headers["total-number"] == str(len(names)), query
            assert "search-looked-through" not in answer.headers, query

    async def test_what_can_not_be_asked_is_refused(self, api: httpx2.AsyncClient) -> None:
        cases: list[tuple[str, str]] = [
            ("search=", "search"),
            ("search.name=a&search.name=b", "search.name"),
            ("search.name.first=a", "search.name.first"),
            ("search.phone=1", "search.phone"),
            ("search=a&mode=similar_to", "mode"),
            ("search.id=a&mode.id=posix", "mode.id"),
            ("search=a&mode.nope=like", "mode.nope"),
            ("search=a&joint=xor", "joint"),
            ("search=" + "x" * 300, "search"),
            ("mode=exact&" + "&".join("search.id=a" for _ in range(101)), "search.id"),
        ]
        for query, parameter in cases:
            answer = await api.get(f"{PATH}?{query}")

            assert refusal(answer) == (400, "request.invalid_input"), query
            assert answer.json()["data"]["parameter"] == parameter, query
            assert answer.json()["data"]["reason"], query

    async def test_a_page_far_behind_the_last_is_empty(self, api: httpx2.AsyncClient) -> None:
        await create(api)

        answer = await api.get(PATH, params={"page": "2147483647", "page_size": "100"})

        assert answer.json() == []
        assert answer.headers["total-number"] == "1"
