"""A network in the engine's memory: it reads, learns and explains."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import accumulate
from threading import Lock
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from exmachina.engine.interface import Library, halves
from exmachina.engine.loading import library
from exmachina.engine.optimizer import OptimizerSettings
from exmachina.errors import InputError
from exmachina.networks.layers import BatchNorm, Conv, Dense, Dropout, Flatten, Layer, MaxPool, Network

Floats = NDArray[np.float32]
Weights = dict[str, Floats]
Quantity = Literal["weights", "gradients", "first_moments", "second_moments"]

# The numbers by which the engine knows these; see engine/network.h, optimizers.h and model.h.
KINDS: tuple[type[Layer], ...] = (Conv, MaxPool, BatchNorm, Dropout, Flatten, Dense)
ACTIVATIONS = ("linear", "relu", "softmax")
QUANTITIES = ("weights", "gradients", "first_moments", "second_moments")
LEARN, KEEP, EXPLAIN = 1, 2, 4
LOSS_ONLY, GRADIENT, UPDATE = 0, 1, 2
BLOCK = 32  # images that one thread reads at a time
MOST_THREADS = 64


class Model:
    """A network with weights of its own, on all cores or on `threads` of them.

    `learns`: the largest batch that it will learn; 0 for a model that only reads. `keeps_values`: every layer's output
    can be asked for. `explains`: gradients with respect to the pixels can be. What is not asked for costs nothing: only
    a model that need not keep a convolution's output can go on to its pooling at once. Its weights begin as zeros.

    Images are uint8 (N, H, W) or float32 (N, C, H, W) from 0 to 1. One call at a time is inside; others wait. Raises
    `InputError` if the network does not fit into memory.
    """

    def __init__(
        self,
        network: Network,
        *,
        learns: int = 0,
        keeps_values: bool = False,
        explains: bool = False,
        threads: int | None = None,
        engine: Library | None = None,
    ) -> None:
        self.network = network
        self.engine = engine or library()
        self.threads = min(threads or cores(), MOST_THREADS) if self.engine.parallel else 1
        self._lock = Lock()
        self._shapes = [step.output_shape for step in network.steps()]
        self._size = sum(map(math.prod, network.weight_shapes().values()))
        self._names = [layer.name for layer in network.layers]
        description = self.engine.place(describe(network))
        channels, height, width = network.input_shape
        uses = LEARN * bool(learns) | KEEP * keeps_values | EXPLAIN * explains
        arguments = (
            self.engine.address(description),
            len(description),
            height,
            width,
            channels,
            uses,
            learns,
            self.threads,
        )
        try:
            planned = self.engine.zeros(self.engine.call("model_size"), np.uint8)
            floats = int(self.engine.call("model_floats", self.engine.address(planned), *arguments))
            if floats <= 0:
                raise InputError(f"The engine has no room for layer '{self._names[-floats - 1]}' of '{network.name}'.")
            self._memory = self.engine.zeros(floats, np.float32)
        except (MemoryError, ValueError):
            raise InputError(
                f"Network '{network.name}' with batches of {learns} does not fit into memory; use smaller batches."
            ) from None
        self._model = self.engine.call(
            "model_create", self.engine.address(self._memory), *arguments, network.mean, network.std
        )

    # ---- weights ---------------------------------------------------------------------------------------------------

    def initialize(self, seed: int) -> None:
        """Glorot-uniform kernels and zero biases, the same for the same seed on every machine."""
        self.engine.call("model_initialize", self._model, *halves(seed))

    def get(self, quantity: Quantity = "weights") -> Weights:
        """The weights, or what the optimizer knows of them, in PyTorch's layout by full name."""
        shapes = self.network.weight_shapes()
        flat = self.engine.zeros(self._size, np.float32)
        self.engine.call("model_get", self._model, QUANTITIES.index(quantity), self.engine.address(flat))
        parts = np.split(np.array(flat), np.cumsum([math.prod(shape) for shape in shapes.values()])[:-1])
        return {
            name: part.reshape(shape)
            for (name, shape), part in zip(shapes.items(), parts, strict=True)
            if quantity == "weights" or ".running_" not in name
        }

    def set(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Load such weights."""
        flat = np.concatenate([np.asarray(weights[name], np.float32).ravel() for name in self.network.weight_shapes()])
        self.engine.call("model_set", self._model, self.engine.address(self.engine.place(flat)))

    # ---- reading ---------------------------------------------------------------------------------------------------

    def logits(self, images: NDArray[Any]) -> Floats:
        """The scores (N, classes) before softmax."""
        return self._read(images, [len(self._names) - 1])[0]

    def values(self, images: NDArray[Any], layers: Sequence[str] | None = None) -> dict[str, Floats]:
        """Outputs after activation of the named layers, by default of all: (N, C, H, W) or (N, units).

        Of the last layer these are logits: its softmax belongs to the loss. The model must keep values.
        """
        names = self._names if layers is None else list(layers)
        result = self._read(images, [self._names.index(name) for name in names])
        return dict(zip(names, result, strict=True))

    # ---- learning --------------------------------------------------------------------------------------------------

    def prepare(self, settings: OptimizerSettings, augmentation: Sequence[float] | None = None) -> None:
        """Begin a training: the optimizer forgets its past, and every batch is augmented from now on."""
        number, *options = settings.numbers()
        self.engine.call("model_settings", self._model, number, *options, settings.label_smoothing)
        numbers = self.engine.place(np.array(augmentation or (0.0,) * 12, np.float32))
        self.engine.call("model_augment", self._model, self.engine.address(numbers))

    def learn(
        self,
        images: NDArray[Any],
        labels: NDArray[np.uint8],
        order: NDArray[np.int32] | None = None,
        *,
        rate: float = 0.0,
        seed: int = 0,
        step: int = 0,
        how: int = UPDATE,
    ) -> tuple[float, float]:
        """One step on a batch: the images that `order` names, or all. Returns its loss and accuracy before the step.

        What `engine.place` gave is used where it lies. `seed` and `step` (from 0) decide what dropout and augmentation
        do. `how` may stop after the loss or after the gradient.
        """
        images, labels = self.engine.place(channels_last(images)), self.engine.place(labels)
        order = None if order is None else self.engine.place(order)
        count = len(labels) if order is None else len(order)
        with self._lock:
            self.engine.call(
                "model_learn", self._model, *self._pixels(images), self.engine.address(order),
                self.engine.address(labels), count, rate, *halves(seed), step, how,
            )  # fmt: skip
            self._finish(8)
            loss = self.engine.call("model_loss", self._model)
            return loss, self.engine.call("model_right", self._model) / count

    def freeze_first(self) -> None:
        """Until `prepare`, the first layer with weights learns no more, and no gradient is computed for it."""
        self.engine.call("model_freeze_first", self._model)

    # ---- explaining ------------------------------------------------------------------------------------------------

    def image_gradient(
        self,
        images: Floats,
        labels: NDArray[np.uint8] | None = None,
        *,
        layer: str | None = None,
        seeds: Floats | None = None,
    ) -> Floats:
        """Gradient with respect to the pixels, (N, C, H, W), of each image's cross-entropy with `labels`.

        Or, with `seeds` (N, *shape of the layer), of the sum of `seeds` times the layer's values before activation.
        The model must explain and, for another layer than the last, keep values.
        """
        images = self.engine.place(channels_last(images))
        gradient = self.engine.zeros((len(images), *self.network.input_shape), np.float32)
        number = self._names.index(layer) if layer is not None else len(self._names) - 1
        placed_labels = None if labels is None else self.engine.place(np.asarray(labels, np.uint8))
        placed_seeds = None if seeds is None else self.engine.place(np.asarray(seeds, np.float32))
        with self._lock:
            self.engine.call(
                "model_explain", self._model, self.engine.address(images), self.engine.address(placed_labels),
                self.engine.address(placed_seeds), number, len(images), self.engine.address(gradient),
            )  # fmt: skip
            self._finish(-(-len(images) // BLOCK))
        return gradient

    # ---- inside ----------------------------------------------------------------------------------------------------

    def _read(self, images: NDArray[Any], layers: Sequence[int]) -> list[Floats]:
        images = self.engine.place(channels_last(images))
        shapes = [(len(images), *self._shapes[layer]) for layer in layers]
        ends = list(accumulate(map(math.prod, shapes), initial=0))
        values = self.engine.zeros(ends[-1], np.float32)  # one place for all of them: for one image it counts
        address = self.engine.address(values)
        with self._lock:
            for layer, start in zip(layers, ends, strict=False):
                self.engine.call("model_want", self._model, layer, address + 4 * start, 0)
            self.engine.call("model_read", self._model, *self._pixels(images), 0, len(images))
            self._finish(-(-len(images) // BLOCK))
            for layer in layers:
                self.engine.call("model_want", self._model, layer, 0, 0)
        return [
            values[start : start + math.prod(shape)].reshape(shape) for start, shape in zip(ends, shapes, strict=False)
        ]

    def _pixels(self, images: NDArray[Any]) -> tuple[int, int]:
        address = self.engine.address(images)
        return (address, 0) if images.dtype == np.uint8 else (0, address)

    def _finish(self, tasks: int) -> None:
        """Work on what was begun until it is done, with the help of other threads if there is enough of it."""
        for thread in range(1, min(self.threads, tasks)):
            helpers().submit(self._help, thread)
        self.engine.call("model_finish", self._model)

    def _help(self, thread: int) -> None:  # as a method, so that whoever comes late still finds the memory
        self.engine.call("model_work", self._model, thread)


def initial_weights(network: Network, seed: int) -> Weights:
    """What a training with this seed begins from, on any machine and any backend."""
    model = Model(network, threads=1)
    model.initialize(seed)
    return model.get()


def describe(network: Network) -> NDArray[np.int32]:
    """The network as the engine takes it: eight words a layer, one of them a float."""
    rows = np.zeros((len(network.layers), 8), np.int32)
    for row, layer in zip(rows, network.layers, strict=True):
        row[:2] = KINDS.index(type(layer)), ACTIVATIONS.index(layer.activation)
        if isinstance(layer, Conv):
            row[2:6] = layer.filters, layer.kernel, layer.stride, layer.padding
        elif isinstance(layer, Dense):
            row[2] = layer.units
        elif isinstance(layer, MaxPool):
            row[2] = layer.size
        elif isinstance(layer, Dropout | BatchNorm):
            option = layer.rate if isinstance(layer, Dropout) else layer.epsilon
            row[6:7] = np.array([option], np.float32).view(np.int32)
    return rows


def channels_last(images: NDArray[Any]) -> NDArray[Any]:
    """Images as the engine wants them: bytes as they are, floats (N, C, H, W) as (N, H, W, C)."""
    if images.dtype == np.uint8:
        return images
    return np.ascontiguousarray(np.moveaxis(np.asarray(images, np.float32), 1, -1))


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache
def helpers() -> ThreadPoolExecutor:
    """The threads that help, shared by all models; each only takes what is there to do and is free again."""
    return ThreadPoolExecutor(max(cores() - 1, 1), "exmachina")
