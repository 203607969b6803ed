"""A little work before a code: belongs to one visit, and is good once."""

import hashlib
from datetime import UTC, datetime
from itertools import count

import pytest

from watchword.interactions.work import BITS, Work, challenge_of, is_answer

MOMENT = datetime(2026, 5, 1, tzinfo=UTC)


def solve(challenge: str) -> str:
    """Do the work."""
    # What does not change is hashed once.
    begun = hashlib.sha256(f"{challenge}:".encode())
    for number in count(1):
        tried = begun.copy()
        tried.update(b"%d" % number)
        # Few are left to be looked at by the rule itself.
        if tried.digest()[0] == 0 and is_answer(challenge, str(number)):
            return str(number)
    raise AssertionError("every challenge has an answer")


def test_an_answer_is_found_and_another_challenge_refuses_it() -> None:
    mine = challenge_of("visit", MOMENT, Work())
    others = [
        challenge_of("another visit", MOMENT, Work()),
        challenge_of("visit", MOMENT, Work(count=1)),
        challenge_of("visit", None, Work()),
    ]

    answer = solve(mine)

    assert is_answer(mine, answer)
    assert not any(is_answer(challenge, answer) for challenge in others)


@pytest.mark.parametrize("given", ["", "x", "-1", "1" * 17, "١", "1\n"])
def test_nonsense_is_no_answer(given: str) -> None:
    assert not is_answer(challenge_of("visit", MOMENT, Work()), given)


def test_it_takes_as_many_tries_as_it_says() -> None:
    challenges = [challenge_of(str(n), MOMENT, Work()) for n in range(4)]

    tries = sum(int(solve(challenge)) for challenge in challenges)

    # Of four, each 65,536 on average: far less or far more would be another rule.
    assert 0.05 < tries / 4 / 2**BITS < 4


def test_work_is_good_for_one_identifier_and_comes_back_from_its_row() -> None:
    assert not Work().is_good_for("821012345678")
    fresh = Work(count=1)
    assert fresh.is_good_for("821012345678")
    spent = Work(count=1, spent_on="821012345678")

    assert spent.is_good_for("821012345678")
    assert not spent.is_good_for("821087654321")
    assert Work.from_row(spent.to_row()) == spent
    assert Work.from_row(Work().to_row()) == Work()
