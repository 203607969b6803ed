"""The authorization endpoint: what it takes, what it refuses, and when a person must sign in."""

from datetime import timedelta
from typing import Any

import pytest

from tests.oidc.world import CALLBACK, CHALLENGE, ISSUER, PKCE, World, params, query_of
from watchword.oidc.errors import (
    AuthorizationRefused,
    InvalidClient,
    InvalidRedirectUri,
    InvalidRequest,
)
from watchword.oidc.models import AuthorizationRequest, AuthorizationResponse
from watchword.oidc.parameters import Parameters


async def refused(world: World, **values: Any) -> AuthorizationResponse:
    """Return the error that the client reads."""
    application = await world.add_application()
    with pytest.raises(AuthorizationRefused) as caught:
        await world.authorize(application, **values)
    return caught.value.response


async def test_a_request_goes_through_json_unchanged(world: World) -> None:
    application = await world.add_application()
    request = await world.oidc.authorization.validate(
        params(
            client_id=application.id,
            redirect_uri=CALLBACK,
            response_type="code",
            scope="openid phone",
            ui_locales="ko en",
            prompt="login consent",
            max_age="60",
            **PKCE,
        )
    )
    assert AuthorizationRequest.from_dict(request.to_dict()) == request


async def test_an_unknown_client_gets_no_redirect(world: World) -> None:
    with pytest.raises(InvalidClient):
        await world.oidc.authorization.validate(
            params(client_id="nope", redirect_uri=CALLBACK, response_type="code")
        )
    with pytest.raises(InvalidRequest):
        await world.oidc.authorization.validate(params(redirect_uri=CALLBACK))


async def test_an_unregistered_redirect_uri_gets_no_redirect(world: World) -> None:
    application = await world.add_application()
    for uri in ("https://evil.example/", f"{CALLBACK}/", f"{CALLBACK}?x=1"):
        with pytest.raises(InvalidRedirectUri):
            await world.authorize(application, redirect_uri=uri)


async def test_the_only_redirect_uri_need_not_be_named(world: World) -> None:
    application = await world.add_application()
    session = await world.sign_in(await world.add_user())
    code = await world.code(application, session, redirect_uri=None)
    assert "access_token" in await world.exchange(application, code, redirect_uri=None)


async def test_a_parameter_twice_is_refused(world: World) -> None:
    application = await world.add_application()
    whole = [("client_id", application.id), ("redirect_uri", CALLBACK), ("response_type", "code")]
    with pytest.raises(InvalidRequest):
        await world.oidc.authorization.validate(Parameters.of([*whole, *whole[:1]]))
    with pytest.raises(AuthorizationRefused) as caught:
        await world.oidc.authorization.validate(
            Parameters.of([*whole, *PKCE.items(), ("nonce", "a"), ("nonce", "b"), ("state", "s")])
        )
    assert caught.value.response.parameters["error"] == "invalid_request"
    assert caught.value.response.parameters["state"] == "s"


async def test_the_client_reads_what_is_wrong(world: World) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "web_message"}, "unsupported_response_mode"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"resource": "https://nope.example/"}, "invalid_target"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://shop.example/r"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"id_token_hint": "e30.e30.x"}, "invalid_request"),
        ({"nonce": "n" * 9000}, "invalid_request"),
    ]
    for values, error in cases:
        response = await refused(world, **values)

        assert response.redirect_uri == CALLBACK, values
        assert response.parameters["error"] == error, values
        assert response.parameters["state"] == "s1", values
        assert response.parameters["iss"] == ISSUER, values


async def test_errors_of_token_flows_come_in_the_fragment(world: World) -> None:
    assert (await refused(world, response_type="id_token")).redirect_to.startswith(f"{CALLBACK}#")


async def test_a_machine_signs_nobody_in(world: World) -> None:
    machine = await world.add_application("MachineToMachine", redirect_uris=(CALLBACK,))
    with pytest.raises(AuthorizationRefused) as caught:
        await world.authorize(machine)
    assert caught.value.response.parameters["error"] == "unauthorized_client"


