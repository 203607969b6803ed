"""Setting a connector up in the console, testing it, changing it, undoing, deleting."""

import json
import re
from datetime import timedelta
from typing import ClassVar

import pytest

from tests.web.console.conftest import HOME, ORIGIN, Browser, Site
from watchword.audit.models import SYSTEM
from watchword.connector_kit.models import ConnectorType
from watchword.connectors.models import MASK
from watchword.core.email import EmailAddress
from watchword.tenants.models import TenantTag

INBOX = "connectors/set-up/development-inbox"
TWILIO = "connectors/set-up/twilio-short-message-service"
TO = {"test_country": "GB", "test_phone": "07700 900123"}
TEMPLATES = json.dumps(
    [
        {"usageType": usage, "content": "Code {{code}}"}
        for usage in ("SignIn", "Register", "ForgotPassword", "Generic")
    ]
)
TWILIO_FORM = {
    "accountSID": "AC0123456789abcdef0123456789abcdef",
    "authToken": "the-real-token",
    "fromMessagingServiceSID": "MG0123456789abcdef0123456789abcdef",
}


async def set_inbox_up(owner: Browser) -> str:
    """Set the development connector up and return its id."""
    await owner.open(INBOX)
    await owner.submit("/development-inbox", confirm="yes")
    return owner.page.address.partition("/connectors/")[2].partition("?")[0]


async def set_twilio_up(owner: Browser) -> str:
    """Set Twilio up without a test and return its id."""
    await owner.open(TWILIO)
    await owner.submit("/twilio-short-message-service", **TWILIO_FORM, confirm="yes")
    assert owner.page.status == 200, owner.page.words
    return owner.page.address.partition("/connectors/")[2].partition("?")[0]


