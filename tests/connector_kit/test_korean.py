"""What Korean carriers count and refuse."""

import pytest

from watchword.connector_kit.korean import size_of, unsupported, warn_of_letters
from watchword.connector_kit.templates import TextTemplate
from watchword.connector_kit.wording import DEFAULTS, default_templates


@pytest.mark.parametrize(
    ("text", "size"), [("", 0), ("abc 1\n", 6), ("가나다", 6), ("인증번호 123456", 15), ("…", 2)]
)
def test_hangul_takes_two_bytes_and_latin_one(text: str, size: int) -> None:
    assert size_of(text) == size


@pytest.mark.parametrize(
    ("text", "odd"),
    [("인증번호 “1” ①", None), ("코드 😀 뷁", "😀"), ("똠방각하", "똠"), ("café", "é")],
)
def test_the_first_character_that_euc_kr_lacks_is_named(text: str, odd: str | None) -> None:
    assert unsupported(text) == odd


@pytest.mark.parametrize("language", DEFAULTS)
def test_the_texts_to_begin_with_are_fit_for_korea(language: str) -> None:
    texts = [TextTemplate.model_validate(text) for text in default_templates(language)]

    assert warn_of_letters(texts) == []


def test_a_text_with_such_a_character_warns_in_both_languages() -> None:
    [warning] = warn_of_letters([TextTemplate(usage_type="SignIn", content="{{code}} 😀")])

    assert warning.key == "templates"
    assert all("😀" in warning.shape[language] for language in ("en", "ko"))
