"""Search, and what somebody may be typing."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Query

from kgrec.explanation.words import relation_words
from kgrec.features.templates import relation_texts
from kgrec.query.understanding import Query as Understood
from kgrec.retrieval.answer import SearchAnswer, SearchHit
from kgrec.retrieval.filters import Filters
from kgrec.serving.keys import Role
from kgrec.serving.problems import Problem
from kgrec.serving.schemas import (
    FacetValue,
    FoundItem,
    Id,
    K,
    SearchOut,
    Suggestion,
    Suggestions,
    Text,
    finite,
)
from kgrec.serving.service import TheService, needs

router = APIRouter(tags=["search"], dependencies=[Depends(needs(Role.READ))])
LONGEST_QUERY = 512
SHOWN_REASONS = 3
Words = Annotated[Text, Query(max_length=LONGEST_QUERY, examples=["运动鞋"])]


@router.get("/search", summary="Items for a text, ordered for a person")
async def search(
    service: TheService,
    q: Words = "",
    user: Annotated[Id | None, Query(examples=["196"])] = None,
    k: Annotated[K, Query()] = 10,
    filter: Annotated[
        list[Id] | None,
        Query(
            max_length=50,
            description="name:value (%3A for a colon of the name); of one name any value will do.",
        ),
    ] = None,
    facets: bool = False,
) -> SearchOut:
    """Words, meaning and knowledge find; the person's past orders. No text recommends."""
    chosen = filters_of(filter or [])
    answer = await service.long.run(lambda: service.live.search(q, user, k, chosen, facets))
    return found(answer)


@router.get("/suggest", summary="What somebody may be typing")
async def suggest(service: TheService, q: Words = "", k: Annotated[K, Query()] = 8) -> Suggestions:
    """Titles and names that begin so, or have a word that does."""
    if not service.config.suggestions:
        return Suggestions(suggestions=[])
    texts = await service.long.run(lambda: service.suggester().suggest(q, k))
    return Suggestions(suggestions=[Suggestion(text=text, kind=kind) for text, kind in texts])


def filters_of(conditions: Sequence[str]) -> Filters | None:
    """``name:value`` conditions; colons of a name are written ``%3A``. Raises Problem 422."""
    attributes: dict[str, list[str]] = {}
    for condition in conditions:
        # Names of relations may be addresses, which hold a colon.
        encoded, _, value = condition.partition(":")
        name = unquote(encoded)
        if not name or not value:
            raise Problem(422, f"filter {condition!r} is no condition; write name:value")
        attributes.setdefault(name, []).append(value)
    return Filters(attributes) if attributes else None


def found(answer: SearchAnswer) -> SearchOut:
    """A search's answer as JSON holds it."""
    facets = {
        name: [FacetValue(value=value, label=value, count=count) for value, count in values]
        for name, values in answer.facets.items()
    }
    return SearchOut(query=understood(answer.query), items=[item(h) for h in answer.hits], facets=facets)


def understood(query: Understood) -> dict[str, Any]:
    """What the service made of the query."""
    return {
        "text": query.text,
        "rewritten": query.rewritten,
        "corrected": [list(pair) for pair in query.corrected],
        "links": [{"id": link.id, "label": link.label} for link in query.links],
        "language": query.language,
    }


def item(hit: SearchHit) -> FoundItem:
    """One item and why it is there."""
    return FoundItem(
        item=hit.item,
        title=hit.title,
        score=finite(hit.score),
        reasons=reasons(hit),
        highlights=hit.highlights,
        parts={name: {"rank": part.rank, "score": finite(part.score)} for name, part in hit.parts.items()},
    )


def reasons(hit: SearchHit) -> list[str]:
    """Facts that the query names, then those that the first hits share."""
    facts = [*hit.facts, *hit.shared]
    said = []
    for relation, label in facts:
        name = relation_words(relation_texts([relation], {})[0], "en")
        said += [f"{name}: {label}"] if label else []
    return list(dict.fromkeys(said))[:SHOWN_REASONS]
