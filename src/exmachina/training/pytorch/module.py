"""A network description built as a PyTorch module."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from exmachina.errors import InputError
from exmachina.networks.layers import BatchNorm, Conv, Dense, Dropout, Flatten, Layer, MaxPool, Network, Step
from exmachina.runs import Weights


class NetworkModule(nn.Module):
    """The trainable form of a `Network`: images (N, 1, 28, 28) in [0, 1] → logits (N, classes).

    Its state dict has the names of `Network.weight_shapes()` and nothing else.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.generator: torch.Generator | None = None  # of dropout; `None` takes PyTorch's global one
        for step in network.steps():
            module = _build(step)
            if module is not None:
                self._add(step.layer.name, module)

    def layers(self, images: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Every layer's name and its output after activation, in order; the last yields probabilities."""
        x = self.standardize(images)
        for layer in self.network.layers:
            x = activate(self.apply_layer(layer, x), layer)
            yield layer.name, x

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes) for images (N, 1, 28, 28) in [0, 1], in the precision of the weights."""
        x = _channels_last(self.standardize(images).to(self.dtype))
        layers = self.network.layers
        for layer, following in pairwise(layers):
            if isinstance(layer, Flatten) and layer.activation == "linear" and isinstance(following, Dense):
                continue
            x = self.apply_layer(layer, x)
            # ReLU and max-pooling commute; pooling first leaves ReLU a quarter of the work.
            if layer.activation == "relu" and isinstance(following, MaxPool):
                continue
            if isinstance(layer, MaxPool):
                x = self._late_relu(x, layer)
            x = activate(x, layer)
        return self.apply_layer(layers[-1], x)

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the weights."""
        return next(self.parameters()).dtype

    def standardize(self, images: Tensor) -> Tensor:
        """Pixels in [0, 1] as the first layer wants them."""
        if self.network.mean == 0 and self.network.std == 1:
            return images
        return (images - self.network.mean) / self.network.std

    def apply_layer(self, layer: Layer, x: Tensor) -> Tensor:
        """One layer without its activation."""
        if isinstance(layer, Dropout):
            return dropout(x, layer.rate, self.generator) if self.training else x
        if isinstance(layer, MaxPool):
            return F.max_pool2d(x, layer.size)
        if isinstance(layer, Flatten):
            return x.flatten(1)
        if isinstance(layer, Dense) and x.dim() == 4:
            return flat_dense(x, getattr(self, layer.name))
        result: Tensor = self.get_submodule(layer.name)(x)
        return result

    def _add(self, name: str, module: nn.Module) -> None:
        try:
            self.add_module(name, module)
        except KeyError:  # `train`, `float` and a hundred more are PyTorch's own
            raise InputError(f"PyTorch allows no layer called '{name}'; choose another name.") from None

    def _late_relu(self, x: Tensor, pool: MaxPool) -> Tensor:
        before = self.network.layers[self.network.layers.index(pool) - 1]
        return F.relu(x) if before.activation == "relu" else x


def build(network: Network, weights: Weights) -> NetworkModule:
    """A module of the network with these weights."""
    module = NetworkModule(network)
    module.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in weights.items()})
    return module


def get_weights(module: nn.Module) -> Weights:
    """A copy of a module's tensors as float32 NumPy arrays in PyTorch's (N, C, H, W) layout."""
    return {
        name: tensor.detach().to("cpu", torch.float32, copy=True).contiguous().numpy()
        for name, tensor in module.state_dict().items()
    }


def activate(x: Tensor, layer: Layer) -> Tensor:
    """A layer's activation, applied to its output."""
    if layer.activation == "relu":
        return F.relu(x)
    if layer.activation == "softmax":
        return F.softmax(x, dim=1)
    return x


def flat_dense(x: Tensor, dense: nn.Linear) -> Tensor:
    """`Flatten` and `Dense` in one: the maps stay as they lie, channels innermost, and the weights are reordered.

    There are fewer weights than values, and the gradient comes back in the layout that the layers before it like.
    """
    count, channels, height, width = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(count, -1)
    kernels = dense.weight.view(-1, channels, height, width).permute(0, 2, 3, 1)
    return F.linear(rows, kernels.reshape(len(dense.weight), -1), dense.bias)


def dropout(x: Tensor, rate: float, generator: torch.Generator | None = None) -> Tensor:
    """Each value zero with probability `rate` (to 1/65,536), the rest scaled up so that the mean stays.

    A mask from raw random bits costs less than one from `bernoulli_`, which draws a float per value on one core.
    """
    # One byte a value where the rate is a whole number of 256ths, as 0.25 and 0.5 are; else two.
    kind, levels = (torch.uint8, 256) if (rate * 256).is_integer() else (torch.uint16, 65_536)
    words = -(-x.numel() * kind.itemsize // 8)
    raw = torch.randint(-(2**63), 2**63 - 1, (words,), generator=generator, device=x.device)
    bits = raw.view(kind)[: x.numel()].to(torch.int32 if kind == torch.uint16 else kind)
    kept = torch.as_strided(bits, x.shape, x.stride()) >= round(rate * levels)
    return x * kept.to(x.dtype).mul_(1 / (1 - rate))


def _channels_last(images: Tensor) -> Tensor:
    """The same one-channel images, marked so that convolutions keep channels innermost, as pooling likes them.

    Of one channel both layouts are the same bytes, and PyTorch would go by the first.
    """
    _, channels, height, width = images.shape
    if channels != 1 or not images.is_contiguous():
        return images
    return images.as_strided(images.shape, (height * width, 1, width, 1))


class _BatchNorm(nn.BatchNorm2d):
    """Batch norm without PyTorch's batch counter, which no other format knows."""

    def __init__(self, channels: int, epsilon: float) -> None:
        super().__init__(channels, eps=epsilon, momentum=0.1)
        self.num_batches_tracked = None

    def _load_from_state_dict(self, *args: Any) -> None:
        nn.Module._load_from_state_dict(self, *args)  # PyTorch's own would put a counter back


def _build(step: Step) -> nn.Module | None:
    """The module of one layer, its kernels still to be drawn: `reset` does that, from its own generator."""
    layer, shape = step.layer, step.input_shape
    if isinstance(layer, Conv):
        conv = nn.Conv2d(shape[0], layer.filters, layer.kernel, layer.stride, layer.padding, device="meta")
        return conv.to_empty(device="cpu")
    if isinstance(layer, Dense):
        return nn.Linear(shape[0], layer.units, device="meta").to_empty(device="cpu")
    if isinstance(layer, BatchNorm):
        return _BatchNorm(shape[0], layer.epsilon)
    return None
