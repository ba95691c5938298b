"""Where the printed lines of squared and ruled paper run: found in a picture's judged copy, beside the digit.

No stroke is as straight, as even and as long as a printed line, which runs from side to side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exmachina.images.materials import Picture, Values, windows

STRIPS = 24  # that a picture is cut into; what is dark at the same place of one after the other is a line
WIDEST = 1 / 4  # of the longer side: what is longer across a line's direction is paper
STEEP = 0.16  # of its length that a line rises, at most
FAINTEST = 5  # of 255, of its paper's light: less is no line
SEEN = 0.75  # of the strips that a line, or ink on it, is in
BEND = 0.2  # of their distance: how far the rises of two lines may differ
STEADY = 1 / 3  # of its strips: in so many a line is straight and even
STRAIGHT, EVEN = 0.15, 0.15  # pixels, and of its ink: how far it strays there
APART = 0.45  # of the distance between lines: they are no wider
LIGHTER = 0.8  # times as dark as ink: a line that is, or less dark, is lighter than ink
STEPS = 1024  # in a pixel: so that every language says the same

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Line:
    """A printed line: its row where t, from -1/2 to 1/2 along the picture, is `row[0] + row[1] t + row[2] t²`."""

    row: tuple[float, float, float]
    width: float  # in rows
    dark: int  # of 255
    is_light: bool  # less dark than ink
    steady: float  # in what share of its strips it is straight and even

    def rows(self, t: Values) -> Values:
        return self.row[0] + self.row[1] * t + self.row[2] * t * t


def level_of(copy: Picture, longer: int) -> Integers:
    """The paper's: what is left in each column when all that is bright and shorter than a window is taken away."""
    window = int(WIDEST * longer)
    before, after = window // 2, window - 1 - window // 2
    for join, around in ((np.minimum, (before, after)), (np.maximum, (after, before))):
        copy = windows(np.pad(copy, (around, (0, 0)), mode="edge"), window, join, axis=0)
    return copy.astype(np.int64)


def darkness(copy: Picture) -> Integers:
    """How much of its paper's light each pixel lacks, of 255; dark is bright here."""
    level = level_of(copy, max(copy.shape))
    dark: Integers = 255 * (copy - level) // np.maximum(255 - level, 64)
    return dark


