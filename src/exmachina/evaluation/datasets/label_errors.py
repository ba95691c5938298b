"""Images to look at twice: labels that are likely wrong, and digits like no other of their class."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Floats, Images, Indices, Labels, check_scores
from exmachina.evaluation.datasets.duplicates import as_rows, principal_components
from exmachina.evaluation.datasets.label_votes import REJECTED_LABELS

COMPONENTS = 30
CHUNK = 5_000
SHRINKAGE = 0.1  # of each class's covariance towards the mean of its variances, for classes with few images


@dataclass(frozen=True)
class LabelError:
    """An image whose label the network, which had not learnt from it, would rather replace."""

    index: int
    given: int
    suggested: int
    doubt: float  # p(suggested) − p(given), −1 … 1


@dataclass(frozen=True)
class LabelErrors:
    """Likely wrong labels, the most doubtful first.

    `thresholds` (10,) is the mean p(class) over images with that label, and `joint[given, likely]` counts images
    that reach the threshold of a class.
    """

    label_errors: tuple[LabelError, ...]
    thresholds: NDArray[np.float64] = field(repr=False)
    joint: NDArray[np.int64] = field(repr=False)


@dataclass(frozen=True)
class Outlier:
    """An image far from the others with its label: `distance` is Mahalanobis's, in standard deviations."""

    index: int
    label: int
    distance: float


@dataclass(frozen=True)
class VoteMatches:
    """Of the test labels that people rejected, those doubted here and those missed, and how many others are doubted.

    `ranks`: the place of each in the order of p(label), 1 the least likely label of all. A network that is sure of
    everything reaches no threshold and doubts nothing, but its order still knows something.
    """

    doubted: tuple[int, ...] = field(metadata={"key": "found"})
    missed: tuple[int, ...]
    others: int
    ranks: dict[int, int]


def find_label_errors(probabilities: Floats, labels: Labels) -> LabelErrors:
    """Confident learning (Northcutt, Jiang and Chuang 2021) on out-of-fold probabilities (N, 10).

    An image likely belongs to the class of highest probability among those whose threshold it reaches; it is
    suspect if that is not its label. The probabilities must come from networks that never saw the image.
    """
    check_scores(probabilities, labels)
    classes = probabilities.shape[1]
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    counts = np.bincount(labels, minlength=classes)
    sums = np.bincount(labels, weights=own, minlength=classes)
    # A class that nobody bears as a label cannot be reached.
    thresholds = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    # A share of its own mean is lost to rounding where all probabilities of a class are equal.
    reached = probabilities >= thresholds * (1 - 1e-9)
    likely = np.where(reached, probabilities, -1.0).argmax(axis=1)
    confident = reached.any(axis=1)
    joint = np.zeros((classes, classes), np.int64)
    np.add.at(joint, (labels[confident], likely[confident]), 1)
    doubts = probabilities[np.arange(len(labels)), likely] - own
    chosen = np.flatnonzero(confident & (likely != labels))
    chosen = chosen[np.argsort(-doubts[chosen], kind="stable")]
    label_errors = tuple(LabelError(int(i), int(labels[i]), int(likely[i]), float(doubts[i])) for i in chosen)
    return LabelErrors(label_errors, thresholds, joint)


def compare_with_votes(indices: Indices | list[int], likelihoods: Floats) -> VoteMatches:
    """Which of the fifteen MNIST test labels that people rejected are among these suspected indices.

    `likelihoods` (10,000,) are p(label), or anything in the same order.
    """
    places = np.argsort(np.argsort(likelihoods, kind="stable"), kind="stable")
    suspected = {int(index) for index in indices}
    return VoteMatches(
        doubted=tuple(index for index in REJECTED_LABELS if index in suspected),
        missed=tuple(index for index in REJECTED_LABELS if index not in suspected),
        others=len(suspected - set(REJECTED_LABELS)),
        ranks={index: int(places[index]) + 1 for index in REJECTED_LABELS},
    )


def outliers(images: Images, labels: Labels, count: int = 20) -> tuple[Outlier, ...]:
    """The `count` images farthest from their class's mean, by Mahalanobis's distance.

    Coordinates are the image's principal components and the length of what they leave out, so that noise, which
    has next to nothing of a digit's components, is far as well.
    """
    if len(images) != len(labels) or len(images) < 2 or count < 1:
        raise InputError(
            f"Cannot look for {count} outliers among {len(images)} images with {len(labels)} labels; give equally many."
        )
    points = _coordinates(images)
    distances = np.zeros(len(images))
    for digit in np.unique(labels):
        members = np.flatnonzero(labels == digit)
        centred = points[members] - points[members].mean(axis=0)
        covariance = centred.T @ centred / max(len(members) - 1, 1)
        typical = max(float(np.trace(covariance)) / len(covariance), 1e-9)
        covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * typical * np.eye(len(covariance))
        whitened = np.linalg.solve(np.linalg.cholesky(covariance), centred.T)
        distances[members] = np.sqrt(np.square(whitened).sum(axis=0))
    chosen = np.argsort(-distances, kind="stable")[:count]
    return tuple(Outlier(int(i), int(labels[i]), float(distances[i])) for i in chosen)


def _coordinates(images: Images) -> NDArray[np.float64]:
    """Principal components and the length of the rest, (N, 31); white is 1."""
    components = principal_components(images, COMPONENTS)
    points = components.project(images).astype(np.float64)
    lengths = np.empty(len(images))
    for start in range(0, len(images), CHUNK):
        centred = as_rows(images[start : start + CHUNK]) - components.mean
        lengths[start : start + CHUNK] = np.square(centred).sum(axis=1)
    rest = np.sqrt(np.maximum(lengths - np.square(points).sum(axis=1), 0))
    return np.column_stack([points, rest])
