"""Ruled and squared paper, tables and boxes: printed lines leave the ink, strokes that cross them stay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exmachina.reading.layout import Mask, parts

LONG = 0.3  # of the page's side: a thin straight run of that length is a line, whatever the digits' size
LONGER, STRIP = 1.5, 180  # and it is longer than a strip of digits, lower than so many pixels, is high
LONG_FOR_DIGITS = 2.2  # of a digit's height: no stroke is so long
SLOPE = 2  # pixels that a line may stray up or down over its least length
GAP = 5  # pixels, odd: shorter gaps are no end of a faint line
DARKER = 1.4  # times as dark as the lines: a stroke on them
FAINT = 0.3  # of the strongest ink: what may be part of a line
HOLLOW = 0.6  # of its outline that a box with its digit inks at most
RIM = 0.12  # of a box: how far from its outline its lines run
UNBROKEN = 0.94  # of a side that its line inks at least


def without_lines(ink: NDArray[np.uint8], digit_height: float = 0.0) -> tuple[NDArray[np.uint8], Mask]:
    """The ink (h, w) without its printed lines, and where these were.

    As long as the digits' height is not known (0) only lines through much of the page go.
    """
    mask = ink > FAINT * 255
    height, width = mask.shape
    (across, rows), (down, columns) = (
        _lines(each, max(40, int(LONG_FOR_DIGITS * digit_height or max(LONG * side, min(other, STRIP)))))
        for each, side, other in ((mask, width, LONGER * height), (mask.T, height, LONGER * width))
    )
    lines = across | down.T | (rows & columns.T & mask)
    if not lines.any():
        return ink, lines
    # A stroke that crosses a line goes on at either side of it, or is darker than the line.
    rest = mask & ~lines
    gap = 2 * (_thickness(lines & rows) if rows.any() else _thickness(lines.T & columns)) + 5
    crossing = (_closed(rest, gap, 0) & rows) | (_closed(rest, gap, 1) & columns.T)
    crossing |= ink > min(255.0, DARKER * float(np.median(ink[lines])))
    lines &= ~crossing
    return np.where(lines, np.uint8(0), ink), lines


def _lines(mask: Mask, least: int) -> tuple[Mask, Mask]:
    """Pixels of thin, roughly horizontal lines of at least so many pixels, and all that these lie on."""
    from scipy import ndimage

    none = np.zeros_like(mask)
    if mask.shape[1] < least or not mask.any():
        return none, none
    runs = _opened(_closed(_dilated(mask, 1 + SLOPE, 0), GAP, 1), least, 1)
    if not runs.any():
        return none, none
    thickness = _thickness(mask & runs)
    thin = mask & ~_opened(mask, thickness + 2, 0)
    labels, count = ndimage.label(_dilated(_dilated(runs, 3, 0), 9, 1))
    straight = np.zeros(count + 1, bool)
    boxes = ndimage.find_objects(labels)
    widths = np.array([box[1].stop - box[1].start for box in boxes])
    heights = np.array([box[0].stop - box[0].start for box in boxes])
    straight[1:] = heights <= 0.12 * widths + 3 * thickness + 4
    band = _dilated(straight[labels] & runs, 3, 0)
    return thin & band, band


def _dilated(mask: Mask, length: int, axis: int) -> Mask:
    """Every pixel with one of the mask within `length` pixels, itself in their middle, along an axis."""
    from scipy import ndimage

    dilated: Mask = ndimage.maximum_filter1d(mask.view(np.uint8), length, axis, mode="constant").view(bool)
    return dilated


def _closed(mask: Mask, length: int, axis: int) -> Mask:
    """The mask with gaps shorter than `length` along an axis filled; `length` is odd."""
    from scipy import ndimage

    wide = _dilated(mask, length, axis)
    closed: Mask = ndimage.minimum_filter1d(wide.view(np.uint8), length, axis, mode="constant", cval=1).view(bool)
    return closed


def _opened(mask: Mask, length: int, axis: int) -> Mask:
    """What is left of the mask when runs shorter than `length` along an axis are taken away."""
    from scipy import ndimage

    origin = -((length + 1) % 2)  # an even window leans to one side; the second leans back
    least = ndimage.minimum_filter1d(mask.view(np.uint8), length, axis, mode="constant")
    opened: Mask = ndimage.maximum_filter1d(least, length, axis, mode="constant", origin=origin).view(bool)
    return opened


def _thickness(lines: Mask) -> int:
    """How many pixels thick lines are, the usual vertical run."""
    starts = lines & ~np.pad(lines, ((1, 0), (0, 0)))[:-1]
    runs = int(starts.sum())
    return max(1, round(float(lines.sum()) / max(1, runs)))


def without_boxes(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The ink without the frames of boxes, each with a digit or nothing in it, if there are at least two."""
    labels, components = parts(ink > FAINT * 255)
    framed = [
        part
        for part in components
        if min(part.height, part.width) >= 16
        and part.area <= HOLLOW * part.height * part.width
        and _is_framed(labels[part.top : part.bottom, part.left : part.right] == part.label)
    ]
    if len(framed) < 2:
        return ink
    cleared = ink.copy()
    for part in framed:
        box = slice(part.top, part.bottom), slice(part.left, part.right)
        cleared[box][_frame(labels[box] == part.label)] = 0
    return cleared


def _is_framed(mask: Mask) -> bool:
    """Is there a line along all four sides, which no digit has?"""
    return all(
        side[: max(3, int(RIM * len(side)))].any(axis=0).mean() >= UNBROKEN
        for side in (mask, mask[::-1], mask.T, mask.T[::-1])
    )


def _frame(mask: Mask) -> Mask:
    """The outermost ink along all four sides, as thick as a line."""
    frame = np.zeros_like(mask)
    for side, out in ((mask, frame), (mask[::-1], frame[::-1]), (mask.T, frame.T), (mask.T[::-1], frame.T[::-1])):
        rim = max(3, int(RIM * len(side)))
        row = np.arange(len(side))[:, None]
        first = np.where(side[:rim].any(axis=0), side.argmax(axis=0), len(side))
        gap = np.where(row >= first, ~side, False)
        runs = np.where(gap.any(axis=0), gap.argmax(axis=0), len(side)) - first
        out[(row >= first - 1) & (row <= first + int(np.median(runs)) + 1)] = True
    return frame
