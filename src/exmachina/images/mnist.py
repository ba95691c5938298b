"""Any picture of a digit, brought to MNIST's convention: `normalize(image)` is the whole of it.

MNIST's makers cut each digit to its ink, scaled the longer side to 20 pixels keeping the aspect ratio, and
shifted the centre of mass to the middle of 28×28, white ink on black. A network that learned from such
pictures reads others only if they are prepared alike. Each step is a function here, from uint8 to uint8;
`stages` shows them one after the other and `Steps` leaves some out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from exmachina.errors import InputError
from exmachina.images import SIDE, paper
from exmachina.images.clean import INK, MIN_CONTRAST, clean
from exmachina.images.materials import ring
from exmachina.images.rules import unruled
from exmachina.images.sheet import sheet_alone

Picture = NDArray[np.uint8]

BOX = 20  # the longer side of its ink
CENTRE = 14.0  # pixel index of the centre of mass, half a pixel past the geometric 13.5: MNIST's own mean
WORKING_SIDE = 1500  # larger pictures are averaged down by a whole number first
HALVES = 1e-6  # of a level: a mean of n.5 is rounded upward, in whatever order it was summed
SMALLEST_INK = 0.02  # of the picture's longer side: anything shorter is a speck


class NoInk(InputError):  # noqa: N818 - a fact about the picture more than a fault
    """The picture holds no digit: it is blank, or what is on it is no more than a speck."""


@dataclass(frozen=True)
class Steps:
    """Which steps `normalize` takes. With none of them a picture is merely resized, as most demos do."""

    polarity: bool = True  # ink bright, paper dark
    clean: bool = True  # even out a photograph's paper; drop specks, ruled lines and other ink
    contrast: bool = True  # paper at 0, the strongest ink at 255
    crop: bool = True  # cut to the ink
    scale: bool = True  # longer side 20 pixels, aspect ratio kept; without it the cut is stretched to 28×28
    centre: bool = True  # by centre of mass; without it the box sits in the middle


def normalize(image: ArrayLike | Image.Image, steps: Steps | None = None) -> Picture:
    """`image` as MNIST would have it: uint8 (28, 28), white ink on black.

    `image` is an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of booleans, of integers 0..255 (16-bit ones
    0..65535) or of floats in [0, 1] or 0..255, or a Pillow image. Anything else raises `InputError`; a blank
    picture raises `NoInk`, which is one.
    """
    return stages(image, steps)["centre"]


def stages(image: ArrayLike | Image.Image, steps: Steps | None = None) -> dict[str, Picture]:
    """The picture after each step, by the step's name and in order; the last, `centre`, is (28, 28).

    A step that `steps` leaves out hands on the picture as it was.
    """
    steps = steps or Steps()
    picture = paper_alone(image)
    shown = {"greyscale": picture}
    inverted = not steps.polarity and is_dark_on_light(picture)  # then paper is taken for ink from here on
    shown["polarity"] = picture = polarity(picture) if steps.polarity else picture
    shown["clean"] = picture = clean(picture) if steps.clean and not inverted else picture
    if steps.contrast:
        picture = contrast(picture, float(picture.min()) if inverted else None)
    shown["contrast"] = picture
    shown["crop"] = picture = crop(picture) if steps.crop else picture
    picture = scale(picture) if steps.scale else resize(picture, SIDE, SIDE)
    if steps.contrast and steps.scale:
        picture = contrast(picture, 0)  # averaging greys a thin pen's strokes
    shown["scale"] = picture
    shown["centre"] = centre(picture) if steps.centre else _in_the_middle(picture)
    return shown


def paper_alone(image: ArrayLike | Image.Image) -> Picture:
    """Any picture of `normalize` as brightness, of a size to work on: its sheet of paper, without printed lines."""
    return unruled(sheet_alone(_working_size(greyscale(image))))


def greyscale(image: ArrayLike | Image.Image) -> Picture:
    """One brightness per pixel, uint8 (H, W): luma of colours, transparent pixels as paper.

    Whole numbers that never pass 1 are taken for a bitmap of 0 and 1.
    """
    pixels = _as_bytes(_array(image))
    if pixels.ndim == 2:
        return pixels
    channels = pixels.shape[2]
    if channels == 1:
        return pixels[:, :, 0]
    luma = np.asarray(Image.fromarray(np.ascontiguousarray(pixels[:, :, :3])).convert("L"))
    return luma if channels == 3 else over_paper(luma, pixels[:, :, 3])


def over_paper(luma: Picture, alpha: Picture) -> Picture:
    """A picture (H, W) with transparency `alpha` (H, W) laid on the paper that lets its ink be seen.

    Where the opaque part shows both dark and light, its median is the paper. Where it is of one brightness
    it is all ink, drawn on nothing, and the paper is its opposite.
    """
    if alpha.min() == 255:
        return luma
    opaque = luma[alpha >= 128]
    if opaque.size == 0:
        opaque = luma[alpha > 0]
    if opaque.size == 0:
        return np.full_like(luma, 255)
    if int(opaque.max()) - int(opaque.min()) >= 128:
        paper = int(np.median(opaque))
    else:
        paper = 0 if opaque.mean() >= 128 else 255
    sheet = Image.new("L", (luma.shape[1], luma.shape[0]), paper)
    sheet.paste(Image.fromarray(luma), mask=Image.fromarray(np.ascontiguousarray(alpha)))
    return np.asarray(sheet)


def polarity(picture: Picture) -> Picture:
    """Ink bright on dark paper."""
    return np.asarray(255 - picture, np.uint8) if is_dark_on_light(picture) else picture


def is_dark_on_light(picture: Picture) -> bool:
    """Is the ink darker than the paper? A border of one level is paper; else see `paper.is_dark_on_light`."""
    border = ring(picture)
    if border.min() == border.max():
        return 2 * int(border[0]) > int(picture.min()) + int(picture.max())
    return paper.is_dark_on_light(paper.judged(picture))


def contrast(picture: Picture, level: float | None = None) -> Picture:
    """Paper (of `level`, else that of the darker pixels) at 0 and the strongest ink at 255."""
    level = paper.level(picture) if level is None else level
    strongest = float(picture.max())
    if strongest - level < MIN_CONTRAST:
        raise NoInk("The picture is blank: no ink stands out from the paper. Draw or choose a darker digit.")
    if (level, strongest) == (0, 255):
        return picture
    levels = (np.arange(256) - level) * 255 / (strongest - level)
    return _rounded(np.clip(levels, 0, 255))[picture]


def crop(picture: Picture) -> Picture:
    """The smallest box that holds all ink; what is no brighter than `INK` is blur and does not widen it."""
    ink = picture > INK
    rows = np.flatnonzero(ink.any(axis=1))
    columns = np.flatnonzero(ink.any(axis=0))
    if rows.size == 0 or max(np.ptp(rows), np.ptp(columns)) + 1 < max(3, SMALLEST_INK * max(picture.shape)):
        raise NoInk("The picture holds no digit, at most a speck. Draw or choose a larger one.")
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def scale(picture: Picture) -> Picture:
    """The longer side to 20 pixels, keeping the aspect ratio."""
    return resize(picture, *scaled_size(*picture.shape))


def scaled_size(height: int, width: int) -> tuple[int, int]:
    """What height and width become when the longer is made `BOX`."""
    longer = max(height, width)
    return max(1, _round(height * BOX / longer)), max(1, _round(width * BOX / longer))


def resize(picture: Picture, height: int, width: int) -> Picture:
    """`picture` at another size: averaged over areas when it shrinks, interpolated linearly when it grows."""
    return resize_all(picture, height, width)


def resize_all(pictures: Picture, height: int, width: int) -> Picture:
    """The same for any number of one size, (..., H, W)."""
    old = pictures.shape[-2:]
    if old == (height, width):
        return pictures
    rows, columns = _weights(old[0], height), _weights(old[1], width)
    return _rounded(rows @ pictures.astype(np.float64) @ columns.T + HALVES)


def centre(picture: Picture) -> Picture:
    """On black 28×28, shifted by whole pixels so that the centre of mass is nearest to `CENTRE`.

    Ink is never pushed over the edge.
    """
    if max(picture.shape) > SIDE:
        picture = resize(picture, SIDE, SIDE)
    mass = picture.sum(dtype=np.int64)
    if mass == 0:
        raise NoInk("The picture is blank: there is no ink to centre. Draw or choose a darker digit.")
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    corner = []
    for axis, length in enumerate(picture.shape):
        balance = float(picture.sum(axis=1 - axis, dtype=np.int64) @ np.arange(length)) / float(mass)
        corner.append(min(max(_round(CENTRE - balance), 0), SIDE - length))
    top, left = corner
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def _in_the_middle(picture: Picture) -> Picture:
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    top, left = ((SIDE - length) // 2 for length in picture.shape)
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def _round(value: float) -> int:
    """The nearest whole number, halves upward: as JavaScript rounds, not Python."""
    return int(np.floor(value + 0.5))


def _rounded(values: NDArray[np.floating[Any]]) -> Picture:
    levels: Picture = np.floor(values + 0.5).astype(np.uint8)
    return levels


def _weights(old: int, new: int) -> NDArray[np.float64]:
    """How much of each of `old` samples goes into each of `new`: (new, old), every row sums to 1."""
    weights: NDArray[np.float64]
    step = old / new
    index = np.arange(old)
    if new < old:  # the share of [i·step, (i+1)·step] that each old sample covers
        start = np.arange(new)[:, None] * step
        covered = np.minimum(start + step, index + 1) - np.maximum(start, index)
        weights = np.maximum(covered, 0) / step
    else:
        place = np.clip((np.arange(new)[:, None] + 0.5) * step - 0.5, 0, old - 1)
        weights = np.maximum(1 - np.abs(place - index), 0)
    return weights


def _working_size(picture: Picture) -> Picture:
    factor = -(-max(picture.shape) // WORKING_SIDE)
    return picture if factor == 1 else np.asarray(Image.fromarray(picture).reduce(factor))


def _array(image: ArrayLike | Image.Image) -> NDArray[np.generic]:
    """`image` as a numeric array (H, W) or (H, W, 1 | 3 | 4), or an error that names what it is."""
    if isinstance(image, Image.Image):
        image = from_pillow(image)
    try:
        array = np.asarray(image)
    except (ValueError, TypeError, RuntimeError) as error:
        raise InputError(
            f"A {type(image).__name__} is not an image; give an array of (height, width) numbers."
        ) from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"An image of dtype {array.dtype} is not numeric; give uint8, or floats between 0 and 1.")
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4))):
        raise InputError(f"An image of shape {array.shape} is not (height, width) or (height, width, 1, 3 or 4).")
    if array.size == 0:
        raise InputError(f"An image of shape {array.shape} is empty; give at least one pixel.")
    return array


def _as_bytes(array: NDArray[np.generic]) -> Picture:
    """Pixel values as 0..255, whatever range they came in."""
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint8:  # without floats, of which a large picture would need a gigabyte
        return array.astype(np.uint8, copy=False) if array.max() > 1 else array.astype(np.uint8) * np.uint8(255)
    low, high = float(array.min()), float(array.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InputError("The image holds NaN or infinity; every pixel must be a finite number.")
    limit = 65535 if array.dtype.kind in "iu" else 255
    if low < 0 or high > limit:
        raise InputError(f"The image's values run from {low:g} to {high:g}; give integers 0 to 255, or floats 0 to 1.")
    brightest = 1 if high <= 1 else 255 if high <= 255 else 65535
    return _rounded(array.astype(np.float32) * np.float32(255 / brightest))


def from_pillow(image: Image.Image) -> NDArray[np.generic]:
    """A Pillow image's pixels, whatever its mode: uint8 (H, W), (H, W, 3) or (H, W, 4), or 16-bit (H, W)."""
    if image.mode in ("L", "RGB", "RGBA") and "transparency" not in image.info:
        return np.asarray(image)
    if image.mode.startswith(("I", "F")):
        return np.asarray(image)
    if image.mode == "1" or (image.mode in ("CMYK", "YCbCr", "LAB", "HSV") and "transparency" not in image.info):
        return np.asarray(image.convert("L" if image.mode == "1" else "RGB"))
    return np.asarray(image.convert("RGBA"))
