"""Sets of digits that hold the true one as often as promised, whatever the network is worth.

Split conformal prediction with the LAC score (Sadinle, Lei and Wasserman 2019): the threshold is the
⌈(n + 1)(1 − α)⌉-th smallest of 1 − p(label) over n validation images, and a set holds every digit with
1 − p ≤ threshold. The promise holds for images like the validation's, and for no others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags, Floats, Labels, check_scores
from exmachina.evaluation.statistics.intervals import Interval, proportion


@dataclass(frozen=True)
class ConformalThreshold:
    """Fitted on `n` validation images to miss the label with probability `alpha` at most.

    `coverage_low` … `coverage_high` is where the true coverage lies in 95 % of such fittings: it follows the law
    Beta(k, n + 1 − k), k = ⌈(n + 1)(1 − α)⌉ (Vovk 2012).
    """

    alpha: float
    threshold: float
    n: int
    coverage_low: float
    coverage_high: float


@dataclass(frozen=True)
class ConformalCoverage:
    """How often the sets held the label, and how large they were; `sizes[k]` sets had k digits.

    With an error below α, some sets are empty: the network owes fewer right answers than it could give.
    """

    alpha: float
    coverage: Interval
    mean_size: float
    sizes: tuple[int, ...]


def fit_threshold(probabilities: Floats, labels: Labels, alpha: float = 0.01) -> ConformalThreshold:
    """The LAC threshold from validation probabilities (n, 10) and labels (n,).

    With too few images for so small an α (n < 1/α − 1) every set must hold all digits: the threshold is 1.
    """
    check_scores(probabilities, labels)
    if not 0 < alpha < 1:
        raise InputError(f"An α of {alpha} is impossible; choose the share of misses, such as 0.01.")
    misfit = np.sort(1 - probabilities[np.arange(len(labels)), labels].astype(np.float64))
    n = len(misfit)
    rank = math.ceil((n + 1) * (1 - alpha) - 1e-9)
    if rank > n:
        return ConformalThreshold(alpha, 1.0, n, 1.0, 1.0)
    low, high = (float(betaincinv(rank, n + 1 - rank, q)) for q in (0.025, 0.975))
    return ConformalThreshold(alpha, float(misfit[rank - 1]), n, low, high)


def prediction_sets(probabilities: Floats, fitted: ConformalThreshold) -> Flags:
    """Whether each digit is in each image's set, (N, 10)."""
    check_scores(probabilities)
    return np.asarray(1 - probabilities.astype(np.float64) <= fitted.threshold)


def conformal_coverage(probabilities: Floats, labels: Labels, fitted: ConformalThreshold) -> ConformalCoverage:
    """Coverage with Wilson's interval, and set sizes, on images that the threshold was not fitted to."""
    check_scores(probabilities, labels)
    sets = prediction_sets(probabilities, fitted)
    sizes = sets.sum(axis=1)
    counts = np.bincount(sizes, minlength=sets.shape[1] + 1)
    return ConformalCoverage(
        fitted.alpha,
        proportion(sets[np.arange(len(labels)), labels]),
        float(sizes.mean()),
        tuple(int(count) for count in counts),
    )
