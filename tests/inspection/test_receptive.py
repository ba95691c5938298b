"""Receptive fields, against the support of PyTorch's gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from exmachina.errors import InputError
from exmachina.inspection import Box, receptive_field
from exmachina.networks import Conv, Dense, Flatten, MaxPool, Network


def gradient_box(network: Network, layer: str, unit: tuple[int, ...]) -> Box:
    """Which pixels have a gradient when every weight is 1 and pooling takes the mean, so that none is lost."""
    pixels = torch.ones(1, 1, 28, 28, requires_grad=True)
    x = pixels
    for step in network.steps():
        item = step.layer
        if isinstance(item, Conv):
            kernel = torch.ones(item.filters, step.input_shape[0], item.kernel, item.kernel)
            x = F.conv2d(x, kernel, stride=item.stride, padding=item.padding)
        elif isinstance(item, MaxPool):
            x = F.avg_pool2d(x, item.size)
        elif isinstance(item, Flatten):
            x = x.flatten(1)
        elif isinstance(item, Dense):
            x = x @ torch.ones(step.input_shape[0], item.units)
        if item.name == layer:
            break
    x[(0, *unit)].backward()
    assert pixels.grad is not None
    rows = np.flatnonzero(pixels.grad[0, 0].sum(1).numpy())
    columns = np.flatnonzero(pixels.grad[0, 0].sum(0).numpy())
    return Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def random_network(seed: int) -> Network:
    rng = np.random.default_rng(seed)
    layers: list[object] = []
    for i in range(3):
        kernel = int(rng.integers(1, 5))
        stride, padding = int(rng.integers(1, kernel + 1)), int(rng.integers(0, kernel))
        layers.append(Conv(f"conv{i}", filters=2, kernel=kernel, stride=min(stride, 2), padding=padding))
        if rng.random() < 0.5 and i < 2:
            layers.append(MaxPool(f"pool{i}", size=2))
    layers += [Flatten("flat"), Dense("dense", "softmax", units=10)]
    return Network("random", tuple(layers))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(12))
def test_box_is_exactly_where_the_gradient_is(seed: int) -> None:
    network = random_network(seed)
    rng = np.random.default_rng(seed)
    for step in network.steps():
        shape = step.output_shape
        places = [(0, *(int(rng.integers(0, side)) for side in shape[1:])), (0, *(side - 1 for side in shape[1:]))]
        if len(shape) == 1:
            places = [(int(rng.integers(0, shape[0])),), (shape[0] - 1,)]
        for place in places:
            y, x = (place[1], place[2]) if len(shape) == 3 else (place[0], 0)
            result = receptive_field(network, step.layer.name, y, x)
            assert result.pixels == gradient_box(network, step.layer.name, place), (step.layer, place)


def test_boxes_on_the_way_are_named_from_the_image_on(tiny_network: Network) -> None:
    result = receptive_field(tiny_network, "pool1", 5, 0)
    assert list(result.boxes) == ["conv1", "pool1"]
    assert result.boxes["pool1"] == Box(5, 6, 0, 1)
    assert result.boxes["conv1"] == Box(20, 24, 0, 4)
    assert result.pixels == Box(20, 28, 0, 8)  # 4 + 5 - 1 pixels on each side
    assert (result.pixels.height, result.pixels.width) == (8, 8)


def test_dense_unit_sees_everything_that_is_not_dropped(tiny_network: Network) -> None:
    assert receptive_field(tiny_network, "dense1", 9).pixels == Box(0, 28, 0, 28)


def test_neuron_or_layer_that_does_not_exist_is_refused(tiny_network: Network) -> None:
    with pytest.raises(InputError, match=r"'pool1' has no neuron at \(6, 0\); y runs to 5 and x to 5"):
        receptive_field(tiny_network, "pool1", 6, 0)
    with pytest.raises(InputError, match="no layer 'pool7'"):
        receptive_field(tiny_network, "pool7")
