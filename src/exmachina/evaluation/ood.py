"""Whether the network notices that something is not a digit.

A score that is high for digits orders all images; AUROC is the chance that a digit scores above a stranger, and
FPR95 the share of strangers let in when 95 % of digits are. Scores: the largest probability (Hendrycks and Gimpel
2017) and the energy's negative, log Σ exp logits (Liu, Wang, Owens and Li 2020).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import rankdata

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags, Floats, check_scores, softmax

ScoreName = Literal["max_softmax", "energy"]


def max_softmax(logits: Floats) -> NDArray[np.float64]:
    """The probability (N,) of the predicted digit."""
    return np.asarray(softmax(logits).max(axis=1))


def energy(logits: Floats) -> NDArray[np.float64]:
    """log Σ exp logits (N,): how much evidence there is for any digit at all."""
    return np.asarray(logsumexp(np.asarray(logits, np.float64), axis=1))


SCORES: dict[ScoreName, Callable[[Floats], NDArray[np.float64]]] = {"max_softmax": max_softmax, "energy": energy}


@dataclass(frozen=True)
class Separation:
    """How well one score tells digits from strangers."""

    score: ScoreName
    auroc: float
    fpr95: float


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


@dataclass(frozen=True)
class Strangers:
    """One kind of image that is no digit: its separation by each score, and the share that is rejected."""

    name: str
    n: int
    max_softmax: Separation
    energy: Separation
    rejected: float | None


def measure_strangers(name: str, digits: Floats, strangers: Floats, rejection: Rejection | None = None) -> Strangers:
    """Compare logits (N, 10) of test digits with logits (M, 10) of images that are none."""
    check_scores(digits)
    check_scores(strangers)
    found = {
        key: Separation(key, auroc(score(digits), score(strangers)), fpr95(score(digits), score(strangers)))
        for key, score in SCORES.items()
    }
    rejected = None if rejection is None else float(rejection.rejects(strangers).mean())
    return Strangers(name, len(strangers), found["max_softmax"], found["energy"], rejected)


def auroc(digits: NDArray[Any], strangers: NDArray[Any]) -> float:
    """P(digit's score > stranger's) + ½ P(equal), by ranks (Mann and Whitney 1947)."""
    _check_filled(digits, strangers)
    ranks = rankdata(np.concatenate([digits, strangers]))[: len(digits)]
    wins = float(ranks.sum()) - len(digits) * (len(digits) + 1) / 2
    return wins / (len(digits) * len(strangers))


def fpr95(digits: NDArray[Any], strangers: NDArray[Any], recall: float = 0.95) -> float:
    """Share of strangers who score no less than the threshold that lets in `recall` of the digits, or more."""
    _check_filled(digits, strangers)
    return float((strangers >= _threshold(digits, recall)).mean())


def fit_rejection(logits: Floats, score: ScoreName = "energy", keep: float = 0.995) -> Rejection:
    """The highest threshold that keeps the share `keep` of validation digits with these logits (N, 10)."""
    check_scores(logits)
    if score not in SCORES:
        raise InputError(f"Unknown score '{score}'. Choose one of: {', '.join(SCORES)}.")
    if not 0 < keep <= 1:
        raise InputError(f"Keeping {keep} of the digits is impossible; choose a share above 0 and up to 1.")
    scores = SCORES[score](logits)
    threshold = _threshold(scores, keep)
    return Rejection(score, threshold, float((scores >= threshold).mean()), len(scores))


def _threshold(scores: NDArray[Any], share: float) -> float:
    """The highest of the scores with at least this share of them at or above it."""
    given_up = int(np.floor((1 - share) * len(scores) + 1e-9))
    return float(np.partition(scores, given_up)[given_up])


def _check_filled(digits: NDArray[Any], strangers: NDArray[Any]) -> None:
    if not len(digits) or not len(strangers):
        raise InputError(f"{len(digits)} digits and {len(strangers)} strangers cannot be compared; give some of each.")
