"""The ONNX model against PyTorch, layer by layer, and against ONNX's own checker."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from exmachina.engine import initial_weights
from exmachina.networks import NETWORKS, BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool, Network
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
