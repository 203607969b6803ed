"""Authentication context classes: how a person proved who they are (OpenID Connect Core, 2)."""

ONE_FACTOR = "urn:watchword:acr:1fa"
"""One proof: a code, or a password."""

ACR_VALUES = (ONE_FACTOR,)


def acr_of(amr: tuple[str, ...]) -> str | None:
    """Return the class of a sign-in by its methods, or None where no method is known."""
    return ONE_FACTOR if amr else None