class TestSetUp:
    async def test_the_list_offers_to_set_up_sms_and_email(self, owner: Browser) -> None:
        page = await owner.open("connectors")

        assert f"{HOME}/connectors/set-up?type=Sms" in page.links
        assert f"{HOME}/connectors/set-up?type=Email" in page.links

    async def test_each_type_has_cards_of_its_own(self, owner: Browser) -> None:
        texts = await owner.open("connectors/set-up")
        assert "Twilio SMS Service" in texts.words
        assert "E-mail through any mail server" not in texts.words

        emails = await owner.open("connectors/set-up?type=Email")
        assert "E-mail through any mail server" in emails.words
        assert "Twilio SMS Service" not in emails.words

    async def test_cards_are_filtered_by_what_is_searched_for(self, owner: Browser) -> None:
        page = await owner.open("connectors/set-up?q=twil")

        assert "Twilio SMS Service" in page.words
        assert "Development inbox" not in page.words

    async def test_a_production_tenant_is_not_offered_the_development_connector(
        self, site: Site, owner: Browser
    ) -> None:
        await site.server.directory.create("shop", "Shop", TenantTag.PRODUCTION)
        await site.server.refresh()

        cards = await owner.open("/console/shop/connectors/set-up")
        assert "Development inbox" not in cards.words
        assert (await owner.open(f"/console/shop/{INBOX}")).status == 422
        assert (await owner.open("/console/shop/inbox")).status == 404

    async def test_a_tested_connector_is_saved_at_once_and_leads_on(
        self, site: Site, owner: Browser
    ) -> None:
        await owner.open(INBOX)
        page = await owner.submit("/development-inbox", **TO)
        assert "not passed a test" in page.words

        await owner.open(INBOX)
        form = owner.page.form("/development-inbox")
        form.action += "/test"
        page = await owner.submit("/test", **TO)
        assert "Accepted by Development inbox" in page.words
        page = await owner.submit("/development-inbox")

        assert "Messages go out through this connector" in page.words
        assert "make the phone number a way to sign in" in page.words
        saved = await (await site.scope()).connectors.active()
        assert saved is not None
        assert saved.tested_at is not None

    async def test_values_changed_after_a_test_count_as_untested(self, owner: Browser) -> None:
        await owner.open(INBOX)
        owner.page.form("/development-inbox").action += "/test"
        await owner.submit("/test", **TO)

        page = await owner.submit("/development-inbox", templates=TEMPLATES)

        assert "not passed a test" in page.words

    async def test_mistakes_are_shown_at_their_fields_and_nothing_typed_is_lost(
        self, site: Site, owner: Browser
    ) -> None:
        await owner.open(TWILIO)

        page = await owner.submit(
            "/twilio-short-message-service", **{**TWILIO_FORM, "accountSID": ""}, templates="[{"
        )

        pairs = dict(page.form("/twilio-short-message-service").pairs)
        assert page.status == 422
        assert pairs["authToken"] == "the-real-token"
        assert pairs["templates"] == "[{"
        assert "Line 1: this is not JSON" in page.words
        assert await (await site.scope()).connectors.active() is None

    async def test_replacing_a_connector_names_the_one_that_goes(
        self, site: Site, owner: Browser
    ) -> None:
        await set_inbox_up(owner)
        await owner.open(TWILIO)

        page = await owner.submit("/twilio-short-message-service", **TWILIO_FORM)
        assert "Development inbox sends now. Saving replaces it" in page.words
        await owner.submit("/twilio-short-message-service")

        active = await (await site.scope()).connectors.active()
        assert active is not None
        assert active.connector_id == "twilio-short-message-service"

    async def test_the_preview_counts_segments_and_points_at_what_forces_ucs_2(
        self, owner: Browser
    ) -> None:
        await owner.open(TWILIO)
        owner.page.form("/twilio-short-message-service").action += "/preview"
        odd = [{"usageType": "Generic", "content": "Código único: {{code}} ✓"}, {"usageType": "X"}]

        page = await owner.submit("/preview", templates=json.dumps(odd, indent=1))

        assert "UCS-2 · 1 segment · 22/70" in page.words
        assert ">ó</mark>" in page.html
        assert "nico: 246810" in page.words
        assert "texts are missing for Register, SignIn, ForgotPassword" in page.words

    @pytest.mark.parametrize("provider", ["solapi-sms", "naver-sens-sms"])
    async def test_the_preview_counts_bytes_where_carriers_do(
        self, owner: Browser, provider: str
    ) -> None:
        for content, cost in (
            ("인증번호 {{code}}", "EUC-KR · SMS · 15/90 bytes"),
            ("인증번호 {{code}} ✓" + "가" * 40, "EUC-KR · LMS · 98/2000 bytes"),
        ):
            await owner.open(f"connectors/set-up/{provider}")
            owner.page.form(f"/{provider}").action += "/preview"
            texts = [{"usageType": "Generic", "content": content}]

            page = await owner.submit("/preview", templates=json.dumps(texts))

            assert cost in page.words
            assert ("carriers in Korea refuse the text" in page.words) is ("✓" in content)

    async def test_the_preview_takes_whatever_is_typed(self, owner: Browser) -> None:
        cases: list[str] = ["", "[", "{}", "[1]", '[{"usageType": 1}]', "null", "[[[[["]
        for text in cases:
            await owner.open(TWILIO)
            owner.page.form("/twilio-short-message-service").action += "/preview"

            page = await owner.submit("/preview", templates=text)

            assert page.status == 200, text


