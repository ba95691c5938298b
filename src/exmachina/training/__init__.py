"""Training: recipes, events and the loop that yields them."""

from typing import TYPE_CHECKING, Any

from exmachina.data.augmentation import Augmentation
from exmachina.training.recipes import RECIPES, Recipe, get_recipe

if TYPE_CHECKING:
    from exmachina.training.events import EpochEnd, Event, StepEnd, TrainingEnd, TrainingStarted
    from exmachina.training.loop import train

__all__ = [
    "RECIPES",
    "Augmentation",
    "EpochEnd",
    "Event",
    "Recipe",
    "StepEnd",
    "TrainingEnd",
    "TrainingStarted",
    "get_recipe",
    "train",
]


def __getattr__(name: str) -> Any:
    # The loop loads the engine; recipes do not.
    if name == "train":
        from exmachina.training.loop import train

        return train
    if name in __all__:
        from exmachina.training import events

        return getattr(events, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
