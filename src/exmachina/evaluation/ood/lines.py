"""Strokes that are no digit: random ones, shapes that people draw, letters as a hand writes them.

Points are (x, y), y downward.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from exmachina.images import SIDE

CANVAS = 4 * SIDE
Picture = NDArray[np.uint8]
Generator = np.random.Generator
Stroke = NDArray[np.float64]
Lines = list[Stroke]


def random_stroke(generator: Generator) -> NDArray[np.float64]:
    """Points (n, 2) that begin at 0."""
    kind = generator.integers(6)
    length, angle = generator.uniform(0.2, 0.9), generator.uniform(0, 2 * math.pi)
    if generator.random() < 0.5:  # hands like to go down or across
        angle = generator.choice([0, math.pi / 2, math.pi / 2, math.pi, math.pi / 4, 3 * math.pi / 4])
        angle += generator.normal(0, 0.12)
    along = np.array([math.cos(angle), math.sin(angle)])
    if kind == 0:  # straight
        return np.array([np.zeros(2), length * along])
    if kind == 1:  # an arc, up to a loop
        turn = generator.uniform(0.5, 7.0) * generator.choice([-1, 1])
        headings = angle + np.linspace(0, turn, 25)
        steps = np.stack([np.cos(headings), np.sin(headings)], 1) * length * 1.4 / 25
        return np.asarray(np.cumsum(steps, 0) - steps[0])
    if kind == 2:  # corners
        corners = generator.uniform(-0.6, 0.6, (generator.integers(2, 5), 2))
        return np.asarray(np.vstack([np.zeros(2), corners]))
    if kind == 3:  # a dot or a dash
        return np.array([np.zeros(2), 0.06 * along])
    if kind == 4:  # a curve with two bends
        a, b, c = generator.uniform(-0.8, 0.8, (3, 2))
        t = np.linspace(0, 1, 25)[:, None]
        return np.asarray(3 * (1 - t) ** 2 * t * a + 3 * (1 - t) * t**2 * b + t**3 * c)
    turns = np.cumsum(generator.normal(0, 0.45, 30)) + angle  # a wander
    steps = np.stack([np.cos(turns), np.sin(turns)], 1) * length / 12
    return np.asarray(np.cumsum(steps, 0) - steps[0])


def _circle(x: float, y: float, radius: float, start: float = 0.0, end: float = 2 * math.pi) -> NDArray[np.float64]:
    t = np.linspace(start, end, 40)
    return np.stack([x + radius * np.cos(t), y + radius * np.sin(t)], 1)


def _polygon(corners: int, generator: Generator, skip: int = 1) -> Lines:
    t = generator.uniform(0, 2 * math.pi) + np.arange(corners + 1) * skip * 2 * math.pi / corners
    return [np.stack([np.cos(t), np.sin(t)], 1)]


def _smiley(generator: Generator) -> Lines:
    eye, wide = generator.uniform(0.25, 0.45), generator.uniform(0.35, 0.7)
    mouth = _circle(0, generator.uniform(-0.1, 0.2), wide, 0.3, math.pi - 0.3)
    if generator.random() < 0.2:
        mouth[:, 1] = 0.9 - mouth[:, 1]
    tall = generator.uniform(0.03, 0.2)
    eyes = [np.array([[x, -0.35], [x, -0.35 + tall]]) for x in (-eye, eye)]
    face = [_circle(0, 0, 1)] if generator.random() < 0.85 else []
    nose = [np.array([[0, -0.1], [0, 0.15]])] if generator.random() < 0.3 else []
    return [*face, *eyes, *nose, mouth]


def _arrow(generator: Generator) -> Lines:
    head = generator.uniform(0.25, 0.6)
    lines = [np.array([[0, 0], [2, 0]]), np.array([[2 - head, -head], [2, 0], [2 - head, head]])]
    angle = generator.uniform(0, 2 * math.pi)
    matrix = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return [line @ matrix for line in lines]


def _heart(generator: Generator) -> Lines:
    t = np.linspace(0, 2 * math.pi, 60)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return [np.stack([16 * np.sin(t) ** 3, -y], 1) / 16]


def _cross(generator: Generator) -> Lines:
    if generator.random() < 0.5:
        return [np.array([[-1, -1], [1, 1]]), np.array([[1, -1], [-1, 1]])]
    return [np.array([[0, -1], [0, generator.uniform(0.6, 2)]]), np.array([[-1, 0], [1, 0]])]


def _house(generator: Generator) -> Lines:
    body = np.array([[-1, 0], [-1, 1.5], [1, 1.5], [1, 0], [-1, 0], [0, -1], [1, 0]])
    door = np.array([[-0.2, 1.5], [-0.2, 0.8], [0.2, 0.8], [0.2, 1.5]])
    return [body, door] if generator.random() < 0.6 else [body]


def _wave(generator: Generator) -> Lines:
    x = np.linspace(0, generator.uniform(2, 6) * math.pi, 60)
    return [np.stack([x / 4, generator.uniform(0.3, 1) * np.sin(x)], 1)]


def _spiral(generator: Generator) -> Lines:
    t = np.linspace(0, generator.uniform(11, 24), 120)
    return [np.stack([t * np.cos(t), t * np.sin(t)], 1)]


def _box(generator: Generator) -> Lines:
    high = generator.uniform(0.5, 1.3)
    lines = [np.array([[-1, -high], [1, -high], [1, high], [-1, high], [-1, -high]])]
    extra = generator.integers(4)
    if extra == 1:
        lines += [np.array([[-1, -high], [1, high]]), np.array([[1, -high], [-1, high]])]
    elif extra == 2:
        lines += [np.array([[0, -high], [0, high]])]
    return lines


SHAPES: tuple[Callable[[Generator], Lines], ...] = (
    _smiley,
    _smiley,
    _smiley,
    _arrow,
    _arrow,
    _heart,
    _cross,
    _cross,
    _house,
    _wave,
    _spiral,
    _box,
    lambda generator: _polygon(3, generator),
    lambda generator: _polygon(5, generator, 2),  # a star
    lambda generator: _polygon(6, generator, 1),
    lambda generator: [np.array([[0, 0], [0.5, 0.7], [1.7, -1.1]])],  # a tick
    lambda generator: [_circle(0, 0, 1), _circle(0, 0, generator.uniform(0.2, 0.7))],
    lambda generator: [np.array([[-1, y], [1, y]]) for y in np.linspace(-1, 1, generator.integers(2, 6))],
    lambda generator: [_circle(x, 0, 0.12) for x in range(generator.integers(2, 4))],  # dots
    lambda generator: (
        [np.array([[-1, y], [1, y + s]]) for y, s in ((-1, 0.1), (1, 0.0))]
        + [np.array([[x, -2], [x, 2]]) for x in (-0.4, 0.4)]
    ),  # a hash
)


def _bowl(x: float = 0.6, start: float = 0.0, end: float = 2 * math.pi) -> Stroke:
    """The round part of a small letter, whose body is from 0 to 1.2 across and from 0.8 to 2 down."""
    return _circle(x, 1.4, 0.6, start, end)


def _path(*points: tuple[float, float]) -> Stroke:
    return np.array(points, np.float64)


# Letters that are no digit in any hand, in a box of about 2 × 2; an open bowl begins at the right.
WRITTEN: tuple[Lines, ...] = (
    [_path((0, 2), (0.8, 0), (1.6, 2)), _path((0.3, 1.3), (1.3, 1.3))],  # A
    [_path((1.2, 0), (0, 0), (0, 2), (1.2, 2)), _path((0, 1), (0.9, 1))],  # E
    [_path((1.2, 0), (0, 0), (0, 2)), _path((0, 1), (0.9, 1))],  # F
    [_path((0, 0), (0, 2)), _path((1.2, 0), (1.2, 2)), _path((0, 1), (1.2, 1))],  # H
    [_path((0, 0), (0, 2)), _path((1.1, 0), (0, 1.1), (1.2, 2))],  # K
    [_path((0, 2), (0.2, 0), (0.9, 1.5), (1.6, 0), (1.8, 2))],  # M
    [_path((0, 2), (0, 0), (1.2, 2), (1.2, 0))],  # N
    [
        _path((0, 2), (0, 0)),
        np.vstack([_path((0, 0)), _circle(0.5, 0.5, 0.5, -math.pi / 2, math.pi / 2), _path((0, 1))]),
    ],  # P
    [
        _path((0, 2), (0, 0)),
        np.vstack([_path((0, 0)), _circle(0.5, 0.5, 0.5, -math.pi / 2, math.pi / 2), _path((0, 1), (1.1, 2))]),
    ],  # R
    [_path((0, 0), (1.4, 0)), _path((0.7, 0), (0.7, 2))],  # T
    [np.vstack([_path((0, 0)), _circle(0.6, 1.4, 0.6, math.pi, 0), _path((1.2, 0))])],  # U
    [_path((0, 0), (0.7, 2), (1.4, 0))],  # V
    [_path((0, 0), (0.5, 2), (0.9, 0.6), (1.3, 2), (1.8, 0))],  # W
    [_path((0, 0), (1.3, 2)), _path((1.3, 0), (0, 2))],  # X
    [_circle(0.8, 1, 1, -0.7, -2 * math.pi + 0.7)],  # C
    [_bowl(), _path((1.2, 0.8), (1.2, 2))],  # a
    [_bowl(), _path((1.2, 0.8), (1.2, 1.9), (1.5, 2))],  # a with a tail
    [_bowl(0.6, -0.6, -5.6)],  # c
    [_bowl(), _path((1.2, 0), (1.2, 2))],  # d
    [np.vstack([_path((0, 1.4), (1.2, 1.4)), _bowl(0.6, 0, -5.4)])],  # e
    [np.vstack([_circle(0.9, 0.5, 0.4, -0.3, -math.pi), _path((0.5, 2))]), _path((0.1, 1), (1, 1))],  # f
    [_path((0, 0), (0, 2)), np.vstack([_circle(0.5, 1.4, 0.5, math.pi, 2 * math.pi), _path((1, 2))])],  # h
    [_path((0, 0), (0, 2)), _path((0.9, 0.9), (0, 1.4), (1, 2))],  # k
    [
        _path((0, 0.8), (0, 2)),
        np.vstack([_circle(0.4, 1.2, 0.4, math.pi, 2 * math.pi), _path((0.8, 2))]),
        np.vstack([_circle(1.2, 1.2, 0.4, math.pi, 2 * math.pi), _path((1.6, 2))]),
    ],  # m
    [_path((0, 0.8), (0, 2)), np.vstack([_circle(0.5, 1.3, 0.5, math.pi, 2 * math.pi), _path((1, 2))])],  # n
    [_bowl(), _path((0, 0.8), (0, 2.8))],  # p
    [_path((0, 0.8), (0, 2)), _circle(0.5, 1.3, 0.5, math.pi, 1.8 * math.pi)],  # r
    [np.vstack([_path((0.4, 0)), _circle(0.8, 1.6, 0.4, math.pi, 0.4)]), _path((0, 0.6), (1, 0.6))],  # t
    [np.vstack([_path((0, 0.8)), _circle(0.5, 1.5, 0.5, math.pi, 0), _path((1, 0.8), (1, 2))])],  # u
    [_path((0, 0.8), (0.5, 2), (1, 0.8))],  # v
    [_path((0, 0.8), (0.4, 2), (0.8, 1), (1.2, 2), (1.6, 0.8))],  # w
    [_path((0, 0), (1.5, 0)), _path((0.4, 0), (0.4, 2)), _path((1.1, 0), (1.1, 2))],  # pi
    [_path((0, 0), (1.2, 2)), _path((0.6, 1), (0, 2))],  # lambda
    [_circle(0.7, 1, 0.6), _path((0.7, 0), (0.7, 2.2))],  # phi
    [_circle(0.7, 1, 0.7), _path((0, 1), (1.4, 1))],  # theta
    [_path((1.2, 0), (0, 0), (0, 2), (1.2, 2))],  # an open box
    [_path((0, 0), (1.2, 0), (1.2, 2), (0, 2)), _path((0.3, 1), (1.2, 1))],  # its mirror
    [_path((1, 0), (1, 2)), _path((1, 0.7), (0.2, 0.7)), _path((1, 1.3), (0.2, 1.3))],
    [_path((0, 0), (0, 2)), _path((0, 1), (0.8, 1))],
    [_path((0, 2), (1.6, 2)), _path((0.8, 2), (0.8, 0.8))],
)


def written(generator: Generator) -> Lines:
    """A letter as a hand writes it, its points a little off."""
    lines = WRITTEN[generator.integers(len(WRITTEN))]
    return [line + generator.normal(0, 0.09, 2) + generator.normal(0, 0.02, line.shape) for line in lines]


def shape(generator: Generator) -> Lines:
    """What people draw to test a reader: faces, crosses, arrows, hearts, stars, ticks, boxes, houses, spirals."""
    return SHAPES[generator.integers(len(SHAPES))](generator)


def drawn(strokes: Lines, generator: Generator, bend: float = 1.0) -> Picture:
    """Strokes, a little bent, drawn with a pen of 1 to 5 pixels of 28 on a page of 112 × 112."""
    every = np.concatenate(strokes)
    low, extent = every.min(axis=0), max(float(np.ptp(every, axis=0).max()), 1e-3)
    width = generator.uniform(4, 17)
    page = Image.new("L", (CANVAS, CANVAS))
    pen = ImageDraw.Draw(page)
    phase = generator.uniform(0, 6, 4)
    for stroke in strokes:
        points = (stroke - low) / extent
        points = np.vstack([np.linspace(a, b, 2 if len(points) > 9 else 6) for a, b in pairwise(points)])
        points = points + bend * 0.04 * np.sin(points[:, ::-1] * phase[:2] + phase[2:])
        at = [tuple(point) for point in points * (CANVAS - 2 * width) + width]
        pen.line(at, fill=255, width=round(width), joint="curve")
        for x, y in (at[0], at[-1]):
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return np.asarray(page)
