"""Digits as pens, paper and scanners spoil them: struck by lines, from a dry pencil, specked, faded in patches.

Nothing of the evaluation's corruptions is used here; which of them are near is told in `docs/evaluation.md`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from exmachina.data.hands.ink import Image, fitted
from exmachina.data.hands.skeletons import Rng
from exmachina.images import SIDE

TWICE, CUT_AGAIN = 0.25, 0.3  # of the digits: spoilt in two ways; brought to MNIST's form with what was laid over them
Ink = NDArray[np.float32]  # (28, 28), 0 … 1
ROWS, COLUMNS = np.indices((SIDE, SIDE), np.float32)
TURN = 2 * np.pi
FAINTEST = 0.3  # ink of which no more is left says nothing


def worn(image: Image, rng: Rng) -> Image:
    """The digit, uint8 (28, 28), spoilt in one way or two."""
    ink: Ink = image.astype(np.float32) / np.float32(255)
    for _ in range(1 + int(rng.random() < TWICE)):
        spoil, _ = WAYS[rng.choice(len(WAYS), p=[share for _, share in WAYS])]
        ink = spoil(ink, rng)
    if ink.max() < FAINTEST:
        return image
    spoilt = np.rint(255 * np.clip(ink, 0, 1)).astype(np.uint8)
    return fitted(spoilt) if rng.random() < CUT_AGAIN else spoilt


def struck(ink: Ink, rng: Rng) -> Ink:
    """One line or two from side to side, level, upright or aslant: a crease, a line of a form, a slip of a pen."""
    for _ in range(1 + int(rng.random() < 0.3)):
        turn = rng.normal(0, 0.2) + (rng.random() < 0.3) * np.pi / 2 + (rng.random() < 0.2) * rng.uniform(0, np.pi)
        down, across = ROWS - rng.uniform(3, SIDE - 4), COLUMNS - rng.uniform(3, SIDE - 4)
        along = across * np.cos(turn) + down * np.sin(turn)
        bent = rng.normal(0, 0.01) * along**2
        way = bent + rng.normal(0, 0.5) * np.sin(along * rng.uniform(0.1, 0.4) + TURN * rng.random())
        away = np.abs(down * np.cos(turn) - across * np.sin(turn) - way)
        line = np.clip(rng.uniform(0.9, 1.8) - away, 0, 1) * rng.uniform(0.3, 1)
        ink = np.asarray(np.maximum(ink, line), np.float32)
    return ink


def dry(ink: Ink, rng: Rng) -> Ink:
    """A pencil or a chalk on a rough ground, which takes ink on its heights alone."""
    heights = _rough(rng.uniform(0.2, 0.9), rng)
    return np.asarray(ink * np.clip(rng.uniform(0.3, 1.0) + rng.uniform(0.4, 1.2) * heights, 0, 1), np.float32)


def faded(ink: Ink, rng: Rng) -> Ink:
    """Ink that is missing or faint in patches of a few pixels."""
    left = rng.uniform(0.4, 1.2) + rng.uniform(1, 4) * _rough(rng.uniform(1, 3), rng)
    return np.asarray(ink * np.clip(left, rng.uniform(0, 0.4), 1), np.float32)


def specked(ink: Ink, rng: Rng) -> Ink:
    """Dust and coarse copying: soft spots a pixel or two wide, dark on the paper, bright in the ink, or both."""
    spots = (rng.random((SIDE, SIDE)) < rng.uniform(0.005, 0.05)) * rng.uniform(0.5, 1, (SIDE, SIDE))
    size = rng.uniform(0.35, 0.8)
    spots = np.clip(gaussian_filter(spots, size) * 2 * np.pi * size**2, 0, 1)
    turned = rng.random((SIDE, SIDE)) < rng.choice([0.0, 0.5, 1.0])
    return np.asarray(np.where(turned, ink * (1 - spots), np.maximum(ink, spots)), np.float32)


def printed(ink: Ink, rng: Rng) -> Ink:
    """A faint pattern on the paper, as banks print it: waves that cross, or waves one way."""
    waves = np.zeros((SIDE, SIDE), np.float32)
    for _ in range(int(rng.integers(1, 3))):
        turn, length = rng.uniform(0, np.pi), rng.uniform(2.5, 9)
        waves += np.sin((COLUMNS * np.cos(turn) + ROWS * np.sin(turn)) * TURN / length + TURN * rng.random())
    pattern = np.clip(waves * rng.uniform(0.3, 1.5), 0, 1) * rng.uniform(0.1, 0.45)
    return np.asarray(np.maximum(ink, pattern), np.float32)


def clipped(ink: Ink, rng: Rng) -> Ink:
    """A digit of which one side was cut off, by an eighth of its width or so at most."""
    columns = np.flatnonzero((ink > ink.max() / 4).any(axis=0))
    inside = rng.uniform(0, 0.12) * len(columns) - rng.normal(0, 0.15) * (ROWS - SIDE / 2)
    from_side = COLUMNS - columns[0] if rng.random() < 0.5 else columns[-1] - COLUMNS
    return np.asarray(np.where(from_side >= inside, ink, 0), np.float32)


WAYS: tuple[tuple[Callable[[Ink, Rng], Ink], float], ...] = (
    (struck, 0.4),
    (dry, 0.2),
    (faded, 0.1),
    (specked, 0.12),
    (printed, 0.1),
    (clipped, 0.08),
)


def _rough(size: float, rng: Rng) -> Ink:
    """Heights of mean 0 and deviation 1, `size` pixels from one to the next."""
    heights = gaussian_filter(rng.standard_normal((SIDE, SIDE)), size, mode="wrap")
    return np.asarray(heights / heights.std(), np.float32)
