"""Paper and ink of a whole page: polarity, light and shade, and the ink's strength at every pixel.

Unlike `images.clean`, which looks for the one digit in a picture, nothing here is thrown away but what is no ink.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from exmachina.images.materials import grown
from exmachina.images.mnist import is_dark_on_light
from exmachina.images.paper import deviation, sample
from exmachina.reading.layout import height_on_page, parts
from exmachina.reading.rules import without_lines

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]

LARGEST = 2400  # longer side, in pixels, of what is worked on: A4 at 200 dots an inch
COARSE = 400  # longer side of the copy on which the light is judged
FINE = 1200  # and of the one on which it is followed
STRIP = 96  # pixels of the coarse copy: lower pictures are strips of digits
PAGE = 8  # windows that lie side by side on a page, as long as nothing is known of its digits
WIDE = 0.7  # of a digit's height: no stroke fills a window of that size
MIN_SHARE = 0.08  # of the way from paper to black: fainter ink is noise or shows through from behind
STRONG = 60  # percent of a page's ink is weaker than its strongest: the rest is blots
FULL = 95  # percent of all that is no paper, printed lines included, is weaker than full ink
ALONG = 0.1  # of a strip's height: how near to its top or bottom a line runs along it
STEP = 1.15  # times as light is paper at one side of an edge as at the other
LONG_EDGE = 0.2  # of the page's longer side: shorter steps are no sides of anything
RIM = 6  # pixels of the coarse copy: what lies as near to the picture's border is no digit
MOSTLY = 0.6  # of a piece's ink lies along an edge that is an edge itself
INKED = 0.4  # of the strongest ink: more is a stroke


@dataclass(frozen=True)
class Sheet:
    """Ink on a page: `ink` uint8 (h, w), 0 for paper to 255, and the 3×3 matrix from its pixels to the picture's.

    `is_grid` says that it is a sudoku's grid, seen from above.
    """

    ink: Picture
    to_picture: Values
    is_grid: bool = False

    @property
    def mask(self) -> Mask:
        """Which pixels are strokes, (h, w)."""
        return self.ink > INKED * 255


def reduced(picture: Picture, largest: int) -> tuple[Picture, int]:
    """The picture averaged down by a whole number so that its longer side is at most `largest`, and that number."""
    factor = -(-max(picture.shape) // largest)
    return (picture if factor == 1 else np.asarray(Image.fromarray(picture).reduce(factor))), factor


def scaling(factor: float) -> Values:
    """The matrix that takes the pixels of a picture reduced by `factor` to those of the picture."""
    return np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1]], np.float64)


def bright_ink(picture: Picture) -> Picture:
    """The picture with ink brighter than paper.

    On a page ink stands out further from its surroundings than paper does, whatever the border shows; what lies along
    the sides of sheets, desks and shadows counts for little.
    """
    if min(picture.shape) < 150:
        return 255 - picture if is_dark_on_light(_between_lines(picture)) else picture
    from scipy import ndimage

    coarse, small = (reduced(picture, side)[0].astype(np.float32) for side in (COARSE, COARSE // 4))
    window = max(small.shape) // 8
    level = ndimage.median_filter(small, window, mode="nearest")
    steps = ndimage.maximum_filter(level, window) - ndimage.minimum_filter(level, window)
    away = (coarse - _enlarged(level, coarse.shape)) / (1 + _enlarged(steps, coarse.shape) / 16)
    return 255 - picture if (away**3).sum() < 0 else picture


def _enlarged(values: NDArray[np.floating[Any]], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Values (h, w) of a coarse copy for the pixels of a picture of `shape`."""
    return np.asarray(
        Image.fromarray(values.astype(np.float32)).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    )


def _between_lines(picture: Picture) -> Picture:
    """A strip without the lines along its top and its bottom, which would pass for the border's paper."""
    height, width = picture.shape
    if width <= height:
        return picture
    away = np.abs(np.median(picture, axis=1) - np.median(picture))
    is_line = away > 1.5 * max(float(picture.std()), 8.0)
    edge = int(ALONG * height)
    above, below = (int(np.flatnonzero(some).max(initial=-2)) + 2 for some in (is_line[:edge], is_line[::-1][:edge]))
    return picture[above : height - below]


