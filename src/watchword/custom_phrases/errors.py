"""What speaks against own phrases, in the contract's codes where it has one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from watchword.core.errors import DomainError


class PhrasesNotFound(DomainError):
    """The tenant has no phrases of its own in this language."""

    code = "entity.not_found"


class InvalidTranslationStructure(DomainError):
    """A key is none of the pages' phrases; `data` names the first ones."""

    code = "localization.invalid_translation_structure"

    @classmethod
    def of(cls, *keys: str) -> Self:
        """Return the error that names *keys*."""
        # Half a surrogate pair has no UTF-8 to answer or to log it in.
        named = [key[:128].encode(errors="replace").decode() for key in keys]
        return cls(", ".join(named)[:200], data={"keys": named})


class DefaultLanguageNotDeletable(DomainError):
    """Pages fall back to this language."""

    code = "localization.cannot_delete_default_language"


class TooManyLanguages(DomainError):
    """A tenant has own phrases in so many languages and no more."""

    code = "localization.too_many_languages"


@dataclass(frozen=True)
class PhraseProblem:
    """What is wrong with one phrase."""

    key: str
    problem: str
    """`placeholder_missing` | `placeholder_unknown` | `too_long` | `not_text`."""
    placeholder: str | None = None


class PhrasesRefused(DomainError):
    """Phrases that pages could not show; `problems` say which and why."""

    code = "localization.phrases_refused"

    def __init__(self, problems: Sequence[PhraseProblem]) -> None:
        super().__init__(
            ", ".join(f"{problem.key}: {problem.problem}" for problem in problems),
            data={"phrases": [vars(problem) for problem in problems]},
            key=problems[0].key,
        )
        self.problems = tuple(problems)
