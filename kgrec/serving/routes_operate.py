"""Health, numbers, and the model's generations."""

from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST

from kgrec.serving.keys import Role
from kgrec.serving.schemas import Health
from kgrec.serving.service import TheService, needs

public = APIRouter(tags=["operate"])
router = APIRouter(tags=["operate"], dependencies=[Depends(needs(Role.OPERATE))])


@public.get("/health", summary="Whether the service answers")
async def health(service: TheService) -> Health:
    """Needs no key and tells nothing about anybody."""
    status = service.live
    return Health(status="ok", generation=status.generation, search_ready=status.search_ready)


@router.get("/status", summary="The learning state")
async def status(service: TheService) -> dict[str, Any]:
    """Generation, events, the last refresh and what its gate said."""
    return await service.short.run(service.live.status)


@router.get("/metrics", summary="Numbers for Prometheus", response_class=Response)
async def metrics(service: TheService) -> Response:
    """Requests by route and status, latency, and the live model's numbers."""
    return Response(await service.long.run(service.metrics.text), media_type=CONTENT_TYPE_LATEST)


@router.post("/refresh", summary="Train on what happened")
async def refresh(service: TheService) -> dict[str, Any]:
    """Takes as long as the training; all else goes on meanwhile. A worse model is refused, with numbers."""
    return (await service.training.run(service.live.refresh)).record()


@router.post("/rollback", summary="Go back to the generation before")
async def rollback(service: TheService) -> dict[str, int]:
    """At once. Who was erased since stays erased."""
    return {"generation": await service.long.run(service.live.rollback)}
