"""What a neuron would like to see: an image made to please it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from exmachina.engine import Model, Optimizer, OptimizerSettings
from exmachina.errors import InputError
from exmachina.images import SIDE
from exmachina.runs import Run

Floats = NDArray[np.float32]
STEPS = 96
RATE = 0.05
BLUR = 1.2  # pixels: the pen is never thinner
START = -1.0  # before the sigmoid: dark grey, for a black image may leave every neuron silent
SMOOTHNESS = 0.05  # what a jump between neighbouring pixels costs
INK = 0.01  # what a white pixel costs at the end; at first ink is free, so that there is something to choose from
SHIFT = 2  # pixels the image may be moved in each step, so that no pixel-exact trick pays


@dataclass(frozen=True, eq=False)
class PreferredImage:
    """An image, float32 (28, 28) in [0, 1], that excites one channel of a layer.

    `value` is the channel's mean sum (of the last layer: the logit) for it, before activation; `blank` the same
    for a black image.
    """

    layer: str
    channel: int
    image: NDArray[np.float32] = field(repr=False)
    value: float
    blank: float


def preferred_images(
    run: Run, layer: str | None = None, channels: Sequence[int] | None = None, *, steps: int = STEPS, seed: int = 0
) -> list[PreferredImage]:
    """Activation maximisation for `channels` of `layer`, by default every class of the last layer.

    Gradient ascent (Adam) on the channel's sums before activation, from faint noise, through a blur as wide as a
    pen, with a price on jumps between neighbouring pixels and a rising one on ink, and a small random shift at every
    step. Source: Erhan et al. 2009. Raises `InputError` for a layer or channel that there is not.
    """
    name = layer if layer is not None else run.network.layers[-1].name
    units = run.network.step(name).output_shape[0]
    chosen = list(range(units)) if channels is None else list(channels)
    wrong = [channel for channel in chosen if not 0 <= channel < units]
    if wrong:
        raise InputError(f"Layer '{name}' has no channel {wrong[0]}; choose from 0 to {units - 1}.")
    model = _model_of_sums(run, name)
    generator = np.random.default_rng(seed)
    raw = generator.normal(0, 0.1, (len(chosen), 1, SIDE, SIDE)).astype(np.float32)
    wanted = np.zeros((len(chosen), *run.network.step(name).output_shape), np.float32)
    wanted[np.arange(len(chosen)), chosen] = 1
    adam = Optimizer(OptimizerSettings("adamw"), raw.size)
    for step in range(steps):
        images = _drawn(raw)
        move = tuple(int(i) for i in generator.integers(-SHIFT, SHIFT + 1, 2))
        moved = np.roll(images, move, (2, 3))
        pleasure = np.roll(model.image_gradient(moved, layer=name, seeds=wanted), (-move[0], -move[1]), (2, 3))
        slope = SMOOTHNESS * _jumps_gradient(images) + np.float32(INK * step / steps) - pleasure
        raw = adam.step(raw.ravel(), _drawn_gradient(images, slope).ravel(), RATE).reshape(raw.shape)
    images = _drawn(raw)
    values, blank = (_sums(model, some, name, chosen) for some in (images, np.zeros_like(images)))
    return [
        PreferredImage(name, channel, images[i, 0], float(values[i]), float(blank[i]))
        for i, channel in enumerate(chosen)
    ]


def _model_of_sums(run: Run, name: str) -> Model:
    """The run's network with `name` giving its sums before activation."""
    last = run.network.layers[-1].name == name
    network = run.network if last else run.network.replace(name, activation="linear")
    model = Model(network, keeps_values=True, explains=True)
    model.set(run.weights)
    return model


def _drawn(raw: Floats) -> Floats:
    """Free numbers as pixels between 0 and 1, blurred as by a pen, (N, 1, 28, 28)."""
    drawn: Floats = (1 / (1 + np.exp(-(4 * _blurred(raw) + START)))).astype(np.float32)
    return drawn


def _drawn_gradient(images: Floats, slope: Floats) -> Floats:
    """The gradient with respect to the free numbers, from that of the pixels; the blur is its own transpose."""
    return _blurred(4 * images * (1 - images) * slope)


def _blurred(images: Floats) -> Floats:
    from scipy.ndimage import correlate1d

    offsets = np.arange(-3, 4)
    line = np.exp(-np.square(offsets) / (2 * BLUR**2))
    line /= line.sum()
    for axis in (2, 3):
        images = correlate1d(images, line, axis=axis, mode="constant")
    return images


def _jumps_gradient(images: Floats) -> Floats:
    """Gradient of the sum of squared differences between neighbouring pixels."""
    slope = np.zeros_like(images)
    for axis in (2, 3):
        jumps = 2 * np.diff(images, axis=axis)
        before, after = [(0, 0)] * 4, [(0, 0)] * 4
        before[axis], after[axis] = (1, 0), (0, 1)
        slope += np.pad(jumps, before) - np.pad(jumps, after)
    return slope


def _sums(model: Model, images: Floats, name: str, channels: list[int]) -> NDArray[np.float64]:
    """For image i the mean over all places of channel `channels[i]` before activation, (N,)."""
    values = model.values(images, [name])[name][np.arange(len(images)), channels]
    return np.asarray(values.reshape(len(images), -1).mean(axis=1, dtype=np.float64))
