"""Paper and ink of a whole page: polarity, light and shade, and the ink's strength at every pixel.

Unlike `images.clean`, which looks for the one digit in a picture, nothing here is thrown away but what is no ink.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from exmachina.images.mnist import is_dark_on_light
from exmachina.images.paper import deviation, sample
from exmachina.reading.layout import digit_height, parts, stroke_width
from exmachina.reading.rules import without_lines

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]

LARGEST = 2400  # longer side, in pixels, of what is worked on: A4 at 200 dots an inch
BLOCK = 24  # pixels of the coarse copy: the surroundings of a place on a page of small digits
COARSE = 400  # longer side of the copy on which the light is judged
MIN_SHARE = 0.08  # of the way from paper to black: fainter ink is noise or shows through from behind
ALONG = 0.1  # of a strip's height: how near to its top or bottom a line runs along it
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

    On a page ink stands out further from its surroundings than paper does, whatever the border shows.
    """
    if min(picture.shape) < 150:
        return 255 - picture if is_dark_on_light(_between_lines(picture)) else picture
    from scipy import ndimage

    coarse = reduced(picture, COARSE)[0].astype(np.float32)
    away = coarse - ndimage.gaussian_filter(coarse, max(coarse.shape) / 24, mode="nearest")
    return 255 - picture if (away**3).sum() < 0 else picture


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

    The paper's level is asked for at first within a window that no stroke fills on a page, and once the width of
    strokes or the digits' height is known, within one of that size: it follows the edge of a shadow more closely, and
    in a picture of a few digits the thickest stroke does not fill it.
    """
    coarse = reduced(picture, COARSE)[0].astype(np.float64)
    window = max(3, min(max(coarse.shape) // 8, min(coarse.shape) // 2))
    ink, _ = without_lines(_share(coarse, _level(coarse, window)))
    if min(coarse.shape) >= 4 * BLOCK and stroke_width(ink > INKED * 255) <= BLOCK / 4:
        return _share(picture, _blocks(coarse))
    height = digit_height(parts(ink > INKED * 255)[1])
    if 0.6 * height >= 6:
        window = min(int(0.6 * height), min(coarse.shape) // 2)
    return _share(picture, _level(coarse, window))


def _blocks(values: Values) -> Values:
    """The level of dark paper as the lower third of what each place's surroundings hold: ink is never most of them."""
    around = np.pad(values, BLOCK // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(around, (BLOCK, BLOCK))[:: BLOCK // 4, :: BLOCK // 4]
    level = np.partition(windows.reshape(*windows.shape[:2], -1), BLOCK * BLOCK // 3, axis=2)[..., BLOCK * BLOCK // 3]
    return np.asarray(
        Image.fromarray(level.astype(np.float32)).resize(values.shape[::-1], Image.Resampling.BILINEAR), np.float64
    )


def _share(picture: NDArray[np.generic], level: Values) -> Picture:
    """How far each pixel is from the paper's level, given on a coarse copy, to strong ink: 0 to 255."""
    height, width = picture.shape
    coarse = Image.fromarray(level.astype(np.float32))
    beneath = np.asarray(coarse.resize((width, height), Image.Resampling.BILINEAR))
    share = (picture.astype(np.float32) - beneath) / np.maximum(255 - beneath, 32)
    some = sample(share)
    floor = float(np.median(some))
    noise = deviation(some[some <= floor]) if (some < floor).any() else 0.0
    least = floor + max(5 * noise, MIN_SHARE)
    strokes = share[share > least]
    if not strokes.size:
        return np.zeros(picture.shape, np.uint8)
    strongest = max(float(np.percentile(sample(strokes), 70)), least + 0.02)
    low = min(floor + 3 * noise, least)
    even: Picture = np.clip((share - low) * (255 / (strongest - low)) + 0.5, 0, 255).astype(np.uint8)
    return even


def _level(values: Values, window: int) -> Values:
    """The level of dark paper: what is left when everything bright that a square `window` does not fit into is gone."""
    from scipy import ndimage

    smooth = np.pad(ndimage.gaussian_filter(values, 1.0, mode="nearest"), window, mode="symmetric")
    level = ndimage.grey_opening(smooth, size=(window, window))[window:-window, window:-window]
    opened: Values = np.clip(ndimage.gaussian_filter(level, 2.0, mode="nearest"), 0, 255)
    return opened
