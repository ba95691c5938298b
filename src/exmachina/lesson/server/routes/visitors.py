"""Who asks how much, for the teacher to see and to stop."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from exmachina.lesson.server.description import LARGEST
from exmachina.lesson.server.guards.visitors import Demand
from exmachina.lesson.server.library import NotFoundError
from exmachina.lesson.server.routes.teach import teacher_only
from exmachina.lesson.server.services import Services, who


class Asked(BaseModel):
    """How much was asked: requests in the last minute and in all, those refused, bytes sent here, seconds since."""

    per_minute: float
    requests: int
    refused: int
    received: int
    seconds_ago: float
    stopped: bool


class BrowserAsked(Asked):
    """One browser, by the number that it got when it first came."""

    number: int


class AddressAsked(Asked):
    """One address with its browsers; `you`, if you ask from there."""

    address: str
    you: bool
    browsers: list[BrowserAsked]


class Stop(BaseModel):
    """Stop an address, or one browser there, or let it in again."""

    model_config = ConfigDict(extra="forbid", strict=True)
    stopped: bool
    browser: int | None = Field(default=None, ge=1, le=LARGEST)


def router(services: Services) -> APIRouter:
    """Routes of the class's page, the teacher's alone."""
    routes = APIRouter(dependencies=[Depends(teacher_only)])

    @routes.get("/class/visitors", summary="Who asks how much, whoever asks most first")
    async def visitors(request: Request) -> list[AddressAsked]:
        own = who(request).address
        return [
            AddressAsked(
                address=name,
                you=name == own,
                browsers=[BrowserAsked(number=number, **_asked(one)) for number, one in address.browsers.values()],
                **_asked(address),
            )
            for name, address in services.visitors.all()
        ]

    @routes.put("/class/visitors/{address}", summary="Stop an address, or one browser there, or let it in again")
    async def stop(address: Annotated[str, Path(max_length=64)], wish: Stop) -> Stop:
        if not services.visitors.stop(address, wish.browser, wish.stopped):
            raise NotFoundError("There is no such visitor.")
        return wish

    return routes


def _asked(demand: Demand) -> dict[str, Any]:
    return {
        "per_minute": demand.per_minute(),
        "requests": demand.requests,
        "refused": demand.refused,
        "received": demand.received,
        "seconds_ago": time.monotonic() - demand.seen,
        "stopped": demand.stopped,
    }
