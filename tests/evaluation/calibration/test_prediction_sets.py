"""Prediction sets of four kinds: recounted by hand, and their promises kept where they may be given."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from exmachina import InputError
from exmachina.evaluation.arrays import softmax
from exmachina.evaluation.calibration.away import confidence_away
from exmachina.evaluation.calibration.conformal import conformal_coverage, fit_threshold
from exmachina.evaluation.calibration.held_out import HeldOut
from exmachina.evaluation.calibration.prediction_sets import FINE, FREE, compare_methods, exchangeability, misfit


def answers(n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits of a network that reads 9s badly and is always somewhat unsure."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 10, n)
    logits = generator.normal(0, 1, (n, 10))
    logits[np.arange(n), labels] += np.where(labels == 9, 1.0, 4.0)
    return logits, labels


def test_misfits_by_hand() -> None:
    probabilities = np.array([[0.5, 0.2, 0.3], [0.1, 0.8, 0.1]])
    assert misfit(probabilities, "lac", np.random.default_rng(0)) == pytest.approx(1 - probabilities)
    u = np.random.default_rng(5).random((2, 1))[:, 0]
    by_hand = [
        [u[0] * 0.5, 0.8 + u[0] * 0.2, 0.5 + u[0] * 0.3],
        [0.8 + u[1] * 0.1, u[1] * 0.8, 0.9 + u[1] * 0.1],  # equal ones in the order of the digits
    ]
    assert misfit(probabilities, "aps", np.random.default_rng(5)) == pytest.approx(np.array(by_hand))
    ranks = np.array([[1, 3, 2], [2, 1, 3]])
    fined = np.array(by_hand) + FINE * np.maximum(ranks - FREE, 0)
    assert misfit(probabilities, "raps", np.random.default_rng(5)) == pytest.approx(fined)


def test_every_promise_is_kept_and_mondrians_for_each_digit() -> None:
    logits, labels = answers(30_000, 1)
    held_out = HeldOut("held_out", logits[:15_000], labels[:15_000])
    by_method = {one.method: one for one in compare_methods(logits[15_000:], labels[15_000:], held_out, alpha=0.05)}
    for one in by_method.values():
        assert one.coverage.high > 0.95 and one.coverage.value < 0.965, one.method
        assert sum(one.sizes) == 15_000
    # 9s miss their promise in sets of one threshold, and keep it where each digit has its own.
    assert by_method["lac"].worst_digit == 9 and by_method["lac"].worst.high < 0.9
    # (The worst of ten, each known from 1,500 images to about a point.)
    assert by_method["mondrian"].worst.value > 0.925 and by_method["mondrian"].least_fitted > 1_000
    # Adaptive sets hold the digit where the network is unsure; the price is their size.
    assert by_method["aps"].hardest.value > by_method["lac"].hardest.value
    assert by_method["lac"].mean_size < by_method["raps"].mean_size <= by_method["aps"].mean_size


def test_the_plain_sets_are_those_of_the_plain_threshold() -> None:
    logits, labels = answers(2_000, 2)
    held_out = HeldOut("held_out", logits[:1_000], labels[:1_000])
    plain = compare_methods(logits[1_000:], labels[1_000:], held_out, 1.3, alpha=0.1)[0]
    fitted = fit_threshold(softmax(logits[:1_000] / 1.3), labels[:1_000], 0.1)
    other = conformal_coverage(softmax(logits[1_000:] / 1.3), labels[1_000:], fitted)
    assert (plain.coverage, plain.mean_size, plain.sizes) == (other.coverage, other.mean_size, other.sizes)


def test_too_few_images_for_a_promise_make_sets_of_all_digits() -> None:
    logits, labels = answers(300, 3)
    held_out = HeldOut("held_out", logits[:60], labels[:60])
    mondrian = compare_methods(logits[60:], labels[60:], held_out, alpha=0.01)[1]
    assert mondrian.least_fitted < 99 and mondrian.mean_size == 10 and mondrian.coverage.value == 1
    with pytest.raises(InputError, match="α"):
        compare_methods(logits, labels, held_out, alpha=0)


def test_groups_that_could_change_places_are_told_from_those_that_could_not() -> None:
    generator = np.random.default_rng(4)
    pairs = generator.random((200, 2, 500))
    same = [exchangeability(first, second, ("a", "b")).p_value < 0.05 for first, second in pairs]
    assert np.mean(same) < 0.09
    shifted = exchangeability(generator.random(500), generator.random(500) ** 2, ("a", "b"))
    assert shifted.p_value < 1e-6
    first, second = generator.random(50), generator.random(70)
    by_hand = max(abs((first <= x).mean() - (second <= x).mean()) for x in [*first, *second])
    result = exchangeability(first, second, ("a", "b"))
    assert result.distance == pytest.approx(by_hand)
    assert result.p_value == pytest.approx(ks_2samp(first, second, method="asymp").pvalue)


def test_confidence_elsewhere_is_counted_there() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    away = confidence_away(probabilities, np.array([0, 1, 1, 0]), 0.7)
    assert away.confidence == pytest.approx(0.75) and away.accuracy.value == 0.5
    assert away.answered.value == 0.75 and away.risk is not None and away.risk.value == pytest.approx(1 / 3)
    # four bins of one image: (|1 − .9| + |0 − .8| + |1 − .7| + |0 − .6|) / 4
    assert away.ece == pytest.approx((0.1 + 0.8 + 0.3 + 0.6) / 4)
    assert confidence_away(probabilities, np.array([0, 1, 1, 0]), 0.95).risk is None
    assert math.isclose(away.threshold, 0.7)
