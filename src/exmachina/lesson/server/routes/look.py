"""What there is: health, and the runs by name."""

from __future__ import annotations

from fastapi import APIRouter

import exmachina
from exmachina.lesson.server.description import Health
from exmachina.lesson.server.services import Services


def router(services: Services) -> APIRouter:
    """Routes that change nothing."""
    routes = APIRouter()

    @routes.get("/health", summary="Whether the server answers")
    async def health() -> Health:
        return Health(status="ok", version=exmachina.__version__)

    @routes.get("/runs", summary="The networks that /predict can read with")
    async def runs() -> list[str]:
        return list(services.library.runs())

    return routes
