"""What is fitted is fitted elsewhere: splits that share nothing, recipes rebuilt, thresholds that keep their share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exmachina import Classifier, InputError
from exmachina.data import Dataset, split
from exmachina.evaluation import HeldOut, calibrate, hold_out
from exmachina.evaluation.statistics.cross_validation import check_cheap, folds, recipe_of
from exmachina.runs import Run
from exmachina.training import Recipe, get_recipe


def test_folds_hold_every_image_once_and_no_writer_twice() -> None:
    writers = np.random.default_rng(0).integers(0, 40, 500)
    for known in (None, writers):
        parts = folds(500, 4, np.random.default_rng(1), known)
        assert sorted(np.concatenate(parts)) == list(range(500))
        if known is not None:
            external = [set(writers[part]) for part in parts]
            assert not any(a & b for i, a in enumerate(external) for b in external[i + 1 :])


def test_halves_fit_on_one_part_and_measure_on_the_other() -> None:
    logits, labels = np.arange(70.0).reshape(7, 10), np.arange(7)
    fits = HeldOut("halves", logits, labels).fits(7)
    assert sorted(np.concatenate([fit.measured for fit in fits])) == list(range(7))
    for fit in fits:
        assert not set(fit.labels) & set(fit.measured)


def test_the_recipe_of_a_run_is_the_recipe_that_trained_it(tiny_run: Run, tiny_recipe: Recipe) -> None:
    assert recipe_of(tiny_run) == tiny_recipe
    with pytest.raises(InputError, match="repeat"):
        recipe_of(replace(tiny_run, recipe={"epochs": 1}))


def test_classic_is_too_slow_for_cross_validation_and_fast_is_not() -> None:
    check_cheap(get_recipe("fast"), 60_000)
    with pytest.raises(InputError, match="too slow"):
        check_cheap(get_recipe("classic"), 60_000)


def test_the_part_that_a_run_held_out_is_used_as_it_is(tiny_run: Run, digits: Dataset) -> None:
    run = replace(tiny_run, splits={"data": "x", "train": 1500, "held_out": {"images": 500, "seed": 7}})
    result = hold_out(run, digits)
    part = split(digits, 500, seed=7).validation
    assert result.source == "held_out" and (result.labels == part.labels).all()
    assert np.array_equal(result.logits, Classifier.from_run(run).logits(part.images))


def test_calibrate_keeps_the_share_that_was_asked_for_and_changes_no_weight(
    tiny_run: Run, test_digits: Dataset
) -> None:
    fixed = calibrate(tiny_run, test_digits, keep=0.9)
    classifier = Classifier.from_run(fixed)
    predictions = [classifier.predict(image, prepared=True) for image in test_digits.images]
    assert np.mean([not one.rejected for one in predictions]) == pytest.approx(0.9, abs=0.003)
    assert fixed.temperature == tiny_run.temperature == 1 and tiny_run.rejection_threshold is None
    assert all(np.array_equal(fixed.weights[name], tiny_run.weights[name]) for name in tiny_run.weights)


def test_calibrate_can_fit_the_temperature_too(dull_run: Run, test_digits: Dataset) -> None:
    fixed = calibrate(dull_run, test_digits, temperature=True)
    logits = Classifier.from_run(dull_run).logits(test_digits.images).astype(np.float64)

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(logits)), test_digits.labels]).mean())

    assert loss(fixed.temperature) <= min(loss(fixed.temperature * factor) for factor in (0.97, 1.0, 1.03)) + 1e-9


def test_a_threshold_is_never_taken_from_the_test_set(tiny_run: Run) -> None:
    with pytest.raises(InputError, match="test set"):
        calibrate(tiny_run, HeldOut("halves", np.zeros((4, 10)), np.arange(4)))
