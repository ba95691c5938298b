"""What training holds between two events, and the one way in which a step is taken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from exmachina.data import Dataset
from exmachina.engine import scheduled_rate
from exmachina.runs import Run, git_revision, hardware, versions
from exmachina.training.events import EpochEnd, Event, StepEnd, TrainingEnd, TrainingStarted
from exmachina.training.learner import Batch, Learner
from exmachina.training.recipes import Recipe


@dataclass
class Session:
    """A network in training: its learner, what it learns from, and since when."""

    recipe: Recipe
    learner: Learner
    data: Dataset
    seed: int
    start: float  # by time.perf_counter, when everything was still uint8 arrays
    test: Dataset | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    tested: tuple[float | None, float | None] = (None, None)  # loss and accuracy

    def events(
        self, batches: Iterator[Batch], steps: int, steps_per_epoch: int, validation: Dataset | None = None
    ) -> Iterator[Event]:
        """Take `steps` steps on `batches`, telling of each; then open the test set, if there is one."""
        recipe, learner = self.recipe, self.learner
        yield TrainingStarted(
            recipe,
            self.seed,
            len(self.data),
            steps,
            steps_per_epoch,
            learner.precision,
            learner.device,
            learner.threads,
            self.snapshot,
        )
        total = _Totals()
        for step in range(steps):
            if step == int(recipe.freeze_first_after * steps):
                learner.freeze_first()
            rate = scheduled_rate(recipe.learning_rate, recipe.schedule, recipe.warmup, step, steps)
            batch = next(batches)
            loss, accuracy = learner.learn(batch, step, rate)
            total.add(loss, accuracy, len(batch))
            epoch = step // steps_per_epoch + 1
            yield StepEnd(step + 1, epoch, rate, self.seconds(), loss, accuracy, self.snapshot)
            if (step + 1) % steps_per_epoch == 0 or step + 1 == steps:
                checked = learner.evaluate(validation) if validation is not None else (None, None)
                yield self._epoch_end(epoch, step + 1, total.means(), checked)
                total = _Totals()
        if self.test is not None:
            self.tested = learner.evaluate(self.test)
        yield TrainingEnd(self.snapshot(interrupted=False))

    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self.start

    def snapshot(self, *, interrupted: bool = True) -> Run:
        """The run as it stands."""
        learner = self.learner
        return Run(
            self.recipe.network,
            learner.weights(),
            self.recipe.to_record(),
            self.seed,
            list(self.history),
            splits={
                "data": self.data.name,
                "train": len(self.data),
                "test": len(self.test) if self.test is not None else 0,
            },
            train_seconds=self.seconds(),
            test_loss=self.tested[0],
            test_accuracy=self.tested[1],
            precision=learner.precision,
            device=learner.device,
            threads=learner.threads,
            interrupted=interrupted,
            versions=versions(*(name for name in [learner.backend] if name != "engine")),
            hardware={**hardware(), "engine": learner.engine},
            git_revision=git_revision(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _epoch_end(
        self, epoch: int, step: int, means: tuple[float, float], checked: tuple[float | None, float | None]
    ) -> EpochEnd:
        end = EpochEnd(epoch, step, *means, self.seconds(), *checked, self.snapshot)
        names = ("epoch", "step", "loss", "accuracy", "seconds", "validation_loss", "validation_accuracy")
        self.history.append({name: getattr(end, name) for name in names})
        return end


@dataclass
class _Totals:
    """Running sums of one epoch; of a learner on a GPU they stay there, so that nothing waits for them."""

    loss: Any = 0.0
    accuracy: Any = 0.0
    images: int = 0

    def add(self, loss: Any, accuracy: Any, images: int) -> None:
        self.loss = self.loss + loss * images
        self.accuracy = self.accuracy + accuracy * images
        self.images += images

    def means(self) -> tuple[float, float]:
        return float(self.loss) / self.images, float(self.accuracy) / self.images