def lines_of(copy: Picture) -> list[Line]:
    """The printed lines of a judged copy that run across it; they are bright."""
    height, width = copy.shape
    if min(height, width) < 2 * STRIPS:
        return []
    edges = edges_of(width)
    sides = np.stack([copy[:, : edges[2]].mean(axis=1), copy[:, edges[-3] :].mean(axis=1)], axis=1).astype(np.uint8)
    if not (sides - level_of(sides, max(copy.shape) // 3) >= FAINTEST).any(axis=0).all():  # most pictures end here
        return []
    dark = darkness(copy)
    strips = np.add.reduceat(dark, edges[:-1], axis=1) // np.diff(edges)  # (h, S)
    strips -= np.sort(strips, axis=0)[height // 4]
    ends = _candidates(strips, width)
    if not ends:
        return []
    ink = int(np.sort(dark.ravel())[int(0.99 * dark.size)])
    t = _middles(edges)
    lines = [_line(strips, t, left, right, ink) for left, right in ends]
    sure = [line for line in lines if line.steady >= STEADY]
    if not sure:
        return []
    printed = [line for line in lines if line.dark > 0] if len(sure) > 1 else sure
    most, usual = max(line.dark for line in printed), float(np.median([line.width for line in printed]))
    printed = [line for line in printed if 4 * line.dark >= most and line.width <= 2 * usual + 1]
    apart = np.diff(sorted(line.row[0] for line in printed))
    return [] if apart.size and usual > APART * float(np.median(apart)) else printed


def edges_of(width: int) -> Integers:
    """Where the strips of a picture begin, and the last one ends."""
    return np.arange(STRIPS + 1) * width // STRIPS


def _middles(edges: Integers) -> Values:
    middles: Values = (edges[1:] + edges[:-1]) / (2 * edges[-1]) - 0.5
    return middles


def _candidates(strips: Integers, width: int) -> list[tuple[int, int]]:
    """The rows, at the left and at the right, of what is dark all the way, and of what leaves through another side."""
    height = len(strips)
    ends = strips[:, 0] + strips[:, 1], strips[:, -2] + strips[:, -1]
    left, right = (_peaks(end) for end in ends)
    pairs = np.stack(np.meshgrid(left, right, indexing="ij"), axis=-1).reshape(-1, 2)
    pairs = pairs[np.abs(pairs[:, 0] - pairs[:, 1]) <= STEEP * width] if len(pairs) else pairs
    if not len(pairs):
        return []
    wide = windows(np.pad(strips, ((1, 1), (0, 0))), 3, np.maximum, axis=0)
    share = (np.arange(STRIPS) - 0.5) / (STRIPS - 2)
    rows = np.floor(pairs[:, :1] + (pairs[:, 1:] - pairs[:, :1]) * share + 0.5).astype(np.intp)
    values = wide[rows.clip(0, height - 1), np.arange(STRIPS)]  # (pairs, S)
    dark = np.minimum(ends[0][pairs[:, 0]], ends[1][pairs[:, 1]]) // 2
    seen = (5 * values >= 2 * dark[:, None]).sum(axis=1) >= SEEN * STRIPS
    total = np.minimum(values, dark[:, None]).sum(axis=1)
    lines: list[tuple[int, int]] = []
    for index in np.argsort(-total, kind="stable"):
        one = int(pairs[index, 0]), int(pairs[index, 1])
        if seen[index] and (not lines or _is_beside(one, lines)):
            lines.append(one)
    if len(lines) < 2:
        return lines
    down = [(int(row), int(row) + _rise(lines, 0, int(row))) for row in left]
    up = [(int(row) - _rise(lines, 1, int(row)), int(row)) for row in right]
    return lines + [one for one in down + up if not (0 <= one[0] < height and 0 <= one[1] < height)]


def _peaks(values: Integers) -> NDArray[np.intp]:
    """Where there is more than around."""
    v = np.pad(values, 2, constant_values=-1)
    around = np.maximum(np.maximum(v[:-4], v[1:-3]), np.maximum(v[3:-1], v[4:]))
    return np.flatnonzero((values >= 2 * FAINTEST) & (values >= around) & (values > v[1:-3]))


def _is_beside(one: tuple[int, int], lines: list[tuple[int, int]]) -> bool:
    """Does it share no end with one of the lines, and rise as the nearest of them does?"""
    if any(one[0] == line[0] or one[1] == line[1] for line in lines):
        return False
    near = min(lines, key=lambda line: abs(line[0] - one[0]))
    return abs(near[1] - near[0] - one[1] + one[0]) <= 1.5 + BEND * abs(near[0] - one[0])


def _rise(lines: list[tuple[int, int]], side: int, row: int) -> int:
    """Of the line that is nearest to a row on that side."""
    near = min(lines, key=lambda line: abs(line[side] - row))
    return near[1] - near[0]


def _line(strips: Integers, t: Values, left: int, right: int, ink: int) -> Line:
    """The printed line from the first two strips to the last two; sure if it is as straight and even as those."""
    height = len(strips)
    first, last = (t[0] + t[1]) / 2, (t[-2] + t[-1]) / 2
    slope = (right - left) / (last - first)
    path = left - slope * first + slope * t
    reach = max(strips.shape) // 8
    rows = np.floor(path + 0.5).astype(np.intp) + np.arange(-reach, reach + 1)[:, None]
    inside = (rows >= 0) & (rows < height)
    whole = inside[reach]
    values = np.where(inside, strips[rows.clip(0, height - 1), np.arange(STRIPS)], 0)
    count = int(whole.sum())
    profile = np.sort(values[:, whole], axis=1)[:, count // 2] if count else np.zeros(len(rows), np.int64)
    at = reach - 1 + int(profile[reach - 1 : reach + 2].argmax())
    low = high = at
    while low > 0 and 2 * profile[low - 1] > profile[at]:
        low -= 1
    while high < 2 * reach and 2 * profile[high + 1] > profile[at]:
        high += 1
    wide = slice(max(0, low - 2), high + 3)
    some = inside[wide].all(axis=0)
    row, steady = _fitted(values[wide], rows[wide] - path, some, t)
    share = steady / max(int(some.sum()), STRIPS // 2)
    sure = share >= STEADY
    row = left - slope * first + row[0] * sure, slope + row[1] * sure, row[2] * sure
    return Line(row, high - low + 1, int(profile[at]), bool(profile[at] <= LIGHTER * ink), share)


def _fitted(
    dark: Values, distance: Values, whole: NDArray[np.bool_], t: Values
) -> tuple[tuple[float, float, float], int]:
    """The parabola nearest to the middles of what is dark in each strip, and how many strips are even and on it.

    `dark` and `distance`, from where the line was looked for, are (n, S).
    """
    dark = dark - dark.min(axis=0)  # of a line across it
    mass = dark.sum(axis=0)
    middle = (dark * distance).sum(axis=0) / np.maximum(mass, 1)
    return parabola(mass, middle, whole, t)


def parabola(
    mass: Values, middle: Values, whole: NDArray[np.bool_], t: Values
) -> tuple[tuple[float, float, float], int]:
    """The same of how much is dark in each strip, and of its middle: both (S,)."""
    some = np.flatnonzero(whole)
    if 3 * some.size < STRIPS:
        return (0.0, 0.0, 0.0), 0
    usual = float(np.sort(mass[some])[some.size // 2])
    some = some[np.abs(mass[some] - usual) <= 0.5 * usual]
    row, off = (0.0, 0.0, 0.0), np.zeros(STRIPS)
    for _ in range(2):
        powers = np.stack([np.ones(some.size), t[some], t[some] * t[some]])
        normal = powers @ powers.T + np.diag([1e-3, 1e-3, 0.02])
        a, b, c = np.floor(np.linalg.solve(normal, powers @ middle[some]) * STEPS + 0.5) / STEPS
        row = float(a), float(b), float(c)
        off = np.abs(middle - (a + b * t + c * t * t))
        some = some[off[some] <= np.sort(off[some])[some.size // 2]]
    even = whole & (off <= STRAIGHT) & (np.abs(mass - usual) <= EVEN * usual)
    return row, int(even.sum())
