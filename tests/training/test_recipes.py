"""Recipes check themselves."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from exmachina.errors import InputError
from exmachina.networks import CLASSIC
from exmachina.training import RECIPES, Augmentation, Recipe, get_recipe


def test_classic_is_the_textbooks_recipe() -> None:
    recipe = get_recipe("classic")
    assert recipe.network is CLASSIC
    assert (recipe.optimizer, recipe.learning_rate, recipe.rho, recipe.epsilon) == ("adadelta", 1.0, 0.95, 1e-7)
    assert (recipe.schedule, recipe.batch_size, recipe.epochs) == ("constant", 128, 6)
    assert (recipe.label_smoothing, recipe.weight_decay, recipe.augmentation) == (0, 0, Augmentation())
    assert (CLASSIC.mean, CLASSIC.std) == (0, 1)  # pixels / 255 and no more


def test_every_recipe_has_its_own_name_and_survives_json() -> None:
    for name, recipe in RECIPES.items():
        assert name == recipe.name
        assert Recipe.from_json(json.loads(json.dumps(recipe.to_json(), allow_nan=False))) == recipe
        record = json.loads(json.dumps(recipe.to_record(), allow_nan=False))
        assert (record["name"], record["network"]) == (name, recipe.network.name)
        assert Recipe.from_json(record, recipe.network) == recipe


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        ({"optimizer": None}, "optimizer"),
        ({"momentun": 0.9}, "momentun"),
        ({"network": "fast"}, "network"),
        ({"network": {"name": "x"}}, "network"),
        ({"augmentation": {"shft": 1}}, "shft"),
        ({"augmentation": 3}, "recipe"),
        ({"betas": 0.9}, "recipe"),
    ],
)
def test_what_is_no_recipe_is_refused_in_one_line(change: dict[str, Any], needle: str) -> None:
    with pytest.raises(InputError, match=needle) as caught:
        Recipe.from_json({**get_recipe("fast").to_json(), **change})
    assert "\n" not in str(caught.value)


def test_a_record_that_does_not_say_how_it_learned_is_no_recipe() -> None:
    # What an imported network's run holds: filling in the defaults would invent a training that never was.
    with pytest.raises(InputError, match="optimizer"):
        Recipe.from_json({"name": "imported", "file": "theirs.keras"}, CLASSIC)


def test_a_knob_may_belong_to_the_recipe_its_augmentation_or_a_layer() -> None:
    turned = get_recipe("fast").replace(**{"epochs": 2, "shift": 1, "conv1.kernel": 3})
    assert (turned.epochs, turned.augmentation.shift, turned.augmentation.rotation) == (2, 1, 0)
    assert turned.network.weight_shapes()["conv1.weight"][2:] == (3, 3)


def test_unknown_recipe_lists_the_choices() -> None:
    with pytest.raises(InputError, match=r"Unknown recipe 'fats'. Choose one of: .*classic.*fast"):
        get_recipe("fats")


def test_recipe_cannot_be_changed_but_replaced() -> None:
    recipe = get_recipe("fast")
    with pytest.raises(FrozenInstanceError):
        recipe.epochs = 2  # type: ignore[misc]
    assert recipe.replace(epochs=2, batch_size=64).epochs == 2
    assert get_recipe("fast") == recipe


def test_unknown_knob_lists_the_knobs() -> None:
    with pytest.raises(InputError, match=r"no knob 'epoch'. Choose one of: .*epochs"):
        get_recipe("fast").replace(epoch=2, zeal=3)


BAD: list[tuple[str, Any]] = [
    *(("epochs", value) for value in (0, -1, math.nan, math.inf, 1e9, True, "3", None, [1])),
    *(("learning_rate", value) for value in (0, -0.1, math.nan, math.inf, "0.1", True)),
    *(("batch_size", value) for value in (0, -1, 1.5, 128.0, 10**9, True, "128", None)),
    *(("warmup", value) for value in (-0.1, 1, 1.0, math.nan, "x")),
    *(("freeze_first_after", value) for value in (-0.1, 1.1, math.nan, None)),
    *(("label_smoothing", value) for value in (-0.1, 1.0, None)),
    *(("momentum", value) for value in (-0.1, 1.0)),
    *(("rho", value) for value in (-0.1, 1.0)),
    *(("epsilon", value) for value in (0, -1e-8, 2.0)),
    *(("weight_decay", value) for value in (-0.1, math.nan, math.inf)),
    *(("betas", value) for value in ((0.9,), (0.9, 1.0), (-0.1, 0.9), [0.9, 0.99], None, 0.9, ("a", "b"))),
    *(("optimizer", value) for value in ("adam", "", None, ["sgd"])),
    *(("schedule", value) for value in ("cosine", None)),
    *(("precision", value) for value in ("fp16", None)),
    *(("network", value) for value in ("classic", None)),
    *(("augmentation", value) for value in ({"shift": 1}, None)),
    *(("name", value) for value in (None, 3)),
]


@pytest.mark.parametrize(("knob", "value"), BAD, ids=lambda value: str(value)[:20])
def test_bad_value_is_refused_by_name_in_one_line(knob: str, value: Any) -> None:
    with pytest.raises(InputError, match=knob) as caught:
        get_recipe("fast").replace(**{knob: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("option", ["shift", "rotation", "scale", "shear"])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, "1", True, None])
def test_augmentation_out_of_range_is_refused(option: str, value: Any) -> None:
    with pytest.raises(InputError, match=option):
        Augmentation(**{option: value})


def test_fractional_epochs_and_whole_learning_rates_are_fine() -> None:
    recipe = Recipe("r", CLASSIC, epochs=0.5, learning_rate=1, weight_decay=0, warmup=0)
    assert recipe.epochs == 0.5
