"""How far a digit may be moved, turned, resized or drawn with another pen before the reader fails."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter

from exmachina.errors import InputError
from exmachina.evaluation.affine import IDENTITY, rotation, scaling, warp
from exmachina.evaluation.arrays import Images, Labels, Predict, check_scores
from exmachina.evaluation.robustness.pixels import Pixels
from exmachina.evaluation.statistics.intervals import Interval, wilson

BATCH = 2_000


@dataclass(frozen=True)
class CurvePoint:
    """The error when every image is changed by `value`."""

    value: float
    error: Interval


@dataclass(frozen=True)
class Curve:
    """Error against the size of one change; `unit` names that of the values."""

    name: str
    unit: str
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True)
class Sweep:
    """One kind of change: what it does to float images in 0 … 1, and the values worth trying."""

    change: Callable[[Pixels, float], Pixels]
    unit: str
    values: tuple[float, ...]


def shifted(images: Pixels, distance: float) -> Pixels:
    """Moved by `distance` pixels: right, down, left and up for every first, second, third and fourth image."""
    moved = np.empty_like(images)
    for start, (down, right) in enumerate(((0, 1), (1, 0), (0, -1), (-1, 0))):
        moved[start::4] = warp(images[start::4], IDENTITY, (down * distance, right * distance))
    return moved


def turned(images: Pixels, degrees: float) -> Pixels:
    """Turned anticlockwise about the centre."""
    return warp(images, rotation(math.radians(degrees)))


def resized(images: Pixels, factor: float) -> Pixels:
    """`factor` times as large, about the centre."""
    return warp(images, scaling(factor))


def redrawn(images: Pixels, pixels: float) -> Pixels:
    """Strokes `pixels` thicker on each side, or thinner below 0: dilation and erosion by a disc.

    Between whole radii the two nearest results are mixed.
    """
    filtered = maximum_filter if pixels > 0 else minimum_filter
    low, rest = divmod(abs(pixels), 1)
    inner = images if low == 0 else filtered(images, footprint=_disc(int(low)))
    if rest == 0:
        return np.asarray(inner, np.float32)
    outer = filtered(images, footprint=_disc(int(low) + 1))
    return np.asarray((1 - rest) * inner + rest * outer, np.float32)


SWEEPS: dict[str, Sweep] = {
    "shift": Sweep(shifted, "pixels", (0, 1, 2, 3, 4, 5, 6, 8)),
    "rotation": Sweep(turned, "degrees", (-60, -45, -30, -15, 0, 15, 30, 45, 60)),
    "scale": Sweep(resized, "times", (0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4)),
    "pen_width": Sweep(redrawn, "pixels a side", (-1, -0.75, -0.5, -0.25, 0, 0.5, 1, 1.5, 2)),
}


def change(images: Images, name: str, value: float) -> Images:
    """uint8 images (N, 28, 28) changed by one value of a sweep; nothing is drawn by lot."""
    if name not in SWEEPS:
        raise InputError(f"Unknown change '{name}'. Choose one of: {', '.join(SWEEPS)}.")
    if not math.isfinite(value) or abs(value) > 360 or (name == "scale" and not 0.1 <= value <= 10):
        raise InputError(f"A {name} of {value} {SWEEPS[name].unit} leaves no image; choose a smaller change.")
    changed = np.empty_like(images)
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH].astype(np.float32) / np.float32(255)
        changed[start : start + BATCH] = np.rint(np.clip(SWEEPS[name].change(batch, value), 0, 1) * np.float32(255))
    return changed


def curve(predict: Predict, images: Images, labels: Labels, name: str, values: Sequence[float] | None = None) -> Curve:
    """The network's error at each value of one change."""
    if name not in SWEEPS:
        raise InputError(f"Unknown change '{name}'. Choose one of: {', '.join(SWEEPS)}.")
    points = []
    for value in SWEEPS[name].values if values is None else values:
        logits = predict(change(images, name, value))
        check_scores(logits, labels)
        wrong = int((logits.argmax(axis=1) != labels).sum())
        points.append(CurvePoint(float(value), wilson(wrong, len(labels))))
    return Curve(name, SWEEPS[name].unit, tuple(points))


def _disc(radius: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """A filled circle of whole pixels, one image deep."""
    offsets = np.arange(-radius, radius + 1)
    return np.asarray(np.hypot(offsets[:, None], offsets) <= radius + 0.3)[None]
