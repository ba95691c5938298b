"""Fine-tuning: the reader's digits are learned, the old ones are not forgotten."""

from __future__ import annotations

import numpy as np
import pytest

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.runs import Run
from exmachina.training import EpochEnd, StepEnd, TrainingEnd, TrainingStarted
from exmachina.training.finetuning import BATCH, OWN, finetune, mixed_batches


@pytest.fixture(scope="module")
def mine() -> Dataset:
    """Three crosses that somebody calls 4."""
    images = np.zeros((3, 28, 28), np.uint8)
    images[:, 12:15, 5:23] = 255
    images[:, 4:24, 12:15] = 255
    return Dataset(images, np.full(3, 4, np.uint8), "crosses")


def accuracy(run: Run, data: Dataset) -> float:
    return Classifier.from_run(run).accuracy(data.images, data.labels)


def tune(run: Run, mine: Dataset, digits: Dataset, test: Dataset | None = None, **options: float) -> list[object]:
    return list(finetune(run, mine, digits, 0, test=test, **options))  # type: ignore[arg-type]


def test_own_digits_are_learned_and_others_kept(
    tiny_run: Run, mine: Dataset, digits: Dataset, test_digits: Dataset
) -> None:
    *_, end = tune(tiny_run, mine, digits, test_digits, rate=5e-3)
    assert isinstance(end, TrainingEnd)
    assert accuracy(end.run, mine) == 1
    assert accuracy(end.run, test_digits) > accuracy(tiny_run, test_digits) - 0.02
    assert end.run.test_accuracy == pytest.approx(accuracy(end.run, test_digits))


def test_without_rehearsal_it_would_forget(tiny_run: Run, mine: Dataset, digits: Dataset, test_digits: Dataset) -> None:
    # The reason for mixing: the same steps on the own digits alone.
    *_, alone = tune(tiny_run, mine, mine, rate=5e-3)
    *_, mixed = tune(tiny_run, mine, digits, rate=5e-3)
    assert isinstance(alone, TrainingEnd) and isinstance(mixed, TrainingEnd)
    assert accuracy(alone.run, test_digits) < accuracy(mixed.run, test_digits)


def test_events_are_those_of_training(tiny_run: Run, mine: Dataset, digits: Dataset) -> None:
    begun, *steps, epoch, end = tune(tiny_run, mine, digits, steps=5)
    assert isinstance(begun, TrainingStarted) and (begun.steps, begun.images) == (5, 3)
    assert all(isinstance(step, StepEnd) for step in steps) and len(steps) == 5
    assert isinstance(epoch, EpochEnd) and isinstance(end, TrainingEnd)
    assert end.run.recipe["name"] == "tiny + mine" and end.run.splits["rehearsal"] == len(digits)


def test_it_begins_at_the_given_weights_and_leaves_them_alone(tiny_run: Run, mine: Dataset, digits: Dataset) -> None:
    before = {name: array.copy() for name, array in tiny_run.weights.items()}
    begun = next(finetune(tiny_run, mine, digits))
    assert isinstance(begun, TrainingStarted)
    assert all(np.array_equal(begun.snapshot().weights[name], before[name]) for name in before)
    tune(tiny_run, mine, digits, steps=3)
    assert all(np.array_equal(tiny_run.weights[name], before[name]) for name in before)


def test_same_seed_gives_the_same_weights(tiny_run: Run, mine: Dataset, digits: Dataset) -> None:
    first, second = (tune(tiny_run, mine, digits, steps=4)[-1] for _ in range(2))
    assert isinstance(first, TrainingEnd) and isinstance(second, TrainingEnd)
    assert all(np.array_equal(first.run.weights[name], second.run.weights[name]) for name in first.run.weights)


@pytest.mark.parametrize("count", [1, 3, 31, 32, 33, 100])
def test_every_batch_holds_both_kinds_in_fair_shares(digits: Dataset, count: int) -> None:
    # The reader's digits are all black here, so that they can be counted.
    mine = Dataset(np.zeros((count, 28, 28), np.uint8), np.arange(count).astype(np.uint8) % 10, "black")
    batch = next(mixed_batches(mine, digits, 0))
    black = batch.images.max(axis=(1, 2, 3)) == 0
    assert batch.images.shape == (BATCH, 1, 28, 28) and black.sum() == OWN and len(batch) == BATCH
    if count <= 10:
        times = np.bincount(batch.labels[black], minlength=10)[:count]
        assert times.max() - times.min() <= 1


def test_nothing_to_learn_is_one_line(tiny_run: Run, mine: Dataset, digits: Dataset) -> None:
    with pytest.raises(InputError, match="draw one"):
        next(finetune(tiny_run, mine[:0], digits))
    with pytest.raises(InputError, match="rehearse"):
        next(finetune(tiny_run, mine, digits[:0]))
