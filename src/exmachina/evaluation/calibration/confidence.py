"""What a network's confidence is worth, with everything that is fitted fitted elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from exmachina.evaluation.arrays import Floats, Labels, check_scores, softmax
from exmachina.evaluation.calibration.conformal import ConformalCoverage, conformal_coverage, fit_threshold
from exmachina.evaluation.calibration.held_out import Fit, HeldOut
from exmachina.evaluation.calibration.prediction_sets import (
    Exchangeability,
    SetCoverage,
    compare_methods,
    exchangeability,
)
from exmachina.evaluation.calibration.rejection import highest_threshold
from exmachina.evaluation.calibration.reliability import (
    Calibration,
    calibration,
    ece_by_chance,
    ece_interval,
    fit_temperature,
)
from exmachina.evaluation.calibration.selective import RiskCoverage, SelectiveRisk, risk_at, risk_coverage
from exmachina.evaluation.statistics.bootstrap import bootstrap, mean_risk
from exmachina.evaluation.statistics.intervals import Interval, wilson
from exmachina.evaluation.statistics.metrics import brier_score, negative_log_likelihood

COVERAGES = (1.0, 0.99, 0.98, 0.95, 0.9)
ALPHAS = (0.01, 0.001)
DRAWS = 400
RULE = 0.98  # of the digits are answered by the rule that is tried on images of another kind


@dataclass(frozen=True)
class Rescaled:
    """The same answers after temperature scaling: `temperature` divides the network's raw logits."""

    temperature: float
    calibration: Calibration
    ece_interval: Interval
    nll: float
    brier: float
    at_bound: bool


@dataclass(frozen=True)
class Confidence:
    """Calibration, selective prediction and conformal sets of one network on one test set.

    `ece_by_chance` is what the same confidences would show if each were exactly true. `as_shipped` is the
    temperature that the run carries. `source` says what the rest was fitted to. `sets` are the four kinds of
    prediction set, and `exchange` says whether their promise may be given.
    """

    width: Calibration
    mass: Calibration
    ece_interval: Interval
    mass_interval: Interval
    ece_by_chance: float
    as_shipped: float
    rescaled: Rescaled
    curve: RiskCoverage = field(repr=False)
    aurc: Interval
    risks: tuple[SelectiveRisk, ...]
    conformal: tuple[ConformalCoverage, ...]
    sets: tuple[SetCoverage, ...]
    exchange: tuple[Exchangeability, ...]
    source: str

    def risk(self, coverage: float) -> SelectiveRisk:
        """The error among the surest `coverage` of the images, one of `COVERAGES`."""
        return self.risks[COVERAGES.index(coverage)]


def measure_confidence(
    logits: Floats,
    labels: Labels,
    held_out: HeldOut,
    temperature: float = 1.0,
    seed: int = 0,
    clusters: NDArray[np.int64] | None = None,
) -> Confidence:
    """Everything on this page for raw logits (N, 10), labels (N,) and the temperature that the run carries.

    `clusters` (N,) are the writers; where they are known, intervals draw whole writers.
    """
    check_scores(logits, labels)
    check_scores(held_out.logits, held_out.labels)
    probabilities = softmax(logits / temperature)
    sure, wrong = probabilities.max(axis=1), probabilities.argmax(axis=1) != labels
    fits = held_out.fits(len(labels), seed)
    generator = np.random.default_rng([seed, 8])
    return Confidence(
        width=calibration(probabilities, labels),
        mass=calibration(probabilities, labels, binning="mass"),
        ece_interval=ece_interval(probabilities, labels, generator, clusters=clusters),
        mass_interval=ece_interval(probabilities, labels, generator, binning="mass", clusters=clusters),
        ece_by_chance=ece_by_chance(probabilities, np.random.default_rng([seed, 3]), draws=DRAWS),
        as_shipped=temperature,
        rescaled=_rescale(logits, labels, fits, generator, clusters),
        curve=risk_coverage(sure, wrong),
        aurc=bootstrap(mean_risk(sure, wrong), len(labels), generator, clusters=clusters),
        risks=tuple(risk_at(sure, wrong, coverage) for coverage in COVERAGES),
        conformal=tuple(_conformal(probabilities, labels, fits, temperature, alpha) for alpha in ALPHAS),
        sets=compare_methods(logits, labels, held_out, temperature, seed=seed),
        exchange=_exchange(probabilities, labels, held_out, temperature),
        source=held_out.how,
    )


def rule_at_home(held_out: HeldOut, temperature: float = 1.0) -> float:
    """The confidence at or above which the share `RULE` of the digits lies that the network had not learned."""
    check_scores(held_out.logits)
    return highest_threshold(softmax(held_out.logits / temperature).max(axis=1), RULE)


def conformal_elsewhere(
    probabilities: Floats, labels: Labels, held_out: HeldOut, temperature: float = 1.0
) -> ConformalCoverage:
    """Coverage on images of another kind, for which nothing was promised."""
    fitted = fit_threshold(softmax(held_out.logits / temperature), held_out.labels, ALPHAS[0])
    return conformal_coverage(probabilities, labels, fitted)


def _exchange(
    probabilities: NDArray[np.float64], labels: Labels, held_out: HeldOut, temperature: float
) -> tuple[Exchangeability, ...]:
    """The images fitted to against those judged, and the first half of the test set against the second."""
    own = 1 - probabilities[np.arange(len(labels)), labels]
    middle = len(own) // 2
    checks = [exchangeability(own[:middle], own[middle:], ("the first half of the test set", "the second half"))]
    if held_out.source != "halves":
        fitted = softmax(held_out.logits / temperature)
        other = 1 - fitted[np.arange(len(held_out)), held_out.labels]
        checks.insert(0, exchangeability(other, own, ("the images fitted to", "the test set")))
    return tuple(checks)


def _rescale(
    logits: Floats,
    labels: Labels,
    fits: tuple[Fit, ...],
    generator: np.random.Generator,
    clusters: NDArray[np.int64] | None,
) -> Rescaled:
    """Divide each test image's logits by the temperature that was fitted without it."""
    scaled = np.array(logits, np.float64)
    result = []
    for fit in fits:
        one = fit_temperature(fit.logits, fit.labels)
        scaled[fit.measured] /= one.value
        result.append(one)
    probabilities = softmax(scaled)
    return Rescaled(
        temperature=math.exp(float(np.mean([math.log(one.value) for one in result]))),
        calibration=calibration(probabilities, labels),
        ece_interval=ece_interval(probabilities, labels, generator, clusters=clusters),
        nll=negative_log_likelihood(scaled, labels),
        brier=brier_score(probabilities, labels),
        at_bound=any(one.at_bound for one in result),
    )


def _conformal(
    probabilities: NDArray[np.float64], labels: Labels, fits: tuple[Fit, ...], temperature: float, alpha: float
) -> ConformalCoverage:
    """Coverage over all test images, each judged by a threshold that was fitted without it."""
    sizes = np.zeros(probabilities.shape[1] + 1, np.int64)
    held = 0
    for fit in fits:
        fitted = fit_threshold(softmax(fit.logits / temperature), fit.labels, alpha)
        part = conformal_coverage(probabilities[fit.measured], labels[fit.measured], fitted)
        sizes += part.sizes
        held += round(part.coverage.value * part.coverage.n)
    mean_size = float(sizes @ np.arange(len(sizes)) / len(labels))
    return ConformalCoverage(alpha, wilson(held, len(labels)), mean_size, tuple(int(size) for size in sizes))
