"""A background class: what is no digit is learned beside the digits, and the answers stay ten."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation.ood.rejector import RejectorData, fit_rejector
from exmachina.evaluation.ood.separation import auroc
from exmachina.evaluation.statistics.cross_validation import recipe_of
from exmachina.runs import Run
from exmachina.training import EpochEnd, Recipe, TrainingEnd
from exmachina.training.background import learn_background


def mixed(digits: Dataset) -> NDArray[np.uint8]:
    """The upper half of each digit over the lower half of another one's, which looks much like a digit."""
    order = np.argsort((digits.labels + 3) % 10, kind="stable")
    mixed = digits.images[np.argsort(digits.labels, kind="stable")].copy()
    mixed[:, 14:] = digits.images[order, 14:]
    return mixed


@pytest.fixture(scope="module")
def background(digits: Dataset) -> NDArray[np.uint8]:
    return mixed(digits)


@pytest.fixture(scope="module")
def taught(
    tiny_run: Run, digits: Dataset, background: NDArray[np.uint8], test_digits: Dataset
) -> tuple[Run, list[EpochEnd]]:
    recipe = Recipe("tiny", tiny_run.network, learning_rate=0.01, epochs=3)
    *events, end = learn_background(tiny_run, recipe, digits, background, validation=test_digits)
    assert isinstance(end, TrainingEnd)
    return end.run, [event for event in events if isinstance(event, EpochEnd)]


def test_ten_answers_stay_and_are_as_good(
    taught: tuple[Run, list[EpochEnd]], tiny_run: Run, test_digits: Dataset
) -> None:
    run, _ = taught
    assert run.network == tiny_run.network
    before, after = (
        Classifier.from_run(one).accuracy(test_digits.images, test_digits.labels) for one in (tiny_run, run)
    )
    assert after > before - 0.02


def test_the_last_values_tell_more_of_what_is_no_digit(
    taught: tuple[Run, list[EpochEnd]],
    tiny_run: Run,
    digits: Dataset,
    background: NDArray[np.uint8],
    test_digits: Dataset,
) -> None:
    data = RejectorData(digits, np.zeros(len(digits), np.int64), background)
    judged = mixed(test_digits)
    areas = []
    for run in (tiny_run, taught[0]):
        classifier = Classifier.from_run(fit_rejector(run, data, hidden=2))
        areas.append(auroc(classifier.chances(test_digits.images), classifier.chances(judged)))
    assert areas[1] > areas[0] + 0.02


def test_the_record_tells_of_both_trainings(taught: tuple[Run, list[EpochEnd]], tiny_run: Run, digits: Dataset) -> None:
    run, epochs = taught
    assert run.recipe == tiny_run.recipe
    assert run.splits["background"] == {"images": len(digits), "epochs": 3}
    assert len(run.history) == len(tiny_run.history) + 3 == len(tiny_run.history) + len(epochs)
    steps = [row["step"] or 0 for row in run.history]
    assert steps == sorted(set(steps)) and run.train_seconds > tiny_run.train_seconds
    with pytest.raises(InputError, match="trained on"):
        recipe_of(run)


def test_without_a_background_there_is_nothing_to_learn(tiny_run: Run, digits: Dataset) -> None:
    recipe = Recipe("tiny", tiny_run.network)
    with pytest.raises(InputError, match="no images of the background"):
        next(learn_background(tiny_run, recipe, digits, digits.images[:0]))