class TestTestSends:
    async def test_the_preview_shows_one_language_at_a_time(self, owner: Browser) -> None:
        await owner.open(TWILIO)
        owner.page.form("/twilio-short-message-service").action += "/preview"
        korean = {"usageType": "Generic", "language": "ko", "content": "인증번호 {{code}}"}
        both = json.dumps([*json.loads(TEMPLATES), korean])

        page = await owner.submit("/preview", templates=both, preview_language="ko")

        assert "증번호 246810" in page.words
        assert "is there twice" not in page.words
        page = await owner.open(TWILIO)
        owner.page.form("/twilio-short-message-service").action += "/preview"
        page = await owner.submit("/preview", templates=both, preview_language="*")
        assert "Code 246810" in page.words

    async def test_an_unknown_variable_is_named_with_its_line(self, owner: Browser) -> None:
        await owner.open(TWILIO)
        odd = json.dumps([*json.loads(TEMPLATES), {"usageType": "BindMfa", "content": "{{cod}}"}])

        page = await owner.submit(
            "/twilio-short-message-service", **TWILIO_FORM, templates=odd, confirm="yes"
        )

        assert "Line 1: there is no variable cod." in page.words

    async def test_an_impossible_number_is_said_and_costs_nothing(
        self, site: Site, owner: Browser
    ) -> None:
        await owner.open(INBOX)
        owner.page.form("/development-inbox").action += "/test"

        page = await owner.submit("/test", test_country="GB", test_phone="+82 12")

        assert page.status == 200
        shown = dict(page.form("/development-inbox").pairs)
        assert (shown["test_country"], shown["test_phone"]) == ("KR", "12")
        assert 'role="alert"' in page.html
        assert site.server.inbox.list("default") == []

    async def test_tests_have_a_cap_of_their_own(self, site: Site, owner: Browser) -> None:
        scope = await site.scope()
        await scope.configuration.settings.save_guard(
            SYSTEM, {"testSends": {"count": 2, "seconds": 60}}
        )
        for _ in range(3):
            await owner.open(INBOX)
            owner.page.form("/development-inbox").action += "/test"
            page = await owner.submit("/test", **TO)

        assert len(site.server.inbox.list("default")) == 2
        assert "Accepted by" not in page.words
        assert 'role="alert"' in page.html

    async def test_a_refusal_shows_the_providers_own_words(self, owner: Browser) -> None:
        await owner.open(TWILIO)
        owner.page.form("/twilio-short-message-service").action += "/test"

        # Nothing listens there: the operator's redirection is for development.
        page = await owner.submit("/test", **TWILIO_FORM, **TO, edge="no-such-edge")

        assert "Not sent" in page.words
        assert "the-real-token" not in page.words

    async def test_the_inbox_shows_the_text_and_a_piece_of_it_is_refreshed(
        self, owner: Browser
    ) -> None:
        await owner.open(INBOX)
        owner.page.form("/development-inbox").action += "/test"
        await owner.submit("/test", **TO)

        assert "000000" in (await owner.open("inbox")).words
        piece = await owner.client.get(f"{HOME}/inbox", headers={"HX-Request": "true"})
        assert "000000" in piece.text
        assert "<html" not in piece.text