async def test_a_confidential_client_may_omit_pkce_only_where_it_is_told_so(world: World) -> None:
    strict = await world.add_application("Traditional")
    with pytest.raises(AuthorizationRefused):
        await world.authorize(strict, code_challenge=None, code_challenge_method=None)

    lax = await world.add_application("Traditional", custom_client_metadata={"requirePkce": False})
    session = await world.sign_in(await world.add_user())
    code = await world.code(lax, session, code_challenge=None, code_challenge_method=None)
    assert "id_token" in await world.exchange(lax, code, code_verifier=None)


async def test_without_a_session_the_person_signs_in(world: World) -> None:
    application = await world.add_application()
    page = await world.authorize(
        application,
        login_hint="+82 10",
        ui_locales="ko en",
        display="popup",
        acr_values="x",
        foo="1",
    )

    assert isinstance(page, str)
    assert page.startswith("/sign-in?")
    assert query_of(page) == {
        "app_id": application.id,
        "login_hint": "+82 10",
        "ui_locales": "ko en",
    }


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"first_screen": "register"}, "/register"),
        ({"first_screen": "identifier:register"}, "/identifier-register"),
        ({"first_screen": "identifier:sign_in"}, "/identifier-sign-in"),
        ({"first_screen": "reset_password"}, "/reset-password"),
        ({"first_screen": "sign_in"}, "/sign-in"),
        ({"interaction_mode": "signUp"}, "/register"),
        ({"interaction_mode": "signUp", "first_screen": "sign_in"}, "/sign-in"),
    ],
)
async def test_the_client_may_choose_the_first_page(
    world: World, values: dict[str, Any], path: str
) -> None:
    application = await world.add_application()
    page = await world.authorize(application, **values)
    assert isinstance(page, str)
    assert page.startswith(f"{path}?")


async def test_an_unbuilt_way_in_begins_at_the_sign_in_page(world: World) -> None:
    application = await world.add_application()
    page = await world.authorize(application, first_screen="single_sign_on", direct_sign_in="sso:x")
    assert page == f"/sign-in?app_id={application.id}"


async def test_the_client_may_name_a_provider_and_the_page_to_fall_back_to(world: World) -> None:
    application = await world.add_application()
    page = await world.authorize(
        application, first_screen="register", direct_sign_in="social:google"
    )
    assert page == f"/direct/social/google?app_id={application.id}&fallback=register"


@pytest.mark.parametrize("named", ["social:", "social:../x", "social:a b", "social", "x:google"])
async def test_a_provider_that_can_have_no_such_name_is_passed_over(
    world: World, named: str
) -> None:
    application = await world.add_application()
    page = await world.authorize(application, direct_sign_in=named)
    assert page == f"/sign-in?app_id={application.id}"


async def test_a_session_answers_at_once(world: World) -> None:
    application = await world.add_application()
    session = await world.sign_in(await world.add_user())

    answer = await world.authorize(application, session)

    assert isinstance(answer, AuthorizationResponse)
    query = query_of(answer.redirect_to)
    assert (query["state"], query["iss"]) == ("s1", ISSUER)
    assert len(query["code"]) >= 43


async def test_prompt_none_never_shows_a_page(world: World) -> None:
    application = await world.add_application()
    session = await world.sign_in(await world.add_user())

    assert isinstance(
        await world.authorize(application, session, prompt="none"), AuthorizationResponse
    )
    with pytest.raises(AuthorizationRefused) as caught:
        await world.authorize(application, prompt="none")
    assert caught.value.response.parameters["error"] == "login_required"


async def test_prompt_login_always_asks(world: World) -> None:
    application = await world.add_application()
    session = await world.sign_in(await world.add_user())
    for prompt in ("login", "login consent", "select_account"):
        assert isinstance(await world.authorize(application, session, prompt=prompt), str)


async def test_max_age_is_kept(world: World) -> None:
    application = await world.add_application()
    session = await world.sign_in(await world.add_user())
    world.clock.advance(timedelta(seconds=90))

    assert isinstance(await world.authorize(application, session, max_age="60"), str)
    assert isinstance(
        await world.authorize(application, session, max_age="10000"), AuthorizationResponse
    )
    assert isinstance(await world.authorize(application, session, max_age="0"), str)


