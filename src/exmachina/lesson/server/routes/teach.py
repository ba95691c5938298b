"""What is the teacher's: the class's drawings as they arrive, and runs kept on the host's computer."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response

from exmachina.lesson.server.collection import Drawing
from exmachina.lesson.server.description import LARGEST, ZIP_ANSWER, ZIP_BODY, ClassWall, Deleted, Saved, You
from exmachina.lesson.server.export import Form, export
from exmachina.lesson.server.library import NotFoundError
from exmachina.lesson.server.routes.keep import zipped
from exmachina.lesson.server.services import Services, who
from exmachina.lesson.server.settings import is_loopback

AT_ONCE = 500  # drawings in an answer


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
    async def you(request: Request) -> You:
        return You(teacher=is_teacher(request), saves=saves(request))

    @routes.get(
        "/class",
        dependencies=teacher,
        summary="The class's drawings after one of them, 500 at a time",
        responses={200: {"model": ClassWall}},
    )
    def wall(after: Annotated[int, Query(ge=0, le=LARGEST)] = 0) -> Response:
        found = services.collection.wall(after, AT_ONCE)
        drawings = [[key, label, base64.b64encode(image).decode()] for key, label, image in found.drawings]
        address = None if services.settings.alone else services.settings.address
        content = {"count": found.count, "learners": found.learners, "address": address, "drawings": drawings}
        return Response(json.dumps(content), media_type="application/json")

    @routes.get(
        "/class/export",
        dependencies=teacher,
        summary="The class's drawings as a zip archive",
        responses=ZIP_ANSWER,
    )
    def export_class(format: Form = "png") -> Response:
        return zipped(export(pages, format), f"class-digits-{format}.zip")

    def pages() -> Iterator[list[Drawing]]:
        for page in services.collection.pages(None):
            # The day, not the second: who sat at which table when is nobody's business.
            yield [replace(drawing, created=drawing.created[:10]) for drawing in page]

    @routes.delete("/class", dependencies=teacher, summary="Delete all the class's drawings")
    def clear_class() -> Deleted:
        return Deleted(deleted=services.collection.delete(None))

    @routes.delete("/class/{key}", dependencies=teacher, summary="Take a drawing off the wall")
    def take_down(key: Annotated[int, Path(ge=1, le=LARGEST)]) -> Deleted:
        if not services.collection.delete(None, key):
            raise NotFoundError(f"There is no drawing {key}.")
        return Deleted(deleted=1)

    @routes.post(
        "/runs",
        dependencies=[Depends(host_only)],
        status_code=201,
        summary="Save a run from the page",
        openapi_extra=ZIP_BODY,
    )
    async def save(request: Request) -> Saved:
        body = await request.body()
        return Saved(**await services.uploads.run(lambda: services.save(body), who(request)))

    return routes
