"""Whether the test set is of the same kind as the training set: its digits, its ink, its handwriting.

A drift is not a fault; it says what a result on the one can tell of the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Images, Labels
from exmachina.evaluation.datasets.duplicates import as_rows

NOTICEABLE = 0.1  # of the Kolmogorov–Smirnov statistic, total variation or Cramér's V: a tenth of the set moved
INK = 64  # a pixel this bright or brighter counts as ink
CHUNK = 5_000
PROPERTIES = ("intensity", "contrast", "height", "width", "row", "column", "slant", "edge")
MIDDLE = 13.5
_ROWS, _COLUMNS = np.indices((28, 28), dtype=np.float32).reshape(2, -1) - np.float32(MIDDLE)
# Sums over an image of grey, grey × row, grey × column, grey × row², grey × row × column: (784, 5).
MOMENTS = np.stack([np.ones_like(_ROWS), _ROWS, _COLUMNS, _ROWS**2, _ROWS * _COLUMNS], axis=1)


@dataclass(frozen=True)
class LabelDrift:
    """How the shares of the ten digits differ.

    `distance` is the total variation: the share of images that would have to change their digit. `p_value` is
    that of Pearson's χ² test; with many images even a difference too small to matter is significant.
    """

    distance: float
    cramers_v: float
    p_value: float
    train_shares: tuple[float, ...]
    test_shares: tuple[float, ...]

    @property
    def noticeable(self) -> bool:
        """Whether a tenth or more of the set would have to change."""
        return self.distance >= NOTICEABLE


@dataclass(frozen=True)
class PropertyDrift:
    """How one property of the images differs; `statistic` is Kolmogorov and Smirnov's, 0 the same to 1 disjoint."""

    name: str
    statistic: float
    p_value: float
    train_mean: float
    test_mean: float

    @property
    def noticeable(self) -> bool:
        """Whether the two distributions are a tenth apart at some value."""
        return self.statistic >= NOTICEABLE


def label_drift(train: Labels, test: Labels, classes: int = 10) -> LabelDrift:
    """Compare the shares of each digit among labels (M,) and (N,)."""
    from scipy.stats import chi2_contingency  # half a second, which reading other data need not wait for

    _check_some(len(train), len(test))
    counts = np.stack([np.bincount(train, minlength=classes), np.bincount(test, minlength=classes)])
    shares = counts / counts.sum(axis=1, keepdims=True)
    seen = counts[:, counts.any(axis=0)]
    if seen.shape[1] > 1:
        result = chi2_contingency(seen, correction=False)
        chi_square, p_value = float(result.statistic), float(result.pvalue)
    else:
        chi_square, p_value = 0.0, 1.0
    return LabelDrift(
        distance=float(np.abs(shares[0] - shares[1]).sum() / 2),
        cramers_v=float(np.sqrt(chi_square / counts.sum())),
        p_value=p_value,
        train_shares=tuple(float(share) for share in shares[0]),
        test_shares=tuple(float(share) for share in shares[1]),
    )


def image_properties(images: Images) -> dict[str, NDArray[np.float64]]:
    """What can be measured of each uint8 image (N, 28, 28) without reading it.

    intensity: mean grey, 0 … 1; contrast: its standard deviation; height, width: of the ink, in pixels;
    row, column: of the ink's centre of mass; slant: lean of the ink to the right, columns per row; edge: share of
    ink pixels that touch paper, which is high for a thin pen. An image without ink has 0 for the last six.
    """
    parts = [_measure(images[start : start + CHUNK]) for start in range(0, len(images), CHUNK)]
    return dict(zip(PROPERTIES, np.concatenate(parts, axis=1), strict=True))


def property_drift(train: Images, test: Images) -> tuple[PropertyDrift, ...]:
    """Compare every property of two sets of images, the largest difference first."""
    from scipy.stats import ks_2samp

    _check_some(len(train), len(test))
    before, after = image_properties(train), image_properties(test)
    drifts = []
    for name, values in before.items():
        result = ks_2samp(values, after[name], method="asymp")
        drifts.append(
            PropertyDrift(
                name=name,
                statistic=float(result.statistic),
                p_value=float(result.pvalue),
                train_mean=float(values.mean()),
                test_mean=float(after[name].mean()),
            )
        )
    return tuple(sorted(drifts, key=lambda one: -one.statistic))


def _measure(images: Images) -> NDArray[np.float64]:
    """Every property, (8, N), of a few images."""
    pixels = as_rows(images)
    mass, row, column, row_squared, mixed = (pixels @ MOMENTS).astype(np.float64).T
    some = np.maximum(mass, 1e-9)
    row, column = row / some, column / some  # from the image's middle
    spread, lean = row_squared / some - row**2, mixed / some - row * column
    ink = images >= INK
    inner = ink.copy()  # ink with ink on all four sides; the image's border counts as paper
    inner[:, 1:] &= ink[:, :-1]
    inner[:, :-1] &= ink[:, 1:]
    inner[:, :, 1:] &= ink[:, :, :-1]
    inner[:, :, :-1] &= ink[:, :, 1:]
    inner[:, [0, -1]] = inner[:, :, [0, -1]] = False
    area = ink.sum(axis=(1, 2))
    return np.stack(
        [
            mass / pixels.shape[1],
            pixels.std(axis=1),
            _extent(np.asarray(ink.any(axis=2))),
            _extent(np.asarray(ink.any(axis=1))),
            np.where(mass > 0, row + MIDDLE, 0.0),
            np.where(mass > 0, column + MIDDLE, 0.0),
            np.where(spread > 1e-6, -lean / np.maximum(spread, 1e-6), 0.0),
            np.where(area > 0, 1 - inner.sum(axis=(1, 2)) / np.maximum(area, 1), 0.0),
        ]
    )


def _extent(lit: NDArray[np.bool_]) -> NDArray[np.float64]:
    """From the first to the last lit place of each row (N, 28), both counted; 0 where none is."""
    first, last = lit.argmax(axis=1), 27 - lit[:, ::-1].argmax(axis=1)
    return np.where(lit.any(axis=1), last - first + 1, 0).astype(np.float64)


def _check_some(train: int, test: int) -> None:
    if not train or not test:
        raise InputError(f"{train} training and {test} test images cannot be compared; give some of each.")
