"""What is gained by leaving the hardest images to a person: risk against coverage.

Keep the share `coverage` of images of which the network is surest; `risk` is the error among those (El-Yaniv and
Wiener 2010). The area under that curve (AURC; Geifman and El-Yaniv 2017) is small when the mistakes come last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags, Floats, check_same_length
from exmachina.evaluation.statistics.intervals import Interval, wilson


@dataclass(frozen=True)
class RiskCoverage:
    """The curve: keeping the k surest of n images covers `coverage[k − 1]` with the error `risk[k − 1]`.

    `aurc` is the mean risk over all k. `best_aurc` is what the same number of mistakes would give if they were
    the least sure of all, and the error itself what a confidence without information gives.
    """

    coverage: NDArray[np.float64] = field(repr=False)
    risk: NDArray[np.float64] = field(repr=False)
    aurc: float
    best_aurc: float


@dataclass(frozen=True)
class SelectiveRisk:
    """The error among the surest `coverage` of the images, all of confidence `threshold` or more."""

    coverage: float
    risk: Interval
    threshold: float


def risk_coverage(confidence: Floats, wrong: Flags) -> RiskCoverage:
    """The whole curve for confidences (N,), of any scale, and mistakes (N,).

    Images of equal confidence cannot be told apart; each counts with their mean error, so that no lucky order
    flatters the curve.
    """
    _, risk = _kept(confidence, wrong)
    n = len(risk)
    ideal = np.concatenate([np.zeros(n - int(wrong.sum())), np.ones(int(wrong.sum()))])
    counts = np.arange(1, n + 1)
    return RiskCoverage(
        coverage=counts / n,
        risk=risk,
        aurc=float(risk.mean()),
        best_aurc=float((np.cumsum(ideal) / counts).mean()),
    )


def risk_at(confidence: Floats, wrong: Flags, coverage: float = 0.98) -> SelectiveRisk:
    """The error when at least `coverage` of the images are answered, with Wilson's interval."""
    if not 0 < coverage <= 1:
        raise InputError(f"A coverage of {coverage} is impossible; choose a share above 0 and up to 1.")
    ordered, risk = _kept(confidence, wrong)
    kept = math.ceil(coverage * len(risk) - 1e-9)
    interval = wilson(float(risk[kept - 1]) * kept, kept)
    return SelectiveRisk(kept / len(risk), interval, float(ordered[kept - 1]))


def _kept(confidence: Floats, wrong: Flags) -> tuple[Floats, NDArray[np.float64]]:
    """Confidences from the surest down, and the error among the first k for every k."""
    check_same_length(confidence, wrong, "Confidences and errors")
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    starts = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    group = np.cumsum(starts) - 1
    sizes = np.bincount(group)
    expected = (np.bincount(group, weights=wrong[order]) / sizes)[group]
    risk = np.clip(np.cumsum(expected) / np.arange(1, len(ordered) + 1), 0, 1)
    return ordered, risk
