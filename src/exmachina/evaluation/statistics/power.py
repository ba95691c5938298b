"""How many test digits it takes to tell two networks apart.

McNemar's test looks only at the digits that one network reads and the other does not. With the share `discordance`
of such digits and the `difference` of the two errors, so many digits give the test so much power (Miettinen 1968;
Connor, Sample size for testing differences in proportions for the paired-sample design, 1987).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import bdtr, ndtri
from scipy.stats import binom

from exmachina.errors import InputError

POWER = 0.8  # the usual promise: of five true differences four are noticed


@dataclass(frozen=True)
class Resolution:
    """It takes `digits` to notice, four times in five, that two errors differ by `difference`."""

    difference: float
    digits: int


def independent_discordance(error: float, difference: float = 0.0) -> float:
    """Share of digits that one reads and the other does not, if mistakes of the one say nothing of the other's.

    Two networks of one task share mistakes, so this is the most that there is, and asks for the most digits.
    """
    other = min(max(error - difference, 0.0), 1.0)
    return error * (1 - other) + other * (1 - error)


def digits_needed(difference: float, discordance: float, *, power: float = POWER, level: float = 0.95) -> int:
    """How many digits make McNemar's two-sided test notice `difference` with probability `power`."""
    _check(difference, discordance)
    if not 0 < power < 1 or not 0 < level < 1:
        raise InputError(f"A power of {power} at level {level} is impossible; choose both between 0 and 1.")
    z_level, z_power = float(ndtri((1 + level) / 2)), float(ndtri(power))
    root = z_level * math.sqrt(discordance) + z_power * math.sqrt(max(discordance - difference**2, 0.0))
    return math.ceil(root**2 / difference**2)


def power_of(digits: int, difference: float, discordance: float, level: float = 0.95) -> float:
    """Exact probability that McNemar's exact test on `digits` digits notices `difference`."""
    _check(difference, discordance)
    low, high = binom.ppf([1e-9, 1 - 1e-9], digits, discordance)
    told_apart = np.arange(int(low), int(high) + 1)
    # The most discordant digits that may go the lesser way while the test still speaks up; −1 where none can.
    critical = np.floor(binom.ppf((1 - level) / 2, told_apart, 0.5)).astype(np.int64)
    critical = np.where(2 * bdtr(np.maximum(critical, 0), told_apart, 0.5) < 1 - level, critical, critical - 1)
    share = (1 + difference / discordance) / 2
    noticed = binom.cdf(critical, told_apart, 1 - share) + binom.cdf(critical, told_apart, share)
    return float(binom.pmf(told_apart, digits, discordance) @ noticed)


def smallest_difference(digits: int, discordance: float, *, power: float = POWER, level: float = 0.95) -> float | None:
    """The smallest difference that so many digits notice with probability `power`; None if not even the largest."""
    if digits < 1 or not 0 < discordance <= 1:
        raise InputError(f"{digits} digits of which {discordance} tell two networks apart resolve nothing.")

    def short(difference: float) -> float:
        return digits_needed(difference, discordance, power=power, level=level) - digits

    return float(brentq(short, 1e-6, discordance, xtol=1e-7)) if short(discordance) <= 0 < short(1e-6) else None


def _check(difference: float, discordance: float) -> None:
    if not 0 < difference <= discordance <= 1:
        raise InputError(
            f"Errors {difference} apart with {discordance} of the digits told apart are impossible; "
            "give 0 < difference ≤ discordance ≤ 1."
        )
