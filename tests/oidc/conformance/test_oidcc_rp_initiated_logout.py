"""Plan `oidcc-rp-initiated-logout-certification-test-plan`: each module is a test of its name.

Where a module accepts a question to the person or an error, the test says which one it is here.
"""

import re
import secrets
from urllib.parse import parse_qsl, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.oidc.conformance.relying_party import (
    ISSUER,
    LOGGED_OUT,
    ORIGIN,
    Outcome,
    RelyingParty,
    decoded,
    header_of,
    unsigned,
)

FIELD = re.compile(r'name="([a-z_]+)" value="([^"]*)"')


async def end(suite: RelyingParty, **values: str) -> httpx2.Response:
    """Send the browser to the end-session endpoint."""
    endpoint = (await suite.discover())["end_session_endpoint"]
    return await suite.browser.get(endpoint, params=values, headers={"accept": "text/html"})


async def press(suite: RelyingParty, page: httpx2.Response) -> httpx2.Response:
    """Press the button of the confirmation page."""
    fields = dict(FIELD.findall(page.text))
    action = re.findall(r'<form[^>]* action="([^"]+)"', page.text)[0]
    return await suite.browser.post(action, data=fields, headers={"origin": ORIGIN})


async def is_signed_in(suite: RelyingParty) -> bool:
    """Ask with `prompt=none`, as the modules do after a logout."""
    answer = (await suite.visit(prompt="none")).answer
    assert "code" in answer or answer["error"] == "login_required"
    return "code" in answer


def hint_of(outcome: Outcome) -> str:
    """Return the ID token of a flow."""
    return str(outcome.tokens["id_token"])


async def check_asked(suite: RelyingParty, page: httpx2.Response) -> None:
    """See that the page asks, that nobody is signed out yet, and that its button signs out."""
    assert page.status_code == 200
    assert "location" not in page.headers
    assert await is_signed_in(suite)
    done = await press(suite, page)
    assert done.status_code == 200
    assert "location" not in done.headers
    assert not await is_signed_in(suite)


async def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(
    suite: RelyingParty,
) -> None:
    found = await suite.discover()
    assert found["end_session_endpoint"].startswith(f"{ORIGIN}/")


async def test_oidcc_rp_initiated_logout(suite: RelyingParty) -> None:
    outcome = await suite.flow()
    state = secrets.token_urlsafe(96)

    answer = await end(
        suite, id_token_hint=hint_of(outcome), post_logout_redirect_uri=LOGGED_OUT, state=state
    )

    address, _, query = answer.headers["location"].partition("?")
    assert address == LOGGED_OUT
    assert dict(parse_qsl(query)) == {"state": state}
    assert not await is_signed_in(suite)


async def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(suite: RelyingParty) -> None:
    outcome = await suite.flow()

    page = await end(
        suite,
        id_token_hint=hint_of(outcome),
        post_logout_redirect_uri="https://evil.example.com/post_logout_redirect",
        state="s",
    )

    check_error_page(page)
    assert await is_signed_in(suite)


def check_error_page(page: httpx2.Response) -> None:
    """See that the person is told, and sent nowhere."""
    assert page.status_code == 400
    assert "location" not in page.headers
    assert page.headers["content-type"].startswith("text/html")


async def test_oidcc_rp_initiated_logout_modified_id_token_hint(suite: RelyingParty) -> None:
    outcome = await suite.flow()
    page = await end(
        suite,
        id_token_hint=unsigned(outcome.claims),
        post_logout_redirect_uri=LOGGED_OUT,
        state="s",
    )
    await check_asked(suite, page)


async def test_oidcc_rp_initiated_logout_no_id_token_hint(suite: RelyingParty) -> None:
    await suite.flow()
    page = await end(suite, post_logout_redirect_uri=LOGGED_OUT, state="s")
    await check_asked(suite, page)


async def test_oidcc_rp_initiated_logout_no_params(suite: RelyingParty) -> None:
    await suite.flow()
    await check_asked(suite, await end(suite))


async def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(suite: RelyingParty) -> None:
    outcome = await suite.flow()

    page = await end(suite, id_token_hint=hint_of(outcome), state="s")

    assert page.status_code == 200
    assert "signed out" in page.text
    assert not await is_signed_in(suite)


async def test_oidcc_rp_initiated_logout_no_state(suite: RelyingParty) -> None:
    outcome = await suite.flow()

    answer = await end(suite, id_token_hint=hint_of(outcome), post_logout_redirect_uri=LOGGED_OUT)

    assert answer.headers["location"] == LOGGED_OUT
    assert not urlsplit(answer.headers["location"]).query
    assert not await is_signed_in(suite)


async def test_oidcc_rp_initiated_logout_only_state(suite: RelyingParty) -> None:
    await suite.flow()
    await check_asked(suite, await end(suite, state="s"))


async def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(
    suite: RelyingParty,
) -> None:
    outcome = await suite.flow()

    page = await end(
        suite,
        id_token_hint=hint_of(outcome),
        post_logout_redirect_uri=f"{LOGGED_OUT}?foo=bar",
        state="s",
    )

    check_error_page(page)
    assert await is_signed_in(suite)


async def test_oidcc_rp_initiated_logout_bad_id_token_hint(suite: RelyingParty) -> None:
    outcome = await suite.flow()
    genuine = header_of(hint_of(outcome))
    assert b'"iss"' in decoded(hint_of(outcome).split(".")[1])
    forged = jwt.encode(
        {"alg": "ES256", "kid": genuine["kid"], "typ": "JWT"},
        {**outcome.claims, "iss": ISSUER},
        ECKey.generate_key("P-256"),
    )

    page = await end(suite, id_token_hint=forged, post_logout_redirect_uri=LOGGED_OUT, state="s")

    await check_asked(suite, page)
