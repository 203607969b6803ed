"""Invariant 10: bad input is a 4xx with a stable code, never a 5xx and never half a change."""

from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes import FakeClock
from tests.invariants.fuzzed import Fuzzed
from tests.invariants.hostile import (
    BODIES,
    COOKIES,
    FORM,
    HEADERS,
    JSON,
    NO_SQLITE,
    PLACES,
    QUERIES,
    TEXTS,
    TYPES,
    VALUES,
    Right,
    anything,
)
from tests.invariants.right_requests import right_requests
from tests.invariants.routes import Route, routes_of
from tests.invariants.world import API, opened_world
from watchword.core.keys import SecretKeys

pytestmark = pytest.mark.slow

NO_BODY = frozenset(
    {
        Route("POST", f"{API}/submit"),
        Route("POST", f"{API}/verification/totp/secret"),
        Route("POST", f"{API}/verification/backup-code/generate"),
        *(
            Route("POST", f"{API}/profile/mfa/{name}")
            for name in ("mfa-skipped", "mfa-enabled", "mfa-suggestion-skipped")
        ),
        *(Route(method, "/oidc/{path:path}") for method in ("POST", "PUT", "PATCH", "DELETE")),
    }
)


@pytest.fixture
def fuzzed(database_url: str, clock: FakeClock, keys: SecretKeys) -> Iterator[Fuzzed]:
    """Return a server in a thread of its own: Hypothesis calls from this one."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(opened_world(database_url, clock, keys)) as world,
    ):
        fuzzed = Fuzzed(portal, world)
        portal.call(fuzzed.set_up)
        yield fuzzed


def test_every_route_that_takes_a_body_is_asked(fuzzed: Fuzzed) -> None:
    asked = {right.route for right in right_requests(fuzzed)}

    assert routes_of(fuzzed.world.app) - asked == NO_BODY


def test_no_value_in_any_field_brings_the_server_down(fuzzed: Fuzzed, database_kind: str) -> None:
    # What is refused before it comes to a database is refused on each of them.
    texts, values = (TEXTS, VALUES) if database_kind == "postgresql" else (TEXTS[:2], NO_SQLITE)
    for right in rights(fuzzed):
        for value in texts if right.is_form else values:
            for sent in right.with_value(value):
                fuzzed.ask(sent)


def test_no_query_cookie_or_header_brings_the_server_down(
    fuzzed: Fuzzed, database_kind: str
) -> None:
    # Not all with all: every route gets some, and all of them get to many routes. PostgreSQL, which
    # refuses more, gets every query.
    some = 1 if database_kind == "postgresql" else 4
    for index, right in enumerate(rights(fuzzed)):
        sent = right.as_sent
        for headers in HEADERS[index % 7 :: 7]:
            fuzzed.ask(sent.with_headers(headers))
        for cookie in COOKIES[index % 5 :: 5]:
            fuzzed.ask(sent.with_headers({"Cookie": cookie}))
        if right.route.method == "GET":
            for query in QUERIES[index % some :: some]:
                fuzzed.ask(sent.with_query(query))


def test_nothing_that_can_be_thought_up_brings_the_server_down(fuzzed: Fuzzed) -> None:
    able = rights(fuzzed)

    @settings(
        max_examples=150,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        right = data.draw(st.sampled_from(able))
        change = data.draw(st.sampled_from(("value", "place", "body", "type")))
        if right.body is None and change != "place":
            return
        if change == "value":
            sents = list(right.with_value(data.draw(anything)))
        elif change == "place":
            sents = list(right.with_place(data.draw(st.sampled_from(PLACES))))
        elif change == "body":
            kind = data.draw(st.sampled_from((JSON, FORM)))
            body = data.draw(st.sampled_from(BODIES) | st.binary(max_size=60))
            sents = [right.as_sent.with_body(body, kind)]
        else:
            content = right.as_sent.content or b""
            sents = [right.as_sent.with_body(content, data.draw(st.sampled_from(TYPES)))]
        for sent in sents:
            fuzzed.ask(sent)

    ask()


def rights(fuzzed: Fuzzed) -> list[Right]:
    """Return all but signing the operator out, who is still needed."""
    able = right_requests(fuzzed)
    return [right for right in able if right.route.path != "/console/sign-out"]
