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
from exmachina.evaluation.statistics.bootstrap import RECALL, separation_intervals
from exmachina.evaluation.statistics.intervals import Interval, proportion, wilson

KEPT = (0.995, 0.99, 0.98, 0.95, 0.9)
RESAMPLES = 400


@dataclass(frozen=True)
class Separation:
    """How well one score tells digits from what is none, with the bootstrap's intervals.

    That of `fpr95` is no narrower than Wilson's for the threshold as it is: drawn anew, none of 400 is always none.
    """

    score: ScoreName | Literal["rejector"]
    auroc: float
    fpr95: float
    interval: tuple[float, float]
    fpr95_interval: tuple[float, float]

    @classmethod
    def of(
        cls,
        score: ScoreName | Literal["rejector"],
        digits: NDArray[Any],
        non_digits: NDArray[Any],
        generator: np.random.Generator,
    ) -> Separation:
        """Of scores (N,) of digits and (M,) of images that are none."""
        area, (low, high) = separation_intervals(digits, non_digits, generator, resamples=RESAMPLES)
        let_in = fpr95(digits, non_digits)
        least = wilson(round(let_in * len(non_digits)), len(non_digits))
        return cls(score, auroc(digits, non_digits), let_in, area, (min(low, least.low), max(high, least.high)))


@dataclass(frozen=True)
class OODKind:
    """One kind of image that is no digit: its separation by each score, and the share that is rejected.

    Shares have Wilson's interval, the thresholds taken as they are. `let_in[k]` is the share let in by the threshold
    that keeps `KEPT[k]` of the digits. `rejector`: by the chance that the run's rejector gives, if it has one; then
    that turns away, and not the threshold.
    """

    name: str
    n: int
    max_softmax: Separation
    energy: Separation
    turned_away: Interval
    let_in: tuple[Interval, ...]
    rejector: Separation | None = None

    @property
    def rejected(self) -> float:
        """The share that is turned away."""
        return self.turned_away.value


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
    first, second = (Separation.of(key, score(digits), score(non_digits), generator) for key, score in SCORES.items())
    turned_away = proportion(rejection.rejects(non_digits))
    sure = SCORES["max_softmax"](non_digits)
    let_in = tuple(proportion(sure >= threshold) for threshold in thresholds)
    return OODKind(name, len(non_digits), first, second, turned_away, let_in)


def by_rejector(
    kind: OODKind, digits: NDArray[Any], non_digits: NDArray[Any], no_digit: float, generator: np.random.Generator
) -> OODKind:
    """The same kind judged by a rejector: chances (N,) of test digits and (M,) of images that are none."""
    separation = Separation.of("rejector", digits, non_digits, generator)
    return replace(kind, rejector=separation, turned_away=proportion(non_digits < no_digit))


def auroc(digits: NDArray[Any], non_digits: NDArray[Any]) -> float:
    """P(digit's score > other's) + ½ P(equal), by ranks (Mann and Whitney 1947)."""
    _check_filled(digits, non_digits)
    ranks = rankdata(np.concatenate([digits, non_digits]))[: len(digits)]
    wins = float(ranks.sum()) - len(digits) * (len(digits) + 1) / 2
    return wins / (len(digits) * len(non_digits))


def fpr95(digits: NDArray[Any], non_digits: NDArray[Any]) -> float:
    """Share of the others that score no less than the threshold that lets in 95 % of the digits, or more."""
    _check_filled(digits, non_digits)
    return float((non_digits >= highest_threshold(digits, RECALL)).mean())


def _check_filled(digits: NDArray[Any], non_digits: NDArray[Any]) -> None:
    if not len(digits) or not len(non_digits):
        raise InputError(
            f"{len(digits)} digits and {len(non_digits)} other images cannot be compared; give some of each."
        )
