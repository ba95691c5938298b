"""What happens during training, as frozen events for whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import SupportsFloat

from exmachina.runs import Run
from exmachina.training.recipes import Recipe


@dataclass(frozen=True)
class TrainingStarted:
    """Everything is ready; the clock has started."""

    recipe: Recipe
    seed: int
    images: int
    steps: int
    steps_per_epoch: int
    precision: str
    device: str
    threads: int
    snapshot: Callable[[], Run] = field(repr=False)


@dataclass(frozen=True)
class StepEnd:
    """One batch was learned. `snapshot()` gives the network as it is right now, as an interrupted run.

    Take a snapshot before asking for the next event: it shows the present, not the past.
    """

    step: int  # from 1
    epoch: int  # from 1
    learning_rate: float
    seconds: float  # since the start
    loss_value: SupportsFloat = field(repr=False)
    accuracy_value: SupportsFloat = field(repr=False)
    snapshot: Callable[[], Run] = field(repr=False)

    @property
    def loss(self) -> float:
        """Mean cross-entropy of this batch. On a GPU, asking makes training wait for the answer."""
        return float(self.loss_value)

    @property
    def accuracy(self) -> float:
        """Fraction of this batch that was read as labelled, before it was learned."""
        return float(self.accuracy_value)


@dataclass(frozen=True)
class EpochEnd:
    """Every training image was seen once more (or the last, partial epoch ended)."""

    epoch: int
    step: int
    loss: float  # mean over the epoch's batches, as each was learned
    accuracy: float
    seconds: float  # since the start
    validation_loss: float | None
    validation_accuracy: float | None
    snapshot: Callable[[], Run] = field(repr=False)


@dataclass(frozen=True)
class TrainingEnd:
    """Training is over and, if there was a test set, it was opened once."""

    run: Run

    @property
    def seconds(self) -> float:
        """From uint8 arrays in memory to here, the test evaluation included."""
        return self.run.train_seconds


Event = TrainingStarted | StepEnd | EpochEnd | TrainingEnd
