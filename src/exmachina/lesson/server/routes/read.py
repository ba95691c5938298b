"""Reading digits: images, strokes or pixels in, predictions out; or a page in, and all its numbers out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ValidationError

import exmachina
from exmachina.errors import InputError
from exmachina.images.files import read_image
from exmachina.lesson.ink import answer, answers, see
from exmachina.lesson.server import wire
from exmachina.lesson.server.errors import first_error, without_paths
from exmachina.lesson.server.services import Services, Who
from exmachina.lesson.site import to_json
from exmachina.reading.pages import read_picture

Name = Annotated[str, Query(max_length=100)]


class Health(BaseModel):
    """That the server answers."""

    status: str
    version: str


def router(services: Services) -> APIRouter:
    """The routes that read."""
    routes = APIRouter()

    @routes.get("/health", summary="Whether the server answers")
    async def health() -> Health:
        return Health(status="ok", version=exmachina.__version__)

    @routes.get("/runs", summary="The networks that /predict can read with")
    async def runs() -> list[str]:
        return list(services.runs)

    @routes.post(
        "/predict",
        summary="Read one digit from a PNG, a JPEG, strokes or pixels; or many, as JSON",
        openapi_extra=wire.body({**wire.PICTURES, "application/json": {"schema": wire.QUESTION}}),
        responses={200: {"model": wire.Answer | wire.Answers}, **wire.refusals(404, *wire.BODY)},
    )
    async def predict(request: Request, who: Who, run: Name = "fast") -> Response:
        body = await request.body()
        if request.headers["content-type"].lower().startswith("image/"):
            one = await services.uploads.run(lambda: answer(services.classifier(run), see(read_image(body))), who)
            return _response(one)
        try:
            question = wire.Question.model_validate_json(body)
        except ValidationError as error:
            raise InputError(first_error(error.errors())) from None
        drawings = question.images
        if drawings is not None and (question.strokes, question.pixels, question.file) != (None, None, None):
            raise InputError("Send either images or one digit.")
        pool = services.uploads if any(ink.file for ink in drawings or [question]) else services.predictions
        if drawings is None:
            return _response(await pool.run(lambda: answer(services.classifier(run), question.seen()), who))
        batch = answers(await pool.run(lambda: services.classifier(run), who), drawings)
        results: list[dict[str, Any]] = []
        # A turn for every few, so that others' strokes come in between; whoever gives up stops the rest.
        while some := await pool.run(lambda: next(batch, None), who):
            results += [{"error": without_paths(str(one))} if isinstance(one, InputError) else one for one in some]
        return _response({"predictions": results})

    @routes.post(
        "/read",
        summary="Read every digit on a page, a PNG or JPEG",
        openapi_extra=wire.body(wire.PICTURES),
        responses={200: {"model": wire.PageAnswer}, **wire.refusals(404, *wire.BODY)},
    )
    async def read(request: Request, who: Who, run: Name = "accurate") -> Response:
        body = await request.body()
        page = await services.uploads.run(lambda: read_picture(read_image(body), services.classifier(run)), who)
        return _response(page.to_json(images=True))

    return routes


def _response(content: dict[str, Any]) -> Response:
    # Serialised here: FastAPI would look at each of the 784 pixels, which takes longer than reading the digit.
    return Response(to_json(content), media_type="application/json")
