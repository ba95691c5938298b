"""Cutting touching digits: paths from the top of their ink to its foot that cross as little of it as they can."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Paths = NDArray[np.intp]

BAND = 0.22  # of a digit's height: how far a cut may stray to either side of its place
SLANT = 0.05  # what a pixel's step to the side costs, in pixels of ink
APART = 0.07  # of a digit's height: cuts nearer to one another are one
MOST_INK = 2.6  # widths of a stroke that a cut may cross


def stroke_width(ink: NDArray[np.bool_]) -> float:
    """The usual width of a stroke, in pixels: four times ink's mean distance from paper."""
    from scipy import ndimage

    if not ink.any():
        return 1.0
    inside = ndimage.distance_transform_edt(np.pad(ink, 1))[1:-1, 1:-1][ink]
    return max(1.0, float(4 * inside.mean() - 2))


def cuts(ink: Values, height: float, stroke: float) -> tuple[Paths, Values]:
    """Where ink (h, w) of strength 0 to 1 may be cut: paths (n, h), the first column right of each, and their ink (n,).

    A path starts and ends anywhere within `BAND` of its column and moves a pixel to the side per row at most, so it
    follows a slanted gap and finds the narrowest place of a touch.
    """
    band = max(2, int(BAND * height))
    paths, crossed = _paths(ink, band)
    allowed = np.flatnonzero(crossed <= MOST_INK * stroke)
    order = allowed[np.argsort(crossed[allowed] + 1e-4 * np.abs(allowed - ink.shape[1] / 2), kind="stable")]
    chosen: list[int] = []
    most = 2 + int(5 * ink.shape[1] / height)
    for column in order:
        if len(chosen) >= most:
            break
        if all(abs(column - other) >= APART * height for other in chosen) and _is_low(crossed, column):
            chosen.append(int(column))
    chosen.sort()
    return paths[chosen], crossed[chosen]


def _is_low(crossed: Values, column: np.intp) -> bool:
    """Is no cut beside it cheaper?"""
    return bool(crossed[column] <= crossed[max(0, column - 1) : column + 2].min() + 1e-9)


def _paths(ink: Values, band: int) -> tuple[Paths, Values]:
    """For each column the cheapest path within `band` of it, (w, h), and the ink on it, (w,)."""
    rows, width = ink.shape
    reach = 2 * band + 1
    padded = np.pad(ink, ((0, 0), (band, band)), constant_values=0.0)
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=1)  # (rows, width, reach)
    pull = 1e-3 * np.abs(np.arange(reach) - band)
    came = np.empty((rows, width, reach), np.int8)
    total = windows[0] + pull
    infinite = np.full((width, 1), np.inf)
    for row in range(1, rows):
        left = np.hstack([infinite, total[:, :-1]]) + SLANT
        right = np.hstack([total[:, 1:], infinite]) + SLANT
        best = np.minimum(total, np.minimum(left, right))
        came[row] = np.where(best == total, 0, np.where(best == left, -1, 1))
        total = best + windows[row] + pull
    place = total.argmin(axis=1)
    paths = np.empty((width, rows), np.intp)
    columns = np.arange(width)
    for row in range(rows - 1, -1, -1):
        paths[:, row] = columns + place - band
        if row:
            place = place + came[row, columns, place]
    inside = np.clip(paths, 0, width - 1)
    on = (paths >= 0) & (paths < width)
    crossed = (ink[np.arange(rows)[None, :], inside] * on).sum(axis=1)
    return paths, crossed
