"""The parts of the pages in which an editor of their texts is divided."""

from collections.abc import Mapping

from watchword.custom_phrases.models import ERRORS

AREAS: Mapping[str, tuple[str, ...]] = {
    "sign_in": ("sign_in", "sign_in_password", "identifier", "no_account", "work"),
    "register": (
        "register",
        "has_account",
        "continue_username",
        "continue_phone",
        "continue_email",
        "continue_email_or_phone",
        "agree",
    ),
    "code": ("code",),
    "password": (
        "password",
        "new_password",
        "password_rejected",
        "forgot_password",
        "password_changed",
    ),
    "second_step": ("mfa_choose", "mfa_app", "mfa_codes", "mfa_verify", "mfa_ways"),
    "social": ("social", "social_failed", "social_link"),
    "account": ("account",),
    "invitation": ("invitation",),
    "consent": ("consent",),
    "ending": ("expired", "suspended", "error", "form_post", "sign_out", "signed_out"),
    "frame": (
        "demo_application",
        "development",
        "language",
        "terms",
        "privacy",
        "country",
        "change_phone",
        "change_email",
        "change_username",
        "use_other_phone",
        "use_other_email",
        "reference",
        "support",
    ),
    "errors": (
        "errors.account_center",
        "errors.form",
        "errors.guard",
        "errors.password",
        "errors.request",
        "errors.server",
        "errors.session",
        "errors.user",
        "errors.verification_code",
        "errors.verification_record",
    ),
    "other_errors": (),
}
"""By name, the beginnings of the keys; the errors that only programs are told come last."""

_AREA_OF = {head: area for area, heads in AREAS.items() for head in heads}


def area_of(key: str) -> str | None:
    """Return the part of the pages that a phrase belongs to."""
    first, _, rest = key.partition(".")
    if key.startswith(ERRORS):
        return _AREA_OF.get(f"{first}.{rest.partition('.')[0]}", "other_errors")
    return _AREA_OF.get(first)
