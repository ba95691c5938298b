"""Reading digits: images, strokes or pixels in, predictions out; or a page in, and all its numbers out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from numpy.typing import NDArray
from pydantic import ValidationError

from exmachina.classifier import Classifier, Prediction
from exmachina.data.dataset import SIDE
from exmachina.errors import InputError
from exmachina.images.cut import cut_out
from exmachina.images.files import MAX_PIXELS, read_image
from exmachina.images.mnist import NoInk
from exmachina.lesson.server.description import PAGE_BODY, PREDICT_BODY, Answer, Answers, Ink, PageAnswer, Question
from exmachina.lesson.server.errors import first_error, without_paths
from exmachina.lesson.server.services import Services, who
from exmachina.lesson.site import to_json

TOGETHER = 32  # images of a batch that are read in one turn
BLANK = np.zeros((SIDE, SIDE), np.uint8)


def router(services: Services) -> APIRouter:
    """The routes that read."""
    routes = APIRouter()

    @routes.post(
        "/predict",
        summary="Read one digit from a PNG, a JPEG, strokes or pixels; or many, as JSON",
        openapi_extra=PREDICT_BODY,
        responses={200: {"model": Answer | Answers}},
    )
    async def predict(request: Request, run: Annotated[str, Query(max_length=100)] = "fast") -> Response:
        body, visitor = await request.body(), who(request)
        if request.headers["content-type"].lower().startswith("image/"):
            return _response(
                await services.uploads.run(lambda: _picture(services.library.classifier(run), body), visitor)
            )
        try:
            question = Question.model_validate_json(body)
        except ValidationError as error:
            raise InputError(first_error(error.errors())) from None
        inks = question.images
        if inks is not None and (question.strokes, question.pixels, question.file) != (None, None, None):
            raise InputError("Send either images or one digit.")
        pool = services.uploads if any(ink.file for ink in inks or [question]) else services.predictions
        if inks is None:
            return _response(await pool.run(lambda: _one(services.library.classifier(run), question), visitor))
        batch = _Batch(inks)
        # A turn for every few, so that others' strokes come in between; whoever gives up stops the rest.
        while batch.more:
            await pool.run(lambda: batch.read_some(services.library.classifier(run)), visitor)
        return _response({"predictions": batch.answers})

    @routes.post(
        "/read",
        summary="Read every digit on a page, a PNG or JPEG",
        openapi_extra=PAGE_BODY,
        responses={200: {"model": PageAnswer}},
    )
    async def read(request: Request, run: Annotated[str, Query(max_length=100)] = "accurate") -> Response:
        body = await request.body()
        return _response(
            await services.uploads.run(lambda: _page(services.library.classifier(run), body), who(request))
        )

    return routes


def _page(classifier: Classifier, body: bytes) -> dict[str, Any]:
    from exmachina.reading.pages import read_picture

    return read_picture(read_image(body), classifier).to_json(images=True)


class _Batch:
    """Many images that are read a few at a time."""

    def __init__(self, inks: list[Ink]) -> None:
        self._inks = inks
        self._pixels = MAX_PIXELS  # that may still be decoded
        self.answers: list[dict[str, Any]] = []

    @property
    def more(self) -> bool:
        return len(self.answers) < len(self._inks)

    def read_some(self, classifier: Classifier) -> None:
        """Answer the next ones."""
        start = len(self.answers)
        seen = [self._seen(ink) for ink in self._inks[start : start + TOGETHER]]
        inked = (item.image for item in seen if not isinstance(item, str))
        predictions = classifier.predict_many(inked, prepared=True)
        self.answers += [{"error": item} if isinstance(item, str) else _told(next(predictions), item) for item in seen]

    def _seen(self, ink: Ink) -> _Seen | str:
        try:
            picture, prepared = ink.picture(self._pixels)
        except NoInk:
            return _Seen(BLANK)
        except InputError as error:
            return without_paths(str(error))
        if ink.file is not None:
            self._pixels -= picture.size
        return _seen(picture, prepared)


@dataclass(frozen=True)
class _Seen:
    """What the network sees, and whether there were more digits beside it."""

    image: NDArray[np.uint8]
    several: bool = False


def _seen(picture: NDArray[np.uint8], prepared: bool = False) -> _Seen:
    if prepared:
        return _Seen(picture)
    cut = cut_out(picture)
    return _Seen(BLANK if cut.image is None else cut.image, cut.several)


def _picture(classifier: Classifier, body: bytes) -> dict[str, Any]:
    seen = _seen(read_image(body))
    return _told(classifier.predict(seen.image, prepared=True), seen)


def _one(classifier: Classifier, ink: Ink) -> dict[str, Any]:
    try:
        seen = _seen(*ink.picture())
    except NoInk:
        seen = _Seen(BLANK)
    return _told(classifier.predict(seen.image, prepared=True), seen)


def _told(prediction: Prediction, seen: _Seen) -> dict[str, Any]:
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
