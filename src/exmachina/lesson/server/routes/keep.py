"""The learner's own collection of drawings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from fastapi import APIRouter, HTTPException, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from exmachina.errors import InputError
from exmachina.images import SIDE
from exmachina.images.strokes import Strokes, check_strokes, thinned
from exmachina.lesson.collection import Drawing
from exmachina.lesson.exporting import Form, export
from exmachina.lesson.ink import Pixels
from exmachina.lesson.server.errors import NotFoundError
from exmachina.lesson.server.guards.turns import retry_after
from exmachina.lesson.server.services import Services, Who
from exmachina.lesson.server.wire import BODY, LARGEST, ZIP_ANSWER, Deleted, refusals

After = Annotated[int, Query(ge=0, le=LARGEST)]
Key = Annotated[int, Path(ge=1, le=LARGEST)]


class NewDrawing(BaseModel):
    """A drawing that should have been read as `label`, with the image that the network saw."""

    model_config = ConfigDict(extra="forbid", strict=True)
    label: int = Field(ge=0, le=9)
    strokes: Strokes | None = None
    image: Pixels


@dataclass(frozen=True)
class OneDrawing(Drawing):
    """A drawing of yours."""

    image: list[int]  # type: ignore[assignment]


class Kept(BaseModel):
    """The number of a drawing."""

    id: int


def zipped(parts: Iterator[bytes], name: str) -> Response:
    """A zip archive to be saved under a name, sent while it is made."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(parts, media_type="application/zip", headers=headers)


def router(services: Services) -> APIRouter:
    """Routes around the collection."""
    routes = APIRouter(prefix="/collection")

    @routes.get(
        "",
        summary="Your drawings, oldest first; the header Link leads on where there are more",
        responses={200: {"model": list[OneDrawing]}},
    )
    def drawings(who: Who, after: After = 0) -> Response:
        page = services.collection.page(who.learner, after)
        # Serialised here: FastAPI would look at every pixel.
        answer = Response(json.dumps([drawing.to_json() for drawing in page]), media_type="application/json")
        if page and services.collection.page(who.learner, page[-1].id, 1):
            answer.headers["Link"] = f'</api/v1/collection?after={page[-1].id}>; rel="next"'
        return answer

    @routes.post("", status_code=201, summary="Keep a drawing with its label", responses=refusals(*BODY, 507))
    def keep(drawing: NewDrawing, who: Who) -> Kept:
        strokes = drawing.strokes or []
        check_strokes(strokes)
        image = np.array(drawing.image, np.uint8).reshape(SIDE, SIDE)
        if not image.any():
            raise InputError("The drawing is blank; draw a digit.")
        if (wait := services.keeping.wait(who.address)) > 0:
            raise HTTPException(429, "Very many drawings came from your address; wait.", retry_after(wait))
        services.keeping.spend(who.address)
        return Kept(id=services.collection.add(who.learner, drawing.label, thinned(strokes), image).id)

    @routes.delete("", summary="Delete all your drawings", responses=refusals(507))
    def delete_all(who: Who) -> Deleted:
        return Deleted(deleted=services.collection.delete(who.learner))

    @routes.get("/export", summary="Your drawings as a zip archive of PNG files or IDX files", responses=ZIP_ANSWER)
    def export_all(who: Who, format: Form = "png") -> Response:
        return zipped(export(lambda: services.collection.pages(who.learner), format), f"my-digits-{format}.zip")

    @routes.delete("/{key}", summary="Delete one drawing", responses=refusals(404, 507))
    def delete(key: Key, who: Who) -> Deleted:
        if not services.collection.delete(who.learner, key):
            raise NotFoundError(f"There is no drawing {key} of yours.")
        return Deleted(deleted=1)

    return routes
