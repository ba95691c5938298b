"""The PyTorch form of a network against arithmetic by hand and against PyTorch's own layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import nn

from exmachina.engine import initial_weights
from exmachina.errors import InputError
from exmachina.networks import NETWORKS, BatchNorm, Conv, Dropout, Flatten, Network
from exmachina.training.pytorch.module import NetworkModule, build, dropout, get_weights
from varied import BENT, OUT, VARIED

ALL = [VARIED, BENT, *NETWORKS.values()]


@pytest.mark.parametrize("network", ALL, ids=lambda network: network.name)
def test_state_dict_is_exactly_what_the_description_says(network: Network) -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in NetworkModule(network).state_dict().items()}
    assert shapes == network.weight_shapes()
    trainable = sum(parameter.numel() for parameter in NetworkModule(network).parameters())
    assert trainable == network.parameters


@pytest.mark.parametrize("network", ALL, ids=lambda network: network.name)
def test_shapes_that_flow_are_those_described(network: Network) -> None:
    with torch.inference_mode():
        result = dict(NetworkModule(network).eval().layers(torch.rand(2, *network.input_shape)))
    assert list(result) == [layer.name for layer in network.layers]
    for step in network.steps():
        assert tuple(result[step.layer.name].shape) == (2, *step.output_shape)


@pytest.mark.parametrize("network", ALL, ids=lambda network: network.name)
def test_forward_with_its_shortcuts_equals_layer_by_layer(network: Network) -> None:
    module = build(network, initial_weights(network, 0)).eval()
    randomise(module)
    images = torch.rand(8, *network.input_shape)
    with torch.inference_mode():
        *_, (_, probabilities) = module.layers(images)
        torch.testing.assert_close(torch.softmax(module(images), 1), probabilities)


def randomise(module: nn.Module) -> None:
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2, generator=generator)
            elif tensor.ndim == 1:
                tensor.normal_(0, 0.5, generator=generator)


def test_layers_equal_the_same_chain_of_pytorchs_own() -> None:
    module = build(VARIED, initial_weights(VARIED, 0)).eval()
    randomise(module)
    chain: dict[str, list[nn.Module]] = {
        "pool0": [nn.MaxPool2d(2), nn.ReLU()],
        "conv1": [nn.Conv2d(1, 4, 5, 2, 2), nn.ReLU()],
        "pool1": [nn.MaxPool2d(2)],
        "conv2": [nn.Conv2d(4, 6, 2)],
        "norm2": [nn.BatchNorm2d(6), nn.ReLU()],
        "pool2": [nn.MaxPool2d(2), nn.ReLU()],
        "dropout1": [nn.Dropout(0.25)],
        "flatten1": [nn.Flatten()],
        "dense1": [nn.Linear(6, 7), nn.ReLU()],
        "out": [nn.Linear(7, 10), nn.Softmax(1)],
    }
    images = torch.rand(8, 1, 28, 28)
    x = (images - 0.1) / 0.3
    with torch.inference_mode():
        for name, result in module.layers(images):
            for part in chain[name]:
                state = {k.split(".")[1]: v for k, v in module.state_dict().items() if k.startswith(f"{name}.")}
                part.load_state_dict(state if part.state_dict() else {}, strict=False)
                x = part.eval()(x)
            torch.testing.assert_close(result, x)


def test_convolution_by_hand() -> None:
    network = Network("one", (Conv("conv1", filters=3, kernel=3, stride=2, padding=1), Flatten("flat"), OUT))
    module = build(network, initial_weights(network, 1)).eval()
    randomise(module)
    weights = get_weights(module)
    image = np.random.default_rng(0).random((28, 28), dtype=np.float32)
    windows = sliding_window_view(np.pad(image, 1), (3, 3))[::2, ::2]  # (14, 14, 3, 3)
    by_hand = np.einsum("hwij,fij->fhw", windows, weights["conv1.weight"][:, 0]) + weights["conv1.bias"][:, None, None]
    with torch.inference_mode():
        _, result = next(module.layers(torch.from_numpy(image)[None, None]))
    np.testing.assert_allclose(result[0].numpy(), by_hand, atol=1e-6)


def test_one_convolution_written_out() -> None:
    image = np.arange(9, dtype=np.float32).reshape(3, 3)
    kernel = np.array([[1, 0], [0, -1]], np.float32)
    network = Network("two", (Conv("conv1", filters=1, kernel=2), Flatten("flat"), OUT), input_shape=(1, 3, 3))
    module = build(network, {**initial_weights(network, 0), "conv1.weight": kernel[None, None]})
    with torch.inference_mode():
        _, result = next(module.layers(torch.from_numpy(image)[None, None]))
    assert result[0, 0].tolist() == [[0 - 4, 1 - 5], [3 - 7, 4 - 8]]  # no flip: cross-correlation


def test_batch_norm_learns_from_its_batch_and_keeps_a_running_mean() -> None:
    network = Network("norm", (BatchNorm("norm1", epsilon=1e-5), Flatten("flat"), OUT))
    module = build(network, initial_weights(network, 0))
    images = torch.rand(16, 1, 28, 28)
    _, result = next(module.train().layers(images))
    by_hand = (images - images.mean()) / (images.var(unbiased=False) + 1e-5).sqrt()
    torch.testing.assert_close(result, by_hand)
    weights = get_weights(module)
    assert weights["norm1.running_mean"][0] == pytest.approx(0.1 * float(images.mean()), rel=1e-5)
    assert weights["norm1.running_var"][0] == pytest.approx(0.9 + 0.1 * float(images.var()), rel=1e-5)


def test_a_seeded_network_leaves_pytorchs_global_generator_alone() -> None:
    before = torch.get_rng_state()
    module = build(VARIED, initial_weights(VARIED, 1))
    module.generator = torch.Generator().manual_seed(0)
    module.train()(torch.zeros(4, 1, 28, 28))
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_are_copies_in_float32() -> None:
    module = build(VARIED, initial_weights(VARIED, 1)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    weights = get_weights(module)
    assert all(array.dtype == np.float32 and array.flags.c_contiguous for array in weights.values())
    weights["conv1.weight"][:] = 0
    assert float(module.state_dict()["conv1.weight"].abs().max()) > 0
    rebuilt = build(VARIED, weights)
    assert float(rebuilt.state_dict()["conv1.weight"].abs().max()) == 0


def test_dropout_zeroes_its_share_and_keeps_the_mean() -> None:
    x = torch.ones(200_000)
    dropped = dropout(x, 0.25, torch.Generator().manual_seed(0))
    assert sorted(set(dropped.tolist())) == pytest.approx([0, 4 / 3])
    assert float((dropped == 0).float().mean()) == pytest.approx(0.25, abs=0.005)
    assert float(dropped.mean()) == pytest.approx(1, abs=0.01)
    again = dropout(x, 0.25, torch.Generator().manual_seed(0))
    torch.testing.assert_close(dropped, again)
    torch.testing.assert_close(dropout(x, 0.0), x)


def test_dropout_works_in_training_alone() -> None:
    network = Network("drop", (Dropout("dropout1", rate=0.5), Flatten("flat"), OUT))
    images = torch.rand(2, 1, 28, 28)
    assert torch.equal(next(NetworkModule(network).eval().layers(images))[1], images)
    assert not torch.equal(next(NetworkModule(network).train().layers(images))[1], images)


def test_a_name_that_pytorch_needs_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="'train'"):
        NetworkModule(Network("mine", (Conv("train", filters=1), Flatten("flat"), OUT)))
