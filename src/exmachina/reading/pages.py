"""`read`: any picture of digits, brought from its pixels to the fields of a page."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from exmachina.classifier import Classifier
from exmachina.errors import InputError
from exmachina.images import SIDE
from exmachina.images.files import read_image
from exmachina.images.mnist import greyscale
from exmachina.reading import grid, layout, search, straighten
from exmachina.reading.pieces import Chunk, chunk
from exmachina.reading.results import FIELDS, Box, Field, Glyph, Page
from exmachina.reading.rules import without_boxes, without_lines
from exmachina.reading.sheet import INKED, LARGEST, Sheet, bright_ink, even_ink, reduced, scaling

SURE = 0.9  # less is unsure
DIGITS = 10
Place = tuple[int, int]
USUAL = 48  # pixels a digit is high in what is worked on
NETWORK = "accurate"


def read(image: ArrayLike | Image.Image | str | os.PathLike[str] | bytes, classifier: Classifier | None = None) -> Page:
    """Every digit on a page: a path, the bytes of a PNG or JPEG file, a Pillow image or brightness (H, W).

    `classifier` reads the single digits; default: the shipped `accurate`. Raises `InputError` for what is no picture
    and for one without a digit.
    """
    picture = read_image(image) if isinstance(image, str | bytes | os.PathLike) else greyscale(image)
    return read_picture(picture, classifier or _accurate())


def read_rows(path: str, content: bytes | None, classifier: Classifier) -> list[tuple[Any, ...]]:
    """The rows of a page in a table of many, from its file or its bytes; one row that says why if it cannot be read."""
    try:
        return read(path if content is None else content, classifier).field_rows(path)
    except InputError as error:
        where = str(error).replace("The image", f"'{path}'", 1)
        return [(path, *(None,) * (len(FIELDS) - 2), where if path in where else f"'{path}': {error}")]


@lru_cache(1)
def _accurate() -> Classifier:
    return Classifier.load(NETWORK)


def read_picture(picture: NDArray[np.uint8], classifier: Classifier) -> Page:
    """The same for brightness uint8 (height, width)."""
    if classifier.network.classes != DIGITS:
        raise InputError(
            f"Network '{classifier.network.name}' tells {classifier.network.classes} classes, not 10 digits."
        )
    sheet = prepare(picture)
    labels, components = layout.parts(sheet.mask)
    cells: list[Place] | None = None
    if sheet.is_grid:
        filled = grid.cells(components)
        cells, groups = list(filled), list(filled.values())
        height = layout.digit_height([part for some in groups for part in some])
    else:
        height = layout.height_on_page(components, sheet.ink.shape)
        groups = layout.fields(components, height, layout.stroke_width(sheet.mask)) if height else []
    bare = [layout.without_marks(group, height) for group in groups]
    chunks = [chunk(sheet.ink, labels, group, height) for group, _ in bare]
    fields = _read(classifier, chunks, [points for _, points in bare], sheet, cells)
    if not fields:
        raise InputError("No digit was found in the picture; photograph the page from above, in even light.")
    size = (
        (grid.CELLS, grid.CELLS)
        if sheet.is_grid
        else (1 + max(field.row for field in fields), 1 + max(field.column for field in fields))
    )
    ordered = sorted(fields, key=lambda field: (field.row, field.column))
    return Page(picture.shape[1], picture.shape[0], *size, tuple(ordered))


def prepare(picture: NDArray[np.uint8]) -> Sheet:
    """The page's ink seen from above, level, without printed lines, a digit some fifty pixels high."""
    small, factor = reduced(picture, LARGEST)
    to_picture = scaling(factor)
    ink = even_ink(bright_ink(small))
    corners = straighten.sheet_corners(small)
    if corners is not None and _holds_digits(ink, corners):
        matrix, shape = straighten.from_corners(corners)
        ink = _without_rim(straighten.seen_through(ink, matrix, shape, 0))
        to_picture = to_picture @ matrix
    framed = _grid(ink, to_picture)
    if framed is not None:
        return framed
    ink = _without_stripes(ink)
    angle = straighten.skew(ink)
    if angle:
        matrix = straighten.turned(angle, ink.shape)
        ink = straighten.seen_through(ink, matrix, ink.shape, 0)
        to_picture = to_picture @ matrix
    ink = _without_stripes(without_boxes(without_lines(ink)[0]))
    _, components = layout.parts(ink > INKED * 255)
    height = layout.height_on_page(components, ink.shape)
    if height > 1.6 * USUAL:
        ink, more = reduced(ink, max(1, int(max(ink.shape) * USUAL / height)))
        to_picture = to_picture @ scaling(more)
    elif 0 < height < 0.7 * USUAL and max(ink.shape) < LARGEST:
        larger = min(4, round(USUAL / height), max(1, LARGEST // max(ink.shape)))
        size = ink.shape[1] * larger, ink.shape[0] * larger
        ink = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC))
        to_picture = to_picture @ scaling(1 / larger)
    _, components = layout.parts(ink > INKED * 255)
    ink, _ = without_lines(ink, layout.height_on_page(components, ink.shape))
    return Sheet(ink, to_picture)


