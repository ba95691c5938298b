"""A digit as other programs send it, what a network sees of it, and what it reads."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from exmachina.classifier import Classifier, Prediction
from exmachina.errors import InputError
from exmachina.images import SIDE
from exmachina.images.cut import Cut, cut_out
from exmachina.images.files import MAX_PIXELS, read_image
from exmachina.images.mnist import NoInk
from exmachina.images.strokes import PEN_WIDTH, WIDEST_PEN, Strokes, check_strokes, drawable, render_strokes

PIXELS = SIDE * SIDE
TOGETHER = 32  # images of many that are read at a time
Pixels = Annotated[list[Annotated[int, Field(ge=0, le=255)]], Field(min_length=PIXELS, max_length=PIXELS)]


@dataclass(frozen=True)
class Seen:
    """What the network may see of a picture, and how many pixels were decoded."""

    cut: Cut
    decoded: int = 0


def see(picture: NDArray[np.uint8]) -> Seen:
    """Normalise a picture; one without ink is blank."""
    return Seen(cut_out(picture), picture.size)


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

    def seen(self, most_pixels: int = MAX_PIXELS) -> Seen:
        """What the network sees of it, if a file has no more pixels than that."""
        if [self.strokes, self.pixels, self.file].count(None) != 2:
            raise InputError("Send either strokes or pixels or a file.")
        if self.file is not None:
            return see(read_image(_decoded(self.file), most_pixels))
        if self.strokes is None:
            image = np.array(self.pixels, np.uint8).reshape(SIDE, SIDE)
            return Seen(Cut(image if image.any() else None)) if self.prepared else see(image)
        check_strokes(self.strokes)
        try:
            return Seen(Cut(render_strokes(drawable(self.strokes), self.width)))
        except NoInk:
            return Seen(Cut(None))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("The file is not in base64; encode the bytes of a PNG or JPEG.") from None


def answer(classifier: Classifier, seen: Seen) -> dict[str, Any]:
    """What is read in one image, as plain data."""
    return _told(*classifier.predict_cuts([seen.cut])[0])


def answers(classifier: Classifier, drawings: list[Ink]) -> Iterator[list[dict[str, Any] | InputError]]:
    """What is read of many, a few at a time; so many pixels are decoded for all of them as for one."""
    left = MAX_PIXELS
    for start in range(0, len(drawings), TOGETHER):
        seen: list[Seen | InputError] = []
        for ink in drawings[start : start + TOGETHER]:
            try:
                one = ink.seen(left)
                left -= one.decoded if ink.file else 0
                seen.append(one)
            except InputError as error:
                seen.append(error)
        read = iter(classifier.predict_cuts([one.cut for one in seen if isinstance(one, Seen)]))
        yield [_told(*next(read)) if isinstance(one, Seen) else one for one in seen]


def _told(image: NDArray[np.uint8] | None, prediction: Prediction) -> dict[str, Any]:
    pixels = [0] * PIXELS if image is None else image.ravel().tolist()
    return {**prediction.to_json(), "several": prediction.several, "image": pixels}
