"""What is the teacher's: the class's drawings as they arrive, and runs kept on the host's computer."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response

from exmachina.lesson.server.collection import export
from exmachina.lesson.server.library import NotFoundError
from exmachina.lesson.server.routes.keep import Deleted, zipped
from exmachina.lesson.server.services import Services
from exmachina.lesson.server.settings import is_loopback

AT_ONCE = 500  # drawings in an answer
LARGEST = 2**62


def is_teacher(request: Request) -> bool:
    """Whether the request shows the teacher's code, or comes where only one person can."""
    return bool(request.state.teacher)


def saves(request: Request) -> bool:
    """Whether it comes, besides, from the computer on which the server runs: only there may it leave files."""
    return is_teacher(request) and request.client is not None and is_loopback(request.client.host)


def teacher_only(request: Request) -> None:
    """Refuse everybody else."""
    if not is_teacher(request):
        raise HTTPException(403, "This is the teacher's; open the class's address that the server printed.")


def host_only(request: Request) -> None:
    """Refuse whoever does not sit at the host's computer."""
    if not saves(request):
        raise HTTPException(403, "Runs are saved from the computer alone on which the server runs.")


def router(services: Services) -> APIRouter:
    """Routes of the class's page."""
    routes = APIRouter()
    teacher = [Depends(teacher_only)]

    @routes.get("/you", summary="What you may do here")
    async def you(request: Request) -> dict[str, bool]:
        return {"teacher": is_teacher(request), "saves": saves(request)}

    @routes.get("/class", dependencies=teacher, summary="The class's drawings after one of them, 500 at a time")
    def wall(after: Annotated[int, Query(ge=0, le=LARGEST)] = 0) -> Response:
        found = services.collection.wall(after, AT_ONCE)
        drawings = [[d.id, d.label, base64.b64encode(d.image.tobytes()).decode()] for d in found.drawings]
        address = None if services.settings.alone else services.settings.address
        content = {"count": found.count, "learners": found.learners, "address": address, "drawings": drawings}
        return Response(json.dumps(content), media_type="application/json")

    @routes.get("/class/export", dependencies=teacher, summary="The class's drawings as a zip archive")
    def export_class(format: Literal["png", "idx"] = "png") -> Response:
        # The day, not the second: who sat at which table when is nobody's business.
        drawings = [replace(drawing, created=drawing.created[:10]) for drawing in services.collection.list(None)]
        return zipped(export(drawings, format), f"class-digits-{format}.zip")

    @routes.delete("/class", dependencies=teacher, summary="Delete all the class's drawings")
    def delete_all() -> Deleted:
        return Deleted(deleted=services.collection.delete(None))

    @routes.delete("/class/{key}", dependencies=teacher, summary="Take a drawing off the wall")
    def delete(key: Annotated[int, Path(ge=1, le=LARGEST)]) -> Deleted:
        if not services.collection.delete(None, key):
            raise NotFoundError(f"There is no drawing {key}.")
        return Deleted(deleted=1)

    @routes.post("/runs", dependencies=[Depends(host_only)], status_code=201, summary="Save a run from the page")
    async def save(request: Request) -> dict[str, Any]:
        body = await request.body()
        return await services.uploads.run(lambda: services.save(body))

    return routes
