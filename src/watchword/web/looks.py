"""Whose look a sign-in page has: the tenant's, or that of an organization."""

from watchword.applications.models import Application
from watchword.sign_in_settings.models import SignInSettings
from watchword.web.scope import TenantScope


async def settings_looking_right(
    scope: TenantScope, organization_id: str | None, application: Application | None
) -> SignInSettings:
    """Return the tenant's settings in the look of the organization, if there is one.

    A third party's application does not choose how the tenant looks.
    """
    if organization_id is None or (application is not None and application.is_third_party):
        return scope.settings
    organization = await scope.organizations.find(organization_id)
    if organization is None:
        return scope.settings
    return scope.settings.looking_like(
        organization.color, organization.branding, organization.custom_css
    )
