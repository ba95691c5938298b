"""A network and its weights as an ONNX model whose outputs name every layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from exmachina.networks.layers import BatchNorm, Conv, Dense, Dropout, Flatten, Layer, MaxPool, Network, Step

OPSET = 18
IR_VERSION = 9
ACTIVATIONS = {"relu": "Relu", "softmax": "Softmax"}


def build_onnx(network: Network, weights: Mapping[str, NDArray[np.float32]]) -> bytes:
    """The model, serialised.

    Input: `images`, float32 (N, 1, 28, 28) in [0, 1]. Outputs: each layer's name (after its activation),
    then `logits` and `probabilities`, float32 (N, classes).
    """
    nodes: list[onnx.NodeProto] = []
    constants = [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in weights.items()]
    x = "images"
    if network.mean != 0 or network.std != 1:
        constants.append(numpy_helper.from_array(np.array(network.mean, np.float32), "pixel_mean"))
        constants.append(numpy_helper.from_array(np.array(network.std, np.float32), "pixel_std"))
        nodes.append(helper.make_node("Sub", [x, "pixel_mean"], ["centred"]))
        nodes.append(helper.make_node("Div", ["centred", "pixel_std"], ["standardized"]))
        x = "standardized"
    outputs = []
    for step in network.steps():
        if isinstance(step.layer, Dropout):
            constants.append(numpy_helper.from_array(np.array(step.layer.rate, np.float32), f"{step.layer.name}.rate"))
        layer, last = step.layer, step.layer is network.layers[-1]
        activation = ACTIVATIONS.get(layer.activation)
        linear = "logits" if last else f"{layer.name}.linear" if activation else layer.name
        nodes.append(_node(step, x, linear))
        if activation:
            options: dict[str, Any] = {"axis": 1} if activation == "Softmax" else {}
            nodes.append(helper.make_node(activation, [linear], [layer.name], **options))
        outputs.append(_value(layer.name, step.output_shape))
        x = layer.name
    nodes.append(helper.make_node("Identity", [x], ["probabilities"]))
    outputs += [_value("logits", (network.classes,)), _value("probabilities", (network.classes,))]
    graph = helper.make_graph(nodes, network.name, [_value("images", network.input_shape)], outputs, constants)
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="exmachina",
    )
    serialized: bytes = model.SerializeToString()
    return serialized


def _value(name: str, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])


def _node(step: Step, x: str, output: str) -> onnx.NodeProto:
    layer: Layer = step.layer
    weights = [x, *step.weights]
    if isinstance(layer, Conv):
        options: dict[str, Any] = {
            "kernel_shape": [layer.kernel] * 2,
            "strides": [layer.stride] * 2,
            "pads": [layer.padding] * 4,
        }
        return helper.make_node("Conv", weights, [output], **options)
    if isinstance(layer, MaxPool):
        return helper.make_node("MaxPool", [x], [output], kernel_shape=[layer.size] * 2, strides=[layer.size] * 2)
    if isinstance(layer, BatchNorm):
        return helper.make_node("BatchNormalization", weights, [output], epsilon=layer.epsilon)
    if isinstance(layer, Flatten):
        return helper.make_node("Flatten", [x], [output], axis=1)
    if isinstance(layer, Dense):
        return helper.make_node("Gemm", weights, [output], transB=1)
    if isinstance(layer, Dropout):  # does nothing after training; the rate is said all the same
        return helper.make_node("Dropout", [x, f"{layer.name}.rate"], [output])
    raise TypeError(f"no ONNX form for {layer.kind}")
