"""The learner's own collection of drawings."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from exmachina.data.dataset import SIDE
from exmachina.errors import InputError
from exmachina.lesson.server.collection import check_strokes, export
from exmachina.lesson.server.library import NotFoundError
from exmachina.lesson.server.services import Services, learner

Learner = Annotated[str, Depends(learner)]
PIXELS = SIDE * SIDE


class NewDrawing(BaseModel):
    """A drawing that should have been read as `label`, with the image that the network saw."""

    model_config = ConfigDict(extra="forbid", strict=True)
    label: int = Field(ge=0, le=9)
    strokes: list[list[list[float]]] | None = None
    image: list[Annotated[int, Field(ge=0, le=255)]] = Field(min_length=PIXELS, max_length=PIXELS)


class Kept(BaseModel):
    """The number of a drawing."""

    id: int


class Deleted(BaseModel):
    """How many drawings are gone."""

    deleted: int


def zipped(content: bytes, name: str) -> Response:
    """A zip archive to be saved under a name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/zip", headers=headers)


def router(services: Services) -> APIRouter:
    """Routes around the collection."""
    routes = APIRouter()

    @routes.get("/collection", summary="Your drawings, oldest first")
    def drawings(learner: Learner) -> Response:
        # Serialised here: FastAPI would look at every pixel.
        content = [drawing.to_json() for drawing in services.collection.list(learner)]
        return Response(json.dumps(content), media_type="application/json")

    @routes.post("/collection", status_code=201, summary="Keep a drawing with its label")
    def keep(drawing: NewDrawing, learner: Learner) -> Kept:
        strokes = drawing.strokes or []
        check_strokes(strokes)
        image = np.array(drawing.image, np.uint8).reshape(SIDE, SIDE)
        if not image.any():
            raise InputError("The drawing is blank; draw a digit.")
        return Kept(id=services.collection.add(learner, drawing.label, strokes, image).id)

    @routes.delete("/collection", summary="Delete all your drawings")
    def delete_all(learner: Learner) -> Deleted:
        return Deleted(deleted=services.collection.delete(learner))

    @routes.get("/collection/export", summary="Your drawings as a zip archive of PNG files or IDX files")
    def export_all(learner: Learner, format: Literal["png", "idx"] = "png") -> Response:
        return zipped(export(services.collection.list(learner), format), f"my-digits-{format}.zip")

    @routes.delete("/collection/{key}", summary="Delete one drawing")
    def delete(key: Annotated[int, Path(ge=1, le=2**62)], learner: Learner) -> Deleted:
        if not services.collection.delete(learner, key):
            raise NotFoundError(f"There is no drawing {key} of yours.")
        return Deleted(deleted=1)

    return routes
