"""From a pen's way to an image: the pen laid on, other ink beside it, lines under it, all in MNIST's form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from exmachina.data.hands.skeletons import Points, Rng
from exmachina.images import SIDE
from exmachina.images.mnist import BOX, centre, resize

Image = NDArray[np.uint8]  # (28, 28), white ink on black
WIDE, LEGIBLE = 4.2, 9.0  # pixels: a pen that no digit is too narrow for, and one for a digit of a single straight line
BOLD = 1 / 8  # of the digits
MARGIN = 14  # pixels of a sheet on each side of a digit, where its neighbours stand


def written(strokes: Sequence[Points], rng: Rng) -> Image:
    """The strokes leaned, stretched and drawn with some pen: uint8 (28, 28) in MNIST's form."""
    lean, stretch = rng.normal(0, 0.18), np.exp(rng.uniform(-0.34, 0.34))  # ± 40 %
    turn = rng.normal(0, 0.08)
    skew = np.array([[stretch, 0], [-lean, 1]]) @ np.array(
        [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    )
    leaned = [stroke @ skew for stroke in strokes]
    way = sum(float(np.sqrt((np.diff(stroke, axis=0) ** 2).sum(1)).sum()) for stroke in leaned)
    return drawn(leaned, pen(rng, way / float(np.ptp(np.concatenate(leaned), axis=0).max())), rng)


def pen(rng: Rng, way: float) -> float:
    """A pen's width in pixels of 28: from a fine point to a marker, most of them near MNIST's 2.5.

    One in eight is as wide as a way of so many times the digit's size leaves legible: a 1 may be a bar.
    """
    if rng.random() < BOLD:
        return float(rng.uniform(WIDE, max(WIDE, LEGIBLE / way)))
    return float(np.clip(np.exp(rng.normal(0.82, 0.3)), 1.0, WIDE))


def drawn(strokes: Sequence[Points], width: float, rng: Rng) -> Image:
    """The strokes with a round pen `width` pixels wide, pressed unevenly: longer side 20 pixels, centred by mass."""
    every = np.concatenate(strokes)
    low = every.min(axis=0)
    scale = (BOX - width) / max(float(np.ptp(every, axis=0).max()), 1e-6)
    dots = np.concatenate([_dotted((stroke - low) * scale + width / 2) for stroke in strokes])
    columns, rows = np.clip(np.ceil(dots.max(axis=0) + width / 2 - 1e-9), 1, BOX).astype(int)
    grid = np.stack(np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5), -1).reshape(-1, 2)
    squares = (grid**2).sum(1)[:, None] + (dots**2).sum(1) - 2 * grid @ dots.T
    away = np.sqrt(squares.clip(0).astype(np.float32))  # (pixels, dots)
    waves = np.sin(np.linspace(0, rng.uniform(0, 9), len(dots)) + rng.uniform(0, 6))
    radius = (width / 2 * (1 + rng.uniform(0, 0.25) * waves)).astype(np.float32)
    edge = rng.uniform(0.5, 1.3)  # pixels from ink to paper
    ink = np.clip((radius - away).max(axis=1).reshape(rows, columns) / edge + 0.5, 0, 1)
    return centre(np.floor(255 * ink / max(float(ink.max()), 1e-6) + 0.5).astype(np.uint8))


def _dotted(stroke: Points) -> Points:
    """The stroke as dots at most a third of a pixel apart."""
    steps = np.sqrt((np.diff(stroke, axis=0) ** 2).sum(1))
    along = np.concatenate([[0.0], steps.cumsum()])
    places = np.linspace(0, along[-1], int(3 * along[-1]) + 2)
    return np.stack([np.interp(places, along, stroke[:, axis]) for axis in (0, 1)], axis=1)


def crowded(image: Image, others: Sequence[Image], rng: Rng) -> Image:
    """The digit cut out again where its neighbours' ink touches it, where a line runs, or both."""
    height, width = SIDE + 2 * MARGIN, SIDE + 2 * MARGIN
    sheet = np.zeros((height, width), np.uint8)
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    top, bottom, left, right = (int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
    sheet[MARGIN : MARGIN + SIDE, MARGIN : MARGIN + SIDE] = image
    kind = rng.choice(3, p=[0.55, 0.3, 0.15])
    if kind != 1:
        for other in others[: int(rng.integers(1, 3))]:
            _beside(sheet, other, left, right, rng)
    if kind != 0:
        _ruled(sheet, top, bottom, rng)
    reach = rng.uniform(0, 3.5, 4).round().astype(int)  # how far past the digit's own ink the cut goes
    cut = sheet[
        MARGIN + top - reach[0] : MARGIN + bottom + reach[1], MARGIN + left - reach[2] : MARGIN + right + reach[3]
    ]
    return fitted(cut)


def fitted(picture: Image) -> Image:
    """Cut to its ink, longer side 20 pixels, centred by mass, as `normalize` does it."""
    ink = picture > 25
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    cut = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    longer = max(cut.shape)
    height, width = (max(1, round(side * BOX / longer)) for side in cut.shape)
    return centre(resize(cut, height, width))


def _beside(sheet: Image, other: Image, left: int, right: int, rng: Rng) -> None:
    """Another digit's ink at the digit's left or right: near it, touching it or a little over it."""
    columns = np.flatnonzero(other.any(axis=0))
    first, past = int(columns[0]), int(columns[-1]) + 1
    gap = int(rng.integers(-3, 4))
    start = MARGIN + right + gap - first if rng.random() < 0.5 else MARGIN + left - gap - past
    up = MARGIN + int(rng.integers(-4, 5))
    low, high = max(start, 0), min(start + SIDE, sheet.shape[1])
    if low < high:
        part = sheet[up : up + SIDE, low:high]
        np.maximum(part, other[:, low - start : high - start], out=part)


def _ruled(sheet: Image, top: int, bottom: int, rng: Rng) -> None:
    """One or two ruled lines across the sheet, or a box's side: as forms and exercise books have them."""
    for _ in range(rng.integers(1, 3)):
        level, thick = rng.uniform(60, 255), int(rng.integers(1, 3))
        slope = rng.normal(0, 0.02)
        if rng.random() < 0.7:
            at = MARGIN + bottom - rng.uniform(-3, 0.4 * (bottom - top)) if rng.random() < 0.8 else MARGIN + top + 1
            places = np.round(at + slope * np.arange(sheet.shape[1])).astype(int).clip(0, sheet.shape[0] - 3)
            for row in range(thick):
                line = places + row, np.arange(sheet.shape[1])
                sheet[line] = np.maximum(sheet[line], level)
        else:
            at = rng.uniform(MARGIN, MARGIN + SIDE)
            column = int(at)
            part = sheet[:, column : column + thick]
            np.maximum(part, np.uint8(level), out=part)
