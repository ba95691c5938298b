"""From a visitor's wishes to a recipe that this computer can carry out, and back to plain data."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from exmachina.data.augmentation import Augmentation
from exmachina.errors import InputError
from exmachina.networks import Network
from exmachina.training.recipes import Recipe, get_recipe

TRAINING_IMAGES = 60_000
MAX_PARAMETERS = 4_000_000
MAX_LAYERS = 40
MAX_BATCH_VALUES = 200_000_000  # outputs of all layers for one batch; about 2 GB while training
MAX_MULTIPLICATIONS = 3e13  # of one training, forward passes alone; about a quarter of an hour on two cores
QUICK = 3e11  # trainings below are over in seconds
MAX_EXPERIMENT = 100
FIXED = ("name", "network")


@dataclass(frozen=True)
class Variant:
    """One way to train in an experiment: the value that was varied and the recipe that results."""

    value: Any
    recipe: Recipe


def build_recipe(name: str, changes: dict[str, Any], network: dict[str, Any] | None = None) -> Recipe:
    """The recipe called `name` with knobs turned and, if given, another network.

    A knob with a dot, such as `conv1.filters`, belongs to a layer. Raises `InputError` on anything that does
    not exist, does not fit or would keep this computer busy for too long.
    """
    recipe = get_recipe(name)
    if network is not None:
        recipe = replace(recipe, network=Network.from_json(network))
    knobs: dict[str, Any] = {}
    for knob, value in changes.items():
        layer, dot, option = knob.partition(".")
        if dot:
            recipe = replace(recipe, network=recipe.network.replace(layer, **{option: value}))
        elif knob in FIXED:
            raise InputError(f"'{knob}' is not a knob; send another network as 'network'.")
        elif knob in recipe.augmentation.__dataclass_fields__:
            current = knobs.get("augmentation", recipe.augmentation)
            knobs["augmentation"] = _augmentation({**asdict(current), knob: value})
        else:
            knobs[knob] = _frozen(knob, value)
    recipe = _checked(recipe, knobs)
    check_size(recipe)
    return recipe


def build_experiment(
    name: str,
    changes: dict[str, Any],
    network: dict[str, Any] | None,
    vary: dict[str, list[Any]],
    seeds: int,
) -> list[Variant]:
    """Every combination of the varied knobs; with none, the recipe itself. `seeds` trainings of each follow."""
    combinations = list(itertools.product(*vary.values()))
    if not 1 <= len(combinations) * seeds <= MAX_EXPERIMENT:
        raise InputError(f"That makes {len(combinations) * seeds} trainings; ask for 1 to {MAX_EXPERIMENT}.")
    variants = []
    for combination in combinations:
        chosen = dict(zip(vary, combination, strict=True))
        value = None if not chosen else combination[0] if len(chosen) == 1 else chosen
        variants.append(Variant(value, build_recipe(name, {**changes, **chosen}, network)))
    return variants


def check_size(recipe: Recipe) -> None:
    """Refuse a training that would take this computer's memory or a lesson's time. Raises `InputError`."""
    network = recipe.network
    if network.input_shape != (1, 28, 28) or network.classes != 10:
        raise InputError("The lesson's networks read 28×28 images of one channel and tell 10 digits apart.")
    if len(network.layers) > MAX_LAYERS or network.parameters > MAX_PARAMETERS:
        raise InputError(
            f"{len(network.layers)} layers with {network.parameters:,} parameters are too many for a lesson; "
            f"stay below {MAX_LAYERS} layers and {MAX_PARAMETERS:,} parameters."
        )
    values = sum(math.prod(step.output_shape) for step in network.steps()) * recipe.batch_size
    if values > MAX_BATCH_VALUES:
        raise InputError(f"Batches of {recipe.batch_size} need too much memory for this network; make them smaller.")
    if cost(recipe) > MAX_MULTIPLICATIONS:
        raise InputError(f"{recipe.epochs:g} epochs of this network take too long for a lesson; ask for fewer.")


def cost(recipe: Recipe) -> float:
    """Multiplications of all forward passes of one training: what says how long it will take."""
    return sum(step.multiplications for step in recipe.network.steps()) * recipe.epochs * TRAINING_IMAGES


def recipe_to_json(recipe: Recipe) -> dict[str, Any]:
    """The whole recipe as plain data, the network included."""
    data: dict[str, Any] = json.loads(json.dumps({**asdict(recipe), "network": recipe.network.to_json()}))
    return data


def recipe_from_json(data: dict[str, Any]) -> Recipe:
    """The recipe that `recipe_to_json` described."""
    knobs = {name: _frozen(name, value) for name, value in data.items() if name not in FIXED}
    return Recipe(name=data["name"], network=Network.from_json(data["network"]), **knobs)


def _checked(recipe: Recipe, knobs: dict[str, Any]) -> Recipe:
    for name, value in knobs.items():
        if name in recipe.__dataclass_fields__ and not _same_kind(value, _model(recipe, name)):
            raise InputError(f"{name} is {value!r}; it must be like {_model(recipe, name)!r}.")
    return recipe.replace(**knobs)


def _model(holder: Recipe | Augmentation, name: str) -> Any:
    """The present value of a knob; a whole number that stands where fractions may, as a fraction."""
    value = getattr(holder, name)
    return float(value) if holder.__dataclass_fields__[name].type == "float" else value


def _same_kind(value: Any, model: Any) -> bool:
    """Whether a value from JSON can stand where `model` stands; what range it must have, the recipe knows."""
    if isinstance(model, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(model, bool)
    if isinstance(model, int):
        return isinstance(value, int)
    if isinstance(model, float):
        return isinstance(value, int | float) and math.isfinite(value)
    if isinstance(model, tuple):
        return isinstance(value, tuple) and len(value) == len(model) and all(map(_same_kind, value, model))
    return model is None or isinstance(value, type(model))


def _frozen(knob: str, value: Any) -> Any:
    """JSON's lists as tuples, and an augmentation from its fields."""
    if isinstance(value, list):
        return tuple(_frozen(knob, item) for item in value)
    if isinstance(value, dict):
        if knob != "augmentation":
            raise InputError(f"{knob} is {value!r}; it must be a single value.")
        return _augmentation(value)
    return value


def _augmentation(fields: dict[str, Any]) -> Augmentation:
    model = Augmentation()
    for name, item in fields.items():
        if name not in model.__dataclass_fields__:
            raise InputError(f"augmentation has no '{name}'; choose one of: {', '.join(model.__dataclass_fields__)}.")
        if not _same_kind(item, _model(model, name)):
            raise InputError(f"{name} is {item!r}; it must be like {_model(model, name)!r}.")
    return Augmentation(**fields)
