"""How a network is trained, as data that checks itself."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from exmachina.errors import InputError
from exmachina.networks import CLASSIC, FAST, Network

Optimizer = Literal["adadelta", "adamw", "sgd"]
Schedule = Literal["constant", "one_cycle"]
Precision = Literal["auto", "fp32", "bf16"]

CHOICES: dict[str, tuple[str, ...]] = {
    "optimizer": ("adadelta", "adamw", "sgd"),
    "schedule": ("constant", "one_cycle"),
    "precision": ("auto", "fp32", "bf16"),
}


def _check(valid: bool, name: str, value: object, rule: str) -> None:
    if not valid:
        raise InputError(f"{name} is {value!r}; it must be {rule}.")


@dataclass(frozen=True)
class Augmentation:
    """Small random changes to each training image, drawn anew every time it is seen.

    `shift` is the largest shift in pixels, `rotation` in degrees, `scale` and `shear` as fractions.
    """

    shift: int = 0
    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            _check(value >= 0, name, value, "at least 0")


@dataclass(frozen=True)
class Recipe:
    """A network and everything that decides how it learns. The same recipe and seed give the same weights.

    `epochs` may be fractional. `rho` and `epsilon` belong to Adadelta, `betas` and `weight_decay` to AdamW,
    `momentum` to SGD. `schedule` one_cycle rises linearly to `learning_rate` over the first `warmup` of all
    steps and then falls linearly to zero. `precision` auto takes bf16 where the processor has it.
    """

    name: str
    network: Network
    optimizer: Optimizer = "adamw"
    learning_rate: float = 0.01
    schedule: Schedule = "one_cycle"
    warmup: float = 0.25
    batch_size: int = 128
    epochs: float = 1.0
    label_smoothing: float = 0.0
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.9
    rho: float = 0.95
    epsilon: float = 1e-8
    augmentation: Augmentation = Augmentation()
    precision: Precision = "auto"

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            _check(getattr(self, name) in choices, name, getattr(self, name), f"one of: {', '.join(choices)}")
        for name in ("learning_rate", "epochs", "epsilon"):
            value = getattr(self, name)
            _check(math.isfinite(value) and value > 0, name, value, "a number above 0")
        _check(1 <= self.batch_size <= 60_000, "batch_size", self.batch_size, "between 1 and 60000")
        _check(self.epochs <= 1000, "epochs", self.epochs, "at most 1000")
        for name in ("warmup", "label_smoothing", "momentum", "rho"):
            _check(0 <= getattr(self, name) < 1, name, getattr(self, name), "at least 0 and below 1")
        _check(self.weight_decay >= 0, "weight_decay", self.weight_decay, "at least 0")

    def replace(self, **changes: Any) -> Recipe:
        """The same recipe with some knobs turned. Raises `InputError` on an unknown knob or a bad value."""
        unknown = changes.keys() - self.__dataclass_fields__.keys()
        if unknown:
            knobs = ", ".join(name for name in self.__dataclass_fields__ if name != "name")
            raise InputError(f"Recipe '{self.name}' has no knob '{unknown.pop()}'. Choose one of: {knobs}.")
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """Plain data; the network by its name, for `run.json` keeps the network itself beside the recipe."""
        return {**asdict(self), "network": self.network.name}


CLASSIC_RECIPE = Recipe(
    name="classic",
    network=CLASSIC,
    optimizer="adadelta",
    # All three as Keras 2 had them; today's default rate of 0.001 would leave the network at about 84 %.
    learning_rate=1.0,
    rho=0.95,
    epsilon=1e-7,
    schedule="constant",
    batch_size=128,
    epochs=6,
)

FAST_RECIPE = Recipe(
    name="fast",
    network=FAST,
    optimizer="adamw",
    learning_rate=0.01,
    betas=(0.8, 0.95),
    batch_size=256,
    epochs=1,
)

RECIPES = {recipe.name: recipe for recipe in (CLASSIC_RECIPE, FAST_RECIPE)}


def get_recipe(name: str) -> Recipe:
    """The recipe called `name`. Raises `InputError` naming the choices."""
    try:
        return RECIPES[name]
    except KeyError:
        raise InputError(f"Unknown recipe '{name}'. Choose one of: {', '.join(sorted(RECIPES))}.") from None
