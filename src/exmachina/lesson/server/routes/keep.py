"""The learner's own collection of drawings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from exmachina.data.dataset import SIDE
from exmachina.errors import InputError
from exmachina.lesson.server.description import LARGEST, ZIP_ANSWER, Deleted, Kept, NewDrawing, OneDrawing
from exmachina.lesson.server.export import Form, export
from exmachina.lesson.server.guards.turns import retry_after
from exmachina.lesson.server.ink import check_strokes, thinned
from exmachina.lesson.server.library import NotFoundError
from exmachina.lesson.server.services import Services, learner, who

Learner = Annotated[str, Depends(learner)]


def zipped(parts: Iterator[bytes], name: str) -> Response:
    """A zip archive to be saved under a name, sent while it is made."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(parts, media_type="application/zip", headers=headers)


def router(services: Services) -> APIRouter:
    """Routes around the collection."""
    routes = APIRouter()

    @routes.get(
        "/collection",
        summary="Your drawings, oldest first; the header Link leads on where there are more",
        responses={200: {"model": list[OneDrawing]}},
    )
    def drawings(learner: Learner, after: Annotated[int, Query(ge=0, le=LARGEST)] = 0) -> Response:
        page = services.collection.page(learner, after)
        # Serialised here: FastAPI would look at every pixel.
        answer = Response(json.dumps([drawing.to_json() for drawing in page]), media_type="application/json")
        if page and services.collection.page(learner, page[-1].id, 1):
            answer.headers["Link"] = f'</api/v1/collection?after={page[-1].id}>; rel="next"'
        return answer

    @routes.post("/collection", status_code=201, summary="Keep a drawing with its label")
    def keep(drawing: NewDrawing, request: Request) -> Kept:
        visitor, strokes = who(request), drawing.strokes or []
        check_strokes(strokes)
        image = np.array(drawing.image, np.uint8).reshape(SIDE, SIDE)
        if not image.any():
            raise InputError("The drawing is blank; draw a digit.")
        if (wait := services.keeping.wait(visitor.address)) > 0:
            raise HTTPException(429, "Very many drawings came from your address; wait.", retry_after(wait))
        services.keeping.spend(visitor.address)
        return Kept(id=services.collection.add(visitor.learner, drawing.label, thinned(strokes), image).id)

    @routes.delete("/collection", summary="Delete all your drawings")
    def delete_all(learner: Learner) -> Deleted:
        return Deleted(deleted=services.collection.delete(learner))

    @routes.get(
        "/collection/export", summary="Your drawings as a zip archive of PNG files or IDX files", responses=ZIP_ANSWER
    )
    def export_all(learner: Learner, format: Form = "png") -> Response:
        return zipped(export(lambda: services.collection.pages(learner), format), f"my-digits-{format}.zip")

    @routes.delete("/collection/{key}", summary="Delete one drawing")
    def delete(key: Annotated[int, Path(ge=1, le=LARGEST)], learner: Learner) -> Deleted:
        if not services.collection.delete(learner, key):
            raise NotFoundError(f"There is no drawing {key} of yours.")
        return Deleted(deleted=1)

    return routes
