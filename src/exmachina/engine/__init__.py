"""The engine: small convolutional networks trained and run by one C source, which is `engine/` in the repository."""

from exmachina.engine.batches import augmented, shuffled_order
from exmachina.engine.loading import library
from exmachina.engine.model import Model, initial_weights
from exmachina.engine.optimizer import Optimizer, OptimizerSettings, scheduled_rate, training_steps

__all__ = [
    "Model",
    "Optimizer",
    "OptimizerSettings",
    "augmented",
    "initial_weights",
    "library",
    "scheduled_rate",
    "shuffled_order",
    "training_steps",
]
