"""Intervals for numbers that are no plain means: calibration error, areas under curves, ratios of errors.

The test digits, or whole writers where they are known, are drawn anew with replacement, and the number is computed
for each such set (Efron 1979). A statistic here takes how often each digit was drawn, (resamples, N), at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags, Floats, check_same_length
from exmachina.evaluation.statistics.intervals import ENDS, Interval

RESAMPLES = 1_000
RECALL = 0.95  # of the digits are let in where it is asked how many others are: FPR95
BATCH = 100  # resamples at once: 100 × 10,000 counts fit a processor's cache

Counts = NDArray[np.float32]  # (resamples, N)


def bootstrap(
    statistic: Callable[[Counts], NDArray[np.floating[Any]]],
    n: int,
    generator: np.random.Generator,
    *,
    clusters: NDArray[Any] | None = None,
    resamples: int = RESAMPLES,
    reflected: bool = False,
) -> Interval:
    """The percentile interval of a statistic of n digits, or of whole `clusters` (n,) of them.

    `reflected` mirrors the quantiles at the value itself (the "basic" interval), which undoes a bias: drawing anew
    adds to a calibration error what chance had added to it already.
    """
    if n < 2:
        raise InputError(f"{n} digits cannot be drawn anew; give 2 or more.")
    value = float(statistic(np.ones((1, n), np.float32))[0])
    drawn = []
    member = None if clusters is None else np.unique(clusters, return_inverse=True)[1]
    tickets = n if member is None else int(member.max()) + 1
    for start in range(0, resamples, BATCH):
        count = min(BATCH, resamples - start)
        chosen = generator.integers(0, tickets, (count, tickets)) + np.arange(count)[:, None] * tickets
        counts = np.bincount(chosen.ravel(), minlength=count * tickets).reshape(count, tickets).astype(np.float32)
        drawn.append(statistic(counts if member is None else counts[:, member]))
    low, high = np.quantile(np.concatenate(drawn), ENDS)
    if reflected:
        low, high = 2 * value - high, 2 * value - low
    method = "bootstrap" if member is None else f"bootstrap over {tickets:,} clusters"
    return Interval(value, float(low), float(high), n, method=method)


def mean_gap(confidence: Floats, correct: Flags, edges: NDArray[np.float64]) -> Callable[[Counts], Any]:
    """The expected calibration error over bins (edge, next edge], for confidences (N,) and right answers (N,)."""
    check_same_length(confidence, correct, "Confidences and right answers")
    member = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, len(edges) - 2)
    gaps = np.zeros((len(confidence), len(edges) - 1), np.float32)
    gaps[np.arange(len(confidence)), member] = confidence - correct
    return lambda counts: np.abs(counts @ gaps).sum(axis=1) / counts.sum(axis=1)


def mean_risk(confidence: Floats, wrong: Flags) -> Callable[[Counts], Any]:
    """The area under the risk–coverage curve; digits of equal confidence count with their mean error."""
    check_same_length(confidence, wrong, "Confidences and errors")
    order = np.argsort(-confidence, kind="stable")
    _, group = np.unique(-confidence[order], return_inverse=True)
    sizes = np.bincount(group)
    risks = (np.bincount(group, weights=wrong[order]) / sizes)[group]

    def area(counts: Counts) -> NDArray[np.float64]:
        sorted_counts = counts[:, order].astype(np.float64)
        kept = sorted_counts.cumsum(axis=1)
        lost = (sorted_counts * risks).cumsum(axis=1)
        # Each copy of a digit adds the risk at its place.
        return np.asarray((sorted_counts * lost / np.maximum(kept, 1)).sum(axis=1) / kept[:, -1])

    return area


def separation_intervals(
    digits: NDArray[Any],
    non_digits: NDArray[Any],
    generator: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Percentile intervals of two numbers, both sets drawn anew: the chance that a digit scores above an image that is
    none, and the share of those let in by the threshold that lets in `RECALL` of the digits drawn.

    Only where a digit lies among the others matters, so digits between the same two of them are drawn together.
    """
    others, reverse = np.unique(non_digits, return_inverse=True)
    n, m = len(digits), len(non_digits)
    # Twice the number of distinct others below a digit, plus one if it equals the next: (n,), 0 … 2 · len(others).
    place = np.searchsorted(others, digits, "left") + np.searchsorted(others, digits, "right")
    places, sizes = np.unique(place, return_counts=True)
    drawn = generator.multinomial(n, sizes / n, size=resamples)
    other = generator.multinomial(m, np.bincount(reverse) / m, size=resamples)
    below = np.concatenate([np.zeros((resamples, 1)), other.cumsum(axis=1)], axis=1)  # others below each place
    halves = (below[:, places // 2] + below[:, (places + 1) // 2]) / 2  # ties count half
    areas = (drawn * halves).sum(axis=1) / (n * m)
    given_up = int(np.floor((1 - RECALL) * n + 1e-9))  # digits below the threshold, at most
    threshold = places[(drawn.cumsum(axis=1) > given_up).argmax(axis=1)]
    let_in = 1 - below[np.arange(resamples), threshold // 2] / m
    first, second = (np.quantile(values, ENDS) for values in (areas, let_in))
    return (float(first[0]), float(first[1])), (float(second[0]), float(second[1]))
