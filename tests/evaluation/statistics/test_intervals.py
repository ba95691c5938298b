from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from exmachina.errors import InputError
from exmachina.evaluation.statistics.intervals import (
    clustered_bootstrap,
    corrected_for_openings,
    normal_mean,
    over_seeds,
    wilson,
)


@pytest.mark.parametrize("successes", [0, 1, 30, 5_000, 9_999, 10_000])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_wilson_agrees_with_statsmodels(successes: int, level: float) -> None:
    interval = wilson(successes, 10_000, level)
    low, high = proportion_confint(successes, 10_000, alpha=1 - level, method="wilson")
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-12)


def test_wilson_gives_the_published_intervals_for_30_and_80_errors() -> None:
    thirty, eighty = wilson(30, 10_000), wilson(80, 10_000)
    assert [round(100 * x, 2) for x in (thirty.low, thirty.high)] == [0.21, 0.43]
    assert [round(100 * x, 2) for x in (eighty.low, eighty.high)] == [0.64, 0.99]


def test_wilson_agrees_with_scipy_for_a_small_sample() -> None:
    expected = stats.binomtest(7, 9).proportion_ci(0.95, method="wilson")
    interval = wilson(7, 9)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


def test_fifty_openings_share_out_the_error_probability() -> None:
    # 2 % ± .28 becomes about ± .5 after 50 experiments.
    interval = corrected_for_openings(200, 10_000, 50)
    low, high = proportion_confint(200, 10_000, alpha=0.05 / 50, method="wilson")
    assert (interval.low, interval.high) == pytest.approx((low, high))
    assert 0.0045 < (interval.high - interval.low) / 2 < 0.0055
    assert "50 openings" in interval.method


def test_one_opening_needs_no_correction() -> None:
    plain, once = wilson(40, 10_000), corrected_for_openings(40, 10_000, 1)
    assert (once.low, once.high) == pytest.approx((plain.low, plain.high))


def test_bootstrap_over_single_digits_is_the_ordinary_bootstrap() -> None:
    rng = np.random.default_rng(0)
    correct = rng.random(2_000) < 0.95
    ours = clustered_bootstrap(correct, np.arange(2_000), np.random.default_rng(1))
    scipys = stats.bootstrap((correct,), np.mean, method="percentile", rng=2, n_resamples=4_000, batch=100)
    assert ours.low == pytest.approx(scipys.confidence_interval.low, abs=1.5e-3)
    assert ours.high == pytest.approx(scipys.confidence_interval.high, abs=1.5e-3)


def test_bootstrap_matches_a_loop_over_writers() -> None:
    rng = np.random.default_rng(3)
    writers = rng.integers(0, 40, 900) * 7
    correct = rng.random(900) < 0.5 + 0.4 * (writers % 2)
    loop = np.random.default_rng(4)
    means = []
    for _ in range(3_000):
        chosen = loop.choice(np.unique(writers), 40)
        means.append(np.concatenate([correct[writers == writer] for writer in chosen]).mean())
    ours = clustered_bootstrap(correct, writers, np.random.default_rng(5))
    assert ours.value == correct.mean()
    assert (ours.low, ours.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])), abs=6e-3)


def test_errors_that_share_a_writer_widen_the_interval() -> None:
    writers = np.repeat(np.arange(100), 100)
    wrong = writers < 5  # five hopeless hands
    clustered = clustered_bootstrap(wrong, writers, np.random.default_rng(0))
    plain = wilson(int(wrong.sum()), len(wrong))
    assert clustered.high - clustered.low > 5 * (plain.high - plain.low)


def test_the_same_generator_gives_the_same_bootstrap() -> None:
    values, clusters = np.random.default_rng(0).random(50), np.arange(50) // 5
    assert clustered_bootstrap(values, clusters, np.random.default_rng(9)) == clustered_bootstrap(
        values, clusters, np.random.default_rng(9)
    )


def test_mean_over_seeds_has_scipys_t_interval() -> None:
    values = [0.9904, 0.9911, 0.9898, 0.9907, 0.9909]
    summary = over_seeds(values)
    expected = stats.t.interval(0.95, 4, loc=np.mean(values), scale=stats.sem(values))
    assert summary.sd == pytest.approx(np.std(values, ddof=1))
    assert summary.interval is not None
    assert (summary.interval.low, summary.interval.high) == pytest.approx(expected)


def test_one_seed_has_no_spread() -> None:
    summary = over_seeds([0.99])
    assert (summary.mean, summary.sd, summary.interval, summary.n) == (0.99, None, None, 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: wilson(11, 10),
        lambda: wilson(1, 10, 1.0),
        lambda: corrected_for_openings(1, 10, 0),
        lambda: over_seeds([]),
        lambda: clustered_bootstrap(np.ones(3), np.ones(4, int), np.random.default_rng(0)),
    ],
)
def test_impossible_requests_are_refused_in_one_line(call: Any) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_interval_of_a_mean_agrees_with_scipy() -> None:
    values = np.random.default_rng(0).exponential(size=400)
    result = normal_mean(values)
    low, high = stats.norm.interval(0.95, loc=values.mean(), scale=stats.sem(values))
    assert (result.value, result.low, result.high) == pytest.approx((values.mean(), low, high))
    with pytest.raises(InputError):
        normal_mean(values[:1])
