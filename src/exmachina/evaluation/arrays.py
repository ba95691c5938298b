"""What every measure here takes: logits or probabilities (N, 10), labels (N,), images uint8 (N, 28, 28)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError

Images = NDArray[np.uint8]
Labels = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]
Predict = Callable[[Images], Floats]  # images (N, 28, 28) → logits (N, 10)


def softmax(logits: Floats) -> NDArray[np.float64]:
    """Probabilities (N, classes) of logits (N, classes), in double precision."""
    from scipy.special import softmax  # a fifth of a second, which an interval need not wait for

    return np.asarray(softmax(np.asarray(logits, np.float64), axis=1))


def log_softmax(logits: Floats) -> NDArray[np.float64]:
    """Logarithms of the probabilities, exact where the probabilities themselves would round to 0."""
    from scipy.special import log_softmax

    return np.asarray(log_softmax(np.asarray(logits, np.float64), axis=1))


def surest_mistakes(probabilities: Floats, labels: Labels) -> Indices:
    """Indices of the misread images, those first that were read most surely; probabilities (N, 10), labels (N,)."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]


def check_scores(scores: Floats, labels: Labels | None = None) -> None:
    """Refuse scores that are not finite numbers (N, classes), and labels that do not go with them."""
    if scores.ndim != 2 or not len(scores):
        raise InputError(f"Scores of shape {scores.shape} cannot be measured; give (N, 10) with N ≥ 1.")
    broken = int((~np.isfinite(scores)).any(axis=1).sum())
    if broken:
        raise InputError(
            f"The network answers {broken:,} of {len(scores):,} images with nan or infinity; train it anew."
        )
    if labels is None:
        return
    if labels.shape != (len(scores),):
        raise InputError(f"{len(scores):,} scores need as many labels, not labels of shape {labels.shape}.")
    if labels.min() < 0 or labels.max() >= scores.shape[1]:
        raise InputError(
            f"Labels run from {labels.min()} to {labels.max()}; they must lie in 0 … {scores.shape[1] - 1}."
        )


def check_same_length(first: NDArray[Any], second: NDArray[Any], names: str) -> None:
    """Refuse two arrays that should describe the same N images and do not."""
    if first.ndim != 1 or first.shape != second.shape or not len(first):
        raise InputError(f"{names} must both be (N,) with N ≥ 1, not {first.shape} and {second.shape}.")
