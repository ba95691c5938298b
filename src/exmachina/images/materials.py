"""The two materials of a picture, and how one of them lies: what tells a shadow from strokes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]

WIDEST_STROKE = 0.3  # of the longer side: what holds a square of that size is no ink
MOST_AROUND = 2 / 3  # of the border: what covers more is no digit
FAINT = 0.3  # of the way from paper to strong ink: less is paper
WHOLE_SIDE = 0.9  # of a side: what runs along more than two is paper
AT_BORDER = 1 / 4  # of the border: strokes that do not fill their picture cover less
BLUR = 3  # pixels beside a border of two materials
FINEST = 64  # steps per level of 255: the paper is no surer, and every language rounds to the same


def ring(picture: NDArray[np.generic]) -> NDArray[np.generic]:
    """The pixels along the border: (n,)."""
    width = ring_width(*picture.shape)
    inner = slice(width, -width)
    sides = picture[:width], picture[-width:], picture[inner, :width], picture[inner, -width:]
    return np.concatenate([side.ravel() for side in sides])


def ring_width(height: int, width: int) -> int:
    """Pixels that the border of a picture is wide."""
    return max(1, min(height, width) // 32)


def brighter(values: Values) -> Mask:
    """Above the threshold that parts the values best into two groups (Otsu, IEEE Trans. SMC 9, 1979).

    Values are in steps of 1 / 64.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.zeros(values.shape, bool)
    edges = np.linspace(low, high + 1e-9, 65)
    steps = ((values - low) * FINEST).astype(np.intp).ravel()  # whole: pixels are, and `_stepped` levels
    first = np.ceil((edges - low) * FINEST).astype(np.intp)  # step in each of the 64 groups
    of_steps = np.bincount(steps, minlength=first[-1] + 1)
    counts = np.add.reduceat(of_steps, first[:-1])
    counts[first[:-1] == first[1:]] = 0
    brighter: Mask = values > parting(counts, edges)
    return brighter


def parting(counts: NDArray[np.integer[Any]], edges: NDArray[np.floating[Any]]) -> float:
    """The edge (of n + 1) that parts values of which `counts` (n,) lie between each two best into two groups (Otsu).

    The first count is not 0.
    """
    below = np.cumsum(counts)
    sums = np.cumsum(counts * (edges[:-1] + edges[1:]) / 2)
    above = below[-1] - below
    between = below[:-1] * above[:-1] * (sums[:-1] / below[:-1] - (sums[-1] - sums[:-1]) / above[:-1]) ** 2
    return float(edges[int(between.argmax()) + 1])


def grown(mask: Mask, by: int) -> Mask:
    """`mask` and every pixel within a square of `by` pixels around it."""
    of_squares: Mask = boxes(_framed(mask, by, by, by, by), 2 * by + 1, np.logical_or)
    return of_squares


def _framed(mask: Mask, above: int, below: int, left: int, right: int) -> Mask:
    """`mask` with so many empty rows and columns around it; what `np.pad` does, in a sixth of its time."""
    height, width = mask.shape
    framed = np.zeros((above + height + below, left + width + right), bool)
    framed[above : above + height, left : left + width] = mask
    return framed


def windows(values: Any, length: int, join: np.ufunc, axis: int = 1) -> Any:
    """`length` neighbours in each row made one by `join`, as `np.minimum` or `np.logical_or`: (h, w - length + 1).

    Windows twice as long are made of two, which takes a fraction of the time of scipy's filters. `axis` 0: in columns.
    """
    covered = 1
    while covered < length:
        step = min(covered, length - covered)
        first, second = (values[:-step], values[step:]) if axis == 0 else (values[:, :-step], values[:, step:])
        values = join(first, second)
        covered += step
    return values


def boxes(values: Any, side: int, join: np.ufunc) -> Any:
    """`side` x `side` neighbours made one: (h - side + 1, w - side + 1)."""
    return windows(windows(values, side, join, axis=0), side, join)


def runs(mask: Mask, length: int) -> Mask:
    """What of a mask lies in its rows in runs of at least `length`."""
    if mask.shape[1] < length:
        return np.zeros_like(mask)
    begins = windows(mask, length, np.logical_and)
    of_runs: Mask = windows(_framed(begins, 0, 0, length - 1, length - 1), length, np.logical_or)
    return of_runs


def widened(mask: Mask, height: int, width: int) -> Mask:
    """A mask and a box of that size about each of its pixels; one more before it than after it, if that is even."""
    up, down, left, right = (height - 1) // 2, height // 2, (width - 1) // 2, width // 2
    wide = windows(_framed(mask, up, down, left, right), width, np.logical_or)
    of_boxes: Mask = windows(wide, height, np.logical_or, axis=0)
    return of_boxes


def is_wide(material: Mask) -> bool:
    """Does it hold a square that no stroke could?"""
    side = int(WIDEST_STROKE * max(material.shape) + 0.5)
    if side > min(material.shape):
        return False
    return bool(boxes(material, side, np.logical_and).any())


def is_inside(mask: Mask) -> bool:
    """Does it leave the corners and most of the border free? Strokes do that reach some sides alone, shadows do not."""
    return not mask[[0, 0, -1, -1], [0, -1, 0, -1]].any() and float(ring(mask).mean()) < AT_BORDER


def uneven(values: Values, bright: Mask) -> float:
    """The share of the picture that is neither as one half's middle nor as the other's; 1 if one half is nowhere whole.

    Next to nothing where there are two materials, ink and paper; under light and shade there are three and more. Pixels
    near the border of the two are blur and are not asked.
    """
    sides = [side & ~grown(~side, BLUR) for side in (bright, ~bright)]
    if not all(side.any() for side in sides):
        return 1.0
    levels = [float(np.median(values[side])) for side in sides]
    most = FAINT * abs(levels[0] - levels[1])
    away = sum(int((np.abs(values[side] - level) > most).sum()) for side, level in zip(sides, levels, strict=True))
    return away / values.size


def fills(mask: Mask) -> bool:
    """Does it come near every side of the picture in few places, and cover few corners? So do strokes in a tight cut.

    However wide they are, they are then ink. A shadow at every side covers three corners, paper most of the border, and
    what squares leave free comes near each side many times.
    """
    near = max(mask.shape) // 16
    along = [float(side.mean()) for side in _sides(mask, min(near, min(mask.shape) // 8))]
    places = [int(side[0]) + int((side[1:] & ~side[:-1]).sum()) for side in _sides(mask, near)]
    corners = int(mask[[0, 0, -1, -1], [0, -1, 0, -1]].sum())
    few = min(places) > 0 and max(places) <= 3 and corners <= 2 and sum(one > WHOLE_SIDE for one in along) <= 2
    return few and float(ring(mask).mean()) < MOST_AROUND


def _sides(mask: Mask, near: int) -> list[Mask]:
    """Where along the four sides it comes as near as `near` pixels."""
    near = max(1, near)
    bands = mask[:near], mask[-near:], mask[:, :near].T, mask[:, -near:].T
    return [np.asarray(band.any(axis=0)) for band in bands]
