"""Sets with a promise for every digit, and sets that grow with the doubt; and whether the promise may be given at all.

Four ways to say how badly a label fits an image, each with the same promise over all images:

- `lac`: 1 − p(label), which makes the smallest sets (Sadinle, Lei and Wasserman 2019).
- `mondrian`: the same with a threshold for each digit, so that the promise holds for every one of them (Vovk 2012).
- `aps`: the probability of all digits likelier than the label, and a random part of its own, so that doubtful images
  get larger sets instead of missing the digit (Romano, Sesia and Candès 2020).
- `raps`: the same with a fine for every digit past the first, against long tails (Angelopoulos et al. 2021).

The promise rests on one condition, that the images fitted to and the images judged could change places.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags, Floats, Labels, check_scores, softmax
from exmachina.evaluation.calibration.held_out import HeldOut
from exmachina.evaluation.statistics.intervals import Interval, proportion

Method = Literal["lac", "mondrian", "aps", "raps"]
METHODS: tuple[Method, ...] = ("lac", "mondrian", "aps", "raps")
FINE, FREE = 0.01, 1  # RAPS: what each digit past the first `FREE` costs; declared beforehand, not tuned
HARD = 0.1  # the share of the least sure images, on which adaptive sets should do better


@dataclass(frozen=True)
class SetCoverage:
    """How sets of one method kept the promise to miss the label with probability `alpha` at most.

    `worst_digit` held its label least often, `worst` of the time; `hardest` is the coverage of the tenth of the
    images of which the network is least sure. `least_fitted`: the fewest images that any threshold was fitted to.
    """

    method: Method
    alpha: float
    coverage: Interval
    worst_digit: int
    worst: Interval
    hardest: Interval
    mean_size: float
    sizes: tuple[int, ...]
    least_fitted: int


@dataclass(frozen=True)
class Exchangeability:
    """Whether two groups of images could change places, by how badly their labels fit (Kolmogorov and Smirnov).

    `distance` is also the most by which a coverage promised on the one can fail on the other.
    """

    first: str
    second: str
    distance: float
    p_value: float


def compare_methods(
    logits: Floats, labels: Labels, held_out: HeldOut, temperature: float = 1.0, alpha: float = 0.01, seed: int = 0
) -> tuple[SetCoverage, ...]:
    """Every method on raw logits (N, 10) and labels (N,), each image judged by thresholds fitted without it."""
    check_scores(logits, labels)
    if not 0 < alpha < 1:
        raise InputError(f"An α of {alpha} is impossible; choose the share of misses, such as 0.01.")
    probabilities = softmax(logits / temperature)
    fits = [(fit, softmax(fit.logits / temperature)) for fit in held_out.fits(len(labels), seed)]
    result = []
    for number, method in enumerate(METHODS):
        generator = np.random.default_rng([seed, 7, number])
        sets = np.zeros(probabilities.shape, np.bool_)
        least = len(labels)
        for fit, fitted in fits:
            own = misfit(fitted, method, generator)[np.arange(len(fit.labels)), fit.labels]
            thresholds, fewest = _thresholds(own, fit.labels, probabilities.shape[1], method, alpha)
            sets[fit.measured] = misfit(probabilities[fit.measured], method, generator) <= thresholds
            least = min(least, fewest)
        result.append(_coverage(method, alpha, sets, probabilities, labels, least))
    return tuple(result)


def misfit(probabilities: Floats, method: Method, generator: np.random.Generator) -> NDArray[np.float64]:
    """How badly each digit fits each image, (N, 10), for probabilities (N, 10)."""
    if method in ("lac", "mondrian"):
        return np.asarray(1 - probabilities, np.float64)
    order = np.argsort(-probabilities, axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    ordered = np.take_along_axis(np.asarray(probabilities, np.float64), order, axis=1)
    likelier = np.take_along_axis(ordered.cumsum(axis=1) - ordered, rank, axis=1)
    score = likelier + generator.random((len(probabilities), 1)) * probabilities
    return score + FINE * np.maximum(rank + 1 - FREE, 0) if method == "raps" else np.asarray(score)


def exchangeability(first: Floats, second: Floats, names: tuple[str, str]) -> Exchangeability:
    """Compare two groups of images by their labels' misfit, (n,) and (m,)."""
    result = ks_2samp(first, second, method="asymp")
    return Exchangeability(*names, float(result.statistic), float(result.pvalue))


def _thresholds(
    own: NDArray[np.float64], labels: Labels, classes: int, method: Method, alpha: float
) -> tuple[NDArray[np.float64], int]:
    """The threshold of every digit (10,), and the fewest images that one was fitted to."""
    if method != "mondrian":
        return np.full(classes, _quantile(own, alpha)), len(own)
    groups = [own[labels == digit] for digit in range(classes)]
    return np.array([_quantile(group, alpha) for group in groups]), min(len(group) for group in groups)


def _quantile(scores: NDArray[np.float64], alpha: float) -> float:
    """The ⌈(n + 1)(1 − α)⌉-th smallest score; ∞ where there are too few for such a promise."""
    rank = math.ceil((len(scores) + 1) * (1 - alpha) - 1e-9)
    return float(np.partition(scores, rank - 1)[rank - 1]) if rank <= len(scores) else math.inf


def _coverage(
    method: Method, alpha: float, sets: Flags, probabilities: NDArray[np.float64], labels: Labels, least: int
) -> SetCoverage:
    held = sets[np.arange(len(labels)), labels]
    sizes = sets.sum(axis=1)
    by_digit = {int(digit): held[labels == digit] for digit in np.unique(labels)}
    worst = min(by_digit, key=lambda digit: float(by_digit[digit].mean()))
    hardest = np.argsort(probabilities.max(axis=1), kind="stable")[: max(round(HARD * len(labels)), 1)]
    return SetCoverage(
        method=method,
        alpha=alpha,
        coverage=proportion(held),
        worst_digit=worst,
        worst=proportion(by_digit[worst]),
        hardest=proportion(held[hardest]),
        mean_size=float(sizes.mean()),
        sizes=tuple(int(count) for count in np.bincount(sizes, minlength=sets.shape[1] + 1)),
        least_fitted=least,
    )
