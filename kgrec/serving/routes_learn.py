"""What the service learns from: events, and items that come or change."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Path as InPath

from kgrec.serving.keys import Role
from kgrec.serving.schemas import EventsIn, Id, ItemDetails, ItemIn, ItemPut, Recorded
from kgrec.serving.service import TheService, needs

router = APIRouter(tags=["learn"], dependencies=[Depends(needs(Role.WRITE))])
details = APIRouter(tags=["learn"], dependencies=[Depends(needs(Role.READ))])


@router.post("/events", summary="Record what people did")
async def record(service: TheService, body: EventsIn) -> Recorded:
    """Durable when this answers, and counted in the next answer. Sent again, an event counts once."""
    events = [event.event() for event in body.events]
    return Recorded(recorded=await service.short.run(lambda: service.live.record(events)))


@router.put("/items", summary="Add or change an item")
@router.post("/items", summary="The same", include_in_schema=False)
async def put_item(service: TheService, body: ItemIn) -> ItemPut:
    """It can be found, recommended and explained when this answers."""
    record = body.record()
    return ItemPut(new=await service.learning.run(lambda: service.live.put_item(record)))


@details.get("/items/{item:path}", summary="What is known of an item")
async def item(service: TheService, item: Annotated[Id, InPath(examples=["50"])]) -> ItemDetails:
    """Text and facts; 404 for an unknown one."""
    live = service.live
    record = await service.short.run(lambda: live.item(item))
    facts = [(relation, entity, live.label(entity)) for relation, entity in record.facts]
    return ItemDetails(id=record.id, title=record.title, description=record.description, facts=facts)
