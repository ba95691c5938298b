"""A sheet of paper on a desk: what is around it is neither paper nor ink, and goes before those are told apart."""

from __future__ import annotations

import numpy as np

from exmachina.images.materials import Mask, Picture, boxes, brighter, ring
from exmachina.images.paper import judged

SMALLEST = 100  # pixels: the longer side of what may be a photograph
WRITING = 10  # times as long as the widest stroke is the picture
SHEET = (0.08, 0.95)  # of the picture: the least and the most that a sheet lying in it takes up
FULL = 0.8  # of its box: a sheet that lies aslant leaves corners free
STRAY = 0.2  # of its box: so much may be bright elsewhere
APART = 40  # levels between sheet and desk
INK = 0.4  # of that, at least, are between sheet and ink
INSETS = (0.02, 0.05, 0.08, 0.12)  # of the box, from each side: the first at which the border is all paper
WRITTEN = 0.004  # of the sheet, at least, is ink


def sheet_alone(picture: Picture) -> Picture:
    """The bright sheet that lies in a picture with a darker desk around it, cut out; `picture` itself if there is none.

    A drawing has paper of one level around it, a photograph never; and what fills its box as a sheet does, and is
    none, has no dark ink within.
    """
    border = ring(picture)
    if max(picture.shape) < SMALLEST or border.min() == border.max():
        return picture
    copy = judged(picture)
    filled = _closed(copy, max(copy.shape) // WRITING | 1)
    box = _box(filled, brighter(copy.astype(np.float64)))
    if box is None:
        return picture
    (top, bottom, left, right), apart = box
    ink = filled[top:bottom, left:right].astype(int) - copy[top:bottom, left:right] >= INK * apart
    if float(ink.mean()) < WRITTEN:
        return picture
    rows, columns = (length / small for length, small in zip(picture.shape, copy.shape, strict=True))
    return picture[int(top * rows) : int(bottom * rows), int(left * columns) : int(right * columns)]


def _closed(copy: Picture, size: int) -> Picture:
    """A picture without what is dark and narrower than `size`, an odd number of pixels."""
    for join in (np.maximum, np.minimum):
        beyond = np.pad(copy, size // 2, mode="edge")
        copy = boxes(beyond, size, join)
    return copy


def _box(filled: Picture, paper: Mask) -> tuple[tuple[int, int, int, int], float] | None:
    """Where the sheet is, without its edges, as (top, bottom, left, right), and how far above its desk.

    `filled` is the picture without its writing, `paper` what is bright with it. `None` if what is bright is no sheet.
    """
    bright = brighter(filled.astype(np.float64))
    extents = []
    for axis in (1, 0):
        shares = bright.mean(axis=axis)
        long = np.flatnonzero(shares > shares.max() / 2) if shares.any() else np.zeros(0, int)
        if not long.size:
            return None
        extents += [int(long[0]), int(long[-1]) + 1]
    top, bottom, left, right = extents
    height, width = bright.shape
    inside = np.zeros_like(bright)
    inside[top:bottom, left:right] = True
    upright, across = (top == 0) + (bottom == height), (left == 0) + (right == width)
    # A bold stroke runs from side to side as well, and all of a picture is no sheet in it.
    if sorted((upright, across)) in ([0, 2], [2, 2]) or not SHEET[0] < float(inside.mean()) < SHEET[1]:
        return None
    if float(bright[inside].mean()) < FULL or bright[~inside].sum() > STRAY * inside.sum():
        return None
    apart = float(np.median(filled[inside])) - float(np.median(filled[~inside]))
    if apart < APART:
        return None
    for inset in INSETS:
        by_rows, by_columns = int(inset * (bottom - top)) + 1, int(inset * (right - left)) + 1
        one = top + by_rows, bottom - by_rows, left + by_columns, right - by_columns
        within = paper[one[0] : one[1], one[2] : one[3]]
        if within.size and min(within[0].min(), within[-1].min(), within[:, 0].min(), within[:, -1].min()):
            return one, apart
    return None