async def test_a_hint_of_someone_else_does_not_use_this_session(world: World) -> None:
    application = await world.add_application()
    alice = await world.add_user()
    bob = await world.add_user(primary_phone=None, username="bob")
    hint = (await world.tokens(application, alice))["id_token"]
    world.clock.advance(timedelta(hours=2))

    session = await world.sign_in(bob)
    assert isinstance(await world.authorize(application, session, id_token_hint=hint), str)
    own = await world.sign_in(alice)
    answer = await world.authorize(application, own, id_token_hint=hint, prompt="none")
    assert isinstance(answer, AuthorizationResponse)


async def test_unknown_scopes_are_left_out(world: World) -> None:
    application = await world.add_application()
    user = await world.add_user()
    tokens = await world.tokens(application, user, scope="phone nope openid phone")
    assert tokens["scope"] == "phone openid"


@pytest.mark.parametrize(("mode", "mark"), [("query", "?"), ("fragment", "#"), ("form_post", "")])
async def test_the_answer_comes_as_asked(world: World, mode: str, mark: str) -> None:
    application = await world.add_application()
    session = await world.sign_in(await world.add_user())
    answer = await world.authorize(application, session, response_mode=mode)
    assert isinstance(answer, AuthorizationResponse)
    assert answer.redirect_to.startswith(CALLBACK + mark)
    assert ("code=" in answer.redirect_to) is bool(mark)


async def test_a_query_in_the_redirect_uri_stays(world: World) -> None:
    uri = "https://shop.example/?page=callback"
    application = await world.add_application(redirect_uris=(uri,))
    session = await world.sign_in(await world.add_user())
    answer = await world.authorize(application, session, redirect_uri=uri)
    assert isinstance(answer, AuthorizationResponse)
    assert query_of(answer.redirect_to)["page"] == "callback"
    assert answer.redirect_to.count("?") == 1


class TestThirdParty:
    """Applications of third parties need the person's consent."""

    async def test_is_asked_once(self, world: World) -> None:
        application = await world.add_application(is_third_party=True)
        session = await world.sign_in(await world.add_user())
        asked = await self._asked(world, application.id)
        assert await world.oidc.answer(asked, session.token) == asked.consent_page

        await world.oidc.allow(asked, session.token)

        assert isinstance(await world.oidc.answer(asked, session.token), AuthorizationResponse)
        assert isinstance(await world.authorize(application, session), AuthorizationResponse)
        assert isinstance(await world.authorize(application, session, scope="openid phone"), str)

    async def test_prompt_none_is_told(self, world: World) -> None:
        application = await world.add_application(is_third_party=True)
        session = await world.sign_in(await world.add_user())
        with pytest.raises(AuthorizationRefused) as caught:
            await world.authorize(application, session, prompt="none")
        assert caught.value.response.parameters["error"] == "consent_required"

    async def test_prompt_consent_asks_again_but_not_twice(self, world: World) -> None:
        application = await world.add_application(is_third_party=True)
        session = await world.sign_in(await world.add_user())
        asked = await self._asked(world, application.id)
        await world.oidc.allow(asked, session.token)
        world.clock.advance(timedelta(minutes=5))

        again = await self._asked(world, application.id, prompt="consent")
        assert await world.oidc.answer(again, session.token) == again.consent_page
        world.clock.advance(timedelta(seconds=5))
        await world.oidc.allow(again, session.token)
        assert isinstance(await world.oidc.answer(again, session.token), AuthorizationResponse)

    async def test_nobody_consents_without_the_sign_in_that_was_asked_for(
        self, world: World
    ) -> None:
        application = await world.add_application(is_third_party=True)
        session = await world.sign_in(await world.add_user())
        asked = await self._asked(world, application.id, prompt="login")

        assert await world.oidc.consent_question(asked, session.token) is None
        await world.oidc.allow(asked, session.token)
        assert isinstance(await world.authorize(application, session), str)

    @staticmethod
    async def _asked(world: World, client_id: str, **values: str) -> AuthorizationRequest:
        return await world.oidc.authorization.validate(
            params(
                client_id=client_id,
                redirect_uri=CALLBACK,
                response_type="code",
                scope="openid",
                code_challenge=CHALLENGE.decode(),
                code_challenge_method="S256",
                **values,
            )
        )
