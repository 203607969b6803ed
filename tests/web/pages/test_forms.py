"""What people type and paste is read kindly; what no page of ours would post is refused."""

from urllib.parse import urlencode

import pytest
from starlette.requests import Request

from watchword.core.phone import InvalidPhoneNumber
from watchword.users.models import Identifier, IdentifierType
from watchword.web.pages.errors import (
    CodeMisshapen,
    CodeMissing,
    IdentifierMissing,
    InvalidForm,
    PasswordMissing,
    TokenMismatch,
    WrongFormType,
)
from watchword.web.pages.forms import Form, form_token, read_form
from watchword.web.pages.identifiers import (
    IdentifierField,
    beside_country,
    looks_like_phone,
    read_identifier,
)
from watchword.web.security import CrossOrigin

BOTH: tuple[IdentifierType, ...] = ("username", "phone")


def posted(body: str, **headers: str) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body.encode(), "more_body": False}

    sent = {
        "host": "example.test",
        "content-type": "application/x-www-form-urlencoded",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/sign-in",
        "scheme": "https",
        "query_string": b"",
        "server": ("example.test", 443),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }
    return Request(scope, receive)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("012345", "012345"),
        (" 012 345 ", "012345"),
        ("012-345", "012345"),
        ("0 1 2 3 4 5", "012345"),
        ("０１２３４５", "012345"),
        ("٠١٢٣٤٥", "012345"),
        ("\u200e012345\u202c", "012345"),
    ],
)
@pytest.mark.proves("S82")
def test_a_code_may_be_typed_in_groups_and_keeps_its_zeros(typed: str, code: str) -> None:
    assert Form({"code": typed}).code(6) == code


@pytest.mark.parametrize("typed", ["12345", "1234567", "12345a", "①②③④⑤⑥"])
def test_what_can_not_be_a_code_costs_no_try(typed: str) -> None:
    with pytest.raises(CodeMisshapen):
        Form({"code": typed}).code(6)


@pytest.mark.parametrize("typed", ["", " ", "-"])
def test_an_empty_code_asks_for_one(typed: str) -> None:
    with pytest.raises(CodeMissing):
        Form({"code": typed}).code(6)


@pytest.mark.proves("S76")
def test_a_password_is_taken_as_typed() -> None:
    assert Form({"password": " päss  wörd "}).password() == " päss  wörd "
    with pytest.raises(PasswordMissing):
        Form({}).password()


@pytest.mark.parametrize(
    ("typed", "region", "digits"),
    [
        ("010-1234-5678", "KR", "821012345678"),
        ("+82 10 1234 5678", "US", "821012345678"),
        ("+82 010-1234-5678", "US", "821012345678"),
        ("０１０１２３４５６７８", "KR", "821012345678"),
        ("07911 123456", "GB", "447911123456"),
        ("+447911123456", "ZZ", "447911123456"),
    ],
)
def test_a_number_is_read_in_local_and_international_form(
    typed: str, region: str, digits: str
) -> None:
    assert read_identifier(typed, ("phone",), region) == Identifier("phone", digits)
    assert read_identifier(typed, BOTH, region) == Identifier("phone", digits)


@pytest.mark.parametrize("typed", ["alice", "_a1", "a.b"])
def test_a_word_is_a_user_name_where_both_are_on(typed: str) -> None:
    assert read_identifier(typed, BOTH, "KR") == Identifier("username", typed)


@pytest.mark.parametrize(("typed", "region"), [("12", "KR"), ("alice", "KR"), ("0101234", "ZZ")])
def test_what_is_no_number_is_refused_where_only_numbers_are_on(typed: str, region: str) -> None:
    with pytest.raises(InvalidPhoneNumber):
        read_identifier(typed, ("phone",), region)


@pytest.mark.parametrize(
    ("types", "code"),
    [
        (("phone",), "form.phone_missing"),
        (("username",), "form.username_missing"),
        (BOTH, "form.identifier_missing"),
    ],
)
def test_an_empty_field_says_what_belongs_there(
    types: tuple[IdentifierType, ...], code: str
) -> None:
    with pytest.raises(IdentifierMissing) as refused:
        read_identifier("", types, "KR")
    assert refused.value.code == code


def test_the_chosen_country_is_selected_and_typed_text_is_escaped() -> None:
    field = IdentifierField(types=("phone",), region="KR", language="ko", value='"><script>')

    assert 'value="KR" selected data-code="+82">대한민국 (+82)' in field.options
    assert field.options.count(" selected") == 1
    assert looks_like_phone("010 1234") is True


@pytest.mark.parametrize(
    ("typed", "chosen", "shown"),
    [
        ("+82 10 1234 5678", "US", ("KR", "010-1234-5678")),
        ("+1 416-555-0123", "KR", ("CA", "(416) 555-0123")),
        ("+82 12", "US", ("KR", "12")),
        ("+1 123", "CA", ("CA", "123")),
        ("010-1234-5678", "KR", ("KR", "010-1234-5678")),
        ("+44 7700 900123", "KR", ("KR", "+44 7700 900123")),
        ("+82", "US", ("US", "+82")),
        ("ada+821012345678@example.com", "US", ("US", "ada+821012345678@example.com")),
        ("", "KR", ("KR", "")),
    ],
)
def test_a_number_with_its_calling_code_comes_back_under_its_own_country(
    typed: str, chosen: str, shown: tuple[str, str]
) -> None:
    assert beside_country(typed, chosen, {"CA", "KR", "US"}) == shown


async def test_a_form_of_ours_is_read() -> None:
    body = urlencode({"token": form_token("secret"), "code": "0123", "agree": "yes"})

    form = await read_form(posted(body, origin="https://example.test"), "secret")

    assert (form.text("code"), form.has("agree"), form.has("other")) == ("0123", True, False)


async def test_the_form_token_does_not_contain_the_interactions() -> None:
    assert form_token("secret") != form_token("other")
    assert "secret" not in form_token("secret")


@pytest.mark.parametrize(
    ("body", "headers", "refusal"),
    [
        ("token={t}", {"origin": "https://evil.test"}, CrossOrigin),
        ("token={t}", {"sec_fetch_site": "same-site"}, CrossOrigin),
        ("token={t}", {"sec_fetch_site": "cross-site"}, CrossOrigin),
        ("token=wrong", {}, TokenMismatch),
        ("token=%C3%BC", {}, TokenMismatch),
        ("", {}, TokenMismatch),
        ("token={t}&code=1&code=2", {}, InvalidForm),
        ("token={t}&code=%00", {}, InvalidForm),
        ("token={t}&identifier=" + "x" * 2000, {}, InvalidForm),
        ('{{"token": "{t}"}}', {"content_type": "application/json"}, WrongFormType),
        ("token={t}", {"content_type": "text/plain"}, WrongFormType),
    ],
)
async def test_other_posts_are_refused(
    body: str, headers: dict[str, str], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await read_form(posted(body.format(t=form_token("secret")), **headers), "secret")
