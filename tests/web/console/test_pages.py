"""The other pages: security, messages, applications, users, audit log, get started."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.web.console.conftest import HOME, Browser, Site
from tests.web.console.test_connectors import set_inbox_up
from watchword.audit.models import SYSTEM
from watchword.connector_kit.models import UsageType
from watchword.core.phone import PhoneNumber
from watchword.guard.models import Limit, Unanswered
from watchword.users.models import NewUser
from watchword.web.console.message_timeline import timeline_of

ALICE = PhoneNumber.parse("+447700900123")


@pytest.fixture
async def message(site: Site) -> str:
    """Return the id of a message that the development connector took."""
    scope = await site.scope()
    await scope.configuration.connectors.create(SYSTEM, "development-inbox", {})
    scope = await site.scope()
    queued = await scope.messaging.queue(
        ALICE,
        UsageType.SIGN_IN,
        variables={"code": "135790"},
        until=site.clock.now() + timedelta(minutes=10),
    )
    await scope.messaging.outcome(queued, timedelta(seconds=5))
    return queued.id


class TestSecurity:
    async def test_the_strict_preset_shows_what_it_changes_and_is_undone_by_another_press(
        self, site: Site, owner: Browser
    ) -> None:
        await owner.open("security")
        page = await owner.submit("/preset")
        assert "Kinds of numbers that get no message" in page.words
        assert "premium rate, shared cost" in page.words
        assert "From one IP address empty At most 20 within 3600 seconds" in page.words
        assert "empty 100, and 100 per 100 answered" in page.words
        assert "To one phone number · At most 10 5" in page.words
        assert not (await site.scope()).guard_policy.is_strict

        await owner.submit("/preset", do="confirm")
        assert (await site.scope()).guard_policy.is_strict

        await owner.submit("/preset")
        await owner.submit("/preset", do="confirm")
        assert not (await site.scope()).guard_policy.is_strict

    async def test_limits_and_countries_are_saved(self, site: Site, owner: Browser) -> None:
        await owner.open("security")

        await owner.submit(
            "/sending",
            do="confirm",
            **{"perAddress.count": "7", "perAddress.seconds": "60", "countries": "KR"},
        )

        policy = (await site.scope()).guard_policy
        assert policy.per_address is not None
        assert policy.per_address.count == 7
        assert policy.allowed_countries == ("KR",)

    @pytest.mark.parametrize(
        ("action", "field", "typed", "words"),
        [
            ("/sending", "perNumber.count", "-1", "Enter 1 or more."),
            ("/sending", "perNumber.count", "many", "Enter a whole number."),
            ("/sending", "perNumber.seconds", "604801", "Enter 604,800 or less."),
            ("/sending", "countries", "KOREA", "Choose countries from the list."),
            ("/attacks", "dailyMessages", "0", "Enter 1 or more."),
            ("/attacks", "perBlock.count", "many", "Enter a whole number."),
            ("/attacks", "unanswered.atLeast", "5", "Enter a whole number."),
            ("/codes", "expirationDuration", "5", "Enter 60 or more."),
            ("/codes", "maxRetryAttempts", "1e9", "Enter a whole number."),
            ("/codes", "lockoutDuration", "-1", "Enter 1 or more."),
        ],
    )
    async def test_an_impossible_value_is_refused_at_its_field_and_shown_again(
        self, owner: Browser, action: str, field: str, typed: str, words: str
    ) -> None:
        await owner.open("security")

        page = await owner.submit(action, **{field: typed})

        # Of two numbers that belong together, the one that is missing is at fault.
        place = "unanswered.percent" if field.startswith("unanswered") else field
        note = re.search(rf'id="{place}-note" role="alert">(.*?)</p>', page.html)
        assert page.status == 422
        assert page.html.count('aria-invalid="true"') == page.html.count('-note" role="alert"')
        assert note is not None
        assert note[1].endswith(words)
        assert typed == "KOREA" or (field, typed) in page.form(action).pairs

    async def test_limits_over_all_numbers_are_saved(self, site: Site, owner: Browser) -> None:
        await owner.open("security")

        await owner.submit(
            "/attacks",
            do="confirm",
            **{
                "dailyMessages": "5000",
                "countriesPerAddress": "3",
                "unanswered.atLeast": "100",
                "unanswered.percent": "50",
                "failuresPerAddress.count": "30",
                "failuresPerAddress.seconds": "3600",
            },
        )

        policy = (await site.scope()).guard_policy
        assert (policy.daily_messages, policy.countries_per_address) == (5000, 3)
        assert policy.unanswered == Unanswered(at_least=100, percent=50)
        assert policy.failures_per_address == Limit(count=30, seconds=3600)
        assert policy.per_block is None

    @pytest.mark.proves("S44")
    @pytest.mark.parametrize("page", ["get-started", "security", "messages"])
    async def test_the_console_tells_that_a_day_comes_to_an_end(
        self, site: Site, owner: Browser, page: str
    ) -> None:
        await owner.open("security")
        await owner.submit("/attacks", do="confirm", dailyMessages="5")
        guard = (await site.scope()).guard
        for _ in range(4):
            await guard.spend_send(ALICE)
        assert "are nearly used up" in (await owner.open(page)).words

        await guard.spend_send(ALICE)

        assert "are used up" in (await owner.open(page)).words

    async def test_an_earlier_version_of_the_limits_comes_back(
        self, site: Site, owner: Browser
    ) -> None:
        for most in ("5000", "7000"):
            await owner.open("security")
            await owner.submit("/attacks", do="confirm", dailyMessages=most)
        await owner.open("security/history")

        await owner.submit("/restore", version="1")
        await owner.submit("/restore", do="confirm")

        assert (await site.scope()).guard_policy.daily_messages == 5000

    @pytest.mark.parametrize(
        ("action", "typed", "shown"),
        [
            ("/sending", {"perNumber.count": "7"}, "To one phone number · At most"),
            ("/attacks", {"dailyMessages": "7000"}, "Text messages of all people in a day"),
            ("/codes", {"maxAttempts": "7"}, "Failures until lockout"),
        ],
    )
    async def test_what_changes_is_shown_before_it_is_saved(
        self, site: Site, owner: Browser, action: str, typed: dict[str, str], shown: str
    ) -> None:
        await owner.open("security")

        page = await owner.submit(action, **typed)

        assert "Save these changes?" in page.words
        assert shown in page.words
        configuration = (await site.scope()).configuration
        assert (await configuration.history()).total == 0
        await owner.submit(action, do="confirm")
        assert (await configuration.history()).total == 1

    @pytest.mark.parametrize(
        ("action", "field"), [("/sending", "perNumber.count"), ("/attacks", "dailyMessages")]
    )
    async def test_the_second_of_two_operators_sees_what_the_first_changed(
        self, site: Site, owner: Browser, action: str, field: str
    ) -> None:
        await owner.open("security")
        await (await site.scope()).configuration.settings.save_guard(
            SYSTEM, {"dailyPerCountry": 77}
        )

        page = await owner.submit(action, do="confirm", **{field: "9"})

        assert page.status == 409
        assert "What was changed meanwhile" in page.words
        assert "<ins><code>77</code></ins>" in page.html
        assert dict(page.form(action).pairs)[field] == "9"
        await owner.submit(action, do="confirm")
        document = (await site.scope()).guard_policy.document()
        assert "9" in str(document[field.partition(".")[0]])

    async def test_codes_and_lockout_are_saved(self, site: Site, owner: Browser) -> None:
        await owner.open("security")

        await owner.submit("/codes", do="confirm", expirationDuration="120", maxAttempts="50")

        settings = (await site.scope()).settings
        assert settings.code_policy.lifetime == timedelta(seconds=120)
        assert settings.lockout_policy.max_attempts == 50

    async def test_a_lockout_is_ended(self, owner: Browser) -> None:
        await owner.open("security")

        page = await owner.submit("/unblock", identifier="447700900123")

        assert "can try again at once" in page.words


class TestMessages:
    @pytest.mark.proves("S130")
    async def test_the_log_masks_numbers_and_the_detail_has_a_timeline(
        self, owner: Browser, message: str
    ) -> None:
        page = await owner.open("messages")
        assert ALICE.masked in page.words
        assert ALICE.international not in page.words

        page = await owner.open(f"messages/{message}")
        assert "Queued" in page.words
        assert "Accepted by Development inbox" in page.words
        assert "135790" not in page.html

    async def test_what_takes_no_time_happens_at_once(
        self, site: Site, owner: Browser, message: str
    ) -> None:
        [sent] = (await (await site.scope()).messaging.log.list()).items
        taken = {
            seconds: timeline_of(
                replace(sent, accepted_at=sent.created_at + timedelta(seconds=seconds)), "Twilio"
            )
            for seconds in (0, 0.04, 3.24)
        }

        assert [steps[-1].seconds for steps in taken.values()] == ["", "", "3.2"]
        assert "at once" in (await owner.open(f"messages/{message}")).words

    async def test_an_empty_log_leads_on(self, owner: Browser) -> None:
        page = await owner.open("messages")
        assert f"{HOME}/connectors/set-up" in page.links

        await set_inbox_up(owner)

        links = (await owner.open("messages")).links
        assert [link for link in links if link.endswith("#test")]
        assert f"{HOME}/connectors/set-up" not in links

    @pytest.mark.proves("S130")
    async def test_showing_a_full_number_is_written_down(
        self, site: Site, owner: Browser, message: str
    ) -> None:
        await owner.open(f"messages/{message}")

        page = await owner.submit("/number")

        assert ALICE.international in page.words
        entries = await (await site.scope()).audit.list()
        assert "message.recipient_shown" in [entry.event for entry in entries.items]

    async def test_filters(self, owner: Browser, message: str) -> None:
        cases: list[tuple[str, bool]] = [
            ("state=accepted", True),
            ("state=failed", False),
            ("state=nonsense", True),
            ("usage=SignIn", True),
            ("usage=Register", False),
            ("test=yes", False),
            ("number=%2B44+7700+900123", True),
            ("number=447700900124", False),
            ("page=0", True),
        ]
        for query, is_found in cases:
            page = await owner.open(f"messages?{query}")

            assert (ALICE.masked in page.words) is is_found, query

    async def test_a_number_that_is_none_is_said(self, owner: Browser) -> None:
        page = await owner.open("messages?number=12")

        assert page.status == 200
        assert 'role="alert"' in page.html
        assert "nor an email address" in page.words


class TestApplications:
    async def test_a_secret_is_shown_once(self, owner: Browser) -> None:
        await owner.open("applications/new")
        page = await owner.submit(
            "/new", name="Shop", type="Traditional", redirect_uris="https://shop.example/callback"
        )
        assert "Copy the secret now" in page.words
        link = next(link for link in page.links if "/applications/" in link)

        page = await owner.open(link)

        assert "Shown once, when the application was created" in page.words

    async def test_a_public_one_leads_to_its_page_and_is_changed_and_deleted(
        self, site: Site, owner: Browser
    ) -> None:
        await owner.open("applications/new")
        page = await owner.submit(
            "/new", name="Spa", type="SPA", redirect_uris="https://a.example/"
        )
        address = page.address.partition("?")[0]
        assert "/oidc/.well-known/openid-configuration" in page.words
        path = address.partition("/console/default")[2]

        page = await owner.submit(path, redirect_uris="https://a.example/\nhttps://b.example/")
        application = await (await site.scope()).applications.get(path.rpartition("/")[2])
        assert application.redirect_uris == ("https://a.example/", "https://b.example/")

        page = await owner.submit("/delete", typed_name="not it")
        assert page.status == 422
        page = await owner.submit("/delete", typed_name="Spa")
        assert "The application was deleted" in page.words

    async def test_a_dangerous_address_is_refused_and_nothing_is_lost(self, owner: Browser) -> None:
        await owner.open("applications/new")

        page = await owner.submit("/new", name="Bad", redirect_uris="javascript:alert(1)")

        pairs = dict(page.form("/new").pairs)
        assert page.status == 422
        assert pairs["name"] == "Bad"
        assert pairs["redirect_uris"] == "javascript:alert(1)"

    @pytest.mark.parametrize("path", ["applications/new", "resources/new"])
    async def test_a_missing_name_is_asked_for_beside_its_field(
        self, owner: Browser, path: str
    ) -> None:
        await owner.open(path)

        page = await owner.submit("/new", name=" ")

        assert page.status == 422
        assert 'id="name-note" role="alert"' in page.html
        assert "Give it a name." in page.words


class TestUsers:
    async def test_people_are_found_and_their_numbers_masked(
        self, site: Site, owner: Browser
    ) -> None:
        users = (await site.scope()).users
        user = await users.create(NewUser(primary_phone=ALICE, is_phone_verified=True))
        await users.create(NewUser(username="bob"))

        page = await owner.open("users?q=7700900")
        assert ALICE.masked in page.words
        assert "bob" not in page.words
        page = await owner.open(f"users/{user.id}")

        assert "Verified" in page.words
        assert ALICE.international not in page.html
        assert ALICE.digits not in page.html

    async def test_a_person_is_kept_out_and_let_in_again(self, site: Site, owner: Browser) -> None:
        scope = await site.scope()
        user = await scope.users.create(NewUser(username="bob"))
        session = await scope.oidc.sessions.create(user.id, ("pwd",))

        await owner.open(f"users/{user.id}")
        page = await owner.submit("/suspend")
        assert "Suspended" in page.words
        assert await scope.oidc.sessions.find(session.token) is None
        await owner.submit("/suspend")

        assert not (await scope.users.get(user.id)).is_suspended
        noted = (await scope.audit.list()).items
        by = {entry.event: entry.actor.kind for entry in noted if entry.event.startswith("user.")}
        assert by == {"user.suspended": "operator", "user.unsuspended": "operator"}

    async def test_a_person_is_deleted_once_their_id_was_typed(
        self, site: Site, owner: Browser
    ) -> None:
        users = (await site.scope()).users
        user = await users.create(NewUser(username="bob"))
        await owner.open(f"users/{user.id}")

        refused = await owner.submit("/delete", typed_id="bob")
        assert refused.status == 422
        assert await users.find(user.id) is not None
        gone = await owner.submit("/delete", typed_id=user.id)

        assert gone.address.endswith("/users?done=user_deleted")
        assert await users.find(user.id) is None


class TestGetStarted:
    async def test_the_list_follows_what_is_done(
        self, site: Site, owner: Browser, message: str
    ) -> None:
        page = await owner.open("get-started")

        assert "Choose a provider" not in page.words
        assert "Choose sign-in methods" in page.words

    async def test_a_forged_forwarding_header_shows_as_a_warning(
        self, site: Site, owner: Browser
    ) -> None:
        await owner.client.get("/console/sign-in", headers={"X-Forwarded-For": "1.2.3.4"})

        page = await owner.open("get-started")

        assert "WATCHWORD_TRUSTED_PROXIES" in page.words


async def test_the_audit_log_is_filtered(owner: Browser) -> None:
    await owner.open("operators")
    await owner.submit("/operators/invite", role="viewer")

    for asked in ("operator.invited", "Operator+invitation+link+made"):
        page = await owner.open(f"audit-log?event={asked}")
        table = page.html.partition("<tbody>")[2]
        assert "Operator invitation link made" in table
        assert "<code>operator.invited</code>" in table

    page = await owner.open("audit-log?result=failure")
    assert "Nothing fits the filter" in page.words


async def test_sessions_are_listed_and_ended(site: Site, owner: Browser) -> None:
    await site.server.operators.sign_in("owner", "quiet harbour lamp")
    page = await owner.open("profile")
    assert "Another browser" in page.words

    page = await owner.submit("/sessions/end", session="others")

    assert "Another browser" not in page.words


async def test_a_password_is_changed(owner: Browser) -> None:
    await owner.open("profile")
    page = await owner.submit("/profile/password", present="wrong", new="another quiet lamp")
    assert page.status == 422

    page = await owner.submit(
        "/profile/password", present="quiet harbour lamp", new="another quiet lamp"
    )

    assert "Your password was changed" in page.words


async def test_where_a_form_was_sent_leads_back_to_its_page_when_it_is_opened_again(
    owner: Browser,
) -> None:
    form = f"{HOME}/connectors/set-up/vonage-sms"

    again = await owner.client.get(f"{form}/paste", headers={"Accept": "text/html"})

    assert (again.status_code, again.headers["location"]) == (303, form)
