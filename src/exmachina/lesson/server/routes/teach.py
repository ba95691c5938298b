"""What is the teacher's: the class's drawings as they arrive, who asks how much, and runs kept on the computer."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from exmachina.lesson.collection import Wall
from exmachina.lesson.exporting import Form, export
from exmachina.lesson.server.errors import NotFoundError
from exmachina.lesson.server.guards.visitors import Address, Visitors
from exmachina.lesson.server.routes.keep import After, Key, zipped
from exmachina.lesson.server.services import Services, Who
from exmachina.lesson.server.settings import is_loopback
from exmachina.lesson.server.wire import BODY, LARGEST, ZIP, ZIP_ANSWER, Deleted, body, refusals

AT_ONCE = 500  # drawings in an answer


class You(BaseModel):
    """Whether you are the teacher, and whether you may save runs on this computer."""

    teacher: bool
    saves: bool


@dataclass(frozen=True)
class ClassWall(Wall):
    """The class's drawings, each image in base64, and what learners open."""

    drawings: list[tuple[int, int, str]]  # type: ignore[assignment]
    address: str | None


class Saved(BaseModel):
    """Where a run was saved, and how well it reads the test digits."""

    name: str
    folder: str
    test_accuracy: float | None


class Stop(BaseModel):
    """Stop an address, or one browser there, or let it in again."""

    model_config = ConfigDict(extra="forbid", strict=True)
    stopped: bool
    browser: int | None = Field(default=None, ge=1, le=LARGEST)


def teacher_only(request: Request) -> None:
    """Refuse whoever neither shows the teacher's code nor comes where only one person can."""
    if not request.state.teacher:
        raise HTTPException(403, "This is the teacher's; open the class's address that the server printed.")


def saves(request: Request) -> bool:
    """Whether the teacher asks from the computer on which the server runs: only there may a run be left."""
    return request.state.teacher and request.client is not None and is_loopback(request.client.host)


def router(services: Services) -> APIRouter:
    """Routes of the class's page."""
    routes = APIRouter()
    teacher = APIRouter(prefix="/class", dependencies=[Depends(teacher_only)])

    @routes.get("/you", summary="What you may do here")
    async def you(request: Request) -> You:
        return You(teacher=request.state.teacher, saves=saves(request))

    @teacher.get("", summary="The class's drawings after one, 500 at a time", responses={200: {"model": ClassWall}})
    def wall(after: After = 0) -> Response:
        page = services.collection.wall(after, AT_ONCE)
        drawings = [[key, label, base64.b64encode(image).decode()] for key, label, image in page.drawings]
        address = None if services.settings.alone else services.settings.address
        content = {"count": page.count, "learners": page.learners, "address": address, "drawings": drawings}
        return Response(json.dumps(content), media_type="application/json")

    @teacher.get("/export", summary="The class's drawings as a zip archive", responses=ZIP_ANSWER)
    def export_class(format: Form = "png") -> Response:
        pages = services.collection.pages
        # The day, not the second: who sat at which table when is nobody's business.
        parts = export(
            lambda: ([replace(one, created=one.created[:10]) for one in page] for page in pages(None)), format
        )
        return zipped(parts, f"class-digits-{format}.zip")

    @teacher.delete("", summary="Delete all the class's drawings", responses=refusals(507))
    def clear_class() -> Deleted:
        return Deleted(deleted=services.collection.delete(None))

    @teacher.delete("/{key}", summary="Take a drawing off the wall", responses=refusals(404, 507))
    def take_down(key: Key) -> Deleted:
        if not services.collection.delete(None, key):
            raise NotFoundError(f"There is no drawing {key}.")
        return Deleted(deleted=1)

    @routes.post(
        "/runs",
        status_code=201,
        summary="Save a run from the page",
        openapi_extra=body(ZIP),
        responses=refusals(*BODY, 507),
    )
    async def save(request: Request, who: Who) -> Saved:
        if not saves(request):
            raise HTTPException(403, "Runs are saved from the computer alone on which the server runs.")
        archive = await request.body()
        return Saved(**await services.uploads.run(lambda: services.save(archive), who))

    _visitor_routes(teacher, services.visitors)
    routes.include_router(teacher)
    return routes


def _visitor_routes(teacher: APIRouter, known: Visitors) -> None:
    @teacher.get("/visitors", summary="Who asks how much, whoever asks most first")
    async def visitors(who: Who) -> list[Address]:
        return [one.model_copy(update={"you": one.address == who.address}) for one in known.all()]

    @teacher.put(
        "/visitors/{address}",
        summary="Stop an address, or one browser there, or let it in again",
        responses=refusals(404, *BODY),
    )
    async def stop(address: Annotated[str, Path(max_length=64)], wish: Stop) -> Stop:
        if not known.stop(address, wish.browser, wish.stopped):
            raise NotFoundError("There is no such visitor.")
        return wish
