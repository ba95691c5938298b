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

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]

LARGEST = 2400  # longer side, in pixels, of what is worked on: A4 at 200 dots an inch
COARSE = 400  # longer side of the copy on which the light is judged
MIN_SHARE = 0.08  # of the way from paper to black: fainter ink is noise or shows through from behind
INKED = 0.4  # of the strongest ink: more is a stroke


@dataclass(frozen=True)
class Sheet:
    """Ink on a page: `ink` uint8 (h, w), 0 for paper to 255, and the 3×3 matrix from its pixels to the picture's."""

    ink: Picture
    to_picture: Values

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

    On a page paper is what lies between the strokes, whatever the border shows: a table, a shadow, a finger.
    """
    if min(picture.shape) < 150:
        return 255 - picture if is_dark_on_light(picture) else picture
    coarse = reduced(picture, COARSE)[0].astype(np.float64)
    dark, light = _closed(coarse) - coarse, coarse - (255 - _closed(255 - coarse))
    return 255 - picture if (dark**3).sum() > (light**3).sum() else picture


def even_ink(picture: Picture) -> Picture:
    """Ink as a share of its strongest, 0 to 255, in any light; paper is 0. Ink is brighter than paper in `picture`."""
    coarse, _ = reduced(picture, COARSE)
    paper = 255 - _closed(255 - coarse.astype(np.float64))
    height, width = picture.shape
    beneath = np.asarray(
        Image.fromarray(paper.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR), np.float32
    )
    share = (picture - beneath) / np.maximum(255 - beneath, 32)
    some = sample(share)
    floor = float(np.median(some))
    noise = deviation(some[some <= floor]) if (some < floor).any() else 0.0
    least = max(floor + 5 * noise, floor + MIN_SHARE)
    strokes = share[share > least]
    if not strokes.size:
        return np.zeros_like(picture)
    strongest = max(float(np.percentile(sample(strokes), 70)), least + 0.02)
    low = min(floor + 3 * noise, least)
    even: Picture = np.clip((share - low) * (255 / (strongest - low)) + 0.5, 0, 255).astype(np.uint8)
    return even


def _closed(values: Values) -> Values:
    """The level of bright paper: what is left when everything dark and as narrow as a stroke is filled."""
    from scipy import ndimage

    window = max(3, min(max(values.shape) // 8, min(values.shape) // 2))
    smooth = ndimage.median_filter(values, 3, mode="nearest")
    beyond = np.pad(smooth, window, mode="reflect", reflect_type="odd") if min(values.shape) > window else smooth
    level = ndimage.grey_closing(beyond, size=(window, window), mode="nearest")
    if beyond is not smooth:
        level = level[window:-window, window:-window]
    closed: Values = np.clip(ndimage.gaussian_filter(level, 2.0, mode="nearest"), 0, 255)
    return closed
