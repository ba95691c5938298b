"""`read`: any picture of digits, brought from its pixels to the fields of a page."""

from __future__ import annotations

import os
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from exmachina.classifier import Classifier
from exmachina.errors import InputError
from exmachina.images.files import read_image
from exmachina.images.mnist import greyscale
from exmachina.reading import layout, search, straighten
from exmachina.reading.pieces import Chunk, chunk, cut_further
from exmachina.reading.results import Box, Field, Glyph, Page
from exmachina.reading.rules import without_lines
from exmachina.reading.seams import stroke_width
from exmachina.reading.sheet import INKED, LARGEST, Sheet, bright_ink, even_ink, reduced, scaling

SURE = 0.9  # less is unsure
CERTAIN = 0.97  # ink that is read so is not cut
USUAL = 48  # pixels a digit is high in what is worked on
NETWORK = "accurate"


def read(image: ArrayLike | Image.Image | str | os.PathLike[str] | bytes, classifier: Classifier | None = None) -> Page:
    """Every digit on a page: a path, the bytes of a PNG or JPEG file, a Pillow image or an array of brightness.

    `classifier` reads the single digits; default: the shipped `accurate`. Raises `InputError` for what is no picture
    and for one without a digit.
    """
    picture = read_image(image) if isinstance(image, str | bytes | os.PathLike) else greyscale(image)
    return read_picture(picture, classifier or _accurate())


@lru_cache(1)
def _accurate() -> Classifier:
    return Classifier.load(NETWORK)


def read_picture(picture: NDArray[np.uint8], classifier: Classifier) -> Page:
    """The same for brightness uint8 (height, width)."""
    sheet = prepare(picture)
    labels, found = layout.parts(sheet.mask)
    height = layout.digit_height(found)
    groups = layout.fields(found, height, stroke_width(sheet.mask)) if height else []
    chunks = [chunk(sheet.ink, labels, group, height) for group in groups]
    fields = _read(classifier, chunks, sheet)
    if not fields:
        raise InputError("No digit was found in the picture; photograph the page from above, in even light.")
    return Page(picture.shape[1], picture.shape[0], tuple(sorted(fields, key=lambda field: (field.row, field.column))))


def prepare(picture: NDArray[np.uint8]) -> Sheet:
    """The page's ink seen from above, level, without printed lines, a digit some fifty pixels high."""
    small, factor = reduced(picture, LARGEST)
    to_picture = scaling(factor)
    corners = straighten.sheet_corners(small)
    if corners is not None:
        matrix, shape = straighten.from_corners(corners)
        small = straighten.seen_through(small, matrix, shape, int(np.median(small)))
        small = _without_rim(small)
        to_picture = to_picture @ matrix
    ink = even_ink(bright_ink(small))
    angle = straighten.skew(ink)
    if angle:
        matrix = straighten.turned(angle, ink.shape)
        ink = straighten.seen_through(ink, matrix, ink.shape, 0)
        to_picture = to_picture @ matrix
    ink, _ = without_lines(ink)
    _, found = layout.parts(ink > INKED * 255)
    height = layout.digit_height(found)
    if height > 1.6 * USUAL:
        ink, more = reduced(ink, max(1, int(max(ink.shape) * USUAL / height)))
        to_picture = to_picture @ scaling(more)
    elif 0 < height < 0.7 * USUAL and max(ink.shape) < LARGEST:
        larger = min(4, round(USUAL / height), max(1, LARGEST // max(ink.shape)))
        size = ink.shape[1] * larger, ink.shape[0] * larger
        ink = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC))
        to_picture = to_picture @ scaling(1 / larger)
    _, found = layout.parts(ink > INKED * 255)
    ink, _ = without_lines(ink, layout.digit_height(found))
    return Sheet(ink, to_picture)


def _without_rim(sheet: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The sheet with its outermost pixels, where the table may still be seen, as the paper beside them."""
    rim = max(2, max(sheet.shape) // 150)
    return np.pad(sheet[rim:-rim, rim:-rim], rim, mode="edge")


def _read(classifier: Classifier, chunks: list[Chunk], sheet: Sheet) -> list[Field]:
    wholes = [[(piece, piece + 1) for piece in range(chunk.count)] for chunk in chunks]
    first = search.score(classifier, chunks, wholes)
    cut = [cut_further(chunk, _doubtful(chunk, scores)) for chunk, scores in zip(chunks, first, strict=True)]
    scores = search.score(classifier, cut, [chunk.candidates() for chunk in cut])
    ways = [search.best(chunk.count, some) for chunk, some in zip(cut, scores, strict=True)]
    read = [(chunk, way) for chunk, way in zip(cut, ways, strict=True) if any(step.digit is not None for step in way)]
    height = cut[0].height if cut else 0.0
    places = layout.places([chunk.box(0, chunk.count) for chunk, _ in read], height)
    return [_field(chunk, way, sheet, place) for (chunk, way), place in zip(read, places, strict=True)]


def _doubtful(whole: Chunk, scores: search.Scores) -> list[int]:
    """The pieces that may be more than one digit."""
    doubtful = []
    for piece, _ in scores.groups:
        top, bottom, left, right = whole.box(piece, piece + 1)
        sure = scores.probabilities[piece].max() * scores.whole[piece] >= CERTAIN
        if right - left > 0.3 * whole.height and not (sure and right - left <= 0.75 * (bottom - top)):
            doubtful.append(piece)
    return doubtful


def _field(whole: Chunk, steps: list[search.Step], sheet: Sheet, place: tuple[int, int]) -> Field:
    glyphs = tuple(
        Glyph(
            step.digit,
            step.probability,
            step.second,
            step.digit is None or step.probability < SURE,
            _box(whole.box(step.first, step.last), sheet),
        )
        for step in steps
    )
    text = "".join("?" if glyph.digit is None else str(glyph.digit) for glyph in glyphs)
    probability = float(np.prod([glyph.probability for glyph in glyphs]))
    box = _box(whole.box(0, whole.count), sheet)
    return Field(text, probability, any(glyph.unsure for glyph in glyphs), *place, box, glyphs)


def _box(place: tuple[int, int, int, int], sheet: Sheet) -> Box:
    """A place on the sheet as one in the picture."""
    top, bottom, left, right = place
    corners = np.array([[left, right, left, right], [top, top, bottom, bottom], [1, 1, 1, 1]], np.float64)
    corners[:2] -= 0.5
    x, y, w = sheet.to_picture @ corners
    x, y = x / w + 0.5, y / w + 0.5
    west, north = int(np.floor(x.min())), int(np.floor(y.min()))
    return Box(west, north, int(np.ceil(x.max())) - west, int(np.ceil(y.max())) - north)
