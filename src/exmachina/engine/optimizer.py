"""The engine's optimizers: their settings, their schedule, and each by itself on any numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from exmachina.engine.loading import library

OPTIMIZERS = ("adadelta", "adamw", "sgd")  # the numbers by which the engine knows them; see engine/optimizers.h


@dataclass(frozen=True)
class OptimizerSettings:
    """Which optimizer, and all that it needs to know but the learning rate. The formulas are PyTorch's.

    `betas` belong to AdamW, `rho` to Adadelta, `momentum` (Nesterov's) to SGD, `label_smoothing` to the loss.
    """

    optimizer: Literal["adadelta", "adamw", "sgd"] = "adamw"
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.9
    rho: float = 0.95
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    label_smoothing: float = 0.0

    def numbers(self) -> tuple[Any, ...]:
        """The optimizer's number and its options, in the engine's order."""
        decay = 0.0 if self.optimizer == "adadelta" else self.weight_decay
        return OPTIMIZERS.index(self.optimizer), *self.betas, self.momentum, self.rho, self.epsilon, decay


class Optimizer:
    """An optimizer that walks with `count` numbers of your own: the very step that a training takes."""

    def __init__(self, settings: OptimizerSettings, count: int) -> None:
        self.settings = settings
        self._engine = library()
        self._state = [self._engine.zeros(count, np.float32) for _ in range(4)]  # place, gradient, running means
        self._steps = 0

    def step(
        self, place: NDArray[np.floating], gradient: NDArray[np.floating], learning_rate: float
    ) -> NDArray[np.float32]:
        """Where the optimizer goes from `place` along `gradient`, both (count,)."""
        here, slope, first, second = self._state
        here[:], slope[:] = place, gradient
        self._steps += 1
        arrays = [self._engine.address(array) for array in (here, slope, first, second)]
        self._engine.call("optimize", *self.settings.numbers(), self._steps, learning_rate, *arrays, len(here))
        return here.copy()


def training_steps(epochs: float, steps_per_epoch: int) -> int:
    """How many steps `epochs` are, at least one."""
    return int(library().call("training_steps", epochs, steps_per_epoch))


def scheduled_rate(peak: float, schedule: str, warmup: float, step: int, steps: int) -> float:
    """The learning rate of step `step` (from 0) of `steps`: constant, or up over `warmup` of them and then to zero."""
    return float(library().call("learning_rate", peak, int(schedule == "one_cycle"), warmup, step, steps))
