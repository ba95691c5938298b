"""Made-up images that are no digit, and a rejector that learns from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.evaluation.ood.made_up import KINDS, altered, is_bar, made_up
from exmachina.evaluation.ood.rejector import HANDS, KEEP, RejectorData, fit_rejector, rejector_data, with_thresholds
from exmachina.evaluation.ood.separation import auroc
from exmachina.runs import Run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_in_the_networks_form_and_no_bar(kind: str, digits: Dataset) -> None:
    images = made_up(kind, 6, digits, np.random.default_rng(1))
    assert images.shape == (6, 28, 28) and images.dtype == np.uint8
    assert all(image.max() == 255 and not is_bar(image) for image in images)
    np.testing.assert_array_equal(images, made_up(kind, 6, digits, np.random.default_rng(1)))


def test_a_straight_stroke_is_a_bar_and_a_cross_is_none() -> None:
    stroke = np.zeros((28, 28), np.uint8)
    for i in range(5, 24):
        stroke[i, i // 2 + 6 : i // 2 + 9] = 255
    assert is_bar(stroke)
    assert not is_bar(np.maximum(stroke, stroke[:, ::-1]))


def test_altered_digits_keep_the_convention(digits: Dataset) -> None:
    generator = np.random.default_rng(2)
    images = np.stack([altered(image, generator) for image in digits.images[:20]])
    ink = np.array([np.ptp(np.argwhere(image > 0), axis=0) for image in images]) + 1
    assert (ink.max(axis=1) <= 20).all() and (images.max(axis=(1, 2)) == 255).all()
    assert not np.array_equal(images, digits.images[:20])


@pytest.fixture(scope="module")
def data(digits: Dataset) -> RejectorData:
    """The tiny network knows only its own printed hand, so that is what it is taught to keep."""
    non_digits = rejector_data(digits, 300, 0).non_digits
    return RejectorData(digits[:300], 2 * (np.arange(300) % 2), non_digits)


def test_rejector_data_hold_every_hand_and_as_many_non_digits(digits: Dataset) -> None:
    small = rejector_data(digits, 100, 3)
    assert set(small.hands.tolist()) == set(range(len(HANDS)))
    assert len(small.digits) == len(small.hands) and abs(len(small.non_digits) - len(small.digits)) < 12
    np.testing.assert_array_equal(rejector_data(digits, 100, 3).non_digits, small.non_digits)


def test_a_fitted_rejector_tells_digits_from_others(tiny_run: Run, data: RejectorData, test_digits: Dataset) -> None:
    run = fit_rejector(tiny_run, data, hidden=8)
    classifier = Classifier.from_run(run)
    unseen = np.concatenate([made_up(kind, 10, test_digits, np.random.default_rng(9)) for kind in KINDS])
    assert auroc(classifier.chances(test_digits.images[:300]), classifier.chances(unseen)) > 0.9
    assert tiny_run.rejector is None and run.weights is tiny_run.weights
    again = fit_rejector(tiny_run, data, hidden=8)
    np.testing.assert_array_equal(again.rejector and again.rejector.hidden, run.rejector and run.rejector.hidden)


def test_thresholds_count_every_hand_alike(tiny_run: Run, data: RejectorData, digits: Dataset) -> None:
    run = fit_rejector(tiny_run, data, hidden=8)
    assert run.rejector is not None
    images = digits.images[:600]
    hands = np.where(np.arange(600) < 500, 0, 1)  # one wrote five times as much
    fixed = with_thresholds(run.rejector, run, images, hands, np.ones(600, bool))
    chances = Classifier.from_run(run).chances(images)
    refused = [float((chances[hands == hand] < fixed.no_digit).mean()) for hand in (0, 1)]
    assert np.mean(refused) <= 1 - KEEP
    tighter = replace(fixed, no_digit=float(np.nextafter(np.sort(chances[chances >= fixed.no_digit])[1], 1)))
    refused = [float((chances[hands == hand] < tighter.no_digit).mean()) for hand in (0, 1)]
    assert np.mean(refused) > 1 - KEEP
