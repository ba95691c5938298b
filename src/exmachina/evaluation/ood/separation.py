"""Whether the network notices that something is not a digit.

A score that is high for digits orders all images; AUROC is the chance that a digit scores above a stranger, and
FPR95 the share of strangers let in when 95 % of digits are. Scores: the largest probability (Hendrycks and Gimpel
2017) and the energy's negative, log Σ exp logits (Liu, Wang, Owens and Li 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Floats, check_scores
from exmachina.evaluation.calibration.rejection import SCORES, Rejection, ScoreName, highest_threshold


@dataclass(frozen=True)
class Separation:
    """How well one score tells digits from strangers."""

    score: ScoreName
    auroc: float
    fpr95: float


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
    return float((strangers >= highest_threshold(digits, recall)).mean())


def _check_filled(digits: NDArray[Any], strangers: NDArray[Any]) -> None:
    if not len(digits) or not len(strangers):
        raise InputError(f"{len(digits)} digits and {len(strangers)} strangers cannot be compared; give some of each.")
