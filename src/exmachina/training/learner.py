"""What learns: a network and its optimizer, on the engine or, where PyTorch is asked for by name, on PyTorch."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Protocol, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from exmachina.data import Dataset
from exmachina.engine import Model, OptimizerSettings, initial_weights
from exmachina.errors import InputError
from exmachina.runs import Weights
from exmachina.training.recipes import Recipe

BACKENDS = ("engine", "torch")
EXTRA = "pip install 'hello-ex-machina[torch]'"


@dataclass(frozen=True, eq=False)
class Batch:
    """Images to learn from: bytes (M, H, W) of which `order` (N,) names some, or pixels from 0 to 1, (N, 1, H, W)."""

    images: NDArray[Any] = field(repr=False)
    labels: NDArray[np.uint8] = field(repr=False)  # of every image, (M,) or (N,)
    order: NDArray[np.int32] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.labels if self.order is None else self.order)


class Learner(Protocol):
    """A network in training, wherever it is computed."""

    backend: str  # engine or torch
    engine: str  # the engine's instruction set, or torch
    precision: str
    device: str
    threads: int

    def place(self, data: Dataset) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Images and labels where batches can be taken from them quickly."""

    def learn(self, batch: Batch, step: int, rate: float) -> tuple[SupportsFloat, SupportsFloat]:
        """Take step `step` (from 0); returns the batch's loss and accuracy before it."""

    def freeze_first(self) -> None:
        """From the next step on the first layer with weights learns no more."""

    def weights(self) -> Weights:
        """A copy of the weights as they are now."""

    def evaluate(self, data: Dataset) -> tuple[float, float]:
        """Mean cross-entropy and accuracy, without dropout."""


class EngineLearner:
    """A model of the engine: float32, on all cores of this machine or on `threads` of them."""

    backend, precision, device = "engine", "fp32", "cpu"

    def __init__(self, recipe: Recipe, seed: int, weights: Weights | None = None, threads: int | None = None) -> None:
        self._model = Model(recipe.network, learns=recipe.batch_size, threads=threads)
        self._seed = seed
        self.threads = self._model.threads
        self.engine = self._model.engine.name
        if weights is None:
            self._model.initialize(seed)
        else:
            self._model.set(weights)
        self._model.prepare(settings_of(recipe), recipe.augmentation.numbers())

    def place(self, data: Dataset) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        return self._model.engine.place(data.images), self._model.engine.place(data.labels)

    def learn(self, batch: Batch, step: int, rate: float) -> tuple[float, float]:
        return self._model.learn(batch.images, batch.labels, batch.order, rate=rate, seed=self._seed, step=step)

    def freeze_first(self) -> None:
        self._model.freeze_first()

    def weights(self) -> Weights:
        return self._model.get()

    def evaluate(self, data: Dataset) -> tuple[float, float]:
        return score(self._model.logits(data.images), data.labels)


def settings_of(recipe: Recipe) -> OptimizerSettings:
    """What a recipe says of its optimizer."""
    return OptimizerSettings(
        recipe.optimizer,
        recipe.betas,
        recipe.momentum,
        recipe.rho,
        recipe.epsilon,
        recipe.weight_decay,
        recipe.label_smoothing,
    )


def score(logits: NDArray[np.float32], labels: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of logits (N, classes)."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return float(losses.mean()), float((logits.argmax(axis=1) == labels).mean())


def make_learner(
    recipe: Recipe,
    seed: int,
    *,
    backend: str | None = None,
    device: str | None = None,
    threads: int | None = None,
    weights: Weights | None = None,
) -> Learner:
    """The learner that is asked for: the engine's, unless the backend, the device or the precision needs PyTorch."""
    if choose_backend(recipe, backend, device) == "engine":
        return EngineLearner(recipe, seed, weights, threads)
    # PyTorch's threads wait for each other at every operation. By default they wait awake, which on cores that others
    # use as well makes a step fifty times as slow; a short wait costs nothing on free ones.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    from exmachina.training.pytorch.learner import TorchLearner

    start = weights if weights is not None else initial_weights(recipe.network, seed)
    return TorchLearner(recipe, seed, start, device, threads)


def _installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ImportError:
        return False


def choose_backend(recipe: Recipe, backend: str | None = None, device: str | None = None) -> str:
    """engine or torch. Raises `InputError` where PyTorch is needed and missing, or an unknown one is named."""
    if backend is not None and backend not in BACKENDS:
        raise InputError(f"Unknown backend '{backend}'. Choose one of: {', '.join(BACKENDS)}.")
    reason = None
    if device is not None and device != "cpu":
        reason = f"Device '{device}'"
    elif recipe.precision == "bf16":
        reason = "Precision bf16"
    if backend == "engine" and reason is not None:
        raise InputError(f"{reason} needs the backend torch, not engine; leave one of them out.")
    if backend == "engine" or (backend is None and reason is None):
        return "engine"
    if not _installed("torch"):
        raise InputError(f"{reason or 'The backend torch'} needs PyTorch: {EXTRA}")
    if device is not None:
        from exmachina.training.pytorch.hardware import choose_device

        choose_device(device)  # refused here, before anything was done
    return "torch"