def even_ink(picture: Picture) -> Picture:
    """Ink as a share of its strongest, 0 to 255, in any light; paper is 0. Ink is brighter than paper in `picture`.

    The paper's level is asked for at first within a window that no stroke fills on a page, and once the digits' height
    is known, within one of about that size: it follows the edges of shadows, and no stroke fills it. On a page the
    sides of sheets, of pens and of dark shadows are no ink either.
    """
    coarse = reduced(picture, COARSE)[0].astype(np.float64)
    is_strip = min(coarse.shape) < STRIP
    window = max(3, min(coarse.shape) // 2 if is_strip else max(coarse.shape) // PAGE)
    ink, _ = without_lines(_share(coarse, _level(coarse, window)))
    height = height_on_page(parts(ink > INKED * 255)[1], ink.shape)
    if WIDE * height >= 6:
        window = min(int(WIDE * height), min(coarse.shape) // 2)
    fine = reduced(picture, FINE)[0].astype(np.float64)
    level = _level(fine, round(window * max(fine.shape) / max(coarse.shape)))
    ink = _share(picture, level)
    return ink if is_strip else _without_edges(ink, level, min(window // 2, RIM))


def _without_edges(ink: Picture, level: Values, rim: int) -> Picture:
    """The ink without pieces along long steps of the paper's `level`, or within `rim` coarse pixels of the border."""
    from scipy import ndimage

    factor = -(-max(level.shape) // COARSE)
    light = 255 - level[::factor, ::factor]
    steps = ndimage.maximum_filter(light, 3) > STEP * np.maximum(ndimage.minimum_filter(light, 3), 16)
    labels, components = parts(steps)
    long = [part.label for part in components if max(part.height, part.width) > LONG_EDGE * max(light.shape)]
    edges = np.pad(grown(np.isin(labels, long), 1)[rim:-rim, rim:-rim], rim, constant_values=True)
    along = np.asarray(Image.fromarray(edges).resize(ink.shape[::-1], Image.Resampling.NEAREST))
    labels, components = parts(ink > INKED * 255)
    beside = np.bincount(labels[along], minlength=len(components) + 1)
    sides = [part.label for part in components if beside[part.label] > MOSTLY * part.area]
    return np.where(np.isin(labels, sides), np.uint8(0), ink) if sides else ink


def _share(picture: NDArray[np.generic], level: Values) -> Picture:
    """How far each pixel is from the paper's level, given on a coarse copy, to strong ink: 0 to 255."""
    beneath = _enlarged(level, picture.shape)
    share = (picture.astype(np.float32) - beneath) / np.maximum(255 - beneath, 32)
    some = sample(share)
    floor = float(np.median(some))
    noise = deviation(some[some <= floor]) if (some < floor).any() else 0.0
    least = floor + max(5 * noise, MIN_SHARE)
    strokes = share[share > least]
    if not strokes.size:
        return np.zeros(picture.shape, np.uint8)
    some = sample(strokes)
    without_fainter = some[some > INKED * np.percentile(some, FULL)]
    strongest = max(float(np.percentile(without_fainter, STRONG)), least + 0.02)
    low = min(floor + 3 * noise, least)
    even: Picture = np.clip((share - low) * (255 / (strongest - low)) + 0.5, 0, 255).astype(np.uint8)
    return even


def _level(values: Values, window: int) -> Values:
    """The level of dark paper: what is left when everything bright that a square `window` does not fit into is gone."""
    from scipy import ndimage

    smooth = np.pad(ndimage.gaussian_filter(values, 1.0, mode="nearest"), window, mode="symmetric")
    level = ndimage.grey_opening(smooth, size=(window, window))[window:-window, window:-window]
    return np.asarray(level, np.float64)
