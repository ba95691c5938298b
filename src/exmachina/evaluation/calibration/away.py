"""What a confidence is worth on images of another kind, where nothing was promised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exmachina.evaluation.arrays import Floats, Labels, check_scores
from exmachina.evaluation.calibration.reliability import calibration, ece_interval
from exmachina.evaluation.statistics.intervals import Interval, proportion

RESAMPLES = 200  # it is measured under every corruption


@dataclass(frozen=True)
class ConfidenceAway:
    """How sure the network says it is there, on average, and how often it is right.

    A rule fixed at home, "answer above `threshold`", answers the share `answered` there and misreads the share
    `risk` of those; None where it answers nothing.
    """

    confidence: float
    accuracy: Interval
    ece: float
    ece_interval: Interval
    threshold: float
    answered: Interval
    risk: Interval | None


def confidence_away(probabilities: Floats, labels: Labels, threshold: float) -> ConfidenceAway:
    """Judge probabilities (N, 10) by labels (N,), with the rule that answers what is at least `threshold` sure."""
    check_scores(probabilities, labels)
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    kept = sure >= threshold
    return ConfidenceAway(
        confidence=float(sure.mean()),
        accuracy=proportion(right),
        ece=calibration(probabilities, labels).ece,
        ece_interval=ece_interval(probabilities, labels, np.random.default_rng(len(labels)), resamples=RESAMPLES),
        threshold=threshold,
        answered=proportion(kept),
        risk=proportion(~right[kept]) if kept.any() else None,
    )
