"""What a code is, whatever a tenant settles, and how likely it is to be guessed."""

import math
import re
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from tests.architecture.reference import ROOT
from tests.fakes import FakeClock
from watchword.core.digests import KeyedDigest
from watchword.core.keys import SecretKeys
from watchword.guard.errors import TooManyAttempts
from watchword.guard.models import GuardPolicy, LockoutPool
from watchword.guard.repository import GuardRepository
from watchword.guard.service import Lockout
from watchword.interactions.models import AMR
from watchword.sign_in_settings.models import CodePolicy, LockoutPolicy, SignInSettings
from watchword.storage import Storage
from watchword.verification.models import RecordType

ALICE = "821012345678"
CODES = 10 ** CodePolicy().length
DAY = timedelta(days=1)
ADVISED = LockoutPolicy(max_attempts=10, duration=timedelta(hours=5))
EXPLANATION = ROOT / "docs" / "explanation" / "security.md"


@pytest.mark.parametrize("given", [1, 4, 5, "4", None])
def test_s1_no_setting_makes_a_code_shorter_than_six_digits(given: Any) -> None:
    policy = {"length": given, "codeLength": given, "expirationDuration": 60}

    settings = SignInSettings.model_validate({"verificationCodePolicy": policy})
    tightened = GuardPolicy.strict().tightened(settings.code_policy)

    assert settings.code_policy.lifetime == timedelta(seconds=60)
    assert re.fullmatch(r"[0-9]{6}", settings.code_policy.new_code())
    assert re.fullmatch(r"[0-9]{6}", tightened.new_code())


@pytest.mark.parametrize("seconds", [0, 59, 3601])
def test_s3_a_code_lives_no_longer_than_an_hour_and_under_the_strict_preset_ten_minutes(
    seconds: int,
) -> None:
    with pytest.raises(ValidationError):
        SignInSettings.model_validate({"verificationCodePolicy": {"expirationDuration": seconds}})
    longest = SignInSettings.model_validate(
        {"verificationCodePolicy": {"expirationDuration": 3600}}
    )

    assert SignInSettings().code_policy.lifetime == timedelta(minutes=10)
    assert GuardPolicy.strict().tightened(longest.code_policy).lifetime == timedelta(minutes=10)


def test_s8_digits_can_not_be_found_from_a_digest_without_the_key(keys: SecretKeys) -> None:
    ours, theirs = KeyedDigest(keys, "code"), KeyedDigest(SecretKeys({"k2": bytes(32)}), "code")
    stored = ours.of("default", "flow", ALICE, "000042")

    guesses = [f"{number:06}" for number in range(1000)]

    found_by = {
        who: [code for code in guesses if digest.of("default", "flow", ALICE, code) == stored]
        for who, digest in (("ours", ours), ("theirs", theirs))
    }
    assert found_by == {"ours": ["000042"], "theirs": []}


@pytest.mark.slow
@pytest.mark.parametrize("policy", [LockoutPolicy(), ADVISED], ids=["default", "advised"])
async def test_s24_a_guesser_gets_as_many_tries_a_day_as_the_settings_say(
    storage: Storage, clock: FakeClock, keys: SecretKeys, policy: LockoutPolicy
) -> None:
    lockout = Lockout(
        counters=GuardRepository(storage, "default"),
        digest=KeyedDigest(keys, "guard"),
        clock=clock,
        policy=policy,
    )
    begun, tries = clock.now(), 0

    while clock.now() < begun + DAY:
        try:
            await lockout.attempt(LockoutPool.SHARED, ALICE)
            tries += 1
        except TooManyAttempts as locked:
            clock.advance(timedelta(minutes=locked.values["count"]))

    assert tries == tries_a_day(policy)


def test_s24_how_likely_a_guess_is_to_be_right_is_documented() -> None:
    written = " ".join(EXPLANATION.read_text().split())
    by_default, advised = (tries_a_day(policy) for policy in (LockoutPolicy(), ADVISED))

    assert (
        f"{by_default} tries a day against one number: one chance in {CODES // by_default + 1}"
        in (written)
    )
    assert advised / CODES <= 5e-5
    assert f"`maxAttempts` {ADVISED.max_attempts} and `lockoutDuration` 300" in written
    assert f"{advised} tries a day" in written


def tries_a_day(policy: LockoutPolicy) -> int:
    """Return how often somebody can guess who comes back as soon as each lock ends."""
    return math.ceil(DAY / policy.duration) * policy.max_attempts


def test_s55_a_code_by_email_is_neither_out_of_band_nor_a_second_factor() -> None:
    assert AMR[RecordType.EMAIL_CODE] == ("otp",)
    assert not {name for amr in AMR.values() for name in amr} & {"oob", "mfa", "mca"}
