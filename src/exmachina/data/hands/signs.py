"""Signs that stand before and behind amounts, as hands write them: no digits, though parts of them look like some.

The coordinates are those of `skeletons`. A slash alone is left out, for a 1 may be one.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from exmachina.data.hands.skeletons import Rng, Say, Strokes, arc, smooth


def sign(rng: Rng) -> Strokes:
    """The strokes of one sign, in some hand: smooth, (points, 2) each."""
    strokes = []
    for stroke in SIGNS[rng.choice(len(SIGNS), p=SHARES)](rng):
        points = np.array(stroke, np.float64)
        strokes.append(smooth(points + rng.normal(0, 0.02, points.shape)))
    return strokes


def _dollar(rng: Rng) -> list[Say]:
    wide, waist = rng.uniform(0.18, 0.34), rng.uniform(0.42, 0.55)
    upper = arc(0.35, waist / 2, wide, waist / 2, -40 - rng.uniform(0, 20), -270)
    lower = arc(0.35, (1 + waist) / 2, wide + rng.uniform(0, 0.05), (1 - waist) / 2, -90, 150 + rng.uniform(0, 30))
    over, lean, gap = rng.uniform(0.12, 0.28), rng.uniform(-0.08, 0.12), rng.uniform(0.1, 0.2)
    places = [0.35] if rng.random() < 0.65 else [0.35 - gap / 2, 0.35 + gap / 2]
    if rng.random() < 0.8:
        return [[*upper, *lower], *([(x + lean, -over), (x - lean, 1 + over)] for x in places)]
    # Only its ends, above and below
    stubs = [[(x, -over), (x, 0.05)] for x in places] + [[(x, 0.95), (x, 1 + over)] for x in places]
    return [[*upper, *lower], *stubs]


def _hash(rng: Rng) -> list[Say]:
    lean, apart, high = rng.uniform(-0.05, 0.25), rng.uniform(0.18, 0.4), rng.uniform(0.2, 0.4)
    slope, out = rng.uniform(-0.12, 0.06), rng.uniform(0.1, 0.3)
    left, top = 0.3, 0.5 - high / 2
    down: list[Say] = [[(x + lean, 0.0), (x - lean, 1.0)] for x in (left, left + apart)]
    across: list[Say] = [[(left - out, y - slope), (left + apart + out, y + slope)] for y in (top, top + high)]
    return down + across


def _star(rng: Rng) -> list[Say]:
    count, first = int(rng.integers(2, 5)), rng.uniform(0, math.pi)
    turns = [first + math.pi * i / count for i in range(count)]
    return [[(-math.cos(a), -math.sin(a)), (math.cos(a), math.sin(a))] for a in turns]


def _per_cent(rng: Rng) -> list[Say]:
    wide, high = rng.uniform(0.1, 0.2), rng.uniform(0.12, 0.22)
    rings: list[Say] = [arc(0.15, high, wide, high, 0, 360), arc(0.75, 1 - high, wide, high, 0, 360)]
    return [*rings, [(0.75 + rng.uniform(-0.1, 0.1), 0.0), (0.15 + rng.uniform(-0.1, 0.1), 1.0)]]


def _euro(rng: Rng) -> list[Say]:
    wide, open_ = rng.uniform(0.25, 0.45), rng.uniform(35, 70)
    bow = arc(0.4, 0.5, wide, 0.5, -open_, -360 + open_)
    out, end = rng.uniform(0.05, 0.2), rng.uniform(0.35, 0.6)
    return [
        bow,
        *([(0.4 - wide - out, y), (end, y + rng.uniform(-0.05, 0.03))] for y in (0.42, 0.42 + rng.uniform(0.1, 0.2))),
    ]


def _pound(rng: Rng) -> list[Say]:
    head = arc(0.5, 0.2, rng.uniform(0.15, 0.25), 0.2, -20, -190)
    stem: Say = [
        (0.35, 0.55),
        (0.3, 0.8),
        (0.08, 1.0),
        (0.05, 0.9),
        (0.25, 0.9),
        (0.5, 1.0),
        (0.75, rng.uniform(0.85, 1.0)),
    ]
    return [[*head, *stem], [(0.1, 0.5), (rng.uniform(0.45, 0.65), 0.5)]]


def _slashes(rng: Rng) -> list[Say]:
    """Two at least, and more aslant than a 1 is."""
    lean, apart = rng.uniform(0.38, 0.55), rng.uniform(0.25, 0.5)
    return [[(i * apart + lean, 0.0), (i * apart - lean, 1.0)] for i in range(int(rng.integers(2, 4)))]


def _flat(rng: Rng) -> list[Say]:
    """A stroke or two that fill the line, straight or as a wave."""
    wave, waves = rng.uniform(0, 0.12), rng.uniform(0.5, 2.5)
    xs = np.linspace(0, 1.3, 9)
    line: Say = [(float(x), float(wave * math.sin(x * waves * 2 * math.pi))) for x in xs]
    if rng.random() < 0.5:
        return [line]
    below = rng.uniform(0.15, 0.35)
    return [line, [(x, y + below) for x, y in line]]


def _cross(rng: Rng) -> list[Say]:
    turn = rng.choice([0.0, math.pi / 4]) + rng.uniform(-0.15, 0.15)
    return [[(-math.cos(a), -math.sin(a)), (math.cos(a), math.sin(a))] for a in (turn, turn + math.pi / 2)]


def _bracket(rng: Rng) -> list[Say]:
    """Round or square, curved enough to be no 1."""
    side = rng.choice([-1, 1])
    if rng.random() < 0.5:
        return [arc(0.0, 0.5, side * rng.uniform(0.3, 0.45), 0.5, -80, 80)]
    deep = side * rng.uniform(0.2, 0.4)
    return [[(deep, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 1.0), (0.0, 1.0), (deep, 1.0)]]


SIGNS: tuple[Callable[[Rng], list[Say]], ...] = (
    _dollar, _hash, _star, _per_cent, _euro, _pound, _slashes, _flat, _cross, _bracket,
)  # fmt: skip
SHARES = (0.25, 0.22, 0.08, 0.06, 0.08, 0.06, 0.08, 0.07, 0.06, 0.04)
