"""Bootstrap intervals: against scikit-learn number by number, SciPy's bootstrap, and what they promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import bootstrap as scipy_bootstrap
from sklearn.metrics import roc_auc_score, roc_curve

from exmachina import InputError
from exmachina.evaluation.calibration.reliability import calibration
from exmachina.evaluation.calibration.selective import risk_coverage
from exmachina.evaluation.statistics.bootstrap import bootstrap, mean_gap, mean_risk, separation_intervals

EDGES = np.linspace(0, 1, 16)


def answers(n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    generator = np.random.default_rng(seed)
    confidence = np.round(generator.beta(6, 1, n), 2)  # with ties
    return confidence, np.asarray(generator.random(n) > confidence)


def test_a_mean_has_scipys_interval() -> None:
    values = np.random.default_rng(0).exponential(1, 300)
    ours = bootstrap(lambda counts: counts @ values / 300, 300, np.random.default_rng(1), resamples=9_000)
    theirs = scipy_bootstrap(
        (values,), np.mean, method="percentile", n_resamples=9_000, rng=np.random.default_rng(2)
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)
    mirrored = bootstrap(lambda counts: counts @ values / 300, 300, np.random.default_rng(1), reflected=True)
    assert mirrored.low + mirrored.high == pytest.approx(2 * values.mean(), abs=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_each_resample_is_what_the_measure_itself_says_of_the_images_drawn(seed: int) -> None:
    confidence, wrong = answers(200, seed)
    drawn = np.random.default_rng(seed).integers(0, 200, 200)
    counts = np.bincount(drawn, minlength=200)[None].astype(np.float32)
    two = np.stack([confidence[drawn], 1 - confidence[drawn]], axis=1)  # a network of two classes
    sure = two.max(axis=1)
    labels = np.where(wrong[drawn], 1 - two.argmax(axis=1), two.argmax(axis=1))
    measured = mean_gap(np.maximum(confidence, 1 - confidence), ~wrong, EDGES)(counts)[0]
    assert measured == pytest.approx(calibration(two, labels).ece, abs=1e-6)
    # Ties share the mean error of all that there are, not of those drawn, so compare without them.
    distinct = confidence + np.random.default_rng(9).random(200) * 1e-4
    once = np.ones((1, 200), np.float32)
    assert mean_risk(distinct, wrong)(once)[0] == pytest.approx(risk_coverage(distinct, wrong).aurc)
    assert mean_risk(confidence, wrong)(once)[0] == pytest.approx(risk_coverage(confidence, wrong).aurc)
    assert len(sure) == 200


def test_the_interval_of_the_calibration_error_holds_the_true_one() -> None:
    # Twelve points too sure everywhere: with so many images the bins' gaps are all near .12.
    generator = np.random.default_rng(3)
    held = []
    for seed in range(150):
        confidence = generator.uniform(0.6, 1, 1_000)
        correct = np.asarray(generator.random(1_000) < confidence - 0.12)
        interval = bootstrap(
            mean_gap(confidence, correct, EDGES), 1_000, np.random.default_rng(seed), resamples=200, reflected=True
        )
        held.append(interval.low <= 0.12 <= interval.high)
    assert np.mean(held) > 0.88


def test_whole_clusters_are_drawn() -> None:
    values = np.repeat(np.random.default_rng(4).normal(size=30), 40)
    clusters = np.repeat(np.arange(30), 40)

    def mean(counts: NDArray[np.float32]) -> Any:
        return counts @ values / counts.sum(axis=1)

    alone = bootstrap(mean, 1_200, np.random.default_rng(5))
    together = bootstrap(mean, 1_200, np.random.default_rng(5), clusters=clusters)
    # Forty copies of thirty numbers know no more than the thirty: √40 times as wide.
    assert (together.high - together.low) / (alone.high - alone.low) == pytest.approx(40**0.5, rel=0.15)


def test_area_and_false_positives_agree_with_a_loop_over_scikit_learns_curves() -> None:
    generator = np.random.default_rng(6)
    digits, others = np.round(generator.normal(1.5, 1, 120), 1), np.round(generator.normal(0, 1, 80), 1)  # with ties
    truth = np.repeat([1, 0], [120, 80])
    drawn = [np.concatenate([generator.choice(digits, 120), generator.choice(others, 80)]) for _ in range(400)]
    areas = [roc_auc_score(truth, scores) for scores in drawn]
    curves = [roc_curve(truth, scores, drop_intermediate=False) for scores in drawn]
    let_in = [false[true >= 0.95][0] for false, true, _ in curves]
    ours = separation_intervals(digits, others, np.random.default_rng(7), resamples=4_000)
    assert ours[0] == pytest.approx(tuple(np.quantile(areas, [0.025, 0.975])), abs=0.015)
    assert ours[1] == pytest.approx(tuple(np.quantile(let_in, [0.025, 0.975])), abs=0.03)


def test_one_digit_cannot_be_drawn_anew() -> None:
    with pytest.raises(InputError, match="1 digits"):
        bootstrap(lambda counts: counts.sum(axis=1), 1, np.random.default_rng(0))
