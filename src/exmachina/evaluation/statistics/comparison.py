"""Whether one network is better than another, or only luckier on this test set.

Only the images that one reads and the other does not can tell (McNemar 1947). If the networks were equally good,
each such image would be a fair coin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.special import bdtr

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Indices, Labels, check_same_length


@dataclass(frozen=True)
class Comparison:
    """Two networks on the same images.

    `first_only_wrong` and `second_only_wrong` are the discordant images' indices. `p_value` is McNemar's exact
    two-sided one; `z` = (n12 − n21) / √(n12 + n21) is above 0 when the first network is the worse.
    """

    names: tuple[str, str]
    errors: tuple[int, int]
    n: int
    both_wrong: int
    p_value: float
    z: float
    significant: bool
    verdict: str
    first_only_wrong: Indices = field(repr=False)
    second_only_wrong: Indices = field(repr=False)


def compare(
    first: Labels,
    second: Labels,
    labels: Labels,
    names: tuple[str, str] = ("the first", "the second"),
    level: float = 0.95,
) -> Comparison:
    """McNemar's test for the digits (N,) that two networks predicted and the true labels (N,)."""
    if not 0 < level < 1:
        raise InputError(f"A confidence level of {level} is impossible; choose one between 0 and 1.")
    check_same_length(first, labels, "Predictions and labels")
    check_same_length(second, labels, "Predictions and labels")
    wrong_first, wrong_second = first != labels, second != labels
    n12 = np.flatnonzero(wrong_first & ~wrong_second)
    n21 = np.flatnonzero(wrong_second & ~wrong_first)
    p_value = exact_p_value(len(n12), len(n21))
    errors = (int(wrong_first.sum()), int(wrong_second.sum()))
    return Comparison(
        names=names,
        errors=errors,
        n=len(labels),
        both_wrong=int((wrong_first & wrong_second).sum()),
        p_value=p_value,
        z=z_score(len(n12), len(n21)),
        significant=p_value < 1 - level,
        verdict=_verdict(names, errors, len(labels), (len(n12), len(n21)), p_value, 1 - level),
        first_only_wrong=n12,
        second_only_wrong=n21,
    )


def exact_p_value(n12: int, n21: int) -> float:
    """Probability that n12 + n21 fair coins fall at least as unevenly as n12 against n21."""
    if n12 + n21 == 0:
        return 1.0
    return float(min(1.0, 2 * bdtr(min(n12, n21), n12 + n21, 0.5)))


def z_score(n12: int, n21: int) -> float:
    """(n12 − n21) / √(n12 + n21), and 0 when no image tells the networks apart."""
    return (n12 - n21) / math.sqrt(n12 + n21) if n12 + n21 else 0.0


def _verdict(
    names: tuple[str, str],
    errors: tuple[int, int],
    n: int,
    discordant: tuple[int, int],
    p_value: float,
    risk: float,
) -> str:
    """One sentence for a reader who knows no statistics."""
    if discordant == (0, 0):
        return f"{_capital(names[0])} and {names[1]} miss the same {errors[0]:,} of {n:,} images: no difference."
    better, worse = (0, 1) if errors[0] < errors[1] else (1, 0)
    discordance = f"{sum(discordant):,} image{'s' if sum(discordant) > 1 else ''} told apart"
    if errors[0] == errors[1]:
        return (
            f"{_capital(names[0])} and {names[1]} each miss {errors[0]:,} of {n:,} images, "
            f"though not the same ones: nothing says that either is better."
        )
    counts = f"{errors[better]:,} against {errors[worse]:,} mistakes on {n:,} images"
    chance = _in_words(p_value)
    if p_value < risk:
        return (
            f"{_capital(names[better])} is better than {names[worse]} ({counts}): "
            f"two equally good networks would differ at least this much {chance} ({discordance}, p = {p_value:.2g})."
        )
    return (
        f"{_capital(names[better])} made fewer mistakes than {names[worse]} ({counts}), but it may be luck: "
        f"two equally good networks would differ at least this much {chance} ({discordance}, p = {p_value:.2g})."
    )


def _in_words(p_value: float) -> str:
    if p_value < 0.001:
        return "less than once in 1,000 comparisons"
    if p_value > 2 / 3:
        return "nearly always"
    if p_value > 0.4:
        return "every other time"
    return f"about once in {round(1 / p_value):,} comparisons"


def _capital(text: str) -> str:
    # A run's own name is kept as it is written.
    return "T" + text[1:] if text.startswith("the ") else text
