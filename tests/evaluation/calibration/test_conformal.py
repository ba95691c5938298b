import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from exmachina.errors import InputError
from exmachina.evaluation.arrays import softmax
from exmachina.evaluation.calibration.conformal import conformal_coverage, fit_threshold, prediction_sets


def draw(n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, n)
    logits = rng.normal(size=(n, 10))
    logits[np.arange(n), labels] += 2
    return softmax(logits), labels


def test_threshold_by_hand() -> None:
    # Nine validation images with 1 − p(label) = .1 … .9; ⌈10 × .8⌉ = 8th smallest.
    p = 1 - np.arange(1, 10) / 10
    fitted = fit_threshold(np.stack([p, 1 - p], axis=1), np.zeros(9, int), alpha=0.2)
    assert fitted.threshold == pytest.approx(0.8)


@pytest.mark.parametrize("alpha", [0.01, 0.1, 0.3])
def test_sets_hold_the_label_as_often_as_promised(alpha: float) -> None:
    fitted = fit_threshold(*draw(2_000, 0), alpha=alpha)
    result = conformal_coverage(*draw(40_000, 1), fitted)
    assert fitted.coverage_low - 0.005 <= result.coverage.value <= fitted.coverage_high + 0.005
    assert 1 - alpha in result.coverage or fitted.coverage_low < result.coverage.value < fitted.coverage_high


def test_the_range_of_coverage_is_the_beta_law() -> None:
    fitted = fit_threshold(*draw(999, 0), alpha=0.1)
    assert (fitted.coverage_low, fitted.coverage_high) == pytest.approx(stats.beta(900, 100).interval(0.95))


def test_sizes_count_the_digits_in_each_set() -> None:
    fitted = fit_threshold(*draw(500, 2), alpha=0.1)
    probabilities, labels = draw(300, 3)
    result = conformal_coverage(probabilities, labels, fitted)
    sets = [[k for k in range(10) if 1 - row[k] <= fitted.threshold] for row in probabilities]
    assert result.mean_size == pytest.approx(np.mean([len(one) for one in sets]))
    assert result.sizes == tuple(np.bincount([len(one) for one in sets], minlength=11))
    assert result.coverage.value == np.mean([label in one for label, one in zip(labels, sets, strict=True)])


def test_too_few_images_for_a_small_alpha_give_sets_of_all_digits() -> None:
    fitted = fit_threshold(*draw(50, 0), alpha=0.01)
    assert fitted.threshold == 1
    assert prediction_sets(draw(5, 1)[0], fitted).all()


def test_a_constant_network_keeps_its_promise_with_useless_sets() -> None:
    flat = np.full((200, 10), 0.1, np.float32)
    fitted = fit_threshold(flat, np.arange(200) % 10, alpha=0.1)
    result = conformal_coverage(flat, np.arange(200) % 10, fitted)
    assert (result.coverage.value, result.mean_size) == (1, 10)


def test_an_impossible_alpha_is_refused() -> None:
    with pytest.raises(InputError, match="α of 1"):
        fit_threshold(*draw(5, 0), alpha=1)
