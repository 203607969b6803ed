"""Nobody chooses a password that guessing starts with, and knowing them costs little."""

import subprocess
import sys

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from watchword.core.common_passwords import OURS, _listed, _source, is_common

LISTED = FREQUENCY_LISTS["passwords"]


def test_every_listed_password_is_common_in_whatever_case() -> None:
    assert len(LISTED) == 30_000
    sample = [*LISTED[:50], *LISTED[-50:], *OURS.split()]
    assert [word for word in sample if not is_common(word)] == []
    assert is_common(LISTED[10].upper())


def test_a_part_of_one_or_several_at_once_is_not() -> None:
    assert not is_common("")
    listed = {*LISTED, *OURS.split()}
    longer = [word for word in LISTED if not {word[1:], word[:-1]} & listed]
    assert not is_common(longer[0][1:])
    assert not is_common(longer[0][:-1])
    assert not is_common(",")
    assert not is_common(f"{LISTED[0]},{LISTED[1]}")
    assert not is_common(f"{LISTED[0]}{LISTED[1]}{LISTED[2]}")


def test_nothing_of_the_list_is_left_out() -> None:
    assert _listed(_source()).split(",") == LISTED
    assert _listed("written down in another way").split(",") == LISTED


def test_knowing_them_does_not_run_the_library() -> None:
    program = (
        "import sys; from watchword.core.common_passwords import is_common;"
        "assert is_common('iloveyou') and not is_common('correct horse');"
        "print([name for name in sys.modules if name.startswith('zxcvbn')])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout.strip() == "[]"
