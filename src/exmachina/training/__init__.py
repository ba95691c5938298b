"""Training: recipes, events and the loop that yields them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from exmachina.data.augmentation import Augmentation
from exmachina.training.recipes import RECIPES, Recipe, get_recipe

if TYPE_CHECKING:
    from exmachina.training.events import EpochEnd, Event, StepEnd, TrainingEnd, TrainingStarted
    from exmachina.training.finetuning import finetune
    from exmachina.training.loop import fit, train

__all__ = [
    "RECIPES",
    "Augmentation",
    "EpochEnd",
    "Event",
    "Recipe",
    "StepEnd",
    "TrainingEnd",
    "TrainingStarted",
    "finetune",
    "fit",
    "get_recipe",
    "train",
]


def __getattr__(name: str) -> Any:
    # The loop loads the engine; recipes do not.
    if name in __all__:
        home = {"finetune": "finetuning", "fit": "loop", "train": "loop"}.get(name, "events")
        return getattr(import_module(f"exmachina.training.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
