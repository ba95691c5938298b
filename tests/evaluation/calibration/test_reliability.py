from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from exmachina.errors import InputError
from exmachina.evaluation.arrays import softmax
from exmachina.evaluation.calibration.reliability import Binning, calibration, ece_by_chance, fit_temperature


@pytest.fixture
def calibrated() -> Any:
    """Logits and labels such that the probabilities are exactly true."""
    rng = np.random.default_rng(0)
    logits = 3 * rng.normal(size=(4_000, 10))
    return logits, (softmax(logits).cumsum(1) > rng.random((4_000, 1))).argmax(1)


def ece_by_a_loop(probabilities: Any, labels: Any, edges: Any) -> Any:
    confidence, correct = probabilities.max(1), probabilities.argmax(1) == labels
    total = 0.0
    for low, high in pairwise(edges):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            total += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    return total


def test_equal_width_ece_is_the_sum_over_fifteen_bins(calibrated: Any) -> None:
    logits, labels = calibrated
    probabilities = softmax(2 * logits)
    result = calibration(probabilities, labels)
    assert result.ece == pytest.approx(ece_by_a_loop(probabilities, labels, np.linspace(0, 1, 16)))


@pytest.mark.parametrize(("binning", "strategy"), [("width", "uniform"), ("mass", "quantile")])
def test_reliability_agrees_with_scikit_learn(calibrated: Any, binning: Binning, strategy: str) -> None:
    logits, labels = calibrated
    probabilities = softmax(2 * logits)
    result = calibration(probabilities, labels, bins=10, binning=binning)
    correct = probabilities.argmax(1) == labels
    accuracy, confidence = calibration_curve(correct, probabilities.max(1), n_bins=10, strategy=strategy)
    assert [one.confidence for one in result.bins] == pytest.approx(confidence, abs=1e-3)
    assert [one.accuracy.value for one in result.bins] == pytest.approx(accuracy, abs=5e-3)


def test_bins_of_equal_mass_hold_equal_numbers(calibrated: Any) -> None:
    logits, labels = calibrated
    result = calibration(softmax(logits), labels, bins=16, binning="mass")
    assert [one.count for one in result.bins] == [250] * 16


def test_ece_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    result = calibration(probabilities, np.array([0, 1, 0, 0]), bins=10)
    # Bin of .9: right half the time, gap .4; bin of .6: always right, gap .4.
    assert (result.ece, result.mce, result.gap) == pytest.approx((0.4, 0.4, 0.0))


def test_a_true_confidence_has_the_ece_that_chance_gives(calibrated: Any) -> None:
    logits, labels = calibrated
    chance = ece_by_chance(softmax(logits), np.random.default_rng(1))
    assert 0 < chance < 0.02
    assert calibration(softmax(logits), labels).ece == pytest.approx(chance, abs=0.01)
    assert calibration(softmax(3 * logits), labels).ece > 5 * chance


def test_confidence_that_never_varies_is_measured_without_a_crash() -> None:
    result = calibration(np.full((20, 10), 0.1), np.arange(20) % 10, binning="mass")
    assert result.ece == pytest.approx(0, abs=1e-12)
    assert len(result.bins) == 1


def test_temperature_undoes_a_scale_of_the_logits(calibrated: Any) -> None:
    logits, labels = calibrated
    plain, scaled = fit_temperature(logits, labels), fit_temperature(2.5 * logits, labels)
    assert plain.value == pytest.approx(1, abs=0.05)
    assert scaled.value == pytest.approx(2.5 * plain.value, rel=1e-4)
    assert scaled.nll_after == pytest.approx(plain.nll_after)
    assert scaled.nll_after < scaled.nll_before


def test_temperature_agrees_with_logistic_regression_on_two_classes(calibrated: Any) -> None:
    rng = np.random.default_rng(2)
    margin = rng.normal(size=3_000)
    labels = (rng.random(3_000) < 1 / (1 + np.exp(-0.4 * margin))).astype(int)
    # p(1) = σ(margin / T) is logistic regression without intercept, weight 1 / T.
    fitted = LogisticRegression(fit_intercept=False, C=1e9, tol=1e-10).fit(margin[:, None], labels)
    logits = np.stack([np.zeros(3_000), margin], axis=1)
    assert fit_temperature(logits, labels).value == pytest.approx(1 / fitted.coef_[0, 0], rel=1e-3)


def test_a_network_that_is_always_right_has_no_best_temperature() -> None:
    result = fit_temperature(10 * np.eye(10), np.arange(10))
    assert (result.value, result.at_bound) == (1, True)


def test_a_network_of_noise_is_told_to_be_unsure() -> None:
    rng = np.random.default_rng(0)
    result = fit_temperature(20 * rng.normal(size=(5_000, 10)), rng.integers(0, 10, 5_000))
    assert result.at_bound
    assert result.nll_after == pytest.approx(np.log(10), abs=0.1)


def test_an_unknown_binning_is_refused() -> None:
    with pytest.raises(InputError, match="Choose width or mass"):
        calibration(np.full((2, 2), 0.5), np.array([0, 1]), binning="area")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="0 bins"):
        calibration(np.full((2, 2), 0.5), np.array([0, 1]), bins=0)
