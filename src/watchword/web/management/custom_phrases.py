"""`/api/custom-phrases`: what a tenant's pages say in its own words."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Path
from pydantic import AfterValidator

from watchword.custom_phrases.errors import (
    DefaultLanguageNotDeletable,
    InvalidTranslationStructure,
    PhrasesNotFound,
    PhrasesRefused,
    TooManyLanguages,
)
from watchword.custom_phrases.models import (
    LONGEST_TAG,
    TAG,
    CustomPhrases,
    flattened,
    is_language_tag,
    tree_of,
)
from watchword.web.documented import problems
from watchword.web.management.access import Caller, Management
from watchword.web.models import ApiModel

router = APIRouter(prefix="/custom-phrases", tags=["Custom phrases"])


def _language(value: str) -> str:
    if not is_language_tag(value):
        raise ValueError("this is not a language tag")
    return value


LanguageTag = Annotated[
    str,
    Path(alias="languageTag", max_length=LONGEST_TAG, pattern=f"^{TAG.pattern}$"),
    AfterValidator(_language),
]


class CustomPhrasesAnswer(ApiModel):
    """One language, with what it says in the tenant's own words."""

    tenant_id: str
    id: str
    """The language's tag: a tenant has each language once."""
    language_tag: str
    translation: dict[str, Any]
    """A part of what `/api/.well-known/phrases` shows."""

    @classmethod
    def of(cls, caller: Management, phrases: CustomPhrases) -> Self:
        """Show a language."""
        return cls(
            tenant_id=caller.tenant.tenant.id,
            id=phrases.language,
            language_tag=phrases.language,
            translation=tree_of(phrases.texts),
        )


@router.get("")
async def list_custom_phrases(caller: Caller) -> list[CustomPhrasesAnswer]:
    """List the languages that have own phrases or were added."""
    listed = await caller.tenant.custom_phrases.list()
    return [CustomPhrasesAnswer.of(caller, phrases) for phrases in listed]


@router.get("/{languageTag}", responses=problems(PhrasesNotFound))
async def get_custom_phrases(language: LanguageTag, caller: Caller) -> CustomPhrasesAnswer:
    """Show the own phrases of one language."""
    return CustomPhrasesAnswer.of(caller, await caller.tenant.custom_phrases.get(language))


@router.put(
    "/{languageTag}",
    status_code=201,
    responses=problems(InvalidTranslationStructure, PhrasesRefused, TooManyLanguages),
)
async def replace_custom_phrases(
    language: LanguageTag, body: dict[str, Any], caller: Caller
) -> CustomPhrasesAnswer:
    """Say what the body says, a part of the tree of `/api/.well-known/phrases`.

    A phrase that is empty or missing is the built-in one. A language without any is there, too.
    """
    phrases = await caller.tenant.configuration.phrases.replace(
        caller.actor, language, flattened(body)
    )
    return CustomPhrasesAnswer.of(caller, phrases)


@router.delete(
    "/{languageTag}",
    status_code=204,
    responses=problems(PhrasesNotFound, DefaultLanguageNotDeletable),
)
async def delete_custom_phrases(language: LanguageTag, caller: Caller) -> None:
    """Forget a language's own phrases; a language that is not built in is gone then."""
    await caller.tenant.configuration.phrases.delete(caller.actor, language)
