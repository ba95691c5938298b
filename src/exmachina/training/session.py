"""What training holds between two events, and the one way in which a step is taken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from exmachina.data import Dataset
from exmachina.networks.module import NetworkModule, build, get_weights, set_weights
from exmachina.runs import Run, Weights, git_revision, hardware, versions
from exmachina.training.events import EpochEnd, Event, StepEnd, TrainingEnd, TrainingStarted
from exmachina.training.hardware import choose_precision, keep_freed_memory
from exmachina.training.optimizers import build_optimizer, learning_rate
from exmachina.training.parameters import Parameters
from exmachina.training.recipes import Recipe

EVALUATION_BATCH = 500

Batch = tuple[Tensor, Tensor]  # images (N, 1, 28, 28) in [0, 1] and labels (N,)


@dataclass
class Session:
    """A network in training. `weights`, if given, is where it starts; else it starts from scratch."""

    recipe: Recipe
    data: Dataset
    seed: int
    device: torch.device
    test: Dataset | None = None
    weights: Weights | None = field(default=None, repr=False)
    history: list[dict[str, Any]] = field(default_factory=list)
    tested: tuple[float | None, float | None] = (None, None)  # loss and accuracy

    def __post_init__(self) -> None:
        if self.device.type == "cpu":
            keep_freed_memory()
        self.start = time.perf_counter()
        self.precision = choose_precision(self.recipe.precision, self.device)
        self.generator = torch.Generator(self.device).manual_seed(self.seed)
        module = build(self.recipe.network, seed=self.seed)
        if self.weights is not None:
            set_weights(module, self.weights)
        module.generator = self.generator
        self.parameters = Parameters(module.to(self.device), self.precision)
        self.optimizer = build_optimizer(self.recipe, [self.parameters.master])

    def events(
        self, batches: Iterator[Batch], steps: int, steps_per_epoch: int, validation: Dataset | None = None
    ) -> Iterator[Event]:
        """Take `steps` steps on `batches`, telling of each; then open the test set, if there is one."""
        yield TrainingStarted(
            self.recipe,
            self.seed,
            len(self.data),
            steps,
            steps_per_epoch,
            self.precision,
            str(self.device),
            torch.get_num_threads(),
            self.snapshot,
        )
        total = _Totals()
        for step in range(steps):
            rate = learning_rate(self.recipe, step, steps)
            images, labels = next(batches)
            loss, accuracy = self.learn(images, labels, rate)
            total.add(loss, accuracy, len(labels))
            epoch = step // steps_per_epoch + 1
            yield StepEnd(step + 1, epoch, rate, self.seconds(), loss, accuracy, self.snapshot)
            if (step + 1) % steps_per_epoch == 0 or step + 1 == steps:
                means = total.means()
                checked = evaluate(self.parameters.module, validation) if validation is not None else (None, None)
                yield self._epoch_end(epoch, step + 1, means, checked)
                total = _Totals()
        if self.test is not None:
            self.tested = evaluate(self.parameters.module, self.test)
        yield TrainingEnd(self.snapshot(interrupted=False))

    def learn(self, images: Tensor, labels: Tensor, rate: float) -> tuple[Tensor, Tensor]:
        """One step of gradient descent; returns the batch's loss and its accuracy before the step."""
        module = self.parameters.working.train()
        logits = module(images).float()
        loss = F.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)
        self.parameters.gradients_of(loss)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.parameters.refresh()
        return loss.detach(), (logits.detach().argmax(dim=1) == labels).float().mean()

    def seconds(self) -> float:
        """Since this session was made, when everything was still uint8 arrays."""
        return time.perf_counter() - self.start

    def snapshot(self, *, interrupted: bool = True) -> Run:
        """The run as it stands."""
        return Run(
            self.recipe.network,
            get_weights(self.parameters.module),
            self.recipe.to_json(),
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
            precision=self.precision,
            device=str(self.device),
            threads=torch.get_num_threads(),
            interrupted=interrupted,
            versions=versions(),
            hardware=hardware(),
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
    """Running sums of one epoch, kept on the device so that nothing waits for them."""

    loss: Tensor | float = 0.0
    accuracy: Tensor | float = 0.0
    images: int = 0

    def add(self, loss: Tensor, accuracy: Tensor, images: int) -> None:
        self.loss = self.loss + loss * images
        self.accuracy = self.accuracy + accuracy * images
        self.images += images

    def means(self) -> tuple[float, float]:
        return float(self.loss) / self.images, float(self.accuracy) / self.images


def to_tensors(data: Dataset, device: torch.device) -> tuple[Tensor, Tensor]:
    """Images uint8 (N, 1, 28, 28) and labels int64 (N,) on the device."""
    images = torch.from_numpy(np.array(data.images))[:, None]
    return images.to(device), torch.from_numpy(data.labels.astype(np.int64)).to(device)


def pixels(images: Tensor) -> Tensor:
    """Bytes 0 … 255 as float32 from 0 to 1."""
    return images.float().div_(255)


@torch.inference_mode()
def evaluate(module: NetworkModule, data: Dataset) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of a module on a data set, in float32 and without dropout."""
    module.eval()
    device = next(module.parameters()).device
    images, labels = to_tensors(data, device)
    loss = torch.zeros((), device=device)
    correct = torch.zeros((), dtype=torch.int64, device=device)
    for start in range(0, len(labels), EVALUATION_BATCH):
        target = labels[start : start + EVALUATION_BATCH]
        logits = module(pixels(images[start : start + EVALUATION_BATCH]))
        loss += F.cross_entropy(logits, target, reduction="sum")
        correct += (logits.argmax(dim=1) == target).sum()
    return float(loss) / len(labels), int(correct) / len(labels)
