"""Ruled and squared paper, tables and boxes: printed lines leave the ink, strokes that cross them stay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exmachina.reading.layout import Mask

LONG = 0.3  # of the page's side: a thin straight run of that length is a line, whatever the digits' size
LONGER_THAN_HIGH = 1.5  # and it is longer than a strip of digits is high
LONG_FOR_DIGITS = 2.2  # of a digit's height: no stroke is so long
SLOPE = 2  # pixels that a line may stray up or down over its least length
FAINT = 0.3  # of the strongest ink: what may be part of a line


def without_lines(ink: NDArray[np.uint8], digit_height: float = 0.0) -> tuple[NDArray[np.uint8], Mask]:
    """The ink (h, w) without its printed lines, and where these were.

    As long as the digits' height is not known (0) only lines through much of the page go.
    """
    mask = ink > FAINT * 255
    least = [
        max(40, int(LONG_FOR_DIGITS * digit_height if digit_height else max(LONG * side, min(LONGER_THAN_HIGH * other, 300))))
        for side, other in ((mask.shape[1], mask.shape[0]), mask.shape)
    ]
    (across, rows), (down, columns) = _lines(mask, least[0]), _lines(mask.T, least[1])
    lines = across | down.T | (rows & columns.T & mask)
    return (np.where(lines, np.uint8(0), ink) if lines.any() else ink), lines


def _lines(mask: Mask, least: int) -> tuple[Mask, Mask]:
    """Pixels of thin, roughly horizontal lines of at least so many pixels, and all that these lie on, crossing strokes too."""
    from scipy import ndimage

    none = np.zeros_like(mask)
    if mask.shape[1] < least or not mask.any():
        return none, none
    near = ndimage.binary_dilation(mask, np.ones((1 + SLOPE, 1), bool))
    runs = ndimage.binary_opening(near, np.ones((1, least), bool))
    if not runs.any():
        return none, none
    thickness = _thickness(mask & runs)
    thin = mask & ~ndimage.binary_opening(mask, np.ones((thickness + 2, 1), bool))
    labels, count = ndimage.label(ndimage.binary_dilation(runs, np.ones((3, 9), bool)))
    found = np.zeros(count + 1, bool)
    boxes = ndimage.find_objects(labels)
    widths = np.array([box[1].stop - box[1].start for box in boxes])
    heights = np.array([box[0].stop - box[0].start for box in boxes])
    flat = heights <= 0.12 * widths + 3 * thickness + 4
    found[1:] = flat
    band = ndimage.binary_dilation(found[labels] & runs, np.ones((3, 1), bool))
    return thin & band, band


def _thickness(lines: Mask) -> int:
    """How many pixels thick lines are, the usual vertical run."""
    starts = lines & ~np.pad(lines, ((1, 0), (0, 0)))[:-1]
    runs = int(starts.sum())
    return max(1, round(float(lines.sum()) / max(1, runs)))
