"""PyTorch in double precision as the engine's oracle, and networks to try it on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from exmachina.engine import initial_weights
from exmachina.networks import MaxPool, Network
from exmachina.runs import Weights
from exmachina.training.pytorch.module import NetworkModule, activate, build

Floats = NDArray[np.float32]
NEAR = 2e-6  # how near a kink rounding may fall on its other side, as a share of the layer's spread


@dataclass(frozen=True)
class Expected:
    """What PyTorch finds of a batch in training: values, loss, gradients, and how far it is from a kink.

    At a kink, where a ReLU is at zero or two values of a pooling window are equal, a gradient may go either way;
    `margin` is the smallest distance from one, as a share of the layer's spread.
    """

    logits: NDArray[np.float64]
    loss: float
    gradients: dict[str, NDArray[np.float64]]
    image_gradient: NDArray[np.float64]
    margin: float


def expect(
    network: Network,
    weights: Weights,
    images: Floats,
    labels: NDArray[np.uint8],
    smoothing: float = 0.0,
    precision: torch.dtype = torch.float64,
) -> Expected:
    """A batch (N, C, H, W) of pixels, learned; batch norm goes by the batch."""
    module = build(network, weights).to(precision).train()
    pixels = torch.from_numpy(images).to(precision).requires_grad_()
    margin, logits = follow(module, pixels)
    loss = F.cross_entropy(logits, torch.from_numpy(labels.astype(np.int64)), label_smoothing=smoothing)
    names = [name for name, _ in module.named_parameters()]
    image_gradient, *gradients = torch.autograd.grad(loss, [pixels, *module.parameters()])
    result = {name: gradient.numpy() for name, gradient in zip(names, gradients, strict=True)}
    return Expected(logits.detach().numpy(), float(loss.detach()), result, image_gradient.numpy(), margin)


def follow(module: NetworkModule, pixels: torch.Tensor) -> tuple[float, torch.Tensor]:
    """The network layer by layer, by its definition: the margin (see `Expected`) and the logits."""
    x, margin = module.standardize(pixels), np.inf
    for layer in module.network.layers:
        before, x = x, module.apply_layer(layer, x)
        if layer.activation == "relu":
            away = torch.where(x == 0, torch.inf, x.abs() / (x.std() + 1e-9))  # what is exactly zero stays so
            margin = min(margin, float(away.min().detach()))
        if isinstance(layer, MaxPool) and layer.size > 1:
            margin = min(margin, pool_margin(before, layer.size))
        if layer is not module.network.layers[-1]:
            x = activate(x, layer)
    return margin, x


def images_far_from_kinks(network: Network, weights: Weights, count: int) -> Floats:
    """Images (N, C, H, W) for which rounding decides no gradient of a network that reads."""
    module = build(network, weights).double().eval()
    for seed in range(200):
        images = np.random.default_rng(seed).random((count, *network.input_shape), dtype=np.float32)
        if follow(module, torch.from_numpy(images).double())[0] > NEAR:
            return images
    raise AssertionError(f"every image is near a kink of {network.name}")


def pool_margin(x: torch.Tensor, size: int) -> float:
    """How far the largest value of a window is above the second, unless both are zero."""
    windows = F.unfold(x.flatten(0, 1)[:, None], size, stride=size)  # (N·C, size², windows)
    first, second = windows.topk(2, dim=1).values.unbind(dim=1)
    gap = torch.where((first == 0) & (second == 0), torch.inf, (first - second) / (x.std() + 1e-9))
    return float(gap.min().detach())


def random_weights(network: Network, seed: int) -> Weights:
    """Weights of which none is neutral: biases, and batch norm's past included."""
    rng = np.random.default_rng(seed)
    weights = initial_weights(network, seed)
    for name, array in weights.items():
        if name.endswith((".bias", ".running_mean")):
            weights[name] = rng.uniform(-0.3, 0.3, array.shape).astype(np.float32)
        elif array.ndim == 1:
            weights[name] = rng.uniform(0.5, 1.5, array.shape).astype(np.float32)
    return weights