def _without_stripes(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    labels, components = layout.parts(ink > INKED * 255)
    kept = layout.without_stripes(components, *ink.shape)
    if len(kept) == len(components):
        return ink
    return np.where(np.isin(labels, [part.label for part in kept]), ink, np.uint8(0))


def _grid(ink: NDArray[np.uint8], to_picture: NDArray[np.float64]) -> Sheet | None:
    """The sudoku on the page, if there is one."""
    corners = grid.frame(ink > grid.DARK)
    if corners is None:
        return None
    to_ink = grid.above(corners)
    seen = straighten.seen_through(ink, to_ink, (grid.SIDE, grid.SIDE), 0)
    return Sheet(grid.without_frame(seen), to_picture @ to_ink, True) if grid.is_lined(seen > grid.DARK) else None


def _holds_digits(ink: NDArray[np.uint8], corners: NDArray[np.float64]) -> bool:
    """Does nearly all ink of a digit's size lie between the corners? Else they are those of light, not of a sheet."""
    _, components = layout.parts(ink > INKED * 255)
    height = layout.height_on_page(components, ink.shape)
    digits = [part for part in components if 0.6 * height <= part.height <= 1.6 * height and part.width >= 0.2 * height]
    middles = np.array([[(part.left + part.right) / 2, (part.top + part.bottom) / 2] for part in digits])
    within = straighten.within(corners, middles.reshape(-1, 2))
    return bool(within.sum() >= 0.9 * len(digits))


def _without_rim(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A sheet's ink without its outermost pixels, where the table may still be seen."""
    rim = max(2, max(ink.shape) // 150)
    inner = np.zeros_like(ink)
    inner[rim:-rim, rim:-rim] = ink[rim:-rim, rim:-rim]
    return inner


def _read(
    classifier: Classifier, chunks: list[Chunk], points: list[list[float]], sheet: Sheet, cells: list[Place] | None
) -> list[Field]:
    both = search.read_chunks(classifier, chunks)
    cut, ways = [one for one, _ in both], [way for _, way in both]
    read = [number for number, way in enumerate(ways) if any(step.digit is not None for step in way)]
    height = cut[0].height if cut else 0.0
    places = (
        layout.places([cut[number].box(0, cut[number].count) for number in read], height)
        if cells is None
        else [cells[number] for number in read]
    )
    return [
        _field(cut[number], ways[number], points[number], sheet, place)
        for number, place in zip(read, places, strict=True)
    ]


def _field(whole: Chunk, steps: list[search.Step], points: list[float], sheet: Sheet, place: tuple[int, int]) -> Field:
    boxes = [whole.box(step.first, step.last) for step in steps]
    glyphs = tuple(
        Glyph(
            step.digit,
            step.probability,
            step.second,
            step.digit is None or step.probability < SURE,
            _box(box, sheet),
            _image(whole.glyph(step.first, step.last)),
        )
        for step, box in zip(steps, boxes, strict=True)
    )
    # A currency's sign before the first digit and a flourish behind the last are no part of the number.
    digits = [index for index, glyph in enumerate(glyphs) if glyph.digit is not None]
    inner = glyphs[digits[0] : digits[-1] + 1]
    middles = [(box[2] + box[3]) / 2 for box in boxes[digits[0] : digits[-1] + 1]]
    return Field(
        _text(inner, middles, points),
        float(np.prod([glyph.probability for glyph in inner])),
        any(glyph.unsure for glyph in inner),
        *place,
        _box(whole.box(0, whole.count), sheet),
        glyphs,
    )


def _text(glyphs: tuple[Glyph, ...], middles: list[float], points: list[float]) -> str:
    """The digits, `?` for a sign among them, and a point before the last one or two if one stands there."""
    signs = ["?" if glyph.digit is None else str(glyph.digit) for glyph in glyphs]
    for cents in (1, 2):
        if len(signs) > cents and any(middles[-cents - 1] < point < middles[-cents] for point in points):
            return "".join(signs[:-cents]) + "." + "".join(signs[-cents:])
    return "".join(signs)


def _image(glyph: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    return np.zeros((SIDE, SIDE), np.uint8) if glyph is None else glyph


def _box(place: tuple[int, int, int, int], sheet: Sheet) -> Box:
    """A place on the sheet as one in the picture."""
    top, bottom, left, right = place
    corners = np.array([[left, right, left, right], [top, top, bottom, bottom], [1, 1, 1, 1]], np.float64)
    corners[:2] -= 0.5
    x, y, w = sheet.to_picture @ corners
    x, y = x / w + 0.5, y / w + 0.5
    west, north = int(np.floor(x.min())), int(np.floor(y.min()))
    return Box(west, north, int(np.ceil(x.max())) - west, int(np.ceil(y.max())) - north)
