"""Networks as plain data: shapes, parameters and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from exmachina.errors import InputError
from exmachina.networks import (
    CLASSIC,
    NETWORKS,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool,
    Network,
    get_network,
)

OUT = Dense("dense1", "softmax", units=10)


def test_classic_is_the_textbook_table() -> None:
    table = [(step.layer.kind, step.output_shape, step.parameters) for step in CLASSIC.steps()]
    assert table == [
        ("Conv2D", (32, 26, 26), 320),
        ("Conv2D", (64, 24, 24), 18_496),
        ("MaxPooling2D", (64, 12, 12), 0),
        ("Dropout", (64, 12, 12), 0),
        ("Flatten", (9216,), 0),
        ("Dense", (128,), 1_179_776),
        ("Dropout", (128,), 0),
        ("Dense", (10,), 1_290),
    ]
    assert CLASSIC.parameters == 1_199_882
    assert CLASSIC.classes == 10
    assert [layer.activation for layer in CLASSIC.layers if layer.activation != "linear"] == [
        *("relu", "relu", "relu", "softmax")
    ]
    assert [layer.rate for layer in CLASSIC.layers if isinstance(layer, Dropout)] == [0.25, 0.5]


def test_multiplications_of_classic_by_hand() -> None:
    by_hand = [26 * 26 * 32 * 9, 24 * 24 * 64 * 9 * 32, 0, 0, 0, 9216 * 128, 0, 128 * 10]
    assert [step.multiplications for step in CLASSIC.steps()] == by_hand


@pytest.mark.parametrize("side", [5, 12, 28])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_convolution_shapes_are_pytorchs(side: int, kernel: int, stride: int, padding: int) -> None:
    layer = Conv("conv1", filters=2, kernel=kernel, stride=stride, padding=padding)
    module = nn.Conv2d(3, 2, kernel, stride, padding)
    assert layer.output_shape((3, side, side + 1)) == tuple(module(torch.zeros(1, 3, side, side + 1)).shape[1:])
    shapes = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    assert layer.weight_shapes((3, side, side)) == shapes
    assert layer.parameters((3, side, side)) == sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("side", [4, 5, 28])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_pool_shapes_are_pytorchs(side: int, size: int) -> None:
    expected = tuple(nn.MaxPool2d(size)(torch.zeros(1, 3, side, side)).shape[1:])
    assert MaxPool("pool1", size=size).output_shape((3, side, side)) == expected


def test_batch_norm_trains_two_of_its_four_tensors() -> None:
    layer, module = BatchNorm("norm1"), nn.BatchNorm2d(5)
    shapes = {k: tuple(v.shape) for k, v in module.state_dict().items() if k != "num_batches_tracked"}
    assert layer.weight_shapes((5, 8, 8)) == shapes
    assert layer.parameters((5, 8, 8)) == sum(p.numel() for p in module.parameters()) == 10


def test_full_names_of_weights_carry_the_layer() -> None:
    assert list(CLASSIC.weight_shapes()) == [
        f"{layer}.{tensor}" for layer in ("conv1", "conv2", "dense1", "dense2") for tensor in ("weight", "bias")
    ]
    assert CLASSIC.weight_shapes()["dense1.weight"] == (128, 9216)


def test_every_registered_network_reads_28_by_28_digits_under_its_own_name() -> None:
    for name, network in NETWORKS.items():
        assert (name, network.input_shape, network.classes) == (network.name, (1, 28, 28), 10)
        assert get_network(name) is network
        total = sum(math.prod(s) for n, s in network.weight_shapes().items() if ".running_" not in n)
        assert network.parameters == total


def test_unknown_network_lists_the_choices() -> None:
    with pytest.raises(InputError, match=r"'clasic'.*classic, fast"):
        get_network("clasic")


def test_step_by_name() -> None:
    assert CLASSIC.step("pool1").input_shape == (64, 24, 24)
    with pytest.raises(InputError, match=r"no layer 'pool2'.*conv1, conv2, pool1"):
        CLASSIC.step("pool2")


def test_replace_changes_one_option_and_what_follows_from_it() -> None:
    changed = CLASSIC.replace("conv1", kernel=5, filters=8)
    assert changed.step("conv2").input_shape == (8, 24, 24)
    assert changed.step("conv1").parameters == 8 * 25 + 8
    assert CLASSIC.step("conv1").output_shape == (32, 26, 26)  # the original stays
    for layer, options in (("conv9", {"kernel": 5}), ("conv1", {"kernal": 5}), ("conv1", {"kernel": 99})):
        with pytest.raises(InputError, match=layer):
            CLASSIC.replace(layer, **options)


@pytest.mark.parametrize("value", [-1, 10**9, True, 2.0, "3", None, [3], math.nan, math.inf])
@pytest.mark.parametrize(
    ("layer", "option"),
    [(Conv, "filters"), (Conv, "kernel"), (Conv, "stride"), (Conv, "padding"), (MaxPool, "size"), (Dense, "units")],
)
def test_whole_numbers_out_of_range_are_refused(layer: type[Layer], option: str, value: Any) -> None:
    options = {"filters": 4} if layer is Conv else {}
    with pytest.raises(InputError, match=f"'one': {option} is"):
        layer("one", **{**options, option: value})


@pytest.mark.parametrize(
    "layer", [Conv("c", filters=1), MaxPool("p"), Dense("d", units=1)], ids=lambda layer: layer.kind
)
def test_nothing_of_something_is_refused(layer: Layer) -> None:
    for option in layer.limits.keys() - {"padding"}:
        with pytest.raises(InputError, match=f"{option} is 0"):
            replace(layer, **{option: 0})  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [-0.1, 1, 1.0, math.nan, True, "0.5", None])
def test_dropout_rates_out_of_range_are_refused(rate: Any) -> None:
    with pytest.raises(InputError, match="rate"):
        Dropout("drop", rate=rate)


@pytest.mark.parametrize(
    "name", ["", "1conv", "conv 1", "conv.1", "conv\n1", "é", "a" * 65, "logits", "images", None, 3]
)
def test_layer_names_that_files_could_not_carry_are_refused(name: Any) -> None:
    with pytest.raises(InputError) as caught:
        Flatten(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("activation", ["Relu", "", None, 3, ["relu"], {}])
def test_unknown_activation_lists_the_choices(activation: Any) -> None:
    with pytest.raises(InputError, match="linear, relu, softmax"):
        Flatten("flat", activation)


BAD_CHAINS: dict[str, tuple[Layer, ...]] = {
    "nothing": (),
    "no softmax": (Flatten("flat"), Dense("dense1", units=10)),
    "no dense": (Flatten("flat", "softmax"),),
    "not flat": (OUT,),
    "conv after flatten": (Flatten("flat"), Conv("conv1", filters=1), OUT),
    "pool after flatten": (Flatten("flat"), MaxPool("pool1"), OUT),
    "norm after flatten": (Flatten("flat"), BatchNorm("norm1"), OUT),
    "kernel too large": (Conv("conv1", filters=1, kernel=29), Flatten("flat"), OUT),
    "pooled away": (MaxPool("a", size=8), MaxPool("b", size=8), Flatten("flat"), OUT),
    "twice the same name": (Dropout("same", rate=0.1), Flatten("same"), OUT),
    "too many layers": (*(Dropout(f"d{n}", rate=0.1) for n in range(300)), Flatten("flat"), OUT),
    "too many values": (Conv("conv1", filters=4096, padding=64), Flatten("flat"), OUT),
    "too many parameters": (Flatten("flat"), Dense("a", units=65_536), Dense("b", units=65_536), OUT),
    "not a layer": (nn.Flatten(), OUT),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("layers", BAD_CHAINS.values(), ids=BAD_CHAINS.keys())
def test_chains_that_do_not_hold_are_refused(layers: tuple[Layer, ...]) -> None:
    with pytest.raises(InputError):
        Network("mine", layers)


@pytest.mark.parametrize(
    "options",
    [
        {"std": 0.0},
        {"std": -1.0},
        {"std": math.nan},
        {"mean": math.inf},
        {"mean": "0"},
        {"input_shape": (28, 28)},
        {"input_shape": [1, 28, 28]},
        {"input_shape": (1, 28, 10**9)},
        {"input_shape": (1, -28, 28)},
        {"input_shape": (1, 28.0, 28)},
        {"name": ""},
        {"name": "a\nb"},
        {"name": None},
    ],
)
def test_networks_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        Network(**{"name": "mine", "layers": (Flatten("flat"), OUT), **options})
    assert "\n" not in str(caught.value)
