"""What goes over the wire, as types, and the document that tells other programs of it.

`/api/v1/openapi.json` states every status that the server really answers with; a client can be generated from it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from fastapi import FastAPI
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Where

from exmachina.classifier import Verdict
from exmachina.data.dataset import SIDE
from exmachina.errors import InputError
from exmachina.images.cut import cut_out
from exmachina.images.files import MAX_PIXELS, read_image
from exmachina.images.mnist import NoInk
from exmachina.images.strokes import PEN_WIDTH, WIDEST_PEN, Strokes, check_strokes, drawable, render_strokes
from exmachina.lesson.server.settings import Limits
from exmachina.reading.results import Field, Glyph, Page

PIXELS = SIDE * SIDE
LARGEST = 2**62
Pixels = Annotated[list[Annotated[int, Where(ge=0, le=255)]], Where(min_length=PIXELS, max_length=PIXELS)]


@dataclass(frozen=True)
class Seen:
    """What the network sees of a picture; whether there are more digits beside it; how many pixels were decoded."""

    image: NDArray[np.uint8]
    several: bool = False
    decoded: int = 0


def see(picture: NDArray[np.uint8]) -> Seen:
    """Normalise a picture; one without ink is blank."""
    cut = cut_out(picture)
    image = np.zeros((SIDE, SIDE), np.uint8) if cut.image is None else cut.image
    return Seen(image, cut.several, picture.size)


class Ink(BaseModel):
    """One digit: strokes, lists of [x, y] points in any unit with the pen's width in pixels of 28; or 784 pixels; or a
    file.

    Pixels are normalised like any picture, unless `prepared` says that they are in MNIST's convention already.
    `file` is a PNG or JPEG in base64.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    strokes: Strokes | None = None
    width: float = Where(default=PEN_WIDTH, gt=0, le=WIDEST_PEN)
    pixels: Pixels | None = None
    prepared: bool = False
    file: str | None = Where(default=None, json_schema_extra={"contentEncoding": "base64"})

    def seen(self, most_pixels: int = MAX_PIXELS) -> Seen:
        """What the network sees of it, if a file has no more pixels than that."""
        if [self.strokes, self.pixels, self.file].count(None) != 2:
            raise InputError("Send either strokes or pixels or a file.")
        if self.file is not None:
            return see(read_image(_decoded(self.file), most_pixels))
        if self.strokes is None:
            image = np.array(self.pixels, np.uint8).reshape(SIDE, SIDE)
            return Seen(image) if self.prepared else see(image)
        check_strokes(self.strokes)
        try:
            return Seen(render_strokes(drawable(self.strokes), self.width))
        except NoInk:
            return Seen(np.zeros((SIDE, SIDE), np.uint8))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("The file is not in base64; encode the bytes of a PNG or JPEG.") from None


class Question(Ink):
    """One digit, or many `images` that are read together."""

    images: list[Ink] | None = Where(default=None, min_length=1, max_length=Limits.batch)


class Answer(BaseModel):
    """What was read in `image`: no digit if it is blank; `rejected` if the network is not sure enough.

    `is_digit` is the chance that it is any, if the run can tell; `several` says that the file seems to hold more
    digits; `/read` reads them all.
    """

    digit: int | None
    probability: float
    probabilities: list[float]
    rejected: bool
    verdict: Verdict
    is_digit: float | None
    several: bool
    image: list[int]


class Problem(BaseModel):
    """One line that names what is wrong and what to do."""

    error: str


class Answers(BaseModel):
    """What was read of many images, in their order; in the place of one that cannot be read, why not."""

    predictions: list[Answer | Problem]


@dataclass(frozen=True)
class GlyphAnswer(Glyph):
    """One digit of a number, or a sign that is none; `second` is the next likeliest digit."""

    image: list[int]  # type: ignore[assignment]


@dataclass(frozen=True)
class FieldAnswer(Field):
    """One number of a page, by row and column."""

    glyphs: list[GlyphAnswer]  # type: ignore[assignment]


@dataclass(frozen=True)
class PageAnswer(Page):
    """The numbers of a page, row by row, of which the page has so many, as it has columns."""

    fields: list[FieldAnswer]  # type: ignore[assignment]


class Deleted(BaseModel):
    """How many drawings are gone."""

    deleted: int


REFERENCE = "#/components/schemas/{model}"
QUESTION = Question.model_json_schema(ref_template=REFERENCE)
PARTS: dict[str, Any] = QUESTION.pop("$defs")
BINARY = {"schema": {"type": "string", "format": "binary"}}
PICTURES = {"image/png": BINARY, "image/jpeg": BINARY}
ZIP = {"application/zip": BINARY}
ZIP_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": ZIP}}
REASONS = {
    400: "The request makes no sense; the line says what about it",
    401: "The class's code is missing or wrong",
    403: "The request comes from elsewhere, or is the teacher's or the host's alone to make",
    404: "There is no run, drawing or visitor of this name",
    408: "The body came too slowly",
    413: "The body is too large",
    415: "The body is of a type that is not understood here",
    429: "You ask for too much; Retry-After says when to come back, where waiting helps",
    503: "Everybody asks at once, or the disk cannot be used now; Retry-After says when to come back",
    507: "The disk or the class's collection is full",
}
BODY = (408, 413, 415)  # what only a request with a body is told


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Answers of one line."""
    return {status: {"model": Problem, "description": REASONS[status]} for status in statuses}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, without what FastAPI adds of statuses that are never answered."""
    document = FastAPI.openapi(app)
    schemas = document["components"]["schemas"]
    schemas |= PARTS
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["responses"].pop("422", None)
    return document
