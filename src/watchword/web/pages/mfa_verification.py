"""Second step: type a code of an app, one that was sent, or a recovery code."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.factors.models import IDENTIFIERS, SUPPORTED, address_of
from watchword.messaging.models import MessageState
from watchword.sign_in_settings.sections import MfaFactor
from watchword.users.models import Identifier
from watchword.verification.models import VerificationRecord
from watchword.web.joining import join
from watchword.web.pages import second_steps, steps
from watchword.web.pages.errors import CodeMissing, ResendTooSoon
from watchword.web.pages.verification_code import lifetime_of, problem_of, wait_of
from watchword.web.pages.visit import Looking, PageRoute, Posting, Visit, refused_on

router = APIRouter(route_class=PageRoute, include_in_schema=False)

APP_DIGITS = 6


async def ways_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Show every way that this person has to prove who they are."""
    factors = await second_steps.owed(visit)
    if not factors:
        return visit.go("/sign-in")
    user = await visit.scope.users.get(visit.interaction.user_id or "")
    return ways_page(
        visit, error, {factor: _masked(factor, address_of(user, factor)) for factor in factors}
    )


def ways_page(visit: Visit, error: DomainError | None, masked: Mapping[MfaFactor, str]) -> Response:
    """Return the page that offers these factors, each with where its codes go."""
    return visit.show(
        "mfa_ways.html",
        error,
        factors=tuple(masked),
        sent=tuple(factor for factor in masked if factor in IDENTIFIERS),
        masked=masked,
        error_words=visit.words(error),
    )


def _masked(factor: MfaFactor, address: str | None) -> str:
    return Identifier(IDENTIFIERS[factor], address).masked if address else ""


@router.get("/mfa-verification")
async def show_ways(visit: Looking) -> Response:
    """Show every way that this person has to prove who they are."""
    return await ways_screen(visit)


@dataclass(frozen=True)
class ProofPage:
    """The page on which one kind of second proof is given."""

    factor: MfaFactor

    @property
    def path(self) -> str:
        """Return the page's own path."""
        return f"/mfa-verification/{self.factor}"

    @property
    def is_sent(self) -> bool:
        """Tell whether its codes come by message."""
        return self.factor in IDENTIFIERS

    async def screen(self, visit: Visit, error: DomainError | None = None) -> Response:
        """Show the field for the code."""
        factors = await second_steps.owed(visit)
        if self.factor not in factors:
            return visit.go("/mfa-verification")
        record = second_steps.sent_record(visit, self.factor) if self.is_sent else None
        if self.is_sent and record is None:
            return visit.go("/mfa-verification")
        state = await steps.delivery_of(visit, record) if record and not error else None
        return self.page(visit, error, record, state, has_others=len(factors) > 1)

    def page(
        self,
        visit: Visit,
        error: DomainError | None,
        record: VerificationRecord | None,
        state: MessageState | None = None,
        *,
        has_others: bool,
    ) -> Response:
        """Return the page with the field for the code, sent as *record* if it is sent."""
        return visit.show(
            "mfa_verify.html",
            error,
            here=self.path,
            factor=self.factor,
            is_sent=self.is_sent,
            masked=record.identifier.masked if record else "",
            lifetime=lifetime_of(visit, record) if record else "",
            wait=wait_of(visit, record, state) if record else 0,
            code_length=self._length(visit),
            has_others=has_others,
            problem=problem_of(visit, state, record.identifier.type) if record else None,
            error_words=visit.words(error),
        )

    async def verify(self, visit: Visit) -> Response:
        """Check the typed code, then go on where the proof was asked for."""
        second_factor, interaction = visit.scope.interactions.second_factor, visit.interaction
        if not interaction.is_identified:
            return visit.go("/sign-in")
        if self.factor == "BackupCode":
            typed = visit.form.text("code")
            if not typed:
                raise CodeMissing
            await second_factor.verify_recovery_code(interaction, typed)
        elif self.factor == "Totp":
            await second_factor.verify_totp(interaction, visit.form.code(APP_DIGITS))
        else:
            code = visit.form.code(visit.settings.code_policy.length)
            record = second_steps.sent_record(visit, self.factor)
            if record is None:
                return visit.go("/mfa-verification")
            type_ = IDENTIFIERS[self.factor]
            await second_factor.verify_code(interaction, type_, record.id, code)
        return await steps.finish(await steps.again(visit))

    async def send(self, visit: Visit) -> Response:
        """Send a code, if the person has waited long enough since the last one."""
        if not visit.interaction.is_identified:
            return visit.go("/sign-in")
        await second_steps.send(visit, self.factor)
        return visit.go(self.path)

    async def send_again(self, visit: Visit) -> Response:
        """Send another code, once the wait is over."""
        record = second_steps.sent_record(visit, self.factor)
        if record is None:
            return visit.go("/mfa-verification")
        wait = wait_of(visit, record, await steps.delivery_of(visit, record))
        if wait:
            raise ResendTooSoon(count=wait)
        await second_steps.send_another(visit, self.factor)
        return visit.go(self.path)

    def _length(self, visit: Visit) -> int:
        return visit.settings.code_policy.length if self.is_sent else APP_DIGITS


def _router_of(page: ProofPage) -> APIRouter:
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    @router.get(page.path)
    async def show_proof(visit: Looking) -> Response:
        """Show where the code is typed."""
        return await page.screen(visit)

    @router.post(page.path)
    @refused_on(page.screen)
    async def give_proof(visit: Posting) -> Response:
        """Check the typed code and go on."""
        return await page.verify(visit)

    return router


def _sending_router_of(page: ProofPage) -> APIRouter:
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    @router.post(f"{page.path}/send")
    @refused_on(ways_screen)
    async def send_code(visit: Posting) -> Response:
        """Send a code as the second proof."""
        return await page.send(visit)

    @router.post(f"{page.path}/resend")
    @refused_on(page.screen)
    async def send_another(visit: Posting) -> Response:
        """Send another code, if the person has waited long enough."""
        return await page.send_again(visit)

    for action in ("send", "resend"):

        @router.get(f"{page.path}/{action}")
        async def leave_sending(visit: Looking) -> Response:
            """Go back to the code: asking for one is a post."""
            return visit.go(page.path)

    return router


for _factor in SUPPORTED:
    _page = ProofPage(_factor)
    join(router, _router_of(_page))
    if _page.is_sent:
        join(router, _sending_router_of(_page))
