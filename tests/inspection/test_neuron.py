"""A neuron's whole sum, against PyTorch's value and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.inspection import feature_maps, neuron_sum, strongest_neuron
from exmachina.networks import Conv
from exmachina.runs import Run
from exmachina.training.pytorch.module import build

SUMMED = ("Conv2D", "Dense", "BatchNormalization")


def test_sum_equals_pytorchs_value_everywhere(random_network_run: Run, test_digits: Dataset) -> None:
    rng = np.random.default_rng(0)
    image = test_digits.images[2]
    module = build(random_network_run.network, random_network_run.weights)
    module.eval()
    pixels = torch.from_numpy(image.astype(np.float32) / 255)[None, None]
    with torch.no_grad():
        values = {name: value[0].numpy() for name, value in module.layers(pixels)}
        values[random_network_run.network.layers[-1].name] = module(pixels)[0].numpy()  # of the last, the logits
    for step in random_network_run.network.steps():
        if step.layer.kind not in SUMMED:
            continue
        for _ in range(6):
            place = tuple(int(rng.integers(0, size)) for size in step.output_shape)
            result = neuron_sum(random_network_run, image, step.layer.name, *place)
            expected = float(values[step.layer.name][place])
            assert result.computed == pytest.approx(expected, rel=1e-4, abs=1e-4), (step.layer.name, place)
            assert result.value == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_sum_at_a_padded_corner_counts_nothing_outside(random_network_run: Run, test_digits: Dataset) -> None:
    convolutions = (layer for layer in random_network_run.network.layers if isinstance(layer, Conv))
    padded = next(layer for layer in convolutions if layer.padding)
    result = neuron_sum(random_network_run, test_digits.images[0], padded.name, 0, 0, 0)
    for item in result.contributions:
        assert not item.inputs[: padded.padding].any()
        assert not item.inputs[:, : padded.padding].any()


def test_contributions_are_ranked_and_add_up(random_network_run: Run, test_digits: Dataset) -> None:
    name = [layer.name for layer in random_network_run.network.layers if layer.kind == "Conv2D"][1]
    result = neuron_sum(random_network_run, test_digits.images[3], name, 1, 2, 2)
    sizes = [abs(item.total) for item in result.contributions]
    assert sizes == sorted(sizes, reverse=True)
    assert sorted(item.channel for item in result.contributions) == list(range(len(sizes)))
    top = sum(item.total for item in result.contributions[:2])
    assert top + result.rest(2) == pytest.approx(result.total)
    assert result.before_activation == pytest.approx(result.factor * (result.total + result.bias) + result.shift)


def test_one_convolution_by_hand(tiny_run: Run, test_digits: Dataset) -> None:
    image = test_digits.images[7]
    result = neuron_sum(tiny_run, image, "conv1", 2, 10, 8)
    window = (image[10:15, 8:13].astype(float) / 255 - 0.1) / 0.3
    by_hand = sum(
        window[i, j] * float(tiny_run.weights["conv1.weight"][2, 0, i, j]) for i in range(5) for j in range(5)
    )
    assert result.total == pytest.approx(by_hand, rel=1e-5)
    assert result.bias == pytest.approx(float(tiny_run.weights["conv1.bias"][2]))
    assert result.computed == pytest.approx(max(0, by_hand + result.bias), rel=1e-5)


def test_dense_inputs_are_grouped_by_the_map_they_came_from(tiny_run: Run, test_digits: Dataset) -> None:
    image = test_digits.images[7]
    result = neuron_sum(tiny_run, image, "dense1", 3)
    pooled = feature_maps(tiny_run, image)["pool1"].values
    assert len(result.contributions) == 4
    for item in result.contributions:
        np.testing.assert_allclose(item.inputs, pooled[item.channel], rtol=1e-6)


def test_batch_norm_right_after_a_convolution_has_its_sum(normed_run: Run, test_digits: Dataset) -> None:
    run = normed_run
    result = neuron_sum(run, test_digits.images[0], "norm", 4, 7, 7)
    gain, variance = (float(run.weights[f"norm.{name}"][4]) for name in ("weight", "running_var"))
    assert result.factor == pytest.approx(gain / (variance + 1e-5) ** 0.5, rel=1e-5)
    assert result.activation == "relu"


def test_strongest_neuron_has_the_largest_value(tiny_run: Run, test_digits: Dataset) -> None:
    image = test_digits.images[4]
    channel, y, x = strongest_neuron(tiny_run, image, "conv1")
    values = feature_maps(tiny_run, image)["conv1"].values
    assert values[channel, y, x] == values.max()
    assert strongest_neuron(tiny_run, image, "dense1")[1:] == (0, 0)


@pytest.mark.parametrize("layer", ["pool1", "flatten1"])
def test_layer_without_sums_is_refused_with_the_choices(tiny_run: Run, test_digits: Dataset, layer: str) -> None:
    with pytest.raises(InputError, match=f"'{layer}' are no weighted sums; choose one of: conv1, dense1"):
        neuron_sum(tiny_run, test_digits.images[0], layer, 0)


def test_neuron_outside_its_layer_is_refused(tiny_run: Run, test_digits: Dataset) -> None:
    with pytest.raises(InputError, match=r"'conv1' is 4 × 24 × 24; it has no neuron \(4, 0, 0\)"):
        neuron_sum(tiny_run, test_digits.images[0], "conv1", 4)
    with pytest.raises(InputError, match=r"it has no neuron \(0, -1, 0\)"):
        neuron_sum(tiny_run, test_digits.images[0], "conv1", 0, -1)
    with pytest.raises(InputError, match="no layer 'conv9'"):
        neuron_sum(tiny_run, test_digits.images[0], "conv9", 0)


def test_a_sum_that_is_not_the_networks_value_is_noticed(
    tiny_run: Run, test_digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exmachina.inspection.neuron._network_value", lambda *_: 123.0)
    with pytest.raises(AssertionError, match="≠ network 123"):
        neuron_sum(tiny_run, test_digits.images[0], "conv1", 0)
