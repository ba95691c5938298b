"""Mistakes to come: against draws of the whole process, from the rate to the pile."""

from __future__ import annotations

import numpy as np
import pytest

from exmachina import InputError
from exmachina.evaluation.statistics.intervals import Interval, wilson
from exmachina.evaluation.statistics.prediction import BetaLaw, hands_law, pile, rate_law


def test_the_interval_holds_as_many_piles_as_it_says() -> None:
    generator = np.random.default_rng(0)
    held = []
    for _ in range(600):
        rate = generator.beta(2, 150)  # some network
        result = pile(rate_law(wilson(generator.binomial(2_000, rate), 2_000)), 500)
        held.append(result.low <= generator.binomial(500, rate) <= result.high)
    # Whole numbers make it cautious, never bold: 95 % less two standard errors at the least.
    assert 0.93 < np.mean(held) < 0.99


def test_quantiles_agree_with_draws() -> None:
    law = BetaLaw(3.5, 400.0)
    generator = np.random.default_rng(1)
    drawn = generator.binomial(1_000, generator.beta(law.a, law.b, 200_000))
    result = pile(law, 1_000)
    assert (result.low, result.high) == tuple(np.quantile(drawn, [0.025, 0.975], method="inverted_cdf"))
    assert result.mean == pytest.approx(drawn.mean(), rel=0.01)


def test_an_interval_that_knows_of_hands_counts_for_fewer_digits() -> None:
    plain = wilson(100, 10_000)
    wide = Interval(0.01, 0.005, 0.015, 10_000, method="bootstrap")
    assert rate_law(plain).a + rate_law(plain).b == pytest.approx(10_001, rel=0.02)
    # Twice a half width of .005 is 1.96 standard errors: n = .01 · .99 · (1.96 / .005)² = 1,521
    assert rate_law(wide).a + rate_law(wide).b == pytest.approx(0.0099 * (1.959964 / 0.005) ** 2 + 1, rel=1e-4)
    faultless = rate_law(wilson(0, 50))
    assert (faultless.a, faultless.b) == (0.5, 50.5)


def test_the_law_of_the_hands_is_found_again() -> None:
    generator = np.random.default_rng(2)
    writers = np.repeat(np.arange(400), 60)
    wrong = np.asarray(generator.random(len(writers)) < np.repeat(generator.beta(2.0, 60.0, 400), 60))
    law = hands_law(wrong, writers)
    assert law.a / (law.a + law.b) == pytest.approx(2 / 62, rel=0.15)
    assert 40 < law.a + law.b < 100


def test_hands_that_do_not_differ_have_one_rate() -> None:
    generator = np.random.default_rng(3)
    law = hands_law(np.asarray(generator.random(20_000) < 0.03), np.repeat(np.arange(400), 50))
    assert 1 / (law.a + law.b + 1) < 0.01  # the correlation of two digits by one hand


def test_the_impossible_is_refused() -> None:
    with pytest.raises(InputError, match="0 digits"):
        pile(BetaLaw(1, 1), 0)
    with pytest.raises(InputError, match="several hands"):
        hands_law(np.zeros(10, np.bool_), np.arange(10))
