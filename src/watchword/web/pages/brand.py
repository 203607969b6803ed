"""How a tenant looks on its sign-in pages: logo, colours, links, and the application's name."""

from dataclasses import dataclass
from functools import lru_cache

from starlette.requests import Request

from watchword.applications.models import (
    ACCOUNT_APP_ID,
    DEMO_APP_ID,
    INVITATIONS_APP_ID,
    Application,
    origin_of,
)
from watchword.pictures.service import PictureService
from watchword.sign_in_settings.models import SignInSettings
from watchword.sign_in_settings.sections import Color
from watchword.web.pages.colours import DARK_SURFACE, LIGHT_SURFACE, Accent, accent_on
from watchword.web.pages.custom_css import harmless
from watchword.web.problems import language_of, phrases_of
from watchword.web.scope import TenantScope

UNTOUCHED_COLOR = SignInSettings().color
"""The contract's colours of a new tenant: nobody chose them, so the pages keep their own."""

BUILT_IN = {
    DEMO_APP_ID: ("/demo-app", "pages.demo_application"),
    ACCOUNT_APP_ID: ("/account", "pages.account.title"),
    # It has no page but those behind the links, which people were sent.
    INVITATIONS_APP_ID: (None, "pages.invitation.application"),
}
"""Where the built-in applications are, if anywhere, and the phrases that name them."""


@dataclass(frozen=True)
class Brand:
    """What the frame of a page shows."""

    settings: SignInSettings
    languages: tuple[tuple[str, str], ...]
    """Tags and their own names for themselves."""
    path: str
    application: Application | None
    application_name: str
    """The application that people sign in to, or nothing."""
    is_development: bool
    pictures: PictureService
    account_css: str | None = None
    """The account centre's own style sheet, on its pages."""

    @property
    def application_address(self) -> str | None:
        """Return where people find the application, if that is on the web."""
        if self.application is None:
            return None
        if self.application.id in BUILT_IN:
            return BUILT_IN[self.application.id][0]
        return next(filter(None, map(origin_of, self.application.redirect_uris)), None)

    @property
    def has_dark(self) -> bool:
        """Tell whether the pages follow a dark system."""
        color = self.settings.color
        return color.is_dark_mode_enabled or color == UNTOUCHED_COLOR

    @property
    def light(self) -> Accent | None:
        """Return the tenant's colour for light pages."""
        return _accents(self.settings.color)[0]

    @property
    def dark(self) -> Accent | None:
        """Return the tenant's colour for dark pages."""
        return _accents(self.settings.color)[1] if self.has_dark else None

    @property
    def logo_url(self) -> str | None:
        """Return where the tenant's logo is: with us, as every picture."""
        return self.pictures.address_of(self.settings.branding.logo_url)

    @property
    def dark_logo_url(self) -> str | None:
        """Return the tenant's logo for dark pages."""
        return self.pictures.address_of(self.settings.branding.dark_logo_url)

    @property
    def favicon(self) -> str | None:
        """Return the tenant's icon."""
        return self.pictures.address_of(self.settings.branding.favicon)

    @property
    def sheets(self) -> list[str]:
        """Return the tenant's own style sheets, without what would reach other places."""
        return [harmless(sheet) for sheet in (self.settings.custom_css, self.account_css) if sheet]

    @property
    def terms_url(self) -> str | None:
        """Return where the terms of use are."""
        return self.settings.terms_of_use_url or None

    @property
    def privacy_url(self) -> str | None:
        """Return where the privacy policy is."""
        return self.settings.privacy_policy_url or None

    @property
    def support_email(self) -> str | None:
        """Return the address that helps people."""
        return self.settings.support_email or None

    @property
    def support_url(self) -> str | None:
        """Return the page that helps people."""
        return self.settings.support_website_url or None

    def language_address(self, tag: str) -> str:
        """Return this page in another language."""
        separator = "&" if "?" in self.path else "?"
        return f"{self.path}{separator}lang={tag}"


def brand_of(
    request: Request,
    scope: TenantScope,
    application: Application | None,
    path: str,
    *,
    settings: SignInSettings | None = None,
    account_css: str | None = None,
) -> Brand:
    """Return the look of a page of *scope* at *path*; *settings* say it in the tenant's place."""
    phrases = phrases_of(request)
    name = application.name if application else ""
    if application and application.id in BUILT_IN:
        name = phrases.text(language_of(request), BUILT_IN[application.id][1])
    return Brand(
        settings=settings or scope.settings,
        languages=tuple((tag, phrases.name_of(tag)) for tag in sorted(phrases.languages)),
        path=path,
        application=application,
        application_name=name,
        is_development=not scope.tenant.is_production,
        pictures=scope.pictures,
        account_css=account_css,
    )


@lru_cache(maxsize=256)
def _accents(color: Color) -> tuple[Accent | None, Accent | None]:
    if color == UNTOUCHED_COLOR:
        return None, None
    return (
        accent_on(LIGHT_SURFACE, color.primary_color),
        accent_on(DARK_SURFACE, color.dark_primary_color),
    )
