"""From wishes to a recipe that this computer can carry out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exmachina.errors import InputError
from exmachina.networks import CLASSIC, FAST, Network
from exmachina.server.specs import QUICK, build_experiment, build_recipe, cost, recipe_from_json, recipe_to_json
from exmachina.training import RECIPES, Augmentation, get_recipe


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_survives_the_way_to_the_training_process(name: str) -> None:
    recipe = get_recipe(name)
    assert recipe_from_json(json.loads(json.dumps(recipe_to_json(recipe)))) == recipe
    assert build_recipe(name, {}) == recipe


def test_knobs_turn() -> None:
    recipe = build_recipe(
        "fast", {"learning_rate": 1, "epochs": 0.5, "betas": [0.8, 0.9], "optimizer": "sgd", "shift": 2}
    )
    assert (recipe.learning_rate, recipe.epochs, recipe.betas, recipe.optimizer) == (1, 0.5, (0.8, 0.9), "sgd")
    assert recipe.augmentation.shift == 2
    assert build_recipe("fast", {"augmentation": {"rotation": 10}}).augmentation == Augmentation(rotation=10)


def test_network_can_be_replaced_or_changed_layer_by_layer() -> None:
    assert build_recipe("fast", {}, CLASSIC.to_json()).network == CLASSIC
    name = next(layer.name for layer in FAST.layers if hasattr(layer, "filters"))
    changed = build_recipe("fast", {f"{name}.filters": 4}).network
    assert changed == FAST.replace(name, filters=4)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"learning_rat": 1}, "learning_rat"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"learning_rate": -1}, "learning_rate"),
        ({"learning_rate": True}, "learning_rate"),
        ({"learning_rate": None}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"batch_size": 1.5}, "batch_size"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 60_000}, "memory"),
        ({"epochs": 999}, "take too long"),
        ({"betas": [0.9]}, "betas"),
        ({"betas": 0.9}, "betas"),
        ({"betas": {"a": 1}}, "betas"),
        ({"optimizer": "sgdd"}, "sgdd"),
        ({"optimizer": 3}, "optimizer"),
        ({"augmentation": {"shft": 1}}, "shft"),
        ({"augmentation": {"shift": "x"}}, "shift"),
        ({"augmentation": 3}, "augmentation"),
        ({"network": "classic"}, "network"),
        ({"name": "x"}, "name"),
        ({"nolayer.filters": 3}, "nolayer"),
    ],
)
def test_what_cannot_be_is_refused_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        build_recipe("classic", changes)


def conv(**changes: Any) -> dict[str, Any]:
    return {
        "type": "Conv2D",
        "name": "c",
        "activation": "relu",
        "filters": 8,
        "kernel": 3,
        "stride": 1,
        "padding": 0,
        **changes,
    }


def network(*layers: dict[str, Any], units: int = 10) -> dict[str, Any]:
    end = [
        {"type": "Flatten", "name": "f", "activation": "linear"},
        {"type": "Dense", "name": "d", "activation": "softmax", "units": units},
    ]
    return {"name": "mine", "input_shape": [1, 28, 28], "mean": 0.0, "std": 1.0, "layers": [*layers, *end]}


@pytest.mark.parametrize(
    "spec",
    [
        network(units=11),
        network(conv(filters=10**9)),
        network(conv(filters=-1)),
        network(conv(filters="8")),
        network(conv(kernel=29)),
        network(conv(stride=0)),
        network(conv(), conv()),
        network(conv(name="../x")),
        network(conv(type="System")),
        network({"type": "Dense", "name": "x", "activation": "relu", "units": 100}),
        network(*(conv(name=f"c{index}", kernel=1) for index in range(60))),
        network(conv(filters=4096, padding=20)),
        {**network(), "input_shape": [1, 100_000, 100_000]},
        {**network(), "input_shape": [1, 32, 32]},
        {**network(), "std": 0},
        {"layers": []},
        {},
    ],
)
def test_impossible_or_monstrous_network_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        build_recipe("fast", {}, spec)


def test_smallest_network_is_fine() -> None:
    assert build_recipe("fast", {}, network()).network == Network.from_json(network())


def test_experiment_is_every_combination() -> None:
    variants = build_experiment(
        "fast", {"epochs": 0.1}, None, {"learning_rate": [0.01, 0.02], "batch_size": [64, 128]}, 3
    )
    assert [variant.value for variant in variants][1] == {"learning_rate": 0.01, "batch_size": 128}
    assert len(variants) == 4 and all(variant.recipe.epochs == 0.1 for variant in variants)
    assert [variant.value for variant in build_experiment("fast", {}, None, {"shift": [0, 2]}, 1)] == [0, 2]
    assert [variant.value for variant in build_experiment("fast", {}, None, {}, 5)] == [None]


@pytest.mark.parametrize(("vary", "seeds"), [({}, 101), ({"learning_rate": []}, 3), ({"shift": list(range(50))}, 3)])
def test_experiment_has_a_size(vary: dict[str, list[Any]], seeds: int) -> None:
    with pytest.raises(InputError, match="trainings"):
        build_experiment("fast", {}, None, vary, seeds)


def test_second_and_minute_recipes_are_told_apart() -> None:
    assert cost(get_recipe("fast")) <= QUICK < cost(get_recipe("classic"))
