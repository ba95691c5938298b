"""Squared and ruled paper without its printed lines, which are divided out of the picture.

What a line takes of its paper's light it takes of the ink on it too, so that a stroke across it or along it stays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exmachina.images.clean import SMALL
from exmachina.images.materials import Picture, Values, ring
from exmachina.images.paper import judged
from exmachina.images.rules.lines import Integers, Line, darkness, edges_of, level_of, lines_of, parabola

FEWEST = 3  # lines; one or two may be the strokes of a digit in a tight cut unless they are lighter than ink, and
ALONE = 0.6  # straight and even in so many of their strips
PAPER = 0.4  # of a line at least is beside the digit
SPREAD, MARGIN = 1, 6  # a line may be darker here and there: by what it may be less dark, and of 255
DARKEST = 0.05  # of the paper's light: with less there is no telling what is on a line
INKED = 1 / 4  # times as dark as the lines is ink
BESIDE = 1 / 8  # of all ink at least is beside the lines where there is a digit; else it is what is left of them


def unruled(picture: Picture) -> Picture:
    """A picture without the lines of squared or ruled paper; `picture` itself if there are none."""
    border = ring(picture)
    if max(picture.shape) < SMALL or border.min() == border.max():
        return picture
    copy = judged(picture)
    for turned in (255, 0):  # dark lines, light ones
        bright = copy ^ np.uint8(turned)
        across, down = lines_of(bright), lines_of(bright.T)
        lines = across + down
        lone = bool(turned and lines) and all(line.is_light and line.steady >= ALONE for line in lines)
        if lone or len(lines) >= FEWEST:
            result = picture ^ np.uint8(turned)
            _divide(result, bright, across)
            _divide(result.T, bright.T, down)
            if _is_bare(judged(result), across, down):
                return np.full_like(picture, turned)
            return result ^ np.uint8(turned)
    return picture


def _is_bare(copy: Picture, across: list[Line], down: list[Line]) -> bool:
    """Is all that is inked on the judged copy of a picture without these lines what is left of them?"""
    ink = darkness(copy) >= INKED * float(np.median([line.dark for line in across + down]))
    beside = ink & ~_bands(copy.shape, across) & ~_bands(copy.shape[::-1], down).T
    return bool(beside.sum() < BESIDE * ink.sum())


def _bands(shape: tuple[int, ...], lines: list[Line]) -> NDArray[np.bool_]:
    """Where lines run across a judged copy of a shape, and a little beside them."""
    height, width = shape
    t = (np.arange(width) + 0.5) / width - 0.5
    bands = np.zeros(shape, bool)
    for line in lines:
        bands |= np.abs(np.arange(height)[:, None] - line.rows(t)) <= line.width / 2 + 1.5
    return bands


def _divide(picture: Picture, copy: Picture, lines: list[Line]) -> None:
    """Take lines out of a picture, of which `copy` is the judged copy, where it lies. Ink and lines are bright."""
    height, width = picture.shape
    step = -(-max(picture.shape) // max(copy.shape))
    t = (np.arange(width) + 0.5) / (step * copy.shape[1]) - 0.5
    level = level_of(copy, max(copy.shape))
    before = picture.copy()
    columns = np.arange(width)
    edges = edges_of(width)
    for line in lines:
        path = (line.rows(t) + 0.5) * step - 0.5
        reach = int((line.width / 2 + 1.5) * step) + 3
        rows = np.floor(path + 0.5).astype(np.intp) + np.arange(-reach, reach + 1)[:, None]
        inside = (rows >= 0) & (rows < height)
        at = rows.clip(0, height - 1)
        pixels = before[at, columns].astype(np.float64)
        paper = level[at // step, columns // step].min(axis=0)
        dark = 255 * (pixels - paper) / np.maximum(255 - paper, 1)
        a, b, c = _refined(dark, rows - path, inside, edges, t)
        path = path + (a + b * t + c * t * t)
        distance = rows - path
        knots, values = _profile(distance, dark, inside)
        if not knots.size:
            continue
        low, high = _extent(knots, values)
        clear = 255 - (255 - pixels) / np.maximum(1 - (np.interp(distance, knots, values) + MARGIN) / 255, DARKEST)
        ends = (end.astype(np.intp) for end in (np.floor(path + low), np.ceil(path + high)))
        sides = (np.where((e >= 0) & (e < height), before[e.clip(0, height - 1), columns], paper) for e in ends)
        cleared = np.floor(np.clip(np.maximum(clear, np.minimum(*sides)), 0, 255) + 0.5).astype(np.uint8)
        band = (distance > low) & (distance < high) & inside
        place = at[band], np.broadcast_to(columns, at.shape)[band]
        picture[place] = np.minimum(picture[place], cleared[band])


def _refined(
    dark: Values, distance: Values, inside: NDArray[np.bool_], edges: Integers, t: Values
) -> tuple[float, float, float]:
    """How a line lies to where the copy has it."""
    dark = np.where(inside, dark, dark.max())
    dark = dark - dark.min(axis=0)
    mass = np.add.reduceat(dark.sum(axis=0), edges[:-1]) / np.diff(edges)
    moment = np.add.reduceat((dark * distance).sum(axis=0), edges[:-1]) / np.diff(edges)
    whole = np.logical_and.reduceat(inside.all(axis=0), edges[:-1])
    middle = moment / np.maximum(mass, 1)
    return parabola(mass, middle, whole, t[(edges[1:] + edges[:-1]) // 2])[0]


def _profile(distance: Values, dark: Values, inside: NDArray[np.bool_]) -> tuple[Values, Values]:
    """How dark a line is at distances (k,) from its middle, half a pixel apart, where there is enough of it: (k,)."""
    bins = np.floor(2 * distance + 0.5).astype(np.intp)
    least = int(inside.sum(axis=1).max()) / 8
    knots, values = [], []
    for number in range(int(bins.min()), int(bins.max()) + 1):
        some = (bins == number) & inside
        count = int(some.sum())
        if count and count >= least:
            knots.append(float(distance[some].mean()))
            least_dark, usual = np.sort(dark[some])[[count // 10, int(PAPER * count)]]
            values.append(float(usual + SPREAD * (usual - least_dark)))
    return np.array(knots), np.array(values)


def _extent(knots: Values, values: Values) -> tuple[float, float]:
    """From where to where a line is dark, as distances from its middle."""
    low = high = int(np.abs(knots).argmin())
    least = max(0.08 * float(values[max(low - 1, 0) : low + 2].max()), 3)
    while low > 0 and values[low] > least:
        low -= 1
    while high < len(knots) - 1 and values[high] > least:
        high += 1
    # At the picture's border it goes on.
    return float(knots[low] - (values[low] > least)), float(knots[high] + (values[high] > least))
