"""Recovery codes as people write them down: made, and spelled in one way."""

import secrets

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without the characters that are taken for one another."""
GROUP = 4


def new_code(length: int) -> str:
    """Return a code of so many characters from the OS's random source, in groups."""
    return grouped("".join(secrets.choice(ALPHABET) for _ in range(length)))


def grouped(code: str) -> str:
    """Return a code in groups of four, as people read it best."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def plain(typed: str) -> str:
    """Return one spelling of what was typed: without spaces and dashes, in small letters."""
    return "".join(typed.split()).replace("-", "").lower()
