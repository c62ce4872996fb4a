"""What is held about a person, and its end."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi import Path as InPath

from kgrec.serving.keys import Role
from kgrec.serving.schemas import Erased, Id
from kgrec.serving.service import TheService, needs

router = APIRouter(tags=["people"], dependencies=[Depends(needs(Role.OPERATE))])
User = Annotated[Id, InPath(examples=["196"])]


@router.get("/users/{user:path}", summary="Everything that is held about a person")
async def export(service: TheService, user: User) -> dict[str, Any]:
    """Past and events; empty lists for somebody unknown."""
    return await service.long.run(lambda: service.live.export(user))


@router.delete("/users/{user:path}", summary="Forget a person")
async def erase(service: TheService, user: User) -> Erased:
    """From log, memory, every generation that is kept, and the next training."""
    return Erased(erased=await service.learning.run(lambda: service.live.erase(user)))
