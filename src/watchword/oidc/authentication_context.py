"""Authentication context classes: how a person proved who they are (OpenID Connect Core, 2)."""

ONE_FACTOR = "urn:watchword:acr:1fa"
"""One proof: a code, or a password."""

TWO_FACTORS = "urn:watchword:acr:2fa"
"""Two proofs apart from each other, so that losing one thing opens nothing; see `amr` for which."""

ACR_VALUES = (ONE_FACTOR, TWO_FACTORS)


def acr_of(amr: tuple[str, ...]) -> str | None:
    """Return the class of a sign-in by its methods, or None where no method is known."""
    return ONE_FACTOR if amr else None


def wants_two(values: tuple[str, ...], *, is_essential: bool) -> bool:
    """Tell whether classes that a client listed, the dearest first, ask for a second proof."""
    if is_essential:
        return TWO_FACTORS in values and ONE_FACTOR not in values
    known = [value for value in values if value in ACR_VALUES]
    return known[:1] == [TWO_FACTORS]
