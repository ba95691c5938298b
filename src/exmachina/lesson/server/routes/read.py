"""Reading digits: images, strokes or pixels in, predictions out; or a page in, and all its numbers out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ValidationError

import exmachina
from exmachina.classifier import Classifier, Prediction
from exmachina.errors import InputError
from exmachina.images.files import MAX_PIXELS, read_image
from exmachina.lesson.server import wire
from exmachina.lesson.server.errors import first_error, without_paths
from exmachina.lesson.server.services import Services, Who
from exmachina.lesson.site import to_json

TOGETHER = 32  # images of a batch that are read in one turn
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
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {**wire.PICTURES, "application/json": {"schema": wire.QUESTION}},
            }
        },
        responses={200: {"model": wire.Answer | wire.Answers}, **wire.refusals(404, *wire.BODY)},
    )
    async def predict(request: Request, who: Who, run: Name = "fast") -> Response:
        body = await request.body()
        if request.headers["content-type"].lower().startswith("image/"):
            return _response(
                await services.uploads.run(lambda: _one(services.classifier(run), wire.see(read_image(body))), who)
            )
        try:
            question = wire.Question.model_validate_json(body)
        except ValidationError as error:
            raise InputError(first_error(error.errors())) from None
        inks = question.images
        if inks is not None and (question.strokes, question.pixels, question.file) != (None, None, None):
            raise InputError("Send either images or one digit.")
        pool = services.uploads if any(ink.file for ink in inks or [question]) else services.predictions
        if inks is None:
            return _response(await pool.run(lambda: _one(services.classifier(run), question.seen()), who))
        answers: list[dict[str, Any]] = []
        batch = _many(services, run, inks)
        # A turn for every few, so that others' strokes come in between; whoever gives up stops the rest.
        while some := await pool.run(lambda: next(batch, None), who):
            answers += some
        return _response({"predictions": answers})

    @routes.post(
        "/read",
        summary="Read every digit on a page, a PNG or JPEG",
        openapi_extra={"requestBody": {"required": True, "content": wire.PICTURES}},
        responses={200: {"model": wire.PageAnswer}, **wire.refusals(404, *wire.BODY)},
    )
    async def read(request: Request, who: Who, run: Name = "accurate") -> Response:
        body = await request.body()
        return _response(await services.uploads.run(lambda: _page(services.classifier(run), body), who))

    return routes


def _page(classifier: Classifier, body: bytes) -> dict[str, Any]:
    from exmachina.reading.pages import read_picture

    return read_picture(read_image(body), classifier).to_json(images=True)


def _one(classifier: Classifier, seen: wire.Seen) -> dict[str, Any]:
    return _told(classifier.predict(seen.image, prepared=True), seen)


def _many(services: Services, run: str, inks: list[wire.Ink]) -> Iterator[list[dict[str, Any]]]:
    """The answers, a few at a time; so many pixels are decoded for all of them as for one."""
    left = MAX_PIXELS
    for start in range(0, len(inks), TOGETHER):
        seen: list[wire.Seen | str] = []
        for ink in inks[start : start + TOGETHER]:
            try:
                one = ink.seen(left)
                left -= one.decoded if ink.file else 0
                seen.append(one)
            except InputError as error:
                seen.append(without_paths(str(error)))
        images = [one.image for one in seen if isinstance(one, wire.Seen)]
        read = services.classifier(run).predict_many(images, prepared=True)
        yield [_told(next(read), one) if isinstance(one, wire.Seen) else {"error": one} for one in seen]


def _told(prediction: Prediction, seen: wire.Seen) -> dict[str, Any]:
    return {
        "digit": prediction.digit,
        "probability": prediction.probability,
        "probabilities": prediction.probabilities,
        "rejected": prediction.rejected,
        "verdict": prediction.verdict,
        "is_digit": prediction.is_digit,
        "several": seen.several,
        "image": seen.image.ravel().tolist(),
    }


def _response(content: dict[str, Any]) -> Response:
    # Serialised here: FastAPI would look at each of the 784 pixels, which takes longer than reading the digit.
    return Response(to_json(content), media_type="application/json")
