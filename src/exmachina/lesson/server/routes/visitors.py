"""Who asks how much, for the teacher to see and to stop."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from exmachina.lesson.server.errors import NotFoundError
from exmachina.lesson.server.guards.visitors import Address
from exmachina.lesson.server.routes.teach import teacher_only
from exmachina.lesson.server.services import Services, Who
from exmachina.lesson.server.wire import BODY, LARGEST, refusals


class Stop(BaseModel):
    """Stop an address, or one browser there, or let it in again."""

    model_config = ConfigDict(extra="forbid", strict=True)
    stopped: bool
    browser: int | None = Field(default=None, ge=1, le=LARGEST)


def router(services: Services) -> APIRouter:
    """Routes of the class's page, the teacher's alone."""
    routes = APIRouter(prefix="/class/visitors", dependencies=[Depends(teacher_only)])

    @routes.get("", summary="Who asks how much, whoever asks most first")
    async def visitors(who: Who) -> list[Address]:
        return [one.model_copy(update={"you": one.address == who.address}) for one in services.visitors.all()]

    @routes.put(
        "/{address}",
        summary="Stop an address, or one browser there, or let it in again",
        responses=refusals(404, *BODY),
    )
    async def stop(address: Annotated[str, Path(max_length=64)], wish: Stop) -> Stop:
        if not services.visitors.stop(address, wish.browser, wish.stopped):
            raise NotFoundError("There is no such visitor.")
        return wish

    return routes
