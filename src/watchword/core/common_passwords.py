"""The passwords that guessing starts with: NIST SP 800-63B, 3.1.1.2, asks for such a list."""

from functools import cache

# What guessing a server of this name starts with, and what the list has no room for.
OURS = """watchword watchword1 watchword123 watchword1234 changeme1 changeit welcome123 admin1234
    administrator1 passw0rd1 p@ssw0rd1 p@ssword1 p@ssword123 qwerty12 password12 letmein123"""


def is_common(password: str) -> bool:
    """Tell whether a password, in whatever case, is among the first that anyone tries.

    The whole of it counts: a long password may well have a common one in it. Nothing leaves this
    server.
    """
    return password.casefold() in _list()


@cache
def _list() -> frozenset[str]:
    # Read when first asked for: who signs in with codes alone never needs it.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset((*FREQUENCY_LISTS["passwords"], *OURS.split()))
