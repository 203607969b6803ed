"""The passwords that guessing starts with: NIST SP 800-63B, 3.1.1.2, asks for such a list."""

import re
from ast import literal_eval
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# What guessing a server of this name starts with, and what the list has no room for.
OURS = """watchword watchword1 watchword123 watchword1234 changeme1 changeit welcome123 admin1234
    administrator1 passw0rd1 p@ssw0rd1 p@ssword1 p@ssword123 qwerty12 password12 letmein123"""

BETWEEN = ","
LISTED = re.compile(r'"passwords": ("[^"\\]*(?:\\.[^"\\]*)*")\.split\("' + BETWEEN + r'"\)')


def is_common(password: str) -> bool:
    """Tell whether a password, in whatever case, is among the first that anyone tries.

    The whole of it counts: a long password may well have a common one in it. Nothing leaves this
    server.
    """
    return BETWEEN not in password and f"{BETWEEN}{password.casefold()}{BETWEEN}" in _list()


@cache
def _list() -> str:
    # Read when first asked for: who signs in with codes alone never needs it. One text, which is
    # searched in less than a thousandth of what hashing the password takes: as a set it would
    # be ten times as large.
    return BETWEEN.join(("", *OURS.split(), _listed(_source()), ""))


def _source() -> str:
    # Not imported: that would run the library and make five more lists and what it scores by,
    # 16 MB of them, while every other request waits.
    library = find_spec("zxcvbn")
    assert library is not None
    assert library.origin is not None
    return Path(library.origin).with_name("frequency_lists.py").read_text(encoding="utf-8")


def _listed(source: str) -> str:
    found = LISTED.search(source)
    if found is not None:
        return str(literal_eval(found[1]))
    # A release that writes it down in another way: dear, and as good.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return BETWEEN.join(FREQUENCY_LISTS["passwords"])
