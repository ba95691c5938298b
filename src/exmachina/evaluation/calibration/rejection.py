"""The threshold below which the network says "no digit", fixed on digits that it has not learned.

Scores: the largest probability (Hendrycks and Gimpel 2017) and the energy's negative, log Σ exp logits (Liu, Wang,
Owens and Li 2020).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags, Floats, check_scores, softmax

ScoreName = Literal["max_softmax", "energy"]


def max_softmax(logits: Floats) -> NDArray[np.float64]:
    """The probability (N,) of the predicted digit."""
    return np.asarray(softmax(logits).max(axis=1))


def energy(logits: Floats) -> NDArray[np.float64]:
    """log Σ exp logits (N,): how much evidence there is for any digit at all."""
    from scipy.special import logsumexp

    return np.asarray(logsumexp(np.asarray(logits, np.float64), axis=1))


SCORES: dict[ScoreName, Callable[[Floats], NDArray[np.float64]]] = {"max_softmax": max_softmax, "energy": energy}


@dataclass(frozen=True)
class Rejection:
    """Answer "no digit" below `threshold`; fixed on `n` validation digits, of which it keeps the share `kept`."""

    score: ScoreName
    threshold: float
    kept: float
    n: int

    def rejects(self, logits: Floats) -> Flags:
        """Which of the images (N,) with these logits (N, 10) are taken for no digit."""
        check_scores(logits)
        return np.asarray(SCORES[self.score](logits) < self.threshold)


def fit_rejection(logits: Floats, score: ScoreName = "energy", keep: float = 0.995) -> Rejection:
    """The highest threshold that keeps the share `keep` of validation digits with these logits (N, 10)."""
    check_scores(logits)
    if score not in SCORES:
        raise InputError(f"Unknown score '{score}'. Choose one of: {', '.join(SCORES)}.")
    if not 0 < keep <= 1:
        raise InputError(f"Keeping {keep} of the digits is impossible; choose a share above 0 and up to 1.")
    scores = SCORES[score](logits)
    threshold = highest_threshold(scores, keep)
    return Rejection(score, threshold, float((scores >= threshold).mean()), len(scores))


def highest_threshold(scores: NDArray[Any], share: float) -> float:
    """The highest of the scores with at least this share of them at or above it."""
    given_up = int(np.floor((1 - share) * len(scores) + 1e-9))
    return float(np.partition(scores, given_up)[given_up])
