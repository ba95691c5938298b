"""Whether the test set was in the training set all along: near-duplicates, and the nearest training image of each.

Distances are taken among 50 principal components first. A projection never makes a distance longer, so no pair
within the limit is missed; those found are measured again pixel by pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Images, Indices, Labels
from exmachina.evaluation.statistics.intervals import Interval, wilson

COMPONENTS = 50  # they hold 82 % of MNIST's variance
BLOCK = (512, 4_096)  # test × training images compared at once; their distances fit a processor's cache
SAMPLE = 6_000  # training images that the components are fitted to
NEAR = 0.1  # MNIST's own nearest pair, two straight ones, is at 0.135


class Pair(NamedTuple):
    """A test and a training image, and |test − train| ÷ |test|: 0 is identical, about 1.4 unrelated."""

    test: int
    train: int
    distance: float


@dataclass(frozen=True)
class Duplicates:
    """Every pair closer than `limit`, nearest first, and the closest pair found at all.

    `nearest` (N,) is each test image's nearest training image among the principal components.
    """

    pairs: tuple[Pair, ...]
    identical: int
    closest: Pair
    limit: float
    nearest: Indices = field(repr=False)

    def neighbour_accuracy(self, train_labels: Labels, test_labels: Labels) -> Interval:
        """How far no learning at all gets: each test image given the label of its nearest training image."""
        hits = int((train_labels[self.nearest] == test_labels).sum())
        return wilson(hits, len(test_labels))


@dataclass(frozen=True)
class Components:
    """A mean image (784,) and orthonormal directions (784, k) of the greatest variance."""

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]

    def project(self, images: Images) -> NDArray[np.float32]:
        """Coordinates (N, k) of images (N, 28, 28), of which white is 1."""
        projected = np.empty((len(images), self.directions.shape[1]), np.float32)
        for start in range(0, len(images), 5_000):
            chunk = as_rows(images[start : start + 5_000])
            projected[start : start + 5_000] = (chunk - self.mean) @ self.directions
        return projected


def principal_components(images: Images, count: int = COMPONENTS) -> Components:
    """The `count` directions in which images vary most, from at most 6,000 of them spread over the set."""
    from scipy.linalg import eigh

    if len(images) < 2:
        raise InputError(f"{len(images)} images have no principal components; give two or more.")
    rows = as_rows(images[:: -(-len(images) // SAMPLE)])
    mean = rows.mean(axis=0)
    centred = rows - mean
    size = centred.shape[1]
    _, directions = eigh(centred.T @ centred, subset_by_index=(size - count, size - 1), check_finite=False)
    return Components(mean, np.ascontiguousarray(directions[:, ::-1]))


def find_duplicates(train: Images, test: Images, limit: float = NEAR) -> Duplicates:
    """Search uint8 images (M, 28, 28) for near copies of test images (N, 28, 28)."""
    if not len(test) or not 0 <= limit < 1:
        raise InputError(f"Cannot search for {len(test)} images within {limit}; give images and a limit below 1.")
    components = principal_components(train)
    known, asked = components.project(train), components.project(test)
    # |a − b|² = |a|² − 2ab + |b|² as one matrix product: (−2a, |a|², 1) · (b, 1, |b|²)
    right = np.column_stack([known, np.ones(len(known), np.float32), np.square(known).sum(axis=1)]).T
    left = np.column_stack([-2 * asked, np.square(asked).sum(axis=1), np.ones(len(asked), np.float32)])
    sizes = np.maximum(np.sqrt(np.square(test, dtype=np.uint32).sum(axis=(1, 2))) / 255, 1)
    within = np.square(limit * sizes) + 0.01  # single precision errs by less
    nearest, smallest = np.zeros(len(test), np.int64), np.full(len(test), np.inf, np.float32)
    candidates: list[tuple[int, int]] = []
    for top, first in product(range(0, len(test), BLOCK[0]), range(0, len(train), BLOCK[1])):
        rows = slice(top, top + BLOCK[0])
        squares = left[rows] @ right[:, first : first + BLOCK[1]]
        best = squares.argmin(axis=1)
        least = squares[np.arange(len(best)), best]
        closer = least < smallest[rows]
        nearest[rows][closer], smallest[rows][closer] = first + best[closer], least[closer]
        for row in np.flatnonzero(least <= within[rows]):
            result = np.flatnonzero(squares[row] <= within[top + row])
            candidates += [(top + int(row), first + int(k)) for k in result]
    at = np.array([*candidates, *enumerate(nearest)], np.int64)
    distances = _distances(test, train, at) / sizes[at[:, 0]]
    pairs = sorted({Pair(int(i), int(k), float(d)) for (i, k), d in zip(at, distances, strict=True)}, key=_by_distance)
    near = tuple(pair for pair in pairs if pair.distance <= limit)
    return Duplicates(
        pairs=near,
        identical=len({pair.test for pair in near if pair.distance == 0}),
        closest=pairs[0],
        limit=limit,
        nearest=nearest,
    )


def as_rows(images: Images) -> NDArray[np.float32]:
    """Images (N, 28, 28) as rows (N, 784) from 0 to 1."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _distances(test: Images, train: Images, at: Indices) -> NDArray[np.float64]:
    """Euclidean distances between test[at[:, 0]] and train[at[:, 1]], white being 1."""
    result = np.empty(len(at))
    for start in range(0, len(at), 2_000):
        i, k = at[start : start + 2_000].T
        difference = test[i].astype(np.int32) - train[k]
        result[start : start + 2_000] = np.sqrt(np.square(difference).sum(axis=(1, 2))) / 255
    return result


def _by_distance(pair: Pair) -> tuple[float, int, int]:
    return pair.distance, pair.test, pair.train
