"""`/account/phone` and `/account/email`: another number or address, proved before it is saved."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from watchword.account.errors import LastSignInMethodRequired
from watchword.account.own_account import Contact
from watchword.core.errors import DomainError
from watchword.users.errors import EmailAlreadyInUse, PhoneAlreadyInUse
from watchword.users.models import Identifier
from watchword.verification.models import VerificationRecord
from watchword.web.account_pages import codes
from watchword.web.account_pages.success import done
from watchword.web.account_pages.visit import (
    AccountPageRoute,
    Looking,
    Posting,
    Visit,
    refused_on,
)
from watchword.web.joining import join
from watchword.web.pages.countries import countries, default_country
from watchword.web.pages.identifiers import (
    IdentifierField,
    beside_country,
    read_identifier,
    region_or_none,
)


@dataclass(frozen=True)
class ContactPage:
    """The pages of one kind of contact."""

    type: Contact

    @property
    def path(self) -> str:
        """Return the page at which the new one is typed."""
        return f"/account/{self.type}"

    @property
    def code(self) -> str:
        """Return the page at which its code is typed."""
        return f"{self.path}/verification-code"

    def current(self, visit: Visit) -> Identifier | None:
        """Return what the person has now."""
        value = visit.user.primary_phone if self.type == "phone" else visit.user.primary_email
        return Identifier(self.type, value) if value else None

    async def screen(self, visit: Visit, error: DomainError | None = None) -> Response:
        """Ask for the new number or address."""
        visit.settings.require_editable(self.type)
        await visit.step_up.require(visit.asker)
        current = self.current(visit)
        return visit.show(
            "contact.html",
            error,
            kind=self.type,
            here=self.path,
            current=current.masked if current else None,
            field=self._field(visit),
            field_error=not isinstance(error, LastSignInMethodRequired),
        )

    async def send(self, visit: Visit) -> Response:
        """Send a code to the new number or address."""
        visit.settings.require_editable(self.type)
        await visit.step_up.require(visit.asker)
        typed = visit.form.text("identifier")
        identifier = read_identifier(typed, (self.type,), visit.form.text("country"))
        await codes.send(visit, "new", identifier)
        return visit.go(self.code)

    async def code_screen(self, visit: Visit, error: DomainError | None = None) -> Response:
        """Ask for the code; where the number is somebody's, ask for another number."""
        if isinstance(error, PhoneAlreadyInUse | EmailAlreadyInUse):
            return await self.screen(visit, error)
        pending = await self._pending(visit)
        if pending is None:
            return visit.go(self.path)
        start = visit.address(self.path)
        return await codes.show(visit, pending, error, here=self.code, start=start)

    async def save(self, visit: Visit) -> Response:
        """Check the code, then save what it proves."""
        pending = await self._pending(visit)
        if pending is None:
            return visit.go(self.path)
        # First: who must prove again who they are keeps the code.
        await visit.step_up.require(visit.asker)
        proved = await codes.verify(visit, pending)
        await visit.account.set_contact(
            visit.asker, self.type, proved.identifier.value, proved.id, visit.context
        )
        return await done(visit, self.type)

    async def resend(self, visit: Visit) -> Response:
        """Send another code, if the person has waited long enough."""
        pending = await self._pending(visit)
        if pending is not None:
            await codes.send_again(visit, "new", pending)
        return visit.go(self.code)

    async def remove(self, visit: Visit) -> Response:
        """Take the number or the address away."""
        await visit.account.remove_contact(visit.asker, self.type, visit.context)
        return await done(visit, self.type, is_removal=True)

    async def _pending(self, visit: Visit) -> VerificationRecord | None:
        pending = await codes.find_pending(visit, "new")
        return pending if pending is not None and pending.identifier.type == self.type else None

    def _field(self, visit: Visit) -> IdentifierField:
        allowed = visit.scope.guard.allowed_countries
        listed = countries(visit.language, allowed)
        region = region_or_none(visit.form.text("country")) or default_country(
            (*visit.request.state.languages, visit.language), listed
        )
        value = visit.form.text("identifier")[:128] or visit.options.identifier
        if self.type == "phone":
            region, value = beside_country(value, region, {country.region for country in listed})
        return IdentifierField(
            types=(self.type,),
            region=region,
            language=visit.language,
            allowed=allowed,
            value=value,
        )


def _router_of(page: ContactPage) -> APIRouter:
    router = APIRouter(route_class=AccountPageRoute, include_in_schema=False)

    @router.get(page.path)
    async def show_contact(visit: Looking) -> Response:
        """Ask for the new one."""
        return await page.screen(visit)

    @router.post(page.path)
    @refused_on(page.screen)
    async def send_code(visit: Posting) -> Response:
        """Send a code to the new one."""
        return await page.send(visit)

    @router.get(page.code)
    async def show_code(visit: Looking) -> Response:
        """Ask for the code."""
        return await page.code_screen(visit)

    @router.post(page.code)
    @refused_on(page.code_screen)
    async def enter_code(visit: Posting) -> Response:
        """Check the code and save the new one."""
        return await page.save(visit)

    @router.get(f"{page.code}/resend")
    async def leave_resend(visit: Looking) -> Response:
        """Go back to the code: asking again is a post."""
        return visit.go(page.code)

    @router.post(f"{page.code}/resend")
    @refused_on(page.code_screen)
    async def send_again(visit: Posting) -> Response:
        """Send another code."""
        return await page.resend(visit)

    @router.post(f"{page.path}/remove")
    @refused_on(page.screen)
    async def remove(visit: Posting) -> Response:
        """Take the present one away."""
        return await page.remove(visit)

    return router


router = APIRouter()
for _page in (ContactPage("phone"), ContactPage("email")):
    join(router, _router_of(_page))
