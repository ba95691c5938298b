"""How many digits tell two networks apart: against simulation with the very test that is to notice."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import bdtr
from scipy.stats import binom

from exmachina import InputError
from exmachina.evaluation.statistics.comparison import compare
from exmachina.evaluation.statistics.power import (
    digits_needed,
    independent_discordance,
    smallest_difference,
)


def power_of(digits: int, difference: float, discordance: float) -> float:
    """Exact probability that McNemar's exact test on `digits` digits notices `difference`."""
    low, high = binom.ppf([1e-9, 1 - 1e-9], digits, discordance)
    told_apart = np.arange(int(low), int(high) + 1)
    # The most discordant digits that may go the lesser way while the test still speaks up; −1 where none can.
    critical = np.floor(binom.ppf(0.025, told_apart, 0.5)).astype(np.int64)
    critical = np.where(2 * bdtr(np.maximum(critical, 0), told_apart, 0.5) < 0.05, critical, critical - 1)
    share = (1 + difference / discordance) / 2
    noticed = binom.cdf(critical, told_apart, 1 - share) + binom.cdf(critical, told_apart, share)
    return float(binom.pmf(told_apart, digits, discordance) @ noticed)


@pytest.mark.parametrize(("digits", "difference", "discordance"), [(400, 0.05, 0.1), (1_000, 0.02, 0.05)])
def test_exact_power_is_how_often_the_comparison_speaks_up(digits: int, difference: float, discordance: float) -> None:
    generator = np.random.default_rng(0)
    labels = np.zeros(digits, np.int64)
    noticed = 0
    for _ in range(2_000):
        which = generator.random(digits)
        first = (which < (discordance + difference) / 2).astype(np.int64)
        second = ((which >= (discordance + difference) / 2) & (which < discordance)).astype(np.int64)
        noticed += compare(first, second, labels).significant
    # Four standard errors of 2,000 draws.
    assert noticed / 2_000 == pytest.approx(power_of(digits, difference, discordance), abs=0.045)


def test_the_sample_size_of_connor_has_about_the_power_that_it_promises() -> None:
    for difference, discordance in ((0.0025, 0.0198), (0.001, 0.007), (0.05, 0.1)):
        digits = digits_needed(difference, discordance)
        # The exact test is a little more cautious than the formula's.
        assert 0.76 < power_of(digits, difference, discordance) < 0.81


def test_by_hand() -> None:
    # (1.959964·√.01 + .841621·√(.01 − .002²))² / .002² = 19,619.6…, with the tabulated quantiles of the normal law
    by_hand = (1.959964 * 0.01**0.5 + 0.841621 * (0.01 - 0.002**2) ** 0.5) ** 2 / 0.002**2
    assert digits_needed(0.002, 0.01) == int(by_hand) + 1
    assert independent_discordance(0.1) == pytest.approx(2 * 0.1 * 0.9)
    assert independent_discordance(0.1, 0.1) == pytest.approx(0.1)


def test_the_smallest_difference_needs_just_these_digits() -> None:
    difference = smallest_difference(10_000, 0.0198)
    assert difference is not None and digits_needed(difference, 0.0198) == pytest.approx(10_000, rel=1e-3)
    assert smallest_difference(3, 0.01) is None


def test_the_impossible_is_refused() -> None:
    for difference, discordance in ((0.0, 0.1), (0.2, 0.1), (0.1, 1.5)):
        with pytest.raises(InputError, match="impossible"):
            digits_needed(difference, discordance)
    with pytest.raises(InputError, match="power"):
        digits_needed(0.01, 0.1, power=1.0)
