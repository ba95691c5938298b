"""How many test digits it takes to tell two networks apart.

McNemar's test looks only at the digits that one network reads and the other does not. With the share `discordance`
of such digits and the `difference` of the two errors, so many digits give the test so much power (Miettinen 1968;
Connor, Sample size for testing differences in proportions for the paired-sample design, 1987).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import ndtri

from exmachina.errors import InputError
from exmachina.evaluation.statistics.intervals import ENDS

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


def digits_needed(difference: float, discordance: float, *, power: float = POWER) -> int:
    """How many digits make McNemar's two-sided test notice `difference` with probability `power`."""
    _check(difference, discordance)
    if not 0 < power < 1:
        raise InputError(f"A power of {power} is impossible; choose one between 0 and 1.")
    z_level, z_power = float(ndtri(ENDS[1])), float(ndtri(power))
    root = z_level * math.sqrt(discordance) + z_power * math.sqrt(max(discordance - difference**2, 0.0))
    return math.ceil(root**2 / difference**2)


def smallest_difference(digits: int, discordance: float) -> float | None:
    """The smallest difference that so many digits notice with probability `POWER`; None if not even the largest."""
    if digits < 1 or not 0 < discordance <= 1:
        raise InputError(f"{digits} digits of which {discordance} tell two networks apart resolve nothing.")

    def short(difference: float) -> float:
        return digits_needed(difference, discordance) - digits

    return float(brentq(short, 1e-6, discordance, xtol=1e-7)) if short(discordance) <= 0 < short(1e-6) else None


def _check(difference: float, discordance: float) -> None:
    if not 0 < difference <= discordance <= 1:
        raise InputError(
            f"Errors {difference} apart with {discordance} of the digits told apart are impossible; "
            "give 0 < difference ≤ discordance ≤ 1."
        )
