"""One knob over values and seeds: which recipes come of it, and that side by side equals one after another."""

from __future__ import annotations

from pathlib import Path

import pytest

from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.runs import Run
from exmachina.training import get_recipe
from exmachina.training.experiment import run_trials, variations

FAST = get_recipe("fast")


def test_a_knob_may_belong_to_the_recipe_its_augmentation_or_a_layer() -> None:
    rates = variations(FAST, "learning_rate", ["0.01", "0.02"])
    assert [recipe.learning_rate for recipe in rates.values()] == [0.01, 0.02] and list(rates) == [0.01, 0.02]
    assert [recipe.augmentation.shift for recipe in variations(FAST, "shift", ["0", "2"]).values()] == [0, 2]
    wider = variations(FAST, "conv1.filters", ["8"])[8]
    assert wider.network.step("conv1").output_shape == (8, 12, 12)
    assert variations(FAST, "optimizer", ["sgd"])["sgd"].optimizer == "sgd"


@pytest.mark.parametrize(
    ("knob", "values", "needle"),
    [
        ("learning_rate", [], "No values"),
        ("learning_rte", ["0.1"], "learning_rte"),
        ("learning_rate", ["-1"], "learning_rate"),
        ("conv9.filters", ["8"], "conv9"),
        ("conv1.name", ["other"], "conv1"),
        ("conv1.filtres", ["8"], "filtres"),
    ],
)
def test_a_knob_that_does_not_exist_or_fit_is_refused(knob: str, values: list[str], needle: str) -> None:
    with pytest.raises(InputError, match=needle):
        variations(FAST, knob, values)


def test_two_processes_find_what_one_does_and_keep_the_runs(digits: Dataset, tmp_path: Path) -> None:
    recipes = {None: FAST.replace(epochs=1, batch_size=64)}
    data, held_out = digits[:192], digits[192:256]
    alone = list(run_trials(recipes, [3, 4], data, held_out, workers=1))
    beside = sorted(run_trials(recipes, [3, 4], data, held_out, workers=2, save=tmp_path), key=lambda one: one.seed)
    assert [(one.seed, one.accuracy) for one in beside] == [(one.seed, one.accuracy) for one in alone]
    for one in beside:
        assert Run.load(tmp_path / f"fast-{one.seed}").test_accuracy == one.accuracy


def test_too_many_trainings_and_two_recipes_in_one_directory_are_refused(digits: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1001"):
        next(run_trials({None: FAST}, range(1001), digits, digits))
    with pytest.raises(InputError, match="one recipe"):
        next(run_trials(variations(FAST, "shift", ["0", "1"]), [0], digits, digits, save=tmp_path))
