"""How far a measured number may lie from the true one.

An accuracy on n digits is a draw from a lottery. Wilson's interval supposes that each digit is an independent
ticket; digits by the same hand are not, and the clustered bootstrap allows for it. A test set that has been
opened K times has had K chances to flatter, and the interval must widen for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags, Floats, Labels, check_same_length

LEVEL = 0.95  # of confidence, of every interval and test of a report
ENDS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)  # the quantiles between which such an interval lies
RESAMPLES = 4_000  # of whole clusters


@dataclass(frozen=True)
class Interval:
    """A measured `value` and the interval that holds the true one at the stated `level` of confidence."""

    value: float
    low: float
    high: float
    n: int
    level: float = LEVEL
    method: str = "Wilson"

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class SeedSummary:
    """The same recipe over `n` seeds: mean, sample standard deviation, and Student's interval for the mean.

    One seed tells nothing of the spread: `sd` and `interval` are then None.
    """

    mean: float
    sd: float | None
    n: int
    interval: Interval | None


def wilson(successes: float, n: int, level: float = LEVEL) -> Interval:
    """Wilson's score interval for a proportion (E. B. Wilson 1927); sound even at 0 or n successes."""
    if not 0 < level < 1:
        raise InputError(f"A confidence level of {level} is impossible; choose one between 0 and 1.")
    if n < 1 or not 0 <= successes <= n:
        raise InputError(f"{successes} successes out of {n} is not a proportion; give 0 ≤ successes ≤ n.")
    share, z = successes / n, _normal_quantile(level)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(share, low, high, n, level)


def proportion(flags: Flags) -> Interval:
    """The share of flags (N,) that are true, with Wilson's interval."""
    return wilson(int(flags.sum()), len(flags))


def complement(share: Interval) -> Interval:
    """The interval of 1 − share: the error where the share is an accuracy."""
    return replace(share, value=1 - share.value, low=1 - share.high, high=1 - share.low)


def corrected_for_openings(successes: float, n: int, openings: int) -> Interval:
    """Wilson's interval for one of `openings` looks at a test set, all of which hold together (Bonferroni).

    After K experiments on one test set, the error probability of 5 % is shared out among the K of them.
    """
    if openings < 1:
        raise InputError(f"A test set opened {openings} times has no result; openings must be 1 or more.")
    wide = wilson(successes, n, 1 - (1 - LEVEL) / openings)
    return replace(wide, level=LEVEL, method=f"Wilson, {openings} openings (Bonferroni)")


def clustered_bootstrap(values: Floats | Flags, clusters: Labels, generator: np.random.Generator) -> Interval:
    """Percentile interval for the mean of `values` (N,), drawing whole `clusters` (N,), such as writers.

    Each resample draws as many clusters as there are, with replacement, each with all of its values.
    When no value differs from another the interval has no width, which Wilson's then corrects.
    """
    check_same_length(values, clusters, "Values and clusters")
    _, member = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(member)
    sums = np.bincount(member, weights=values.astype(np.float64))
    # How often each cluster was drawn is all that a resample is: (RESAMPLES, clusters).
    drawn = generator.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=RESAMPLES)
    means = (drawn @ sums) / (drawn @ sizes)
    low, high = np.quantile(means, ENDS)
    value = float(sums.sum() / sizes.sum())
    method = f"bootstrap over {len(sizes):,} clusters"
    return Interval(value, float(low), float(high), len(values), method=method)


def normal_mean(values: Floats) -> Interval:
    """Interval for the mean of many independent `values` (N,), such as losses, by the central limit theorem."""
    if values.ndim != 1 or len(values) < 2:
        raise InputError(f"The mean of values of shape {values.shape} has no interval; give (N,) with N ≥ 2.")
    numbers = values.astype(np.float64)
    mean, n = float(numbers.mean()), len(numbers)
    half = _normal_quantile(LEVEL) * float(numbers.std(ddof=1)) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n, method="normal")


def over_seeds(values: Sequence[float]) -> SeedSummary:
    """Mean ± sample standard deviation of one number over training seeds, with Student's t interval."""
    if not values:
        raise InputError("No values to summarise; give the number that each seed reached.")
    numbers = np.asarray(values, np.float64)
    n, mean = len(numbers), float(numbers.mean())
    if n == 1:
        return SeedSummary(mean, None, 1, None)
    sd = float(numbers.std(ddof=1))
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, ENDS[1])) * sd / math.sqrt(n)
    return SeedSummary(mean, sd, n, Interval(mean, mean - half, mean + half, n, method=f"t over {n} seeds"))


def _normal_quantile(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)
