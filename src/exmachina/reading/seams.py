"""Cutting touching digits: paths from the top of their ink to its foot that cross as little of it as they can."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Paths = NDArray[np.intp]

BAND = 0.09  # of a digit's height: how far a cut may stray to either side of a straight line
SLANTS = (-0.3, 0.0, 0.3, 0.6)  # columns to the left per row downward: writing leans to the right
ASIDE = 0.05  # what a pixel's step to the side costs, in pixels of ink
APART = 0.045  # of a digit's height: cuts nearer to one another, on average, are one
MOST_INK = 4.5  # widths of a stroke that a cut may cross
MOST = 9  # cuts for each digit's height of width


def stroke_width(ink: NDArray[np.bool_]) -> float:
    """The usual width of a stroke, in pixels: four times the median distance of ink from paper."""
    from scipy import ndimage

    if not ink.any():
        return 1.0
    inside = ndimage.distance_transform_edt(np.pad(ink, 1))[1:-1, 1:-1][ink]
    return max(1.0, float(4 * np.median(inside) - 1.5))


def cuts(ink: Values, height: float, stroke: float) -> tuple[Paths, Values]:
    """Where ink (h, w) of strength 0 to 1 may be cut: paths (n, h), the first column right of each, and their ink (n,).

    A path follows a line of one of the `SLANTS` within `BAND`, a pixel to the side per row at most, and crosses as
    little ink as it can. Those that no neighbour of the same slant undercuts are kept, the cheapest first.
    """
    rows, width = ink.shape
    band = max(1, round(BAND * height))
    paths, costs = [], []
    for slant in SLANTS:
        shift = np.rint(-slant * (np.arange(rows) - (rows - 1) / 2)).astype(np.intp)
        margin = int(np.abs(shift).max())
        columns = np.arange(-margin, width + margin)[None, :] + shift[:, None]
        sheared = np.where(
            (columns >= 0) & (columns < width), ink[np.arange(rows)[:, None], np.clip(columns, 0, width - 1)], 0.0
        )
        found, crossed = _paths(sheared, band)
        for column in _lowest(crossed, max(1, band // 2)):
            if crossed[column] <= MOST_INK * stroke:
                paths.append(found[column] - margin + shift)
                costs.append(float(crossed[column]))
    inked = ink.any(axis=1)
    chosen: list[int] = []
    for index in np.argsort(costs, kind="stable"):
        if len(chosen) >= 2 + MOST * width / height:
            break
        own = paths[index][inked]
        if all(float(np.abs(own - paths[other][inked]).mean()) >= APART * height for other in chosen):
            chosen.append(int(index))
    chosen.sort(key=lambda index: float(np.clip(paths[index], 0, width).mean()))
    if not chosen:
        return np.zeros((0, rows), np.intp), np.zeros(0)
    return np.stack([paths[index] for index in chosen]), np.array([costs[index] for index in chosen])


def _lowest(values: Values, reach: int) -> list[int]:
    """Where no value within `reach` is lower; of equal ones beside each other the middle one."""
    from scipy import ndimage

    low = values <= ndimage.minimum_filter1d(values, 2 * reach + 1, mode="nearest") + 1e-9
    labels, count = ndimage.label(low)
    return [int((box[0].start + box[0].stop - 1) // 2) for box in ndimage.find_objects(labels)] if count else []


def _paths(ink: Values, band: int) -> tuple[Paths, Values]:
    """For each column the cheapest path within `band` of it, (w, h), and the ink on it, (w,)."""
    rows, width = ink.shape
    reach = 2 * band + 1
    padded = np.pad(ink, ((0, 0), (band, band)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=1)  # (rows, width, reach)
    pull = 1e-3 * np.abs(np.arange(reach) - band)
    came = np.zeros((rows, width, reach), np.int8)
    total = windows[0] + pull
    for row in range(1, rows):
        best, step = total.copy(), came[row]
        cheaper = total[:, :-1] + ASIDE < best[:, 1:]
        np.copyto(best[:, 1:], total[:, :-1] + ASIDE, where=cheaper)
        step[:, 1:][cheaper] = -1
        cheaper = total[:, 1:] + ASIDE < best[:, :-1]
        np.copyto(best[:, :-1], total[:, 1:] + ASIDE, where=cheaper)
        step[:, :-1][cheaper] = 1
        total = best + windows[row] + pull
    place = total.argmin(axis=1)
    paths = np.empty((width, rows), np.intp)
    columns = np.arange(width)
    for row in range(rows - 1, -1, -1):
        paths[:, row] = columns + place - band
        place = place + came[row, columns, place]
    on = (paths >= 0) & (paths < width)
    crossed = (ink[np.arange(rows)[None, :], np.clip(paths, 0, width - 1)] * on).sum(axis=1)
    return paths, crossed
