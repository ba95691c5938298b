"""Feature maps and sums before activation, against PyTorch."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.inspection import (
    before_activation,
    dead_channels,
    feature_maps,
    kernels,
    layer_inputs,
    network_input,
)
from exmachina.runs import Run
from exmachina.training.pytorch.module import activate, build


def torch_layers(run: Run, image: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Every layer's sums and activations, from PyTorch's own layers."""
    module = build(run.network, run.weights)
    module.eval()
    x = module.standardize(torch.from_numpy(image.astype(np.float32) / 255)[None, None])
    result = {}
    with torch.no_grad():
        for layer in run.network.layers:
            sums = module.apply_layer(layer, x)
            x = activate(sums, layer)
            result[layer.name] = (sums[0].numpy(), x[0].numpy())
    return result


def test_sums_and_maps_equal_pytorchs(random_network_run: Run, test_digits: Dataset) -> None:
    image = test_digits.images[0]
    expected = torch_layers(random_network_run, image)
    maps = feature_maps(random_network_run, image)
    assert list(maps) == list(expected)
    for name, (sums, activations) in expected.items():
        np.testing.assert_allclose(before_activation(random_network_run, image, name), sums, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(maps[name].values, activations, rtol=1e-4, atol=1e-4)


def test_input_of_a_layer_is_the_output_of_the_one_before(random_network_run: Run, test_digits: Dataset) -> None:
    image = test_digits.images[1]
    inputs, maps = layer_inputs(random_network_run, image), feature_maps(random_network_run, image)
    names = list(maps)
    np.testing.assert_array_equal(inputs[names[0]], network_input(random_network_run.network, image))
    for before, after in pairwise(names):
        np.testing.assert_array_equal(inputs[after], maps[before].values)


def test_input_is_standardised_as_the_network_asks(tiny_run: Run) -> None:
    image = np.zeros((28, 28), np.uint8)
    image[3, 4] = 255
    pixels = network_input(tiny_run.network, image)
    assert pixels[0, 3, 4] == pytest.approx((1 - 0.1) / 0.3)
    assert pixels[0, 0, 0] == pytest.approx(-0.1 / 0.3)


def test_channel_with_a_hopeless_bias_is_silent_and_dead(tiny_run: Run, test_digits: Dataset) -> None:
    weights = {name: array.copy() for name, array in tiny_run.weights.items()}
    weights["conv1.bias"][2] = -1000
    run = Run(tiny_run.network, weights, {})
    assert feature_maps(run, test_digits.images[0])["conv1"].silent.tolist()[2]
    dead = dead_channels(run, test_digits.images[:300])  # more than one batch
    assert dead["conv1"][2] and dead["pool1"][2]
    assert not dead["conv1"][[0, 1, 3]].all()
    assert not dead["dense1"].any()


def test_channel_silent_for_one_digit_need_not_be_dead(tiny_run: Run, test_digits: Dataset) -> None:
    blank = np.zeros((1, 28, 28), np.uint8)
    weights = {name: array.copy() for name, array in tiny_run.weights.items()}
    # The same kernel everywhere in blank paper gives one value; a bias that cancels it silences blank paper alone.
    weights["conv1.weight"][0] = 1.0
    weights["conv1.bias"][0] = 25 * 0.1 / 0.3
    run = Run(tiny_run.network, weights, {})
    assert np.abs(feature_maps(run, blank[0])["conv1"].values[0]).max() < 1e-4
    weights["conv1.bias"][0] -= 1e-3
    assert dead_channels(run, blank)["conv1"][0]
    assert not dead_channels(run, np.concatenate([blank, test_digits.images[:1]]))["conv1"][0]


def test_strongest_channel_answers_to_ink_and_not_to_paper(tiny_run: Run, test_digits: Dataset) -> None:
    maps = feature_maps(tiny_run, test_digits.images[5])["conv1"]
    values = maps.values.copy()
    values[2] = 9.0  # everywhere the same: an answer to nothing
    values[1] = 0.0
    values[1, 5, 5] = 8.0  # one place that sees something
    order = replace(maps, values=values).strongest().tolist()
    assert (order[0], order[-1]) == (1, 2)


def test_kernels_are_those_of_the_first_convolution_unless_named(random_network_run: Run) -> None:
    first = kernels(random_network_run)
    assert first.layer == random_network_run.network.layers[0].name
    np.testing.assert_array_equal(first.values, random_network_run.weights[f"{first.layer}.weight"])
    named = [layer.name for layer in random_network_run.network.layers if layer.kind == "Conv2D"][1]
    assert kernels(random_network_run, named).values.shape == random_network_run.weights[f"{named}.weight"].shape


def test_layer_without_kernels_is_refused_with_the_choices(tiny_run: Run) -> None:
    with pytest.raises(InputError, match="'dense1' has no kernels; choose one of: conv1"):
        kernels(tiny_run, "dense1")


def test_image_of_another_shape_or_type_is_refused(tiny_run: Run) -> None:
    with pytest.raises(InputError, match=r"uint8 \(28, 28\), not float64 \(28, 28\)"):
        feature_maps(tiny_run, np.zeros((28, 28)))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"not uint8 \(27, 28\)"):
        before_activation(tiny_run, np.zeros((27, 28), np.uint8), "conv1")
