"""Strokes as browsers send them: how much of them is taken, and what of them is worth keeping."""

from __future__ import annotations

import math
from collections.abc import Sequence

from exmachina.errors import InputError

MAX_STROKES, MAX_POINTS, MAX_COORDINATE = 200, 5000, 1e6
LEAST_STEP = 1 / 320  # of the drawing's longer side, which is 20 pixels in MNIST's convention: 1/16 pixel
UNTHINNED, MOST_READ = 1000, 2000  # points that are drawn as they are; that are drawn at all

Strokes = list[list[list[float]]]


def check_strokes(strokes: Sequence[Sequence[Sequence[float]]]) -> None:
    """Raise `InputError` unless the strokes are lists of (x, y) points, finite and not too many."""
    if len(strokes) > MAX_STROKES or sum(map(len, strokes)) > MAX_POINTS:
        raise InputError(f"The drawing has more than {MAX_STROKES} strokes or {MAX_POINTS:,} points; draw it afresh.")
    for stroke in strokes:
        for point in stroke:
            if len(point) != 2 or not all(math.isfinite(value) and abs(value) <= MAX_COORDINATE for value in point):
                raise InputError(f"A stroke has the point {list(point)[:4]!r}; it must be [x, y] within ±1,000,000.")


def thinned(strokes: Strokes) -> Strokes:
    """The strokes without the points that lie within a sixteenth of a pixel of the one before; ends stay."""
    points = [point for stroke in strokes for point in stroke]
    if not points:
        return strokes
    least = LEAST_STEP * max(max(axis) - min(axis) for axis in zip(*points, strict=True))
    return [_thinned(stroke, least) for stroke in strokes]


def drawable(strokes: Strokes) -> Strokes:
    """Strokes that are drawn in a fraction of a second: no hand's are changed, a program's are thinned or refused."""
    if sum(map(len, strokes)) > UNTHINNED:
        strokes = thinned(strokes)
    if (count := sum(map(len, strokes))) > MOST_READ:
        raise InputError(f"The drawing is a scribble of {count:,} points; send at most {MOST_READ:,} that lie apart.")
    return strokes


def _thinned(stroke: list[list[float]], least: float) -> list[list[float]]:
    kept = stroke[:1]
    for point in stroke[1:]:
        if math.dist(point, kept[-1]) >= least:
            kept.append(point)
    return kept if len(stroke) < 2 or kept[-1] is stroke[-1] else [*kept, stroke[-1]]
