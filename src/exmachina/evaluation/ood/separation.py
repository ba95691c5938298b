"""Whether the network notices that something is not a digit.

A score that is high for digits orders all images; AUROC is the chance that a digit scores above an image that is
none, and FPR95 the share of those let in when 95 % of digits are. Scores: the largest probability (Hendrycks and
Gimpel 2017) and the energy's negative, log Σ exp logits (Liu, Wang, Owens and Li 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Floats, check_scores
from exmachina.evaluation.calibration.rejection import SCORES, Rejection, ScoreName, highest_threshold
from exmachina.evaluation.statistics.bootstrap import auroc_interval

KEPT = (0.995, 0.99, 0.98, 0.95, 0.9)
RESAMPLES = 400


@dataclass(frozen=True)
class Separation:
    """How well one score tells digits from what is none; `interval` is the bootstrap's of `auroc`."""

    score: ScoreName | Literal["rejector"]
    auroc: float
    fpr95: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class OODKind:
    """One kind of image that is no digit: its separation by each score, and the share that is rejected.

    `let_in[k]` is the share let in by the threshold that keeps `KEPT[k]` of the digits. `rejector`: by
    the chance that the run's rejector gives, if it has one; then that rejects, and not the threshold.
    """

    name: str
    n: int
    max_softmax: Separation
    energy: Separation
    rejected: float
    let_in: tuple[float, ...]
    rejector: Separation | None = None


def measure_kind(
    name: str,
    digits: Floats,
    non_digits: Floats,
    rejection: Rejection,
    generator: np.random.Generator,
    thresholds: Sequence[float] = (),
) -> OODKind:
    """Compare logits (N, 10) of test digits with logits (M, 10) of images that are none.

    `thresholds` are confidences that keep `KEPT` of digits elsewhere.
    """
    check_scores(digits)
    check_scores(non_digits)
    result = {}
    for key, score in SCORES.items():
        home, away = score(digits), score(non_digits)
        interval = auroc_interval(home, away, generator, resamples=RESAMPLES)
        result[key] = Separation(key, auroc(home, away), fpr95(home, away), interval)
    rejected = float(rejection.rejects(non_digits).mean())
    sure = SCORES["max_softmax"](non_digits)
    let_in = tuple(float((sure >= threshold).mean()) for threshold in thresholds)
    return OODKind(name, len(non_digits), result["max_softmax"], result["energy"], rejected, let_in)


def by_rejector(
    kind: OODKind, digits: NDArray[Any], non_digits: NDArray[Any], no_digit: float, generator: np.random.Generator
) -> OODKind:
    """The same kind judged by a rejector: chances (N,) of test digits and (M,) of images that are none."""
    interval = auroc_interval(digits, non_digits, generator, resamples=RESAMPLES)
    separation = Separation("rejector", auroc(digits, non_digits), fpr95(digits, non_digits), interval)
    return replace(kind, rejector=separation, rejected=float((non_digits < no_digit).mean()))


def auroc(digits: NDArray[Any], non_digits: NDArray[Any]) -> float:
    """P(digit's score > other's) + ½ P(equal), by ranks (Mann and Whitney 1947)."""
    _check_filled(digits, non_digits)
    ranks = rankdata(np.concatenate([digits, non_digits]))[: len(digits)]
    wins = float(ranks.sum()) - len(digits) * (len(digits) + 1) / 2
    return wins / (len(digits) * len(non_digits))


def fpr95(digits: NDArray[Any], non_digits: NDArray[Any], recall: float = 0.95) -> float:
    """Share of the others that score no less than the threshold that lets in `recall` of the digits, or more."""
    _check_filled(digits, non_digits)
    return float((non_digits >= highest_threshold(digits, recall)).mean())


def _check_filled(digits: NDArray[Any], non_digits: NDArray[Any]) -> None:
    if not len(digits) or not len(non_digits):
        raise InputError(
            f"{len(digits)} digits and {len(non_digits)} other images cannot be compared; give some of each."
        )
