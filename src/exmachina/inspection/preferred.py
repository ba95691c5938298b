"""What a neuron would like to see: an image made to please it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.runs import Run

if TYPE_CHECKING:
    from torch import Tensor

    from exmachina.networks.module import NetworkModule

STEPS = 96
RATE = 0.05
BLUR = 1.2  # pixels: the pen is never thinner
START = -2.0  # before the sigmoid: nearly black
SMOOTHNESS = 0.05  # what a jump between neighbouring pixels costs
INK = 0.02  # what a white pixel costs
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
    pen, with a price on ink and on jumps between neighbouring pixels, and a small random shift at every step.
    Source: Erhan et al. 2009.
    """
    import torch

    from exmachina.networks.module import build, set_weights

    name = layer if layer is not None else run.network.layers[-1].name
    units = run.network.step(name).output_shape[0]
    chosen = list(range(units)) if channels is None else list(channels)
    wrong = [channel for channel in chosen if not 0 <= channel < units]
    if wrong:
        raise InputError(f"Layer '{name}' has no channel {wrong[0]}; choose from 0 to {units - 1}.")
    module = build(run.network)
    set_weights(module, run.weights)
    module.eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    raw = (torch.randn(len(chosen), *run.network.input_shape, generator=generator) * 0.1).requires_grad_()
    optimizer = torch.optim.Adam([raw], lr=RATE)
    for _ in range(steps):
        images = _drawn(raw)
        down, right = (int(i) for i in torch.randint(-SHIFT, SHIFT + 1, (2,), generator=generator))
        sums = _sums(module, torch.roll(images, (down, right), (2, 3)), name, chosen)
        jumps = images.diff(dim=2).square().sum() + images.diff(dim=3).square().sum()
        loss = SMOOTHNESS * jumps + INK * images.sum() - sums.sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        images = _drawn(raw)
        values = _sums(module, images, name, chosen).mean(dim=1)
        blank = _sums(module, torch.zeros_like(images), name, chosen).mean(dim=1)
    return [
        PreferredImage(name, channel, images[i, 0].numpy(), float(values[i]), float(blank[i]))
        for i, channel in enumerate(chosen)
    ]


def _drawn(raw: Tensor) -> Tensor:
    """Free numbers as pixels between 0 and 1, blurred as by a pen, (N, 1, 28, 28)."""
    import torch
    import torch.nn.functional as F

    line = torch.exp(-torch.arange(-3, 4).square() / (2 * BLUR**2))
    kernel = torch.outer(line, line) / line.sum() ** 2
    return torch.sigmoid(4 * F.conv2d(raw, kernel[None, None], padding=3) + START)


def _sums(module: NetworkModule, images: Tensor, name: str, channels: list[int]) -> Tensor:
    """For image i every sum of channel `channels[i]` before activation, (N, positions)."""
    from exmachina.networks.module import activate

    x = module.standardize(images)
    for layer in module.network.layers:
        sums = module.apply_layer(layer, x)
        if layer.name == name:
            break
        x = activate(sums, layer)
    return sums[range(len(channels)), channels].reshape(len(channels), -1)
