"""Reading digits: an image, strokes or pixels in, a prediction out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exmachina.data.dataset import SIDE
from exmachina.errors import InputError
from exmachina.images.files import read_image
from exmachina.images.mnist import NoInk, normalize
from exmachina.images.strokes import PEN_WIDTH, WIDEST_PEN, render_strokes
from exmachina.lesson.server.collection import check_strokes
from exmachina.lesson.server.errors import first_error
from exmachina.lesson.server.services import Services
from exmachina.lesson.site import to_json

PIXELS = SIDE * SIDE


class Ink(BaseModel):
    """Strokes, lists of [x, y] points in any unit with the pen's width in pixels of 28; or the 784 pixels.

    Pixels are normalised like any picture, unless `prepared` says that they are in MNIST's convention already.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    strokes: list[list[list[float]]] | None = None
    width: float = Field(default=PEN_WIDTH, gt=0, le=WIDEST_PEN)
    pixels: list[Annotated[int, Field(ge=0, le=255)]] | None = Field(default=None, min_length=PIXELS, max_length=PIXELS)
    prepared: bool = False

    def image(self) -> NDArray[np.uint8]:
        """The image that the network will see; raises `NoInk` if there is nothing on it."""
        if (self.strokes is None) == (self.pixels is None):
            raise InputError("Send either strokes or pixels.")
        if self.strokes is not None:
            check_strokes(self.strokes)
            return render_strokes(self.strokes, self.width)
        pixels = np.array(self.pixels, np.uint8).reshape(SIDE, SIDE)
        return pixels if self.prepared else normalize(pixels)


BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "image/png": {"schema": {"type": "string", "format": "binary"}},
            "image/jpeg": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": Ink.model_json_schema()},
        },
    }
}


def router(services: Services) -> APIRouter:
    """The one route that reads."""
    routes = APIRouter()

    @routes.post("/predict", summary="Read one digit from a PNG, a JPEG, strokes or pixels", openapi_extra=BODY)
    async def predict(request: Request, run: Annotated[str, Query(max_length=100)] = "fast") -> Response:
        body = await request.body()
        if request.headers["content-type"].lower().startswith("image/"):
            return _answer(await services.uploads.run(lambda: _predict(services, run, lambda: _picture(body))))
        try:
            ink = Ink.model_validate_json(body)
        except ValidationError as error:
            raise InputError(first_error(error.errors())) from None
        return _answer(await services.predictions.run(lambda: _predict(services, run, ink.image)))

    return routes


def _answer(prediction: dict[str, Any]) -> Response:
    # Serialised here: FastAPI would look at each of the 784 pixels, which takes longer than reading the digit.
    return Response(to_json(prediction), media_type="application/json")


def _picture(body: bytes) -> NDArray[np.uint8]:
    return normalize(read_image(body))


def _predict(services: Services, run: str, prepare: Callable[[], NDArray[np.uint8]]) -> dict[str, Any]:
    classifier = services.library.classifier(run)
    try:
        image = prepare()
    except NoInk:
        image = np.zeros((SIDE, SIDE), np.uint8)
    prediction = classifier.predict(image, prepared=True)
    return {
        "digit": prediction.digit,
        "probability": prediction.probability,
        "probabilities": prediction.probabilities,
        "rejected": prediction.rejected,
        "verdict": prediction.verdict,
        "is_digit": prediction.is_digit,
        "image": image.ravel().tolist(),
    }
