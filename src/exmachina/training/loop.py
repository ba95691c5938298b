"""The one training loop: recipe and data in, events out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from exmachina.data import Dataset
from exmachina.errors import InputError, check_number
from exmachina.networks.layers import Network
from exmachina.networks.module import NetworkModule, build, get_weights
from exmachina.runs import Run, git_revision, hardware, versions
from exmachina.training.events import EpochEnd, Event, StepEnd, TrainingEnd, TrainingStarted
from exmachina.training.hardware import choose_device, choose_precision
from exmachina.training.optimizers import build_optimizer, learning_rate
from exmachina.training.recipes import Recipe

EVALUATION_BATCH = 1000


def train(
    recipe: Recipe,
    data: Dataset,
    seed: int = 0,
    *,
    validation: Dataset | None = None,
    test: Dataset | None = None,
    device: str | None = None,
) -> Iterator[Event]:
    """Train from scratch, an event at a time; to stop, cease iterating.

    The last event, `TrainingEnd`, holds the run. `validation` is evaluated after every epoch; `test` once, at
    the very end. The same recipe, data, seed and machine give the same weights.
    """
    check_number("seed", seed, 0, 2**63 - 1)
    for part in (data, validation, test):
        if part is not None:
            _check_data(part, recipe.network)
    session = _Session(recipe, data, seed, choose_device(device), test)
    batches = session.batches()
    steps_per_epoch = -(-len(data) // recipe.batch_size)
    steps = max(1, round(recipe.epochs * steps_per_epoch))
    yield TrainingStarted(
        recipe,
        seed,
        len(data),
        steps,
        steps_per_epoch,
        session.precision,
        str(session.device),
        torch.get_num_threads(),
        session.snapshot,
    )
    total = _Totals()
    for step in range(steps):
        rate = learning_rate(recipe, step, steps)
        images, labels = next(batches)
        loss, logits = session.learn(images, labels, rate)
        accuracy = (logits.argmax(dim=1) == labels).float().mean()
        total.add(loss, accuracy, len(labels))
        epoch = step // steps_per_epoch + 1
        yield StepEnd(step + 1, epoch, rate, session.seconds(), loss, accuracy, session.snapshot)
        if (step + 1) % steps_per_epoch == 0 or step + 1 == steps:
            means = total.means()
            val_loss, val_accuracy = session.evaluate(validation) if validation is not None else (None, None)
            now = session.seconds()
            end = EpochEnd(epoch, step + 1, *means, now, val_loss, val_accuracy, session.snapshot)
            session.record(end)
            total = _Totals()
            yield end
    if test is not None:
        session.test = session.evaluate(test)
    yield TrainingEnd(session.snapshot(interrupted=False))


def _check_data(data: Dataset, network: Network) -> None:
    if not len(data):
        raise InputError(f"'{data.name}' holds no images.")
    if data.labels.max() >= network.classes:
        raise InputError(
            f"'{data.name}' has label {data.labels.max()}; '{network.name}' tells {network.classes} classes."
        )
    if network.input_shape != (1, *data.images.shape[1:]):
        raise InputError(f"'{network.name}' takes {network.input_shape}, not images of {data.images.shape[1:]}.")


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


@dataclass
class _Session:
    """What training holds between two events."""

    recipe: Recipe
    data: Dataset
    seed: int
    device: torch.device
    test_data: Dataset | None
    history: list[dict[str, Any]] = field(default_factory=list)
    test: tuple[float | None, float | None] = (None, None)

    def __post_init__(self) -> None:
        self.start = time.perf_counter()
        self.precision = choose_precision(self.recipe.precision, self.device)
        self.module: NetworkModule = build(self.recipe.network, seed=self.seed).to(self.device)
        self.generator = torch.Generator(self.device).manual_seed(self.seed)
        self.module.generator = self.generator
        self.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = build_optimizer(self.recipe, self.module.parameters())

    def seconds(self) -> float:
        return time.perf_counter() - self.start

    def autocast(self) -> Any:
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16, cache_enabled=False)

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Shuffled batches without end, a new order every epoch."""
        images, labels = to_tensors(self.data, self.device)
        size = self.recipe.batch_size
        while True:
            order = torch.randperm(len(labels), generator=self.generator, device=self.device)
            for start in range(0, len(labels), size):
                chosen = order[start : start + size]
                yield pixels(images[chosen]), labels[chosen]

    def learn(self, images: Tensor, labels: Tensor, rate: float) -> tuple[Tensor, Tensor]:
        """One step of gradient descent; returns the batch's loss and logits."""
        self.module.train()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with self.autocast():
            logits = self.module(images)
        logits = logits.float()
        loss = F.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return loss.detach(), logits.detach()

    def evaluate(self, data: Dataset) -> tuple[float, float]:
        with self.autocast():
            return evaluate(self.module, data)

    def record(self, end: EpochEnd) -> None:
        names = ("epoch", "step", "loss", "accuracy", "seconds", "validation_loss", "validation_accuracy")
        self.history.append({name: getattr(end, name) for name in names})

    def snapshot(self, *, interrupted: bool = True) -> Run:
        """The run as it stands."""
        return Run(
            self.recipe.network,
            get_weights(self.module),
            self.recipe.to_json(),
            self.seed,
            list(self.history),
            splits={
                "data": self.data.name,
                "train": len(self.data),
                "test": len(self.test_data) if self.test_data is not None else 0,
            },
            train_seconds=self.seconds(),
            test_loss=self.test[0],
            test_accuracy=self.test[1],
            precision=self.precision,
            device=str(self.device),
            threads=torch.get_num_threads(),
            interrupted=interrupted,
            versions=versions(),
            hardware=hardware(),
            git_revision=git_revision(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def to_tensors(data: Dataset, device: torch.device) -> tuple[Tensor, Tensor]:
    """Images uint8 (N, 1, 28, 28) and labels int64 (N,) on the device."""
    images = torch.from_numpy(np.array(data.images))[:, None]
    return images.to(device), torch.from_numpy(data.labels.astype(np.int64)).to(device)


def pixels(images: Tensor) -> Tensor:
    """Bytes 0 … 255 as float32 from 0 to 1."""
    return images.float().div_(255)


@torch.inference_mode()
def evaluate(module: NetworkModule, data: Dataset) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of a module on a data set, without dropout."""
    module.eval()
    device = next(module.parameters()).device
    images, labels = to_tensors(data, device)
    loss, correct = 0.0, 0
    for start in range(0, len(labels), EVALUATION_BATCH):
        target = labels[start : start + EVALUATION_BATCH]
        logits = module(pixels(images[start : start + EVALUATION_BATCH])).float()
        loss += float(F.cross_entropy(logits, target, reduction="sum"))
        correct += int((logits.argmax(dim=1) == target).sum())
    return loss / len(labels), correct / len(labels)
