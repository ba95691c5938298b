"""How a network is trained, as data that checks itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from exmachina.data.augmentation import Augmentation
from exmachina.errors import InputError, check_number
from exmachina.networks import ACCURATE, CLASSIC, FAST, Network

Optimizer = Literal["adadelta", "adamw", "sgd"]
Schedule = Literal["constant", "one_cycle"]
Precision = Literal["auto", "fp32", "bf16"]

CHOICES: dict[str, tuple[str, ...]] = {
    "optimizer": ("adadelta", "adamw", "sgd"),
    "schedule": ("constant", "one_cycle"),
    "precision": ("auto", "fp32", "bf16"),
}

BELOW_ONE = 0.999999
LIMITS: dict[str, tuple[float, float]] = {
    "learning_rate": (1e-9, 1e3),
    "warmup": (0.0, BELOW_ONE),
    "freeze_first_after": (0.0, 1.0),
    "batch_size": (1, 60_000),
    "epochs": (1e-6, 1e3),
    "label_smoothing": (0.0, BELOW_ONE),
    "weight_decay": (0.0, 1e3),
    "momentum": (0.0, BELOW_ONE),
    "rho": (0.0, BELOW_ONE),
    "epsilon": (1e-12, 1.0),
}


def _check(valid: bool, name: str, value: object, rule: str) -> None:
    if not valid:
        raise InputError(f"{name} is {value!r}; it must be {rule}.")


@dataclass(frozen=True)
class Recipe:
    """A network and everything that decides how it learns. The same recipe and seed give the same weights.

    `epochs` may be fractional. `rho` and `epsilon` belong to Adadelta, `betas` and `weight_decay` to AdamW,
    `momentum` to SGD. `schedule` one_cycle rises linearly to `learning_rate` over the first `warmup` of all
    steps and then falls linearly to zero. After the part `freeze_first_after` of all steps the first layer with
    weights learns no more, which saves its part of the backward pass. `precision` auto is fp32 on the engine and,
    where PyTorch is asked for, bf16 if the hardware has it.
    """

    name: str
    network: Network
    optimizer: Optimizer = "adamw"
    learning_rate: float = 0.01
    schedule: Schedule = "one_cycle"
    warmup: float = 0.25
    freeze_first_after: float = 1.0
    batch_size: int = 128
    epochs: float = 1.0
    label_smoothing: float = 0.0
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.9
    rho: float = 0.95
    epsilon: float = 1e-8
    augmentation: Augmentation = field(default_factory=Augmentation)
    precision: Precision = "auto"

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            _check(getattr(self, name) in choices, name, getattr(self, name), f"one of: {', '.join(choices)}")
        for name, (low, high) in LIMITS.items():
            check_number(name, getattr(self, name), low, high)
        _check(isinstance(self.betas, tuple) and len(self.betas) == 2, "betas", self.betas, "a pair of numbers")
        for beta in self.betas:
            check_number("each of betas", beta, 0.0, BELOW_ONE)
        _check(isinstance(self.name, str), "name", self.name, "a text")
        _check(isinstance(self.network, Network), "network", self.network, "a Network")
        _check(isinstance(self.augmentation, Augmentation), "augmentation", self.augmentation, "an Augmentation")

    def replace(self, /, **changes: Any) -> Recipe:
        """The same recipe with some knobs turned. Raises `InputError` on an unknown knob or a bad value.

        A knob is a field of the recipe (`learning_rate`), of its augmentation (`shift`) or an option of a layer
        (`**{"conv1.kernel": 3}`).
        """
        recipe = self
        for knob, value in changes.items():
            recipe = recipe._turned(knob, value)
        return recipe

    def _turned(self, knob: str, value: Any) -> Recipe:
        layer, dot, option = knob.partition(".")
        if dot:
            return replace(self, network=self.network.replace(layer, **{option: value}))
        if knob in self.augmentation.__dataclass_fields__:
            return replace(self, augmentation=replace(self.augmentation, **{knob: value}))
        if knob not in self.__dataclass_fields__:
            knobs = ", ".join(name for name in self.__dataclass_fields__ if name != "name")
            raise InputError(f"Recipe '{self.name}' has no knob '{knob}'. Choose one of: {knobs}.")
        return replace(self, **{knob: value})

    def to_json(self) -> dict[str, Any]:
        """Plain data, the network included; `Recipe.from_json` reads it back."""
        return {**asdict(self), "network": self.network.to_json()}

    def to_record(self) -> dict[str, Any]:
        """The same with the network's name alone, for `run.json`, which keeps the network beside the recipe."""
        return {**asdict(self), "network": self.network.name}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], network: Network | None = None) -> Recipe:
        """The recipe that `to_json` described, or `to_record` with the `network` beside it.

        What is not said is as in `Recipe`, but the optimizer, its rate and the epochs must be there. Raises
        `InputError` on anything that is no recipe of this version.
        """
        try:
            fields = dict(data)
            missing = [name for name in ("name", "optimizer", "learning_rate", "epochs") if name not in fields]
            if missing:
                raise InputError(f"This is no recipe that can be repeated: it has no '{missing[0]}'.")
            fields["network"] = network if network is not None else Network.from_json(fields["network"])
            fields["augmentation"] = Augmentation(**fields.get("augmentation", {}))
            fields["betas"] = tuple(fields.get("betas", (0.9, 0.999)))
            return cls(**fields)
        except InputError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"Not a recipe of this version ({error}); was the file edited?") from None