class TestDetails:
    @pytest.mark.proves("S127")
    async def test_a_saved_secret_is_never_sent_back(self, owner: Browser) -> None:
        instance = await set_twilio_up(owner)

        for path in ("", "/history", "/guide", "/delete"):
            assert "the-real-token" not in (await owner.open(f"connectors/{instance}{path}")).html

    @pytest.mark.proves("S127")
    async def test_an_empty_secret_keeps_the_saved_one(self, site: Site, owner: Browser) -> None:
        instance = await set_twilio_up(owner)
        await owner.open(f"connectors/{instance}")

        page = await owner.submit(f"/{instance}", fromMessagingServiceSID="MG" + "1" * 32)

        assert "Saved." in page.words
        connectors = (await site.scope()).connectors
        saved = await connectors.get(instance)
        assert saved.config["fromMessagingServiceSID"] == "MG" + "1" * 32
        assert connectors.opened_secrets(saved)["authToken"] == "the-real-token"
        assert connectors.masked_config(saved)["authToken"] == MASK

    async def test_what_was_left_out_is_shown_as_the_default_that_holds(
        self, site: Site, owner: Browser
    ) -> None:
        texts = [
            {"usageType": usage, "content": "{{code}}"}
            for usage in ("Register", "SignIn", "ForgotPassword", "Generic")
        ]
        configuration = (await site.scope()).configuration
        saved = await configuration.connectors.create(
            SYSTEM, "twilio-short-message-service", {**TWILIO_FORM, "templates": texts}
        )
        assert "region" not in saved.config

        page = await owner.open(f"connectors/{saved.id}")

        assert ("region", "us1") in page.form(f"/{saved.id}").pairs
        page = await owner.submit(f"/{saved.id}", region="ie1")
        assert "Saved." in page.words
        assert ("region", "ie1") in (await owner.open(f"connectors/{saved.id}")).form(
            f"/{saved.id}"
        ).pairs

    async def test_a_mistake_in_the_templates_is_said_once(self, owner: Browser) -> None:
        instance = await set_twilio_up(owner)
        await owner.open(f"connectors/{instance}")
        texts = '[{"usageType": "SignOut", "content": "{{code}}"}]'

        page = await owner.submit(f"/{instance}", templates=texts)

        said = "Line 1: texts are missing for Register, SignIn, ForgotPassword, Generic."
        shown = re.sub(r"<li [^>]*hidden[^>]*>.*?</li>", "", page.html)
        assert page.status == 422
        assert (page.html.count(said), shown.count(said)) == (2, 1)
        assert 'data-problem-line="1"' in page.html

    async def test_someone_elses_change_is_not_overwritten_unseen(
        self, site: Site, owner: Browser
    ) -> None:
        instance = await set_twilio_up(owner)
        await owner.open(f"connectors/{instance}")
        await (await site.scope()).configuration.connectors.change(
            SYSTEM, instance, {**TWILIO_FORM, "templates": json.loads(TEMPLATES)}
        )

        page = await owner.submit(f"/{instance}", fromMessagingServiceSID="MG" + "2" * 32)

        pairs = dict(page.form(f"/{instance}").pairs)
        assert page.status == 422
        assert 'role="alert"' in page.html
        assert pairs["fromMessagingServiceSID"] == "MG" + "2" * 32
        assert pairs["version"] == "2"

    async def test_an_earlier_version_comes_back_with_its_secret(
        self, site: Site, owner: Browser
    ) -> None:
        instance = await set_twilio_up(owner)
        await owner.open(f"connectors/{instance}")
        await owner.submit(f"/{instance}", authToken="another-token")
        page = await owner.open(f"connectors/{instance}/history")
        assert "Auth Token ••••••••" in page.words

        await owner.submit("/restore")
        await owner.submit("/restore", do="confirm")

        connectors = (await site.scope()).connectors
        saved = await connectors.get(instance)
        assert saved.version == 3
        assert connectors.opened_secrets(saved)["authToken"] == "the-real-token"

    async def test_deleting_says_what_breaks_and_wants_the_name(
        self, site: Site, owner: Browser
    ) -> None:
        instance = await set_inbox_up(owner)
        await (await site.scope()).configuration.settings.save_sign_in(
            SYSTEM, {"signUp": {"identifiers": [], "password": False, "verify": False}}
        )
        await (await site.scope()).configuration.settings.save_sign_in(
            SYSTEM,
            {
                "signIn": {
                    "methods": [
                        {
                            "identifier": "phone",
                            "password": False,
                            "verificationCode": True,
                            "isPasswordPrimary": False,
                        }
                    ]
                }
            },
        )
        page = await owner.open(f"connectors/{instance}/delete")
        assert "Signing in with a code" in page.words

        page = await owner.submit("/delete", name="something else")
        assert page.status == 422
        await owner.submit("/delete", name="development inbox")

        assert await (await site.scope()).connectors.active() is None
        assert owner.page.address.startswith(f"{ORIGIN}{HOME}/connectors")

    async def test_a_stale_proof_asks_for_the_password_and_keeps_the_form(
        self, site: Site, owner: Browser
    ) -> None:
        await owner.open(TWILIO)
        site.clock.advance(timedelta(minutes=31))

        page = await owner.submit("/twilio-short-message-service", **TWILIO_FORM, confirm="yes")
        assert "Is it still you?" in page.words
        assert await (await site.scope()).connectors.active() is None
        await owner.submit("/twilio-short-message-service", _password="quiet harbour lamp")

        saved = await (await site.scope()).connectors.active()
        assert saved is not None
        assert (await site.scope()).connectors.opened_secrets(saved) == {
            "authToken": "the-real-token"
        }


