"""What a network holds for one image: kernels, feature maps, and the sums before activation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exmachina.classifier import Classifier
from exmachina.data import scale
from exmachina.engine import Model
from exmachina.errors import InputError
from exmachina.images import SIDE
from exmachina.networks import BatchNorm, Conv, Network
from exmachina.runs import Run

Array = NDArray[np.float32]
SAMPLE = 250  # images per call when looking at many; every layer's output of each is in memory


@dataclass(frozen=True, eq=False)
class Kernels:
    """The kernels of one convolution: `values` (filters, channels, k, k) and `bias` (filters,)."""

    layer: str
    values: Array = field(repr=False)
    bias: Array = field(repr=False)


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """One layer's output for one image, after its activation.

    `values` is (channels, height, width) or, for a row of units, (units,).
    """

    layer: str
    kind: str
    activation: str
    values: Array = field(repr=False)

    @property
    def signed(self) -> bool:
        """Whether any value is below zero."""
        return bool(self.values.min() < 0)

    @property
    def silent(self) -> NDArray[np.bool_]:
        """For each channel, whether it is zero everywhere for this image."""
        return np.asarray(np.all(self.values.reshape(len(self.values), -1) == 0, axis=1))

    def strongest(self) -> NDArray[np.intp]:
        """Channel numbers, the one that stands out most from its own background first.

        That is the largest value less the median, which in a map of mostly paper is the answer to paper; of units,
        which have no background, the absolute value.
        """
        values = self.values.reshape(len(self.values), -1)
        strength = np.abs(values[:, 0]) if values.shape[1] == 1 else values.max(axis=1) - np.median(values, axis=1)
        return np.argsort(-strength, kind="stable")


def kernels(run: Run, layer: str | None = None) -> Kernels:
    """The kernels of convolution `layer`, by default the first. Raises `InputError` for a layer that is none."""
    names = [item.name for item in run.network.layers if isinstance(item, Conv)]
    name = layer if layer is not None else next(iter(names), "")
    if name not in names:
        problem = f"Layer '{name}' has no kernels" if name else f"Network '{run.network.name}' has no convolution"
        raise InputError(f"{problem}; choose one of: {', '.join(names) or 'a network with a Conv layer'}.")
    return Kernels(name, run.weights[f"{name}.weight"], run.weights[f"{name}.bias"])


def check_image(image: NDArray[Any]) -> NDArray[np.uint8]:
    """The same uint8 (28, 28) image; `InputError` for anything else."""
    if image.shape != (SIDE, SIDE) or image.dtype != np.uint8:
        raise InputError(f"An image to inspect must be uint8 (28, 28), not {image.dtype} {image.shape}; normalize it.")
    return image


def network_input(network: Network, image: NDArray[np.uint8]) -> Array:
    """The pixels (1, 28, 28) as the first layer gets them: in [0, 1], then standardised as the network asks."""
    pixels: Array = (scale(check_image(image))[None] - np.float32(network.mean)) / np.float32(network.std)
    return pixels


def feature_maps(run: Run, image: NDArray[np.uint8]) -> dict[str, FeatureMaps]:
    """Every layer's output for one image uint8 (28, 28), by layer name in order; the last are probabilities."""
    outputs = Classifier.from_run(run).layers(check_image(image)[None])
    return {
        layer.name: FeatureMaps(layer.name, layer.kind, layer.activation, outputs[layer.name][0])
        for layer in run.network.layers
    }


def dead_channels(run: Run, images: NDArray[np.uint8]) -> dict[str, NDArray[np.bool_]]:
    """For each layer and channel, whether it is zero for every one of `images`, uint8 (N, 28, 28)."""
    classifier = Classifier.from_run(run)
    dead: dict[str, NDArray[np.bool_]] = {}
    for start in range(0, len(images), SAMPLE):
        outputs = classifier.layers(images[start : start + SAMPLE])
        for layer in run.network.layers:
            values = np.moveaxis(outputs[layer.name], 1, 0)  # (channels, N, ...)
            silent = np.all(values.reshape(len(values), -1) == 0, axis=1)
            dead[layer.name] = np.logical_and(dead.get(layer.name, True), silent)
    return dead


def layer_inputs(run: Run, image: NDArray[np.uint8]) -> dict[str, Array]:
    """What flows into every layer for one image, by the layer's name."""
    maps = feature_maps(run, image)
    flow = [network_input(run.network, image), *(maps[layer.name].values for layer in run.network.layers)]
    return {layer.name: flow[i] for i, layer in enumerate(run.network.layers)}


def before_activation(run: Run, image: NDArray[np.uint8], layer: str) -> Array:
    """One layer's sums for one image before ReLU or softmax: maps (C, H, W) or (units,)."""
    step = run.network.step(layer)
    last = step.layer is run.network.layers[-1]  # the engine leaves its softmax to the loss
    model = Model(
        run.network if last else run.network.replace(layer, activation="linear"), keeps_values=True, threads=1
    )
    model.set(run.weights)
    values: Array = model.values(check_image(image)[None], [layer])[layer][0]
    return values


def conv_patches(layer: Conv, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """What every position of a convolution sees, padding included: (channels, height, width, k, k)."""
    padded = np.pad(x, ((0, 0), (layer.padding,) * 2, (layer.padding,) * 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (layer.kernel, layer.kernel), axis=(1, 2))
    return np.asarray(windows[:, :: layer.stride, :: layer.stride])


def norm_factors(layer: BatchNorm, run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What batch norm does after training: each channel times a factor plus a shift."""
    names = ("weight", "bias", "running_mean", "running_var")
    gain, offset, mean, variance = (run.weights[f"{layer.name}.{name}"].astype(np.float64) for name in names)
    factor = gain / np.sqrt(variance + layer.epsilon)
    return factor, offset - mean * factor
