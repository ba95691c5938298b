"""The cheapest threshold: against a search through all of them, and against Chow's rule where it holds."""

from __future__ import annotations

import numpy as np
import pytest

from exmachina import InputError
from exmachina.evaluation.calibration.costs import cheapest_threshold, cheapest_thresholds
from exmachina.evaluation.calibration.held_out import HeldOut


@pytest.mark.parametrize("ratio", [0, 1, 4, 30])
def test_no_other_threshold_is_cheaper(ratio: float) -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        confidence = generator.integers(1, 12, 60) / 12  # with ties
        wrong = np.asarray(generator.random(60) > confidence)

        def cost(threshold: float, confidence: np.ndarray = confidence, wrong: np.ndarray = wrong) -> float:
            answered = confidence > threshold
            return ratio * float((answered & wrong).sum()) + float((~answered).sum())

        chosen = cheapest_threshold(confidence, wrong, ratio)
        assert cost(chosen) == min(cost(threshold) for threshold in [0.0, *confidence])


def test_chows_rule_is_the_cheapest_where_confidences_are_exactly_true() -> None:
    generator = np.random.default_rng(1)
    confidence = generator.uniform(0.5, 1, 400_000)
    wrong = np.asarray(generator.random(len(confidence)) > confidence)
    for ratio in (3, 10):
        assert cheapest_threshold(confidence, wrong, ratio) == pytest.approx(1 - 1 / ratio, abs=0.03)


def test_costs_are_counted_on_digits_that_the_threshold_was_not_fitted_to() -> None:
    generator = np.random.default_rng(2)
    labels = generator.integers(0, 10, 600)
    logits = generator.normal(0, 1, (600, 10))
    logits[np.arange(600), labels] += 2.5
    held_out = HeldOut("held_out", logits[:300], labels[:300])
    test_logits, test_labels = logits[300:], labels[300:]
    (rule,) = cheapest_thresholds(test_logits, test_labels, held_out, ratios=[5])
    shares = np.exp(test_logits) / np.exp(test_logits).sum(axis=1, keepdims=True)
    answered = shares.max(axis=1) > rule.threshold
    misread = answered & (shares.argmax(axis=1) != test_labels)
    assert rule.refused.value == pytest.approx((~answered).mean())
    assert rule.misread.value == pytest.approx(misread.mean())
    assert rule.cost.value == pytest.approx(5 * misread.mean() + (~answered).mean())
    assert rule.by_chow == pytest.approx(0.8)


def test_the_dearer_a_mistake_the_more_is_refused() -> None:
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 10, 2_000)
    logits = generator.normal(0, 1, (2_000, 10))
    logits[np.arange(2_000), labels] += 2.5
    rules = cheapest_thresholds(logits, labels, HeldOut("held_out", logits, labels))
    refused = [rule.refused.value for rule in rules]
    assert refused == sorted(refused)
    # On the digits that it was fitted to, no threshold costs more than answering or refusing everything.
    assert all(rule.cost.value <= min(1.0, rule.answering_all) + 1e-12 for rule in rules)


def test_a_mistake_that_pays_is_refused() -> None:
    with pytest.raises(InputError, match="-1 refusals"):
        cheapest_threshold(np.ones(3), np.zeros(3, np.bool_), -1)
