"""Several networks asked together: the mean of their probabilities decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation.statistics.intervals import Interval, SeedSummary, over_seeds, wilson

LEAST = 2


@dataclass(frozen=True)
class Ensemble:
    """What the members read right alone, and what they read right together. Accuracies are fractions."""

    accuracies: tuple[float, ...]
    members: SeedSummary
    together: Interval


def evaluate_ensemble(classifiers: Sequence[Classifier], data: Dataset) -> Ensemble:
    """Accuracy of each reader and of the mean of their probabilities, on images that none of them learned.

    Name the members before you see how they do: the best five of twenty are no fair ensemble. Raises `InputError`
    for fewer than two, or for networks that tell different numbers of classes.
    """
    if len(classifiers) < LEAST:
        raise InputError(f"An ensemble has {LEAST} members or more, not {len(classifiers)}.")
    if len({classifier.network.classes for classifier in classifiers}) > 1:
        raise InputError("These networks do not tell the same number of classes; they cannot be asked together.")
    mean = np.zeros((len(data), classifiers[0].network.classes), np.float64)
    accuracies = []
    for classifier in classifiers:
        probabilities = classifier.probabilities(data.images)
        accuracies.append(_right(probabilities, data) / len(data))
        mean += probabilities
    return Ensemble(tuple(accuracies), over_seeds(accuracies), wilson(_right(mean, data), len(data)))


def _right(probabilities: NDArray[np.floating], data: Dataset) -> int:
    return int((probabilities.argmax(axis=1) == data.labels).sum())
