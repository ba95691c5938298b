"""The plain numbers: accuracy, loss, Brier score, confusion matrix, and each class on its own."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from exmachina.evaluation.arrays import Floats, Labels, check_scores, log_softmax, softmax
from exmachina.evaluation.statistics.intervals import Interval, wilson

CLASSES = 10


@dataclass(frozen=True)
class ClassScore:
    """One digit's scores; `support` images bear the label and `predicted` were taken for it."""

    label: int
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int


@dataclass(frozen=True)
class Metrics:
    """A network on a labelled set. `confusion[true, predicted]` counts images."""

    n: int
    accuracy: Interval
    nll: float
    brier: float
    per_class: tuple[ClassScore, ...]
    confusion: NDArray[np.int64] = field(repr=False)


def measure(logits: Floats, labels: Labels) -> Metrics:
    """All of this page's numbers for logits (N, 10) and labels (N,)."""
    check_scores(logits, labels)
    confusion = confusion_matrix(logits.argmax(axis=1), labels, logits.shape[1])
    return Metrics(
        n=len(labels),
        accuracy=wilson(int(np.trace(confusion)), len(labels)),
        nll=negative_log_likelihood(logits, labels),
        brier=brier_score(softmax(logits), labels),
        per_class=per_class(confusion),
        confusion=confusion,
    )


def accuracy(scores: Floats, labels: Labels) -> float:
    """Share of images whose largest score, logit or probability, stands at the label."""
    check_scores(scores, labels)
    return float((scores.argmax(axis=1) == labels).mean())


def negative_log_likelihood(logits: Floats, labels: Labels) -> float:
    """Mean of −log p(label), natural logarithm; the loss that training minimises."""
    return float(losses(logits, labels).mean())


def losses(logits: Floats, labels: Labels) -> NDArray[np.float64]:
    """−log p(label) of every image, (N,)."""
    check_scores(logits, labels)
    return np.asarray(-log_softmax(logits)[np.arange(len(labels)), labels])


def brier_score(probabilities: Floats, labels: Labels) -> float:
    """Mean squared distance between the probabilities and the one-hot label: 0 … 2 (Brier 1950)."""
    check_scores(probabilities, labels)
    # Σ (p − onehot)² = Σ p² − 2 p(label) + 1
    squares = np.square(probabilities, dtype=np.float64).sum(axis=1)
    return float((squares - 2 * probabilities[np.arange(len(labels)), labels] + 1).mean())


def confusion_matrix(predicted: Labels, labels: Labels, classes: int = CLASSES) -> NDArray[np.int64]:
    """Counts (classes, classes): row the true label, column the predicted one."""
    cells = labels.astype(np.int64) * classes + predicted
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def per_class(confusion: NDArray[np.int64]) -> tuple[ClassScore, ...]:
    """Precision, recall and F1 of every class; a ratio with nothing below the line counts as 0."""
    hits, support, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    precision = hits / np.maximum(predicted, 1)
    recall = hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(support + predicted, 1)
    return tuple(
        ClassScore(k, float(precision[k]), float(recall[k]), float(f1[k]), int(support[k]), int(predicted[k]))
        for k in range(len(confusion))
    )
