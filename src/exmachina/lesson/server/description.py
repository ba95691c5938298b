"""What goes over the wire, as types, and the document that tells other programs of it.

`/api/v1/openapi.json` states every status that the server really answers with; a client can be generated from it.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

import numpy as np
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from exmachina.data.dataset import SIDE
from exmachina.errors import InputError
from exmachina.images.files import MAX_PIXELS, read_image
from exmachina.images.strokes import PEN_WIDTH, WIDEST_PEN, render_strokes
from exmachina.lesson.server.ink import check_strokes, drawable
from exmachina.lesson.server.settings import Limits

PIXELS = SIDE * SIDE
LARGEST = 2**62
Pixels = Annotated[list[Annotated[int, Field(ge=0, le=255)]], Field(min_length=PIXELS, max_length=PIXELS)]
Strokes = list[list[list[float]]]


class Ink(BaseModel):
    """One digit: strokes, lists of [x, y] points in any unit with the pen's width in pixels of 28; or 784 pixels; or a
    file.

    Pixels are normalised like any picture, unless `prepared` says that they are in MNIST's convention already.
    `file` is a PNG or JPEG in base64.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    strokes: Strokes | None = None
    width: float = Field(default=PEN_WIDTH, gt=0, le=WIDEST_PEN)
    pixels: Pixels | None = None
    prepared: bool = False
    file: str | None = Field(default=None, json_schema_extra={"contentEncoding": "base64"})

    def picture(self, most_pixels: int = MAX_PIXELS) -> tuple[NDArray[np.uint8], bool]:
        """The picture, and whether it is in MNIST's convention already. Raises `NoInk` if there are no strokes."""
        if [self.strokes, self.pixels, self.file].count(None) != 2:
            raise InputError("Send either strokes or pixels or a file.")
        if self.strokes is not None:
            check_strokes(self.strokes)
            return render_strokes(drawable(self.strokes), self.width), True
        if self.file is not None:
            return read_image(_decoded(self.file), most_pixels), False
        return np.array(self.pixels, np.uint8).reshape(SIDE, SIDE), self.prepared


class Question(Ink):
    """One digit, or many `images` that are read together."""

    images: list[Ink] | None = Field(default=None, min_length=1, max_length=Limits.batch)


class Answer(BaseModel):
    """What was read in `image`: no digit if it is blank; `rejected` if the network is not sure enough.

    `several` says that the file seems to hold more digits; `/read` reads them all.
    """

    digit: int | None
    probability: float
    probabilities: list[float]
    rejected: bool
    several: bool
    image: list[int]


class Problem(BaseModel):
    """One line that names what is wrong and what to do."""

    error: str


class Answers(BaseModel):
    """What was read of many images, in their order; in the place of one that cannot be read, why not."""

    predictions: list[Answer | Problem]


class BoxAnswer(BaseModel):
    """A place on a page, in its pixels."""

    left: int
    top: int
    width: int
    height: int


class GlyphAnswer(BaseModel):
    """One digit of a number, or a sign that is none; `second` is the next likeliest digit."""

    digit: int | None
    probability: float
    second: int | None
    unsure: bool
    box: BoxAnswer
    image: list[int]


class FieldAnswer(BaseModel):
    """One number of a page, by row and column."""

    text: str
    probability: float
    unsure: bool
    row: int
    column: int
    box: BoxAnswer
    glyphs: list[GlyphAnswer]


class PageAnswer(BaseModel):
    """The numbers of a page, row by row, of which the page has so many, as it has columns."""

    width: int
    height: int
    rows: int
    columns: int
    fields: list[FieldAnswer]


class NewDrawing(BaseModel):
    """A drawing that should have been read as `label`, with the image that the network saw."""

    model_config = ConfigDict(extra="forbid", strict=True)
    label: int = Field(ge=0, le=9)
    strokes: Strokes | None = None
    image: Pixels


class OneDrawing(BaseModel):
    """A drawing of yours."""

    id: int
    label: int
    strokes: Strokes
    image: list[int]
    created: str


class Kept(BaseModel):
    """The number of a drawing."""

    id: int


class Deleted(BaseModel):
    """How many drawings are gone."""

    deleted: int


class You(BaseModel):
    """Whether you are the teacher, and whether you may save runs on this computer."""

    teacher: bool
    saves: bool


class ClassWall(BaseModel):
    """Drawings as [number, label, 784 bytes in base64]; how many there are in all, by how many learners."""

    count: int
    learners: int
    address: str | None
    drawings: list[tuple[int, int, str]]


class Saved(BaseModel):
    """Where a run was saved, and how well it reads the test digits."""

    name: str
    folder: str
    test_accuracy: float | None


class Health(BaseModel):
    """That the server answers."""

    status: str
    version: str


MODELS = (Question, Answer, Answers, Problem)
REFERENCE = "#/components/schemas/{model}"
BINARY = {"schema": {"type": "string", "format": "binary"}}
ZIP_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": BINARY}}}
ZIP_BODY = {"requestBody": {"required": True, "content": {"application/zip": BINARY}}}
PAGE_BODY = {"requestBody": {"required": True, "content": {"image/png": BINARY, "image/jpeg": BINARY}}}
PREDICT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "image/png": BINARY,
            "image/jpeg": BINARY,
            "application/json": {"schema": {"$ref": REFERENCE.format(model="Question")}},
        },
    }
}
ALWAYS = {
    400: "The request makes no sense; the line says what about it",
    401: "The class's code is missing or wrong",
    403: "The request comes from elsewhere, or is the teacher's or the host's alone to make",
    429: "You ask for too much; Retry-After says when to come back, where waiting helps",
    503: "Everybody asks at once, or the disk cannot be used now; Retry-After says when to come back",
}
WITH_BODY = {
    408: "The body came too slowly",
    413: "The body is too large",
    415: "The body is of a type that is not understood here",
}
ABSENT = {404: "There is no run or drawing of this name"}
WRITES = {507: "The disk or the class's collection is full"}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with what the guards answer in it and nothing that is never answered."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            servers=[{"url": "/"}],
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        _, models = models_json_schema([(model, "validation") for model in MODELS], ref_template=REFERENCE)
        schemas |= models["$defs"]
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                operation["responses"] |= {
                    str(status): {
                        "description": text,
                        "content": {"application/json": {"schema": {"$ref": REFERENCE.format(model="Problem")}}},
                    }
                    for status, text in sorted(_refusals(path, method, operation).items())
                }
                operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        app.openapi_schema = document
    return app.openapi_schema


def _refusals(path: str, method: str, operation: dict[str, Any]) -> dict[int, str]:
    named = "{" in path or any(item["name"] == "run" for item in operation.get("parameters", []))
    return (
        ALWAYS
        | (WITH_BODY if "requestBody" in operation else {})
        | (ABSENT if named else {})
        | (WRITES if path.split("/")[3] in ("collection", "class", "runs") and method != "get" else {})
    )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("The file is not in base64; encode the bytes of a PNG or JPEG.") from None
