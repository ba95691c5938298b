"""A network and its weights as an ONNX model whose outputs name every layer.

The file is written here and not by the `onnx` package, so that saving needs no slow import and the same network and
weights give the same bytes everywhere: a run is opened only if its model is the one that its layers and weights make.
The numbers of the fields are those of onnx.proto3.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.networks.layers import BatchNorm, Conv, Dense, Dropout, Flatten, Layer, MaxPool, Network, Step

OPSET = 18
IR_VERSION = 9
ACTIVATIONS = {"relu": "Relu", "softmax": "Softmax"}
FLOAT = 1  # TensorProto.FLOAT
AS_FLOAT, AS_INT, AS_INTS = 1, 2, 7  # AttributeProto's types


def build_onnx(network: Network, weights: Mapping[str, NDArray[np.float32]], *, rates: bool = True) -> bytes:
    """The model, serialised.

    Input: `images`, float32 (N, 1, 28, 28) in [0, 1]. Outputs: each layer's name (after its activation),
    then `logits` and `probabilities`, float32 (N, classes). Without `rates` a dropout is written as what it is after
    training, an `Identity`, which is how the first runs have it.
    """
    nodes: list[bytes] = []
    constants = dict(weights)
    x = "images"
    if network.mean != 0 or network.std != 1:
        constants["pixel_mean"] = np.array(network.mean, np.float32)
        constants["pixel_std"] = np.array(network.std, np.float32)
        nodes.append(_node("Sub", [x, "pixel_mean"], "centred"))
        nodes.append(_node("Div", ["centred", "pixel_std"], "standardized"))
        x = "standardized"
    outputs = []
    for step in network.steps():
        layer, last = step.layer, step.layer is network.layers[-1]
        if isinstance(layer, Dropout) and rates:
            constants[f"{layer.name}.rate"] = np.array(layer.rate, np.float32)
        activation = ACTIVATIONS.get(layer.activation)
        linear = "logits" if last else f"{layer.name}.linear" if activation else layer.name
        nodes.append(_layer(step, x, linear, rates))
        if activation:
            nodes.append(_node(activation, [linear], layer.name, **({"axis": 1} if activation == "Softmax" else {})))
        outputs.append(_value(layer.name, step.output_shape))
        x = layer.name
    nodes.append(_node("Identity", [x], "probabilities"))
    outputs += [_value("logits", (network.classes,)), _value("probabilities", (network.classes,))]
    graph = [
        *(_bytes(1, node) for node in nodes),
        _text(2, network.name),
        *(_bytes(5, _tensor(name, array)) for name, array in constants.items()),
        _bytes(11, _value("images", network.input_shape)),
        *(_bytes(12, value) for value in outputs),
    ]
    opset = _text(1, "") + _int(2, OPSET)
    return b"".join([_int(1, IR_VERSION), _text(2, "exmachina"), _bytes(7, b"".join(graph)), _bytes(8, opset)])


def check_onnx(content: bytes, network: Network, weights: Mapping[str, NDArray[np.float32]], source: str) -> None:
    """Raise `InputError` unless `content` is, operator by operator and number by number, that network's model."""
    if any(content == build_onnx(network, weights, rates=rates) for rates in (True, False)):
        return
    other = next((name for name, array in weights.items() if _tensor(name, array) not in content), None)
    what = "operators differ from the layers" if other is None else f"tensor '{other}' differs from the one"
    raise InputError(
        f"{source} is another network than the run: its {what} that the evaluation reads. Delete it and its checksum "
        "to go on with the weights alone, or train again."
    )


def _layer(step: Step, x: str, output: str, rates: bool) -> bytes:
    layer: Layer = step.layer
    weights = [x, *step.weights]
    if isinstance(layer, Conv):
        square = {"kernel_shape": [layer.kernel] * 2, "strides": [layer.stride] * 2, "pads": [layer.padding] * 4}
        return _node("Conv", weights, output, **square)
    if isinstance(layer, MaxPool):
        return _node("MaxPool", [x], output, kernel_shape=[layer.size] * 2, strides=[layer.size] * 2)
    if isinstance(layer, BatchNorm):
        return _node("BatchNormalization", weights, output, epsilon=float(layer.epsilon))
    if isinstance(layer, Flatten):
        return _node("Flatten", [x], output, axis=1)
    if isinstance(layer, Dense):
        return _node("Gemm", weights, output, transB=1)
    if isinstance(layer, Dropout):  # does nothing after training; the rate is said all the same
        return _node("Dropout", [x, f"{layer.name}.rate"], output) if rates else _node("Identity", [x], output)
    raise TypeError(f"no ONNX form for {layer.kind}")


def _node(operator: str, inputs: list[str], output: str, **attributes: Any) -> bytes:
    """A NodeProto, its attributes in the order of their names."""
    parts = [*(_text(1, name) for name in inputs), _text(2, output), _text(4, operator)]
    return b"".join([*parts, *(_bytes(5, _attribute(name, attributes[name])) for name in sorted(attributes))])


def _attribute(name: str, value: float | list[int]) -> bytes:
    if isinstance(value, list):
        return b"".join([_text(1, name), *(_int(8, number) for number in value), _int(20, AS_INTS)])
    if isinstance(value, float):
        return _text(1, name) + _key(2, 5) + struct.pack("<f", value) + _int(20, AS_FLOAT)
    return _text(1, name) + _int(3, value) + _int(20, AS_INT)


def _tensor(name: str, array: NDArray[np.float32]) -> bytes:
    numbers = np.ascontiguousarray(array, "<f4").tobytes()
    return b"".join([*(_int(1, side) for side in array.shape), _int(2, FLOAT), _text(8, name), _bytes(9, numbers)])


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    """A ValueInfoProto: float32 (N, *shape)."""
    sides = [_text(2, "N"), *(_int(1, side) for side in shape)]
    tensor = _int(1, FLOAT) + _bytes(2, b"".join(_bytes(1, side) for side in sides))
    return _text(1, name) + _bytes(2, _bytes(1, tensor))


# ---- protobuf's encoding: a key of field number and wire type, then a varint or a length and that many bytes -----


def _key(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _int(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)
