"""How people write the ten digits: the pen's way, with the habits that MNIST's writers rarely had.

Each digit has several habits (a 1 with a flag, a loop or a foot, a crossed 7, an open 4, a looped 2, a 9 with a curled
foot), drawn at random; every number in them is drawn at random too. Coordinates are (x, y), y downward, a digit about 1
high. A point that is said twice is a corner.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # (points, 2)
Strokes = list[Points]
Rng = np.random.Generator

BETWEEN = 4  # points between two that are said


def skeleton(digit: int, rng: Rng) -> Strokes:
    """The strokes of one digit, in some hand: smooth, (points, 2) each."""
    wobble = rng.uniform(0, 0.025)
    strokes = []
    for stroke in DIGITS[digit](rng):
        points = np.array(stroke, np.float64)
        moved = points + rng.normal(0, wobble, points.shape)
        said_twice = (points[1:] == points[:-1]).all(axis=1)
        moved[1:][said_twice] = moved[:-1][said_twice]
        strokes.append(smooth(moved))
    return strokes


def smooth(points: Points) -> Points:
    """A curve through the points (Catmull and Rom 1974), `BETWEEN` steps from each to the next."""
    if len(points) < 3:
        return points
    padded = np.concatenate([points[:1], points, points[-1:]])
    before, start, end, after = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, BETWEEN, endpoint=False)[None, :, None]
    curve = start + t / 2 * (
        end - before + t * (2 * before - 5 * start + 4 * end - after + t * (3 * (start - end) + after - before))
    )
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


Say = list[tuple[float, float]]


def arc(x: float, y: float, wide: float, high: float, start: float, end: float) -> Say:
    """Points of an ellipse, clockwise in degrees from the right: 270 is the top."""
    count = max(3, round(abs(end - start) / 40) + 1)
    angles = np.radians(np.linspace(start, end, count))
    return [(x + wide * math.cos(a), y + high * math.sin(a)) for a in angles]


def _zero(rng: Rng) -> list[Say]:
    start, wide = rng.uniform(230, 330), rng.uniform(0.2, 0.42)
    turn = rng.choice([-1, 1], p=[0.85, 0.15])
    more = rng.uniform(-15, 45)  # left open, or overlapping
    ring = arc(0.35, 0.5, wide, 0.5, start, start + turn * (360 + more))
    if rng.random() < 0.25:  # the end swings into the ring or over it
        x, y = ring[-1]
        ring.append((x + rng.uniform(-0.1, 0.3), y + rng.uniform(-0.1, 0.15)))
    return [ring]


def _one(rng: Rng) -> list[Say]:
    lean = rng.uniform(-0.08, 0.18)
    top, foot = (0.4 + lean / 2, 0.0), (0.4 - lean / 2, 1.0)
    habit = rng.choice(5, p=[0.12, 0.48, 0.16, 0.12, 0.12])
    if habit == 0:
        return [[top, foot]]
    reach, drop = rng.uniform(0.08, 0.48), rng.uniform(0.08, 0.62)
    flag = [(top[0] - reach, drop), (top[0] - reach * 0.45, drop * 0.5 + rng.uniform(-0.04, 0.07))]
    if habit == 1:  # with a flag, up to half as high as the stem and more
        return [[*flag, top, top, foot]]
    if habit == 2:  # with a flag and a foot
        half = rng.uniform(0.1, 0.3)
        base = [(foot[0] - half, 1 + rng.uniform(-0.02, 0.03)), (foot[0] + half, 1 + rng.uniform(-0.03, 0.02))]
        return [[*flag, top, top, foot], base]
    if habit == 3:  # with a loop: the pen comes up, turns and goes down over its own way
        turn = (top[0] + rng.uniform(0.02, 0.09), rng.uniform(-0.05, 0.03))
        return [[*flag, (top[0] - 0.02, 0.05), turn, (top[0] + 0.02, 0.2), foot]]
    curl = rng.uniform(0.05, 0.25)  # with an upstroke that begins low, or a curved foot
    return [[(top[0] - curl * 1.6, rng.uniform(0.3, 0.9)), top, top, (foot[0], 0.8), (foot[0] + curl, 1.0)]]


def _two(rng: Rng) -> list[Say]:
    wide, end = rng.uniform(0.2, 0.36), rng.uniform(0.55, 0.85)
    head = [(0.35 - wide, rng.uniform(0.12, 0.35)), *arc(0.35, 0.27, wide, 0.27, 215, 370)]
    low = (rng.uniform(-0.02, 0.15), rng.uniform(0.88, 1.0))
    middle = (0.38 + rng.uniform(-0.05, 0.1), 0.62)
    habit = rng.choice(4, p=[0.3, 0.25, 0.35, 0.1])
    if habit == 0:  # a corner and a base
        return [[*head, middle, low, low, (end, 1 + rng.uniform(-0.08, 0.05))]]
    if habit == 1:  # a wave for a base
        return [[*head, middle, low, (low[0] + 0.12, 0.92), (0.45, 1.0), (end, 0.9 + rng.uniform(-0.06, 0.06))]]
    if habit == 2:  # a loop at the corner
        high, deep = rng.uniform(0.08, 0.2), rng.uniform(0.03, 0.12)
        loop = [(low[0] + deep, 1.0), (low[0] - 0.03, 0.97), (low[0] + 0.02, 0.95 - high), (low[0] + 0.2, 0.93)]
        return [[*head, middle, *loop, (0.5, 1.0), (end, 0.93 + rng.uniform(-0.08, 0.1))]]
    left = (0.05, rng.uniform(0, 0.08))  # as a Z
    right = (0.6, rng.uniform(0, 0.06))
    return [[left, right, right, low, low, (end, 1.0)]]


def _three(rng: Rng) -> list[Say]:
    waist, wide = rng.uniform(0.4, 0.52), rng.uniform(0.22, 0.36)
    bottom = arc(0.25, (1 + waist) / 2, wide + rng.uniform(-0.02, 0.1), (1 - waist) / 2, -85, 140)
    habit = rng.choice(3, p=[0.5, 0.25, 0.25])
    if habit == 0:  # two arcs
        inward = rng.uniform(0.1, 0.3)
        return [[*arc(0.25, waist / 2, wide, waist / 2, 205, 440), (inward, waist), (inward, waist), *bottom]]
    if habit == 1:  # a flat top
        corner = (0.5, rng.uniform(0, 0.05))
        return [[(0.05, rng.uniform(0, 0.06)), corner, corner, (0.22, waist), (0.22, waist), *bottom]]
    loop = [(0.18, waist), (0.1, waist - 0.05), (0.14, waist + 0.05)]  # a loop at the waist
    return [[*arc(0.25, waist / 2, wide, waist / 2, 205, 430), *loop, *bottom]]


def _four(rng: Rng) -> list[Say]:
    bar, left, right = rng.uniform(0.45, 0.78), rng.uniform(-0.05, 0.08), rng.uniform(0.5, 0.8)
    stem = rng.uniform(0.32, 0.55)
    top = rng.uniform(0.0, 0.55) * bar  # an open 4's stem may begin as low as its bar
    habit = rng.choice(4, p=[0.4, 0.2, 0.22, 0.18])
    lean = rng.uniform(-0.05, 0.12)
    if habit == 0:  # open: down, across, then the stem through the bar
        start = (rng.uniform(0.08, 0.36), 0.0)
        across = (right, bar + rng.uniform(-0.1, 0.04))
        return [[start, (left, bar), (left, bar), across], [(stem + lean, top), (stem, 1.0)]]
    if habit == 1:  # open and round, as a U with a tail
        return [[(left, 0.0), (left, bar * 0.8), (left + 0.15, bar), (stem, bar * 0.85)], [(stem + lean, 0), (stem, 1)]]
    apex = (stem + lean, 0.0)
    if habit == 2:  # closed: the stem starts where the slope does
        return [[apex, (left, bar), (left, bar), (right, bar + rng.uniform(-0.06, 0.03))], [apex, (stem, 1.0)]]
    return [[(stem, 1.0), apex, apex, (left, bar), (left, bar), (right, bar + rng.uniform(-0.05, 0.05))]]


def _five(rng: Rng) -> list[Say]:
    waist, wide = rng.uniform(0.36, 0.5), rng.uniform(0.24, 0.38)
    left = rng.uniform(0.05, 0.18)
    belly = arc(0.25, (1 + waist) / 2 - 0.03, wide, (1 - waist) / 2 + 0.03, 250, 500 + rng.uniform(-20, 20))
    top = (left + rng.uniform(0, 0.08), rng.uniform(0, 0.06))
    end = (rng.uniform(0.45, 0.75), rng.uniform(-0.06, 0.06))
    stem = (left, waist + rng.uniform(-0.02, 0.08))
    habit = rng.choice(3, p=[0.45, 0.35, 0.2])
    if habit == 0:  # the bar last, and not always where the stem begins
        start = (top[0] + rng.uniform(-0.03, 0.12), top[1] + rng.uniform(-0.08, 0.05))
        return [[top, stem, stem, *belly], [start, end]]
    if habit == 1:  # in one stroke
        return [[end, top, top, stem, stem, *belly]]
    return [[end, (0.3, 0.02), (left, 0.2), (left + 0.1, waist), *belly]]  # as an S


def _six(rng: Rng) -> list[Say]:
    wide, high = rng.uniform(0.18, 0.34), rng.uniform(0.2, 0.32)
    start = (rng.uniform(0.3, 0.75), rng.uniform(0, 0.12))
    ring = arc(0.05 + wide, 1 - high, wide, high, 180, -180 - rng.uniform(-40, 60))
    bend = rng.uniform(-0.05, 0.12)
    return [[start, ((start[0] + 0.05) / 2 - bend, 0.35), (0.04, 0.65), *ring]]


def _seven(rng: Rng) -> list[Say]:
    right, foot = rng.uniform(0.5, 0.75), (rng.uniform(0.05, 0.4), 1.0)
    corner = (right, rng.uniform(-0.03, 0.08))
    left = (rng.uniform(-0.05, 0.08), rng.uniform(0, 0.08))
    top: Say = [left, corner]
    if rng.random() < 0.3:  # a serif, or a wave for a top
        top = [(left[0], left[1] + rng.uniform(0.08, 0.25)), left, left, corner]
    elif rng.random() < 0.25:
        top = [left, (right * 0.4, left[1] + 0.07), corner]
    bend = rng.uniform(-0.02, 0.14)
    middle = ((corner[0] + foot[0]) / 2 - bend, 0.5)
    strokes = [[*top, corner, middle, foot]]
    if rng.random() < 0.6:  # crossed
        y, half, slope = rng.uniform(0.38, 0.62), rng.uniform(0.12, 0.32), rng.uniform(-0.1, 0.05)
        x = middle[0] + (0.5 - y) * 0.3
        strokes.append([(x - half, y - slope), (x + half, y + slope)])
    return strokes


def _eight(rng: Rng) -> list[Say]:
    waist, upper, lower = rng.uniform(0.4, 0.55), rng.uniform(0.15, 0.28), rng.uniform(0.18, 0.34)
    if rng.random() < 0.25:  # two rings
        rings = (
            arc(0.3, waist / 2, upper, waist / 2, 80, 440),
            arc(0.3, (1 + waist) / 2, lower, (1 - waist) / 2, 270, 640),
        )
        return [list(ring) for ring in rings]
    side = rng.choice([-1, 1], p=[0.8, 0.2])
    gap = rng.uniform(-0.03, 0.14)  # where it began and ends at the top
    start = (0.3 + side * (upper * 0.8 + gap), rng.uniform(0.05, 0.2))
    left, right = 0.3 - side * upper, 0.3 + side * upper
    low = (1 + waist) / 2
    down: Say = [start, (0.3, 0.0), (left, waist * 0.45), (0.3, waist), (0.3 + side * lower, low), (0.3, 1.0)]
    up: Say = [(0.3 - side * lower, low), (0.3, waist + 0.02), (right, waist * 0.5), (0.3 + side * (upper - gap), 0.04)]
    return [down + up]


def _nine(rng: Rng) -> list[Say]:
    wide, high = rng.uniform(0.18, 0.32), rng.uniform(0.18, 0.3)
    right = 0.05 + 2 * wide
    ring = arc(0.05 + wide, high, wide, high, -rng.uniform(10, 60), -360 - rng.uniform(-35, 30))
    foot = (right - rng.uniform(-0.02, 0.25), 1.0)
    habit = rng.choice(5, p=[0.28, 0.3, 0.17, 0.15, 0.1])
    stem = (right, rng.uniform(0.0, 0.12))
    if habit == 0:  # straight
        return [[*ring, stem, stem, foot]]
    if habit == 1:  # a curled foot, as a g
        curl, rise = rng.uniform(0.15, 0.5), rng.uniform(0.02, 0.3)
        low = (right - curl * 0.45, 1.0)
        return [[*ring, stem, stem, (right + rng.uniform(-0.06, 0.03), 0.7), low, (right - curl, 1 - rise)]]
    if habit == 2:  # the stem a stroke of its own, beside the ring or through it
        x = right + rng.uniform(-0.12, 0.04)
        return [list(ring), [(x + rng.uniform(-0.02, 0.06), rng.uniform(-0.05, 0.25)), (x - rng.uniform(0, 0.12), 1.0)]]
    if habit == 3:  # a 6 turned over
        return [[*ring, (right, high), (right - 0.03, 0.65), (0.1 + wide, 0.97), (0.02, 1.0)]]
    # In one stroke that begins left of the ring, crosses itself below it and ends in a base to the left, nearly as a 3.
    begin, start = (rng.uniform(-0.15, 0.02), high * rng.uniform(1.0, 1.7)), rng.uniform(80, 150)
    loop = arc(0.05 + wide, high, wide, high, start, start + 360 + rng.uniform(-10, 30))
    bulge, end = right + rng.uniform(-0.08, 0.15), rng.uniform(-0.2, 0.2)
    low = (right - rng.uniform(0.05, 0.3), 1.0)
    return [[begin, *loop, (bulge, rng.uniform(0.7, 0.85)), low, (end, 1 - rng.uniform(-0.03, 0.2))]]


DIGITS: tuple[Callable[[Rng], list[Say]], ...] = (
    _zero, _one, _two, _three, _four, _five, _six, _seven, _eight, _nine,
)  # fmt: skip