class TestEmail:
    EMAIL_INBOX = "connectors/set-up/development-email-inbox"
    SMTP = "connectors/set-up/simple-mail-transfer-protocol"
    SMTP_FORM: ClassVar[dict[str, str]] = {
        "host": "smtp.example.com",
        "auth.user": "mailer",
        "auth.pass": "the-real-password",
        "fromEmail": "Acme <no-reply@acme.example>",
    }

    async def test_a_tested_connector_is_saved_beside_the_one_for_texts(
        self, site: Site, owner: Browser
    ) -> None:
        await set_twilio_up(owner)
        await owner.open(self.EMAIL_INBOX)
        owner.page.form("/development-email-inbox").action += "/test"
        page = await owner.submit("/test", test_email="Ada@example.com")
        assert "Look into the mailbox" in page.words
        page = await owner.submit("/development-email-inbox")

        assert "make the email address a way to sign in" in page.words
        saved = {item.type for item in await (await site.scope()).connectors.list()}
        assert saved == {ConnectorType.SMS, ConnectorType.EMAIL}
        inbox = await owner.open("inbox")
        assert "Your verification code" in inbox.words
        assert "ada@example.com" in inbox.words
        assert "000000" in inbox.words

    async def test_a_test_to_no_address_says_so(self, owner: Browser) -> None:
        await owner.open(self.EMAIL_INBOX)
        owner.page.form("/development-email-inbox").action += "/test"
        page = await owner.submit("/test", test_email="nobody")

        assert "This is not an email address" in page.words

    async def test_an_account_is_drawn_field_by_field_and_its_password_is_kept(
        self, site: Site, owner: Browser
    ) -> None:
        await owner.open(self.SMTP)
        await owner.submit("/simple-mail-transfer-protocol", **self.SMTP_FORM, confirm="yes")
        assert owner.page.status == 200, owner.page.words
        assert "the-real-password" not in owner.page.html
        connector_id = owner.page.address.partition("/connectors/")[2].partition("?")[0]

        await owner.submit(connector_id, fromEmail="codes@acme.example")
        connectors = (await site.scope()).connectors
        saved = await connectors.get(connector_id)
        assert saved.config["fromEmail"] == "codes@acme.example"
        assert connectors.opened_secrets(saved) == {"auth.pass": "the-real-password"}

    async def test_another_server_wants_the_password_again(self, owner: Browser) -> None:
        await owner.open(self.SMTP)
        await owner.submit("/simple-mail-transfer-protocol", **self.SMTP_FORM, confirm="yes")
        connector_id = owner.page.address.partition("/connectors/")[2].partition("?")[0]

        page = await owner.submit(connector_id, host="elsewhere.example")

        assert page.status == 422
        assert "enter" in page.words.lower()

    @pytest.mark.parametrize(
        ("template", "said"),
        [
            ({"subject": ""}, "needs a subject"),
            ({"subject": "{{nobody}}"}, "there is no variable nobody"),
            ({"contentType": "text/rtf"}, "is text/plain or text/html"),
            ({"content": ""}, "needs a text under content"),
        ],
    )
    async def test_what_is_wrong_with_an_email_is_said_with_its_line(
        self, owner: Browser, template: dict[str, str], said: str
    ) -> None:
        whole = {"contentType": "text/plain", "subject": "Hi", "content": "{{code}}", **template}
        usages = ("Register", "SignIn", "ForgotPassword", "Generic")
        text = json.dumps([{"usageType": usage, **whole} for usage in usages])
        await owner.open(self.EMAIL_INBOX)
        owner.page.form("/development-email-inbox").action += "/preview"
        page = await owner.submit("/preview", templates=text)

        assert said in page.words

    async def test_a_preview_shows_subject_and_plain_text(self, owner: Browser) -> None:
        whole = {"contentType": "text/html", "subject": "Hi {{organization}}"}
        usages = ("Register", "SignIn", "ForgotPassword", "Generic")
        text = json.dumps(
            [{"usageType": usage, **whole, "content": "<p>{{code}}</p>"} for usage in usages]
        )
        await owner.open(self.EMAIL_INBOX)
        owner.page.form("/development-email-inbox").action += "/preview"
        page = await owner.submit("/preview", templates=text)

        assert "Hi Acme" in page.words
        assert "246810" in page.words
        assert "<p>" not in page.words
        assert "The plain text that is sent beside the HTML" in page.words

    async def test_the_log_shows_the_address_masked_and_in_full_to_whoever_asks(
        self, site: Site, owner: Browser
    ) -> None:
        await owner.open(self.EMAIL_INBOX)
        await owner.submit("/development-email-inbox", confirm="yes")
        scope = await site.scope()
        await scope.verification.send_lone_code(EmailAddress("ada@example.com"))
        await scope.messaging.drain(timedelta(seconds=1))

        page = await owner.open("messages?number=ADA@example.com")
        assert "a•••@example.com" in page.words
        assert "ada@example.com" not in page.html.replace("ADA@example.com", "")
        [message] = (await scope.messaging.log.list()).items
        await owner.open(f"messages/{message.id}")
        page = await owner.submit("/number")
        assert "ada@example.com" in page.words
        assert (await owner.open("messages?number=no@body")).words.count("not an email address")
