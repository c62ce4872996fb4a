"""Recommendations, likeness and reasons."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from kgrec.explanation.paths import Path
from kgrec.recommender import Hit
from kgrec.serving.keys import Role
from kgrec.serving.schemas import HistoryIn, Id, ItemOut, Items, K, PathOut, Paths, finite
from kgrec.serving.service import TheService, needs

router = APIRouter(tags=["recommend"], dependencies=[Depends(needs(Role.READ))])
Language = Literal["en", "zh"]


@router.get("/recommend", summary="The best items for a person")
async def recommend(
    service: TheService, user: Annotated[Id, Query(examples=["196"])], k: Annotated[K, Query()] = 10
) -> Items:
    """What fits the person best, by all that they did until now; popular items for a stranger."""
    live = service.live
    return listed(await service.short.run(lambda: live.recommend(user, k)), live.generation)


@router.post("/recommend", summary="The best items for a history")
async def recommend_for_history(service: TheService, body: HistoryIn) -> Items:
    """For somebody whose history is sent along; nothing is kept."""
    live = service.live
    hits = await service.short.run(lambda: live.recommend_for_history(body.weights(), body.k))
    return listed(hits, live.generation)


@router.get("/similar", summary="Items like another one")
async def similar(
    service: TheService, item: Annotated[Id, Query(examples=["50"])], k: Annotated[K, Query()] = 10
) -> Items:
    """The nearest items by what the model knows; 404 for an unknown one."""
    live = service.live
    return listed(await service.short.run(lambda: live.similar(item, k)), live.generation)


@router.get("/explain", summary="Why an item may suit a person")
async def explain(
    service: TheService,
    user: Annotated[Id, Query(examples=["196"])],
    item: Annotated[Id, Query(examples=["50"])],
    k: Annotated[K, Query()] = 3,
    language: Annotated[Language, Query()] = "en",
) -> Paths:
    """Paths from what the person had to the item; the score falls most without the first."""
    paths = await service.long.run(lambda: service.live.explain(user, item, k, language))
    return Paths(paths=[told(path) for path in paths])


def listed(hits: list[Hit], generation: int) -> Items:
    """Hits as an answer."""
    items = [ItemOut(item=hit.item, title=hit.title, score=finite(hit.score)) for hit in hits]
    return Items(items=items, generation=generation)


def told(path: Path) -> PathOut:
    """A path as an answer."""
    return PathOut.model_validate(
        {
            "nodes": [vars(node) for node in path.nodes],
            "edges": [vars(edge) for edge in path.edges],
            "score_drop": finite(path.score_drop),
            "words": path.words,
        }
    )
