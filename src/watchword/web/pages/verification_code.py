"""The code page: check the code, send another, and say what became of the message."""

from dataclasses import dataclass
from datetime import timedelta

from babel.dates import format_timedelta
from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from watchword.core.errors import DomainError
from watchword.core.phrases import locale_of
from watchword.interactions.errors import SessionNotFound
from watchword.messaging.models import MessageState
from watchword.sign_in_settings.models import is_method_enabled
from watchword.sign_in_settings.sections import CODE_FACTORS
from watchword.users.errors import EmailAlreadyInUse, PhoneAlreadyInUse
from watchword.users.models import IdentifierType
from watchword.verification.models import VerificationRecord
from watchword.web.joining import join
from watchword.web.pages import providers, steps
from watchword.web.pages.errors import ResendTooSoon
from watchword.web.pages.visit import Looking, PageRoute, Posting, Visit, refused_on
from watchword.web.problems import language_of, phrases_of


@dataclass(frozen=True)
class CodePage:
    """The code page of one flow."""

    flow: str
    start: str
    """Where another number is typed."""

    @property
    def path(self) -> str:
        """Return the page's own path."""
        return f"/{self.flow}/verification-code"

    async def screen(self, visit: Visit, error: DomainError | None = None) -> Response:
        """Show where the code went, the field for it, and how to get another."""
        record = pending_record(visit)
        if record is None:
            return visit.go(self._beyond(visit))
        state = None if error else await steps.delivery_of(visit, record)
        by = record.identifier.type
        has_password = self.flow == "sign-in" and is_method_enabled(visit.settings, by, "password")
        is_awaited = state is not None and not state.has_failed
        return visit.show(
            "verification_code.html",
            error,
            here=self.path,
            start=self.start,
            by=by,
            masked=record.identifier.masked,
            code_length=visit.settings.code_policy.length,
            lifetime=lifetime_of(visit, record),
            wait=wait_of(visit, record, state),
            delivery_problem=problem_of(visit, state),
            poll=f"{self.path}/delivery" if is_awaited else None,
            has_password=has_password,
            error_words=visit.words(error),
        )

    async def verify(self, visit: Visit) -> Response:
        """Check the code, then go on with what it proves."""
        code = visit.form.code(visit.settings.code_policy.length)
        record = pending_record(visit)
        is_stray = self.flow == "mfa-binding" and not visit.interaction.is_identified
        if record is None or is_stray:
            return visit.go(self.start)
        interactions = visit.scope.interactions
        await interactions.verify_code(visit.interaction, record.identifier, record.id, code)
        proved = await steps.again(visit)
        if self.flow == "continue":
            add = (
                interactions.set_phone
                if record.identifier.type == "phone"
                else interactions.set_email
            )
            try:
                await add(proved.interaction, record.id)
            except (PhoneAlreadyInUse, EmailAlreadyInUse) as error:
                return await providers.number_is_taken(proved, record, error)
            return await steps.after_profile(await steps.again(proved))
        if self.flow == "mfa-binding":
            factor = CODE_FACTORS[record.identifier.type]
            await interactions.second_factor.bind(proved.interaction, factor, record.id)
            return await steps.finish(await steps.again(proved))
        if self.flow == "forgot-password":
            await interactions.identify(proved.interaction, record.id)
            return visit.go("/forgot-password/reset")
        return await steps.identify(proved, record.id)

    def _beyond(self, visit: Visit) -> str:
        """Return where someone belongs for whom no code is waiting."""
        is_recovering = visit.interaction.event is steps.FORGOT and visit.interaction.is_identified
        return "/forgot-password/reset" if is_recovering else self.start

    async def resend(self, visit: Visit) -> Response:
        """Send another code, once the wait is over."""
        record = pending_record(visit)
        if record is None:
            return visit.go(self.start)
        wait = wait_of(visit, record, await steps.delivery_of(visit, record))
        if wait:
            raise ResendTooSoon(count=wait)
        await steps.send_another(visit, record.identifier)
        return visit.go(self.path)

    async def delivery(self, visit: Visit) -> Response:
        """Tell a waiting page whether the message failed meanwhile."""
        record = pending_record(visit)
        if record is None:
            raise SessionNotFound
        state = await steps.delivery_of(visit, record)
        return JSONResponse(
            {"problem": problem_of(visit, state), "wait": wait_of(visit, record, state)},
            headers={"Cache-Control": "no-store"},
        )


def pending_record(visit: Visit) -> VerificationRecord | None:
    """Return the code that waits to be typed; an expired one too, so that the page can say so."""
    record = steps.code_record(visit)
    return record if record is not None and record.state == "pending" else None


def wait_of(visit: Visit, record: VerificationRecord, state: MessageState | None) -> int:
    """Return the seconds until another code may be asked for; none after a failure."""
    if state is not None and state.has_failed:
        return 0
    return steps.seconds_to_wait(record, visit.now)


def problem_of(
    visit: Visit, state: MessageState | None, by: IdentifierType | None = None
) -> str | None:
    """Return what to say about a message that did not, or may not, have gone out."""
    if state is None or not (state.has_failed or state is MessageState.UNKNOWN):
        return None
    record = None if by else pending_record(visit)
    by = by or (record.identifier.type if record else "phone")
    phrases = phrases_of(visit.request)
    key = "not_sent" if state.has_failed else "unsure"
    return phrases.text(language_of(visit.request), f"pages.code.{key}_{by}")


def lifetime_of(visit: Visit, record: VerificationRecord) -> str:
    """Return how long a code works, in words."""
    life: timedelta = record.expires_at - record.created_at
    # Whole minutes, never a longer time than the code lives.
    minutes = timedelta(minutes=life // timedelta(minutes=1))
    locale = locale_of(language_of(visit.request))
    return format_timedelta(minutes, granularity="minute", threshold=10, locale=locale)


def _router_of(page: CodePage) -> APIRouter:
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    @router.get(page.path)
    async def show_code_page(visit: Looking) -> Response:
        """Show where the code is typed."""
        return await page.screen(visit)

    @router.post(page.path)
    @refused_on(page.screen)
    async def enter_code(visit: Posting) -> Response:
        """Check the typed code and go on."""
        return await page.verify(visit)

    @router.get(f"{page.path}/resend")
    async def leave_resend(visit: Looking) -> Response:
        """Go back to the code: asking again is a post."""
        return visit.go(page.path)

    @router.post(f"{page.path}/resend")
    @refused_on(page.screen)
    async def send_again(visit: Posting) -> Response:
        """Send another code, if the person has waited long enough."""
        return await page.resend(visit)

    @router.get(f"{page.path}/delivery")
    async def look_at_delivery(visit: Looking) -> Response:
        """Tell the page's script what became of the message."""
        return await page.delivery(visit)

    return router


router = APIRouter()
for _page in (
    CodePage("sign-in", "/sign-in"),
    CodePage("register", "/register"),
    CodePage("continue", "/continue/phone"),
    CodePage("forgot-password", "/forgot-password"),
    CodePage("mfa-binding", "/mfa-binding"),
):
    join(router, _router_of(_page))
