"""Whether a confidence of 90 % is right nine times in ten, and the one number that repairs it.

Expected calibration error: Σ (n_m / n) · |accuracy_m − confidence_m| over bins m of the largest probability
(Naeini, Cooper and Hauskrecht 2015; Guo, Pleiss, Sun and Weinberger 2017). A well-trained digit reader is almost
always almost sure, so equal-width bins are nearly all empty; equal-mass bins hold the same number of images each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags, Floats, Labels, check_scores
from exmachina.evaluation.statistics.bootstrap import RESAMPLES, bootstrap, mean_gap
from exmachina.evaluation.statistics.intervals import Interval, wilson

Binning = Literal["width", "mass"]
BINS = 15
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.01, 100.0


@dataclass(frozen=True)
class ReliabilityBin:
    """The images whose confidence lies in (low, high]: how sure the network was, and how often right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: Interval


@dataclass(frozen=True)
class Calibration:
    """Reliability of the largest probability; `bins` holds those with any images in them.

    `ece` is the expected and `mce` the largest gap between confidence and accuracy. `gap` is mean confidence −
    accuracy: above 0 the network is too sure of itself.
    """

    bins: tuple[ReliabilityBin, ...]
    ece: float
    mce: float
    gap: float
    binning: Binning


@dataclass(frozen=True)
class Temperature:
    """Logits ÷ `value` has the smallest loss on the set it was fitted to, which must not be the test set.

    `at_bound`: the loss has no minimum within 0.01 … 100. If it falls for ever towards 0, because every answer is
    right, nothing can be learnt and `value` stays 1; if the answers are noise, `value` is 100.
    """

    value: float
    nll_before: float
    nll_after: float
    n: int
    at_bound: bool


def calibration(probabilities: Floats, labels: Labels, bins: int = BINS, binning: Binning = "width") -> Calibration:
    """Reliability in `bins` bins of equal width, or of equal numbers of images ("mass")."""
    check_scores(probabilities, labels)
    confidence = np.asarray(probabilities.max(axis=1), np.float64)
    correct = probabilities.argmax(axis=1) == labels
    edges = bin_edges(confidence, bins, binning)
    counts, sums, hits = _binned(confidence, correct, edges)
    filled = [
        ReliabilityBin(
            low=float(edges[m]),
            high=float(edges[m + 1]),
            count=int(counts[m]),
            confidence=float(sums[m] / counts[m]),
            accuracy=wilson(int(hits[m]), int(counts[m])),
        )
        for m in np.flatnonzero(counts)
    ]
    gaps = np.array([abs(one.accuracy.value - one.confidence) for one in filled])
    weights = np.array([one.count for one in filled]) / len(labels)
    return Calibration(
        bins=tuple(filled),
        ece=float(gaps @ weights),
        mce=float(gaps.max()),
        gap=float(confidence.mean() - correct.mean()),
        binning=binning,
    )


def ece_interval(
    probabilities: Floats,
    labels: Labels,
    generator: np.random.Generator,
    *,
    binning: Binning = "width",
    clusters: NDArray[Any] | None = None,
    resamples: int = RESAMPLES,
) -> Interval:
    """The bootstrap's interval of the ECE in these bins, reflected and not below 0; whole `clusters` (N,) are drawn."""
    sure = np.asarray(probabilities.max(axis=1), np.float64)
    right = probabilities.argmax(axis=1) == labels
    gap = mean_gap(sure, right, bin_edges(sure, BINS, binning))
    interval = bootstrap(gap, len(labels), generator, clusters=clusters, resamples=resamples, reflected=True)
    return replace(interval, low=max(interval.low, 0.0))


def ece_by_chance(probabilities: Floats, generator: np.random.Generator, draws: int = 200) -> float:
    """Mean ECE that the same confidences would show if each were exactly true.

    A finite test set never gives 0; a measured ECE near this number is as good as this test can tell.
    """
    check_scores(probabilities)
    confidence = np.asarray(probabilities.max(axis=1), np.float64)
    edges = bin_edges(confidence, BINS, "width")
    total = 0.0
    for _ in range(draws):
        _, sums, hits = _binned(confidence, generator.random(len(confidence)) < confidence, edges)
        total += float(np.abs(hits - sums).sum()) / len(confidence)
    return total / draws


def fit_temperature(logits: Floats, labels: Labels) -> Temperature:
    """The temperature T that makes softmax(logits / T) likeliest; fit it on validation images alone."""
    from scipy.optimize import minimize_scalar  # a third of a second, which the lesson's server need not wait for
    from scipy.special import logsumexp

    check_scores(logits, labels)
    scores = np.asarray(logits, np.float64)
    scores = scores - scores.max(axis=1, keepdims=True)
    at_label = scores[np.arange(len(labels)), labels]

    def loss(log_temperature: float) -> float:
        scale = math.exp(-log_temperature)
        return float((logsumexp(scores * scale, axis=1) - at_label * scale).mean())

    low, high = math.log(LOWEST_TEMPERATURE), math.log(HIGHEST_TEMPERATURE)
    result = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    # The loss is convex in 1/T, so this minimum is the only one; T = 1 is kept where nothing is gained.
    best = float(result.x) if result.fun < loss(0.0) else 0.0
    endless = best < 0 and (best - low < 1e-3 or loss(best) == 0)
    best = 0.0 if endless else best
    return Temperature(
        value=math.exp(best),
        nll_before=loss(0.0),
        nll_after=loss(best),
        n=len(labels),
        at_bound=endless or high - best < 1e-3,
    )


def bin_edges(confidence: NDArray[np.float64], bins: int, binning: Binning) -> NDArray[np.float64]:
    """Edges (bins + 1,) of bins of equal width, or of equal numbers of these confidences (N,)."""
    if bins < 1:
        raise InputError(f"{bins} bins cannot hold anything; choose 1 or more, such as 15.")
    if binning == "width":
        return np.linspace(0, 1, bins + 1)
    if binning == "mass":
        inner = np.quantile(confidence, np.arange(1, bins) / bins, method="inverted_cdf")
        return np.concatenate([[0.0], inner, [1.0]])
    raise InputError(f"Unknown binning '{binning}'. Choose width or mass.")


def _binned(
    confidence: NDArray[np.float64], correct: Flags, edges: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Of each bin (edge, next edge]: images, sum of confidences, right answers. Equal values share a bin."""
    member = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, len(edges) - 2)
    counts = np.bincount(member, minlength=len(edges) - 1).astype(np.int64)
    sums = np.bincount(member, weights=confidence, minlength=len(edges) - 1).astype(np.float64)
    hits = np.bincount(member, weights=correct, minlength=len(edges) - 1).astype(np.float64)
    return counts, sums, hits
