"""The training loop: what it yields, what it learns, and that it does so again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.engine.model import cores
from exmachina.errors import InputError
from exmachina.networks import BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool, Network
from exmachina.runs import Run
from exmachina.training import (
    Augmentation,
    EpochEnd,
    Event,
    Recipe,
    StepEnd,
    TrainingEnd,
    TrainingStarted,
    train,
)
from exmachina.training.learner import Batch, EngineLearner, score


def finish(events: Iterator[Event]) -> Run:
    *_, end = events
    assert isinstance(end, TrainingEnd)
    return end.run


def same_weights(first: Run, second: Run) -> bool:
    return all(np.array_equal(first.weights[name], second.weights[name]) for name in first.weights)


@pytest.fixture(scope="module")
def short(tiny_recipe: Recipe) -> Recipe:
    return tiny_recipe.replace(epochs=0.5)


def test_learns_the_synthetic_digits(tiny_run: Run) -> None:
    assert tiny_run.test_accuracy is not None
    assert tiny_run.test_accuracy > 0.95
    losses = [row["loss"] for row in tiny_run.history]
    assert losses == sorted(losses, key=lambda loss: -(loss or 0))


def test_network_of_every_kind_of_layer_learns_them_too(digits: Dataset, test_digits: Dataset) -> None:
    layers = (
        *(Conv("conv1", filters=8, kernel=5, stride=2, padding=2), BatchNorm("norm1", "relu"), MaxPool("pool1")),
        *(Dropout("dropout1", rate=0.1), Flatten("flatten1"), Dense("dense1", "softmax", units=10)),
    )
    recipe = Recipe("varied", Network("varied", layers), batch_size=50, epochs=3, precision="fp32")
    run = finish(train(recipe, digits, seed=1, test=test_digits))
    assert run.test_accuracy is not None
    assert run.test_accuracy > 0.95
    # What was measured in training is what the saved model does.
    assert Classifier.from_run(run).accuracy(test_digits.images, test_digits.labels) == run.test_accuracy


def test_same_seed_same_weights_and_another_seed_others(short: Recipe, digits: Dataset) -> None:
    first, again, other = (finish(train(short, digits, seed=seed)) for seed in (3, 3, 4))
    assert same_weights(first, again)
    assert not same_weights(first, other)
    assert (first.seed, other.seed) == (3, 4)


def test_number_of_threads_changes_nothing(short: Recipe, digits: Dataset) -> None:
    layers = (
        *(Conv("conv1", "relu", filters=8, kernel=5, stride=2), Conv("conv2", filters=8), MaxPool("pool1")),
        *(BatchNorm("norm1", "relu"), Conv("conv3", filters=16), Dropout("dropout1", rate=0.2), Flatten("flatten1")),
        *(Dense("dense1", "relu", units=20), Dense("dense2", "softmax", units=10)),
    )
    recipe = short.replace(network=Network("every way", layers))
    alone, two, five = (finish(train(recipe, digits, seed=3, threads=threads)) for threads in (1, 2, 5))
    assert same_weights(alone, two) and same_weights(alone, five)
    assert (alone.threads, two.threads, five.threads) == (1, 2, 5)


@pytest.mark.parametrize("backend", ["engine", "torch"])
@pytest.mark.parametrize("optimizer", ["adamw", "adadelta", "sgd"])
def test_frozen_first_layer_learns_no_more_and_the_others_do(
    short: Recipe, digits: Dataset, backend: str, optimizer: str
) -> None:
    layers = (
        *(MaxPool("pool1"), Conv("conv1", filters=8), BatchNorm("norm1", "relu"), Conv("conv2", "relu", filters=8)),
        *(Flatten("flatten1"), Dense("dense1", "softmax", units=10)),
    )
    recipe = short.replace(
        network=Network("frozen", layers),
        optimizer=optimizer,
        weight_decay=0.1,
        freeze_first_after=0.5,
    )
    events = train(recipe, digits, backend=backend)
    weights = [event.snapshot().weights for event in events if isinstance(event, StepEnd)]
    half = len(weights) // 2
    for name in weights[0]:
        before, at, after = (weights[i][name] for i in (half - 2, half - 1, -1))
        assert not np.array_equal(before, at), name
        assert np.array_equal(at, after) == name.startswith("conv1"), name


def test_two_trainings_side_by_side_do_not_disturb_each_other(short: Recipe, digits: Dataset) -> None:
    alone = finish(train(short, digits, seed=3))
    one, other = train(short, digits, seed=3), train(short, digits, seed=9)
    runs = []
    for event, _ in zip(one, other, strict=True):
        if isinstance(event, TrainingEnd):
            runs.append(event.run)
    assert same_weights(alone, runs[0])


def test_events_come_in_order_with_their_numbers(tiny_recipe: Recipe, digits: Dataset) -> None:
    recipe = tiny_recipe.replace(epochs=2.5, batch_size=300)  # 7 steps an epoch, the last of 200 images
    start, *middle, end = train(recipe, digits, seed=5)
    assert isinstance(start, TrainingStarted)
    assert (start.images, start.steps_per_epoch, start.steps, start.seed) == (2000, 7, 18, 5)
    assert (start.recipe, start.precision, start.device) == (recipe, "fp32", str(start.device))
    assert start.threads == cores()
    assert isinstance(end, TrainingEnd)
    steps = [event for event in middle if isinstance(event, StepEnd)]
    epochs = [event for event in middle if isinstance(event, EpochEnd)]
    assert len(steps) + len(epochs) == len(middle)
    assert [event.step for event in steps] == list(range(1, 19))
    assert [event.epoch for event in steps] == [1] * 7 + [2] * 7 + [3] * 4
    assert [(event.epoch, event.step) for event in epochs] == [(1, 7), (2, 14), (3, 18)]
    for event in epochs:  # right after the last step of its epoch
        before = middle[middle.index(event) - 1]
        assert isinstance(before, StepEnd)
        assert before.step == event.step
    seconds = [event.seconds for event in middle if isinstance(event, StepEnd | EpochEnd)] + [end.seconds]
    assert seconds == sorted(seconds)
    assert end.run.history == [
        {"epoch": e.epoch, "step": e.step, "loss": e.loss, "accuracy": e.accuracy, "seconds": e.seconds}
        | {"validation_loss": None, "validation_accuracy": None}
        for e in epochs
    ]


def test_epochs_loss_is_the_mean_over_its_images(tiny_recipe: Recipe, digits: Dataset) -> None:
    recipe = tiny_recipe.replace(epochs=1, batch_size=300)
    *middle, _ = train(recipe, digits, seed=5)
    losses = [event.loss for event in middle if isinstance(event, StepEnd)]
    (epoch,) = [event for event in middle if isinstance(event, EpochEnd)]
    assert epoch.loss == pytest.approx(np.average(losses, weights=[300] * 6 + [200]), rel=1e-5)
    assert 0 < epoch.accuracy < 1


def test_first_loss_is_that_of_guessing(tiny_recipe: Recipe, digits: Dataset) -> None:
    step = next(event for event in train(tiny_recipe.replace(batch_size=2000), digits) if isinstance(event, StepEnd))
    assert step.loss == pytest.approx(math.log(10), rel=0.25)


@pytest.mark.parametrize(("epochs", "steps"), [(0.001, 1), (0.25, 10), (0.5, 20), (1, 40), (1.26, 50)])
def test_fractions_of_an_epoch_are_whole_steps(tiny_recipe: Recipe, digits: Dataset, epochs: float, steps: int) -> None:
    events = list(train(tiny_recipe.replace(epochs=epochs), digits))
    assert sum(isinstance(event, StepEnd) for event in events) == steps


def test_every_image_is_seen_once_an_epoch_in_a_new_order(tiny_recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    original = EngineLearner.learn

    def watch(self: EngineLearner, batch: Batch, step: int, rate: float) -> tuple[float, float]:
        assert batch.order is not None
        seen.extend(batch.order.tolist())
        return original(self, batch, step, rate)

    monkeypatch.setattr(EngineLearner, "learn", watch)
    data = Dataset(np.zeros((60, 28, 28), np.uint8), np.zeros(60, np.uint8))
    finish(train(tiny_recipe.replace(epochs=2, batch_size=25), data))
    assert sorted(seen[:60]) == sorted(seen[60:]) == list(range(60))
    assert seen[:60] != seen[60:]


def test_to_stop_is_to_cease_iterating_and_keep_a_snapshot(
    tiny_recipe: Recipe, digits: Dataset, tmp_path: Path
) -> None:
    events = train(tiny_recipe, digits, seed=2)
    for event in events:
        if isinstance(event, StepEnd) and event.step == 45:
            kept = event.snapshot()
            break
    events.close()  # type: ignore[attr-defined]
    assert kept.interrupted
    assert (len(kept.history), kept.test_accuracy) == (1, None)
    loaded = Run.load(kept.save(tmp_path / "kept"))
    assert loaded.interrupted
    assert same_weights(loaded, kept)


def test_snapshot_does_not_change_when_training_goes_on(tiny_recipe: Recipe, digits: Dataset) -> None:
    events = train(tiny_recipe.replace(epochs=0.5), digits)
    start = next(events)
    assert isinstance(start, TrainingStarted)
    snapshot = start.snapshot()
    before = {name: array.copy() for name, array in snapshot.weights.items()}
    run = finish(events)
    assert all(np.array_equal(before[name], snapshot.weights[name]) for name in before)
    assert not same_weights(snapshot, run)
    assert snapshot.history == []
    assert not run.interrupted


def test_looking_at_snapshots_and_losses_changes_nothing(short: Recipe, digits: Dataset) -> None:
    plain = finish(train(short, digits, seed=3))
    for event in train(short, digits, seed=3):
        if isinstance(event, StepEnd):
            assert event.loss > 0
            event.snapshot()
        if isinstance(event, TrainingEnd):
            assert same_weights(plain, event.run)


def test_validation_and_test_never_touch_the_weights(
    tiny_recipe: Recipe, digits: Dataset, test_digits: Dataset
) -> None:
    layers = (Conv("conv1", filters=2, kernel=9), BatchNorm("norm1", "relu"), MaxPool("pool1", size=4))
    more = (Dropout("dropout1", rate=0.5), Flatten("flatten1"), Dense("dense1", "softmax", units=10))
    recipe = tiny_recipe.replace(network=Network("norm", (*layers, *more)), epochs=1.5)
    plain = finish(train(recipe, digits, seed=3))
    watched = finish(train(recipe, digits, seed=3, validation=test_digits[:100], test=test_digits))
    assert same_weights(plain, watched)
    assert [row["validation_loss"] is not None for row in watched.history] == [True, True]
    assert plain.test_loss is None
    assert watched.splits["test"] == 500


def test_test_loss_and_accuracy_are_scikit_learns(tiny_run: Run, test_digits: Dataset) -> None:
    probabilities = Classifier.from_run(tiny_run).probabilities(test_digits.images)
    assert tiny_run.test_loss == pytest.approx(log_loss(test_digits.labels, probabilities), rel=1e-4)
    assert tiny_run.test_accuracy == accuracy_score(test_digits.labels, probabilities.argmax(axis=1))


def test_score_is_exact_for_logits_of_any_size() -> None:
    loss, accuracy = score(np.array([[1e4, 0], [0, 0]], np.float32), np.array([1, 0], np.uint8))
    assert loss == pytest.approx((1e4 + math.log(2)) / 2)
    assert accuracy == 0.5


def test_run_records_how_it_was_made(tiny_run: Run, tiny_recipe: Recipe) -> None:
    assert tiny_run.recipe == tiny_recipe.to_record()
    assert (tiny_run.precision, tiny_run.interrupted) == ("fp32", False)
    assert tiny_run.splits == {"data": "synthetic", "train": 2000, "test": 500}
    assert tiny_run.train_seconds > 0
    assert tiny_run.versions["numpy"] == np.__version__ and "torch" not in tiny_run.versions
    assert tiny_run.hardware["engine"] in ("avx512", "avx2", "baseline", "wasm")


def test_data_is_left_as_it_was_and_may_be_read_only(short: Recipe, digits: Dataset) -> None:
    images, labels = digits.images.copy(), digits.labels.copy()
    images.flags.writeable = labels.flags.writeable = False
    finish(train(short, Dataset(images, labels)))
    np.testing.assert_array_equal(images, digits.images)


EMPTY = Dataset(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8), "nothing")


def test_data_that_cannot_be_learned_is_refused(short: Recipe, digits: Dataset) -> None:
    five = short.replace(network=short.network.replace("dense1", units=5))
    large = replace(short.network, input_shape=(1, 32, 32))
    cases: list[tuple[Recipe, Dataset, dict[str, Any]]] = [
        *((short, EMPTY, {}), (short, digits, {"test": EMPTY}), (short, digits, {"validation": EMPTY})),
        *((five, digits, {}), (short.replace(network=large), digits, {})),
    ]
    for recipe, data, more in cases:
        with pytest.raises(InputError) as caught:
            next(train(recipe, data, **more))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, "0", None, True])
def test_seed_out_of_range_is_refused(short: Recipe, digits: Dataset, seed: int) -> None:
    with pytest.raises(InputError, match="seed"):
        next(train(short, digits, seed=seed))


def test_training_that_diverges_cannot_be_saved_by_mistake(
    tiny_recipe: Recipe, digits: Dataset, tmp_path: Path
) -> None:
    recipe = tiny_recipe.replace(optimizer="sgd", learning_rate=1000.0, epochs=2)
    run = finish(train(recipe, digits))
    with pytest.raises(InputError, match="diverged"):
        run.save(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_batch_norm_remembers_what_it_saw(tiny_recipe: Recipe, digits: Dataset, test_digits: Dataset) -> None:
    layers = (Conv("conv1", filters=4, kernel=5), BatchNorm("norm1", "relu"), MaxPool("pool1", size=4))
    more = (Dropout("dropout1", rate=0.1), Flatten("flatten1"), Dense("dense1", "softmax", units=10))
    recipe = tiny_recipe.replace(network=Network("norm", (*layers, *more)))
    run = finish(train(recipe, digits, test=test_digits))
    assert (run.test_accuracy or 0) > 0.95
    seen = Classifier.from_run(run).layers(digits.images[:500])["conv1"]
    np.testing.assert_allclose(run.weights["norm1.running_mean"], seen.mean((0, 2, 3)), atol=0.05)
    np.testing.assert_allclose(run.weights["norm1.running_var"], seen.var((0, 2, 3)), rtol=0.3)


def test_augmented_training_is_repeatable_too(short: Recipe, digits: Dataset) -> None:
    recipe = short.replace(augmentation=Augmentation(shift=1, rotation=5.0, elastic=0.5))
    first, again, plain = (finish(train(r, digits, seed=3)) for r in (recipe, recipe, short))
    assert same_weights(first, again)
    assert not same_weights(first, plain)
