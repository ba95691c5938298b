"""What goes over the wire, as types, and the document that tells other programs of it.

`/api/v1/openapi.json` states every status that the server really answers with; a client can be generated from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic import Field as Where

from exmachina.classifier import Verdict
from exmachina.lesson.ink import Ink
from exmachina.lesson.server.settings import Limits
from exmachina.reading.results import Field, Glyph, Page

LARGEST = 2**62


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
    """One line that names what is wrong and what to do; with 429 and 503 Retry-After says when to come back."""

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
BODY = (408, 413, 415)  # what only a request with a body is told


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Answers of one line."""
    return {status: {"model": Problem} for status in statuses}


def body(content: dict[str, Any]) -> dict[str, Any]:
    """What a request has to bring, by its media type."""
    return {"requestBody": {"required": True, "content": content}}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, without what FastAPI adds of statuses that are never answered."""
    document = FastAPI.openapi(app)
    schemas = document["components"]["schemas"]
    schemas |= PARTS
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operation in (one for methods in document["paths"].values() for one in methods.values()):
        operation["responses"].pop("422", None)
    return document
