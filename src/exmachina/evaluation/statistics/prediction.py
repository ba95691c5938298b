"""How many mistakes to expect in *your* pile of digits: an interval for a count to come, not for a rate.

A rate p known from k mistakes on n digits is uncertain, and m new digits are a draw of their own. With Jeffreys'
prior, p follows Beta(k + ½, n − k + ½) and the new mistakes the beta-binomial law. Digits by a single hand are alike:
there p itself is drawn anew for each hand, from the Beta law that fits the known writers best.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, ndtri
from scipy.stats import betabinom

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags, check_same_length
from exmachina.evaluation.statistics.intervals import ENDS, LEVEL, Interval


@dataclass(frozen=True)
class BetaLaw:
    """The error rate as a random number, Beta(a, b)."""

    a: float
    b: float


@dataclass(frozen=True)
class Pile:
    """Among `digits` new ones expect `mean` mistakes, and between `low` and `high` at the `level`."""

    digits: int
    mean: float
    low: int
    high: int
    level: float = LEVEL


def rate_law(error: Interval) -> BetaLaw:
    """The law of the error rate, for an interval of whatever method: it counts as so many digits as its width says.

    Wilson's own interval gives back nearly the n it came from; one that knows of hands counts for fewer.
    """
    n = float(error.n)
    share, width = error.value, error.high - error.low
    if 0 < share < 1 and width > 0:
        z = float(ndtri((1 + error.level) / 2))
        n = min(n, share * (1 - share) * (2 * z / width) ** 2)
    return BetaLaw(share * n + 0.5, (1 - share) * n + 0.5)


def pile(law: BetaLaw, digits: int) -> Pile:
    """What to expect among so many new digits."""
    if digits < 1:
        raise InputError(f"Nothing can be foretold of {digits} digits; give 1 digit or more.")
    low, high = betabinom.ppf(ENDS, digits, law.a, law.b)
    return Pile(digits, digits * law.a / (law.a + law.b), int(low), int(high))


def hands_law(wrong: Flags, writers: NDArray[Any]) -> BetaLaw:
    """The law of the error rate from hand to hand, by maximum likelihood, for mistakes (N,) and writers (N,)."""
    check_same_length(wrong, writers, "Errors and writers")
    _, member, sizes = np.unique(writers, return_inverse=True, return_counts=True)
    errors = np.bincount(member, weights=wrong)
    if len(sizes) < 2 or not 0 < errors.sum() < len(wrong):
        raise InputError("How hands differ shows only where several hands wrote and some digits are misread.")

    def surprise(parameters: NDArray[np.float64]) -> float:
        a, b = _beta(parameters)
        return -float((betaln(errors + a, sizes - errors + b) - betaln(a, b)).sum())

    share = float(wrong.mean())
    start = np.array([math.log(share / (1 - share)), math.log(50.0)])
    best = minimize(surprise, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8, "maxiter": 2000})
    return BetaLaw(*_beta(best.x))


def _beta(parameters: NDArray[np.float64]) -> tuple[float, float]:
    """a and b from the logit of the mean and the logarithm of a + b, which is held to numbers that mean anything."""
    mean = 1 / (1 + math.exp(-float(np.clip(parameters[0], -20, 20))))
    total = math.exp(float(np.clip(parameters[1], -3, 14)))
    return mean * total, (1 - mean) * total
