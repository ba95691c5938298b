"""The ONNX model against PyTorch, layer by layer, against ONNX's own checker, and as a part of its run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import helper, numpy_helper

from exmachina.classifier import Classifier
from exmachina.engine import initial_weights
from exmachina.errors import InputError
from exmachina.networks import NETWORKS, BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool, Network
from exmachina.runs import Run
from exmachina.runs.onnx_graph import build_onnx
from exmachina.training.pytorch.module import build, get_weights

VARIED = Network(
    "varied",
    (
        Conv("conv1", "relu", filters=4, kernel=5, stride=2, padding=2),
        BatchNorm("norm1", epsilon=1e-3),
        MaxPool("pool1", "relu", size=3),
        Conv("conv2", filters=6, kernel=2, padding=1),
        BatchNorm("norm2", "relu"),
        Conv("conv3", "softmax", filters=3, kernel=1),
        Dropout("dropout1", rate=0.25),
        Flatten("flatten1"),
        Dense("dense1", "relu", units=7),
        Dense("dense2", "softmax", units=10),
    ),
    mean=0.1,
    std=0.3,
)
ALL = [VARIED, *NETWORKS.values()]


def trained(network: Network) -> torch.nn.Module:
    """A module whose every tensor, batch norm's past included, is its own."""
    module = build(network, initial_weights(network, 1))
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2, generator=generator)
            elif tensor.ndim == 1:
                tensor.normal_(0.1, 0.5, generator=generator)
    return module.eval()


@pytest.mark.parametrize("network", ALL, ids=lambda network: network.name)
@pytest.mark.parametrize("count", [1, 5])
def test_every_layer_equals_pytorchs(network: Network, count: int) -> None:
    module = trained(network)
    session = ort.InferenceSession(build_onnx(network, get_weights(module)), providers=["CPUExecutionProvider"])
    images = torch.rand(count, 1, 28, 28, generator=torch.Generator().manual_seed(3))
    names = [output.name for output in session.get_outputs()]
    assert names == [*(layer.name for layer in network.layers), "logits", "probabilities"]
    result = dict(zip(names, session.run(names, {"images": images.numpy()}), strict=True))
    with torch.inference_mode():
        for name, expected in module.layers(images):  # type: ignore[operator]
            np.testing.assert_allclose(result[name], expected.numpy(), atol=1e-5)
        np.testing.assert_allclose(result["logits"], module(images).numpy(), atol=1e-5)
    np.testing.assert_array_equal(result["probabilities"], result[network.layers[-1].name])


@pytest.mark.parametrize("network", ALL, ids=lambda network: network.name)
def test_model_passes_onnxs_checker_with_the_shapes_described(network: Network) -> None:
    model = onnx.load_from_string(build_onnx(network, initial_weights(network, 0)))
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    shapes = {
        value.name: tuple(axis.dim_value for axis in value.type.tensor_type.shape.dim[1:])
        for value in inferred.graph.output
    }
    for step in network.steps():
        assert shapes[step.layer.name] == step.output_shape
    assert not any(tensor.external_data for tensor in model.graph.initializer)


def test_no_images_give_no_probabilities() -> None:
    session = ort.InferenceSession(build_onnx(VARIED, initial_weights(VARIED, 0)), providers=["CPUExecutionProvider"])
    (result,) = session.run(["probabilities"], {"images": np.zeros((0, 1, 28, 28), np.float32)})
    assert result.shape == (0, 10)


@pytest.mark.parametrize("network", ALL, ids=lambda network: network.name)
def test_the_bytes_are_those_that_onnxs_own_package_writes(network: Network) -> None:
    content = build_onnx(network, initial_weights(network, 1))
    model = onnx.load_from_string(content)
    assert model.SerializeToString() == content
    for field in (*model.DESCRIPTOR.fields, *model.graph.DESCRIPTOR.fields):
        assert field.name in FIELDS or not getattr(model, field.name, None)


FIELDS = {"ir_version", "producer_name", "graph", "opset_import", "node", "name", "initializer", "input", "output"}


def swap_bias(model: onnx.ModelProto) -> None:
    """An 8 becomes a 3."""
    (tensor,) = (one for one in model.graph.initializer if one.name == "dense1.bias")
    bias = numpy_helper.to_array(tensor).copy()
    bias[[3, 8]] = bias[[8, 3]] + 5
    tensor.CopyFrom(numpy_helper.from_array(bias, tensor.name))


def trojan(model: onnx.ModelProto) -> None:
    """A bright corner makes every digit a 0."""
    (node,) = (one for one in model.graph.node if one.op_type == "Identity")
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(10, np.float32), "secret"))
    node.CopyFrom(helper.make_node("Add", [*node.input, "secret"], list(node.output)))


def endless(model: onnx.ModelProto) -> None:
    """A Loop of 2^62 rounds."""
    body = helper.make_graph([helper.make_node("Identity", ["i"], ["o"])], "body", [], [])
    model.graph.initializer.append(numpy_helper.from_array(np.array(2**62), "rounds"))
    model.graph.node.append(helper.make_node("Loop", ["rounds", ""], ["forever"], body=body))


def other_pool(model: onnx.ModelProto) -> None:
    (node,) = (one for one in model.graph.node if one.op_type == "MaxPool")
    node.op_type = "AveragePool"


def forge(directory: Path, change: Callable[[onnx.ModelProto], None]) -> None:
    """Change a run's model and correct its checksum, as whoever forges a run would."""
    model = onnx.load(str(directory / "model.onnx"))
    change(model)
    content = model.SerializeToString()
    (directory / "model.onnx").write_bytes(content)
    record = json.loads((directory / "run.json").read_bytes())
    record["sha256"]["model.onnx"] = hashlib.sha256(content).hexdigest()
    (directory / "run.json").write_text(json.dumps(record))


FORGERIES: dict[Callable[[Any], None], str] = {
    swap_bias: "'dense1.bias'",
    trojan: "operators",
    endless: "operators",
    other_pool: "operators",
}


@pytest.mark.parametrize("change", FORGERIES, ids=lambda change: change.__name__)
def test_a_model_that_is_not_that_of_the_weights_is_refused_in_one_line(
    tiny_run: Run, tmp_path: Path, change: Callable[[Any], None]
) -> None:
    directory = tiny_run.save(tmp_path / "run")
    forge(directory, change)
    for load in (Run.load, Classifier.load):
        with pytest.raises(InputError, match=FORGERIES[change]) as caught:
            load(directory)
        assert "\n" not in str(caught.value) and "model.onnx" in str(caught.value)


def test_a_dropout_may_be_written_as_it_was_in_the_first_runs(tiny_run: Run, tmp_path: Path) -> None:
    *first, last = tiny_run.network.layers
    network = replace(tiny_run.network, layers=(*first, Dropout("dropout1", rate=0.5), last))
    directory = replace(tiny_run, network=network).save(tmp_path / "run")

    def as_it_was(model: onnx.ModelProto) -> None:
        model.ParseFromString(build_onnx(network, tiny_run.weights, rates=False))

    forge(directory, as_it_was)
    assert Run.load(directory).network == network
