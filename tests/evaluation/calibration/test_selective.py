import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from exmachina.errors import InputError
from exmachina.evaluation.calibration.selective import risk_at, risk_coverage


def test_curve_by_hand() -> None:
    # From the surest down: right, wrong, right, wrong.
    result = risk_coverage(np.array([0.6, 0.9, 0.8, 0.7]), np.array([True, False, True, False]))
    assert result.coverage == pytest.approx([0.25, 0.5, 0.75, 1])
    assert result.risk == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert result.aurc == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert result.best_aurc == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)


def test_risk_is_one_minus_scikit_learns_precision_for_catching_right_answers() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.random(500)
    wrong = rng.random(500) > confidence
    precision, _, thresholds = precision_recall_curve(~wrong, confidence)
    result = risk_coverage(confidence, wrong)
    assert len(thresholds) == 500
    assert result.risk[::-1] == pytest.approx(1 - precision[:-1])


def test_equal_confidences_gain_nothing_from_their_order() -> None:
    wrong = np.array([False] * 8 + [True] * 2)
    flat = risk_coverage(np.ones(10), wrong)
    assert flat.risk == pytest.approx(np.full(10, 0.2))
    assert flat.aurc == pytest.approx(0.2)


def test_risk_at_98_percent_leaves_out_the_two_percent_least_sure() -> None:
    confidence, wrong = np.linspace(1, 0, 1_000), np.zeros(1_000, bool)
    wrong[[5, 979, 980, 999]] = True
    result = risk_at(confidence, wrong)
    assert (result.coverage, result.risk.n) == (0.98, 980)
    assert result.risk.value == pytest.approx(2 / 980)
    assert result.threshold == confidence[979]


def test_an_impossible_coverage_is_refused() -> None:
    with pytest.raises(InputError, match="coverage of 0"):
        risk_at(np.ones(3), np.zeros(3, bool), 0)
