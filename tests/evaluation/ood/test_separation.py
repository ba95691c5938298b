from typing import Any

import numpy as np
import pytest
from scipy import special
from sklearn.metrics import roc_auc_score, roc_curve

from exmachina.errors import InputError
from exmachina.evaluation.calibration.rejection import energy, fit_rejection, max_softmax
from exmachina.evaluation.ood.separation import auroc, by_rejector, fpr95, measure_kind


@pytest.fixture(params=[None, 1])
def scores(request: pytest.FixtureRequest) -> Any:
    """Scores of digits and strangers, once distinct and once with many ties."""
    rng = np.random.default_rng(0)
    digits, non_digits = rng.normal(1.5, 1, 800), rng.normal(0, 1, 500)
    return (digits, non_digits) if request.param is None else (digits.round(1), non_digits.round(1))


def test_auroc_agrees_with_scikit_learn(scores: Any) -> None:
    digits, non_digits = scores
    truth = np.r_[np.ones(800), np.zeros(500)]
    assert auroc(digits, non_digits) == pytest.approx(roc_auc_score(truth, np.r_[digits, non_digits]))


def test_fpr95_is_the_first_point_of_scikit_learns_curve_at_95_percent(scores: Any) -> None:
    digits, non_digits = scores
    truth = np.r_[np.ones(800), np.zeros(500)]
    fpr, tpr, _ = roc_curve(truth, np.r_[digits, non_digits], drop_intermediate=False)
    assert fpr95(digits, non_digits) == pytest.approx(fpr[tpr >= 0.95][0])


def test_the_scores_are_their_formulas() -> None:
    logits = np.array([[1.0, 2.0, 3.0], [-4.0, 0.0, 4.0]])
    exponentials = np.exp(logits)
    assert energy(logits) == pytest.approx(np.log(exponentials.sum(1)))
    assert max_softmax(logits) == pytest.approx(special.softmax(logits, axis=1).max(1))
    assert energy(np.array([[1e4, 0.0]])) == pytest.approx([1e4])


def test_rejection_keeps_the_share_of_validation_digits_it_was_fixed_for() -> None:
    logits = np.random.default_rng(0).normal(size=(1_000, 10)) * 3
    rejection = fit_rejection(logits, "energy", 0.995)
    assert rejection.rejects(logits).sum() == 5
    assert (rejection.kept, rejection.n) == (0.995, 1_000)
    assert fit_rejection(logits, "max_softmax", 1.0).rejects(logits).sum() == 0


def test_images_with_small_logits_are_told_apart_and_rejected() -> None:
    rng = np.random.default_rng(1)
    digits = rng.normal(size=(400, 10))
    digits[np.arange(400), rng.integers(0, 10, 400)] += 12
    non_digits = rng.normal(size=(300, 10))
    result = measure_kind("noise", digits, non_digits, fit_rejection(digits), np.random.default_rng(0))
    assert result.energy.auroc > 0.99
    assert result.energy.fpr95 < 0.01
    assert result.rejected > 0.95
    # Of none let in the bootstrap would be certain; Wilson is not.
    assert result.energy.fpr95_interval[0] == 0 < result.energy.fpr95_interval[1]
    assert result.turned_away.low < result.rejected <= result.turned_away.high
    assert (result.name, result.n, result.max_softmax.score) == ("noise", 300, "max_softmax")
    assert measure_kind(
        "itself", digits, digits, fit_rejection(digits), np.random.default_rng(0)
    ).energy.auroc == pytest.approx(0.5)


def test_a_rejector_judges_in_place_of_the_threshold() -> None:
    digits = np.zeros((4, 10))
    generator = np.random.default_rng(0)
    kind = measure_kind("noise", digits, digits, fit_rejection(digits), generator)
    judged = by_rejector(kind, np.array([0.9, 0.8, 0.4]), np.array([0.5, 0.1]), 0.45, generator)
    assert judged.rejector is not None
    assert judged.rejector.auroc == pytest.approx(5 / 6) and judged.rejected == 0.5
    assert (judged.max_softmax, judged.energy) == (kind.max_softmax, kind.energy)


@pytest.mark.parametrize(
    "call",
    [
        lambda logits: fit_rejection(logits, "margin"),  # type: ignore[arg-type]
        lambda logits: fit_rejection(logits, keep=0),
        lambda logits: auroc(np.array([]), np.ones(3)),
        lambda logits: measure_kind("none", logits, logits[:0], fit_rejection(logits), np.random.default_rng(0)),
        lambda logits: measure_kind("nan", logits, logits * np.nan, fit_rejection(logits), np.random.default_rng(0)),
    ],
)
def test_bad_requests_are_refused_in_one_line(call: Any) -> None:
    with pytest.raises(InputError) as caught:
        call(np.zeros((3, 10)))
    assert "\n" not in str(caught.value)
