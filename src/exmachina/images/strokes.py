"""Pen strokes straight to MNIST's convention, without a picture in between.

A pen drawn on a large canvas and then shrunk leaves hairlines; drawn on a small one it leaves blots. Here the
strokes are scaled first and the pen is laid on afterwards, so its width is the same whatever the canvas.

The arithmetic, for whoever repeats it in another language (double precision, in this order):

1. `scale = (20 - width) / max(extent in x, extent in y)`; every point becomes `(p - minimum) * scale + width / 2`.
2. The grid has `ceil(largest coordinate + width / 2 - 1e-9)` pixels each way, pixel (row, column) covering
   `[column, column + 1) x [row, row + 1)`. Each pixel has 8×8 samples at `(k + 0.5) / 8`.
3. A sample is ink if its distance to the nearest segment is at most `width / 2`: with segment a→b and sample p,
   `t = clamp(((p - a) · (b - a)) / |b - a|², 0, 1)` (0 if a = b), distance² `= |p - (a + t (b - a))|²`.
4. A pixel is `floor(255 * samples in ink / 64 + 0.5)`.
5. `exmachina.images.mnist.centre` shifts the grid by whole pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exmachina.errors import InputError
from exmachina.images.mnist import BOX, NoInk, centre

SAMPLES = 8  # per pixel and axis
PEN_WIDTH = 2.5  # pixels of 28: about a stroke's width in MNIST
WIDEST_PEN = 8.0
MAX_POINTS = 20_000
# Of what strangers send:
SENT_STROKES, SENT_POINTS, SENT_COORDINATE = 200, 5000, 1e6
UNTHINNED, MOST_READ = 1000, 2000  # points that are drawn as they are; that are drawn at all
LEAST_STEP = 1 / 320  # of the drawing's longer side, which is 20 pixels in MNIST's convention: 1/16 pixel

Points = NDArray[np.float64]
Strokes = list[list[list[float]]]


def render_strokes(strokes: Sequence[ArrayLike], width: float = PEN_WIDTH) -> NDArray[np.uint8]:
    """The drawing as uint8 (28, 28), white ink on black, with a round pen of `width` pixels of those 28.

    Each stroke is a sequence of points (x, y), y downward, in any unit. Raises `NoInk` if they mark no more
    than one spot, and `InputError` if they are not finite numbers.
    """
    if not (math.isfinite(width) and 0 < width <= WIDEST_PEN):
        raise InputError(f"A pen {width} pixels wide cannot draw; choose a width up to {WIDEST_PEN:g}.")
    lines = [_points(stroke) for stroke in strokes]
    lines = [line for line in lines if len(line)]
    if sum(map(len, lines)) > MAX_POINTS:
        raise InputError(f"The drawing has {sum(map(len, lines))} points; send at most {MAX_POINTS}.")
    if not lines:
        raise NoInk("There are no strokes. Draw a digit.")
    lines = _fitted(lines, width)
    columns, rows = np.ceil(np.max(np.concatenate(lines), axis=0) + width / 2 - 1e-9).astype(int)
    ink = np.zeros((rows * SAMPLES, columns * SAMPLES), bool)
    for line in lines:
        for start, end in zip(line, line[1:] if len(line) > 1 else line, strict=False):
            _draw(ink, start, end, width / 2)
    counts = ink.reshape(rows, SAMPLES, columns, SAMPLES).sum(axis=(1, 3))
    return centre(np.floor(255 * counts / SAMPLES**2 + 0.5).astype(np.uint8))


def _points(stroke: ArrayLike) -> Points:
    """One stroke as float64 (points, 2)."""
    try:
        points = np.asarray(stroke, np.float64)
    except (ValueError, TypeError):
        raise InputError("A stroke is not a list of points; give pairs of numbers (x, y).") from None
    if points.size == 0:
        return np.zeros((0, 2))
    if points.ndim != 2 or points.shape[1] != 2:
        raise InputError(f"A stroke of shape {points.shape} is not a list of points; give pairs (x, y).")
    if not (np.abs(points) < 1e9).all():
        raise InputError("A stroke holds NaN, infinity or a huge coordinate; every one must be below 1e9.")
    return points


def _fitted(lines: list[Points], width: float) -> list[Points]:
    """The strokes scaled so that with the pen's width the longer side measures 20 pixels from 0."""
    every = np.concatenate(lines)
    low = every.min(axis=0)
    extent = float((every.max(axis=0) - low).max())
    if extent < 1e-6:
        raise NoInk("The drawing is a single dot. Draw a digit.")
    return [(line - low) * ((BOX - width) / extent) + width / 2 for line in lines]


def _draw(ink: NDArray[np.bool_], start: Points, end: Points, radius: float) -> None:
    """Mark the samples of `ink` within `radius` of the segment, looking only at the box around it."""
    low = np.floor((np.minimum(start, end) - radius) * SAMPLES).astype(int).clip(0)
    high = np.ceil((np.maximum(start, end) + radius) * SAMPLES).astype(int) + 1
    window = ink[low[1] : high[1], low[0] : high[0]]
    x = (np.arange(low[0], low[0] + window.shape[1]) + 0.5) / SAMPLES
    y = ((np.arange(low[1], low[1] + window.shape[0]) + 0.5) / SAMPLES)[:, None]
    along = end - start
    length = float(along @ along)
    t = 0.0
    if length > 0:
        t = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / length, 0, 1)
    away = (x - (start[0] + t * along[0])) ** 2 + (y - (start[1] + t * along[1])) ** 2
    window |= away <= radius * radius


def check_strokes(strokes: Sequence[Sequence[Sequence[float]]]) -> None:
    """Raise `InputError` unless the strokes are lists of (x, y) points, finite and not too many."""
    if len(strokes) > SENT_STROKES or sum(map(len, strokes)) > SENT_POINTS:
        raise InputError(f"The drawing has more than {SENT_STROKES} strokes or {SENT_POINTS:,} points; draw it afresh.")
    for stroke in strokes:
        for point in stroke:
            if len(point) != 2 or not all(math.isfinite(value) and abs(value) <= SENT_COORDINATE for value in point):
                raise InputError(f"A stroke has the point {list(point)[:4]!r}; it must be [x, y] within ±1,000,000.")


def drawable(strokes: Strokes) -> Strokes:
    """Strokes that are drawn in a fraction of a second: no hand's are changed, a program's are thinned or refused."""
    if sum(map(len, strokes)) > UNTHINNED:
        strokes = thinned(strokes)
    if (count := sum(map(len, strokes))) > MOST_READ:
        raise InputError(f"The drawing is a scribble of {count:,} points; send at most {MOST_READ:,} that lie apart.")
    return strokes


def thinned(strokes: Strokes) -> Strokes:
    """The strokes without the points that lie within a sixteenth of a pixel of the one before; ends stay."""
    points = [point for stroke in strokes for point in stroke]
    if not points:
        return strokes
    least = LEAST_STEP * max(max(axis) - min(axis) for axis in zip(*points, strict=True))
    return [_thinned(stroke, least) for stroke in strokes]


def _thinned(stroke: list[list[float]], least: float) -> list[list[float]]:
    kept = stroke[:1]
    for point in stroke[1:]:
        if math.dist(point, kept[-1]) >= least:
            kept.append(point)
    return kept if len(stroke) < 2 or kept[-1] is stroke[-1] else [*kept, stroke[-1]]
