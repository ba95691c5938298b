"""When to refuse: what a misread digit costs, counted in refusals, and the threshold that is cheapest for it.

A refused digit goes to a person and costs 1; a misread one costs `ratio`. If the confidences were exactly true, the
cheapest rule would be to answer above 1 − 1/ratio (Chow, On optimum recognition error and reject tradeoff, 1970).
They are not, so the threshold is the cheapest on digits that the network has not learned, and is measured on others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags, Floats, Labels, check_scores, softmax
from exmachina.evaluation.calibration.held_out import HeldOut
from exmachina.evaluation.statistics.intervals import Interval, normal_mean, proportion

RATIOS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000)


@dataclass(frozen=True)
class CheapestThreshold:
    """What to do if a mistake costs as much as `ratio` refusals.

    Answer where the confidence is above `threshold`. On the test set that refuses the share `refused` and misreads
    `misread` of all digits, at the `cost` of so many refusals a digit. Answering everything costs `answering_all`;
    a person reading everything costs 1. `by_chow` is the threshold if confidences were exactly true.
    """

    ratio: float
    threshold: float
    refused: Interval
    misread: Interval
    cost: Interval
    answering_all: float
    by_chow: float


def cheapest_threshold(confidence: Floats, wrong: Flags, ratio: float) -> float:
    """The threshold above which to answer, the cheapest for confidences (n,) and mistakes (n,).

    Images of equal confidence cannot be told apart, so they are answered or refused together. 0 answers everything,
    and the largest confidence nothing.
    """
    if ratio < 0:
        raise InputError(f"A mistake cannot cost {ratio} refusals; give 0 or more.")
    order = np.argsort(-confidence, kind="stable")
    ordered = np.asarray(confidence[order], np.float64)
    n = len(ordered)
    costs = np.concatenate([[n], ratio * np.cumsum(wrong[order]) + n - 1.0 - np.arange(n)])
    # Answering the k surest is a rule only where the next one is less sure.
    costs[1:n][ordered[1:] == ordered[:-1]] = np.inf
    kept = int(len(costs) - 1 - np.argmin(costs[::-1]))  # of equally cheap rules the one that answers most
    return 0.0 if kept == n else float(ordered[kept])


def cheapest_thresholds(
    logits: Floats,
    labels: Labels,
    held_out: HeldOut,
    temperature: float = 1.0,
    ratios: Sequence[float] = RATIOS,
    seed: int = 0,
) -> tuple[CheapestThreshold, ...]:
    """The cheapest threshold of every ratio, for raw logits (N, 10) and labels (N,) that none was fitted to."""
    check_scores(logits, labels)
    check_scores(held_out.logits, held_out.labels)
    confidence, wrong = _judged(logits / temperature, labels)
    fits = [(fit, *_judged(fit.logits / temperature, fit.labels)) for fit in held_out.fits(len(labels), seed)]
    result = []
    for ratio in ratios:
        answered = np.zeros(len(labels), np.bool_)
        thresholds = []
        for fit, sure, mistaken in fits:
            threshold = cheapest_threshold(sure, mistaken, ratio)
            answered[fit.measured] = confidence[fit.measured] > threshold
            thresholds.append(threshold)
        result.append(_measured(ratio, float(np.mean(thresholds)), answered, wrong))
    return tuple(result)


def _measured(ratio: float, threshold: float, answered: Flags, wrong: Flags) -> CheapestThreshold:
    return CheapestThreshold(
        ratio=ratio,
        threshold=threshold,
        refused=proportion(~answered),
        misread=proportion(answered & wrong),
        cost=normal_mean(np.where(answered, ratio * wrong, 1.0)),
        answering_all=ratio * float(wrong.mean()),
        by_chow=max(1 - 1 / ratio, 0.0) if ratio else 0.0,
    )


def _judged(logits: Floats, labels: Labels) -> tuple[NDArray[np.float64], Flags]:
    probabilities = softmax(logits)
    return probabilities.max(axis=1), np.asarray(probabilities.argmax(axis=1) != labels)