CLASSIC_RECIPE = Recipe(
    name="classic",
    network=CLASSIC,
    optimizer="adadelta",
    # All three as Keras 2 had them; today's default rate of 0.001 would leave the network near 78 %.
    learning_rate=1.0,
    rho=0.95,
    epsilon=1e-7,
    schedule="constant",
    batch_size=128,
    epochs=6,
)

SPRINT_RECIPE = Recipe(
    name="sprint",
    # The tutorial's dropout is for six epochs; in one and a third there is no time to overfit.
    network=CLASSIC.replace("dropout1", rate=0.1).replace("dropout2", rate=0.2),
    optimizer="adamw",
    learning_rate=0.008,
    warmup=0.05,
    freeze_first_after=0.2,
    betas=(0.8, 0.95),
    weight_decay=0.01,
    label_smoothing=0.1,
    batch_size=128,
    epochs=1.35,
)

FAST_RECIPE = Recipe(
    name="fast",
    network=FAST,
    optimizer="adamw",
    learning_rate=0.03,
    warmup=0.05,
    freeze_first_after=0.2,
    betas=(0.7, 0.85),
    weight_decay=0.01,
    label_smoothing=0.05,
    batch_size=128,
    epochs=0.43,
)

ACCURATE_RECIPE = Recipe(
    name="accurate",
    network=ACCURATE,
    optimizer="adamw",
    learning_rate=0.005,
    betas=(0.9, 0.99),
    weight_decay=0.05,
    warmup=0.1,
    batch_size=128,
    epochs=24,  # of MNIST and other hands: `train --hands`
    augmentation=Augmentation(
        shift=2,
        rotation=12.0,
        scale=0.15,
        shear=0.25,
        elastic=0.9,
        pen=0.5,
        hardness=0.6,
        light=0.5,
        noise=0.15,
        aspect=0.4,
        occlusion=0.15,
        convolution=0.15,
    ),
)

RECIPES = {recipe.name: recipe for recipe in (CLASSIC_RECIPE, SPRINT_RECIPE, FAST_RECIPE, ACCURATE_RECIPE)}


def get_recipe(name: str) -> Recipe:
    """The recipe called `name`. Raises `InputError` naming the choices."""
    try:
        return RECIPES[name]
    except KeyError:
        raise InputError(f"Unknown recipe '{name}'. Choose one of: {', '.join(sorted(RECIPES))}.") from None
