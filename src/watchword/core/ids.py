"""Unguessable names for rows, flows and bearers."""

import secrets
import string

ALPHABET = string.digits + string.ascii_lowercase


def new_id(length: int = 21) -> str:
    """Return a random id in the contract's alphabet; 21 characters hold 108 bits."""
    # One number with 64 bits more than the id holds: the bias is below 2**-64.
    number = secrets.randbits(length * 6 + 64)
    characters = []
    for _ in range(length):
        number, digit = divmod(number, 36)
        characters.append(ALPHABET[digit])
    return "".join(characters)


def new_user_id() -> str:
    """Return a random user id, which becomes the `sub` of tokens."""
    return new_id(12)


def new_token() -> str:
    """Return a bearer secret of 256 bits in URL-safe characters."""
    return secrets.token_urlsafe(32)


def new_link_token() -> str:
    """Return a bearer secret of 130 bits in 22 characters, for links that are texted."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(22))
