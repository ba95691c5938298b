"""One neuron's whole sum, product by product, equal to what the network computes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from exmachina.classifier import Classifier
from exmachina.errors import InputError
from exmachina.inspection.outputs import (
    FeatureMaps,
    check_image,
    conv_patches,
    feature_maps,
    network_input,
    norm_factors,
)
from exmachina.networks import BatchNorm, Conv, Dense, Dropout, Flatten
from exmachina.networks.layers import Shape, Step
from exmachina.runs import Run


@dataclass(frozen=True, eq=False)
class Contribution:
    """What one input channel adds: `inputs` times `weights`, both (k, k) (in a dense layer, the channel's map)."""

    channel: int
    inputs: NDArray[np.float64] = field(repr=False)
    weights: NDArray[np.float64] = field(repr=False)

    @property
    def products(self) -> NDArray[np.float64]:
        """Input times weight at every place."""
        return self.inputs * self.weights

    @property
    def total(self) -> float:
        """The sum of the products."""
        return float(self.products.sum())


@dataclass(frozen=True, eq=False)
class NeuronSum:
    """value = activation(factor · (Σ contributions + bias) + shift).

    `contributions` are ranked by |total|. `factor` and `shift` are batch norm's, 1 and 0 where there is none.
    `stride` is how far the next neuron's window lies, in inputs.
    `value` is the network's own number (for the last layer its logit); `computed` the sum's, and equal to it.
    """

    layer: str
    kind: str
    channel: int
    y: int
    x: int
    contributions: tuple[Contribution, ...] = field(repr=False)
    bias: float
    factor: float
    shift: float
    activation: str
    value: float
    stride: int = 1

    @property
    def total(self) -> float:
        """Sum of all contributions, before bias."""
        return math.fsum(item.total for item in self.contributions)

    @property
    def before_activation(self) -> float:
        """The sum with bias and batch norm."""
        return self.factor * (self.total + self.bias) + self.shift

    @property
    def computed(self) -> float:
        """The neuron's value as this sum gives it."""
        return max(self.before_activation, 0.0) if self.activation == "relu" else self.before_activation

    def rest(self, shown: int) -> float:
        """What the channels after the first `shown` add together."""
        return math.fsum(item.total for item in self.contributions[shown:])


def neuron_sum(run: Run, image: NDArray[np.uint8], layer: str, channel: int, y: int = 0, x: int = 0) -> NeuronSum:
    """The sum of one neuron of a convolution or dense layer, or of the batch norm right after a convolution.

    `image` is uint8 (28, 28). In a dense layer `channel` is the unit; its inputs are grouped by the feature map they
    came from. Raises `InputError` if there is no such neuron, and `AssertionError` if the sum is not the network's
    value.
    """
    check_image(image)
    steps = list(run.network.steps())
    named = run.network.step(layer)
    index = [step.layer.name for step in steps].index(named.layer.name)
    weighted, norm = (index - 1, named.layer) if isinstance(named.layer, BatchNorm) and index else (index, None)
    step = steps[weighted]
    if not isinstance(step.layer, Conv | Dense) or (norm and step.layer.activation != "linear"):
        names = ", ".join(item.name for item in run.network.layers if isinstance(item, Conv | Dense))
        raise InputError(f"The neurons of layer '{layer}' are no weighted sums; choose one of: {names}.")
    _check_place(step, channel, y, x)
    maps = feature_maps(run, image)
    inputs = maps[steps[weighted - 1].layer.name].values if weighted else network_input(run.network, image)
    weights = run.weights[f"{step.layer.name}.weight"][channel].astype(np.float64)
    if isinstance(step.layer, Conv):
        patches = conv_patches(step.layer, inputs.astype(np.float64))[:, y, x]  # (C, k, k)
    else:
        grouped = _unflattened(steps[:weighted], step.input_shape)
        patches = inputs.astype(np.float64).reshape(grouped)
        weights = weights.reshape(grouped)
    contributions = [Contribution(i, patch, weights[i]) for i, patch in enumerate(patches)]
    contributions.sort(key=lambda item: -abs(item.total))
    factor, shift = 1.0, 0.0
    if norm:
        factors, shifts = norm_factors(norm, run)
        factor, shift = float(factors[channel]), float(shifts[channel])
    result = NeuronSum(
        layer,
        named.layer.kind,
        channel,
        y,
        x,
        tuple(contributions),
        float(run.weights[f"{step.layer.name}.bias"][channel]),
        factor,
        shift,
        named.layer.activation,
        _network_value(run, image, maps, named, channel, y, x),
        step.layer.stride if isinstance(step.layer, Conv) else 1,
    )
    size = abs(factor) * math.fsum(float(np.abs(item.products).sum()) for item in contributions)
    if not math.isclose(result.computed, result.value, rel_tol=1e-4, abs_tol=1e-5 * (1 + size)):
        raise AssertionError(f"{layer}[{channel}, {y}, {x}]: sum {result.computed} ≠ network {result.value}")
    return result


def strongest_neuron(run: Run, image: NDArray[np.uint8], layer: str) -> tuple[int, int, int]:
    """Channel, row and column of the layer's largest value for an image; row and column are 0 for units."""
    values = feature_maps(run, image)[run.network.step(layer).layer.name].values
    place = [int(i) for i in np.unravel_index(int(values.argmax()), values.shape)]
    channel, y, x = [*place, 0, 0][:3]
    return channel, y, x


def _network_value(run: Run, image: NDArray[np.uint8], maps: Mapping[str, FeatureMaps], step: Step, *at: int) -> float:
    if step.layer is run.network.layers[-1]:  # its output is a probability, which all logits share
        return float(Classifier.from_run(run).logits(image[None])[0, at[0]])
    values = maps[step.layer.name].values
    return float(values[at] if values.ndim == 3 else values[at[0]])


def _check_place(step: Step, channel: int, y: int, x: int) -> None:
    shape = (*step.output_shape, 1, 1)[:3]
    if not all(0 <= i < size for i, size in zip((channel, y, x), shape, strict=True)):
        limits = " × ".join(map(str, step.output_shape))
        raise InputError(f"Layer '{step.layer.name}' is {limits}; it has no neuron ({channel}, {y}, {x}).")


def _unflattened(before: list[Step], shape: Shape) -> Shape:
    """The map shape that a row was flattened from, or one value per channel."""
    for step in reversed(before):
        if isinstance(step.layer, Flatten):
            return step.input_shape
        if not isinstance(step.layer, Dropout):
            break
    return (shape[0], 1, 1)
