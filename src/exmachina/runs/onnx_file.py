"""An ONNX graph read back as a network of this package: a chain of layers that it has, and nothing else.

The graph is read as data and nothing in it is run. What `onnx_graph` writes comes back as it was; of other graphs,
those whose nodes map one by one to our layers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from exmachina.errors import InputError
from exmachina.networks.layers import BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool
from exmachina.runs.chain import Chain
from exmachina.runs.files import read_limited
from exmachina.runs.run import MAX_ONNX_BYTES, Run, Weights, check_weights

Attributes = dict[str, Any]
TENSORS = ("weight", "bias", "running_mean", "running_var")


def import_onnx(path: str | Path) -> Run:
    """Read a graph that takes (N, 1, 28, 28) images in [0, 1] and ends in logits or their softmax.

    Raises `InputError` for a node that is no layer of ours, for branches, and for what is no ONNX model.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"No file at '{path}'; give an ONNX model.")
    content = read_limited(path, MAX_ONNX_BYTES)
    try:
        model = OnnxChain(onnx.load_model_from_string(content).graph)
        model.read()
        network = model.network
        check_weights(model.weights, network, "the model")
    except InputError as error:
        raise InputError(f"Cannot import '{path}': {str(error).rstrip('.')}.") from None
    except Exception as error:  # protobuf's own errors, and numbers that are not what their types say
        raise InputError(f"'{path}' is not an ONNX model that can be read ({type(error).__name__}).") from None
    return Run(network, model.weights, {"name": "imported", "file": path.name})


class OnnxChain(Chain):
    """The graph, its constants by name, and the value that the next node must take."""

    def __init__(self, graph: Any) -> None:
        super().__init__()
        self.graph = graph
        self.weights: Weights = {}
        self._constants: dict[str, NDArray[Any]] = {tensor.name: _array(tensor) for tensor in graph.initializer}
        self._scale, self._offset = 1.0, 0.0  # of the pixels, until the first layer
        self._value = self._input()
        self.call(graph.name)

    def read(self) -> None:
        """Take in node after node."""
        for node in self.graph.node:
            if node.op_type == "Constant":
                self._constants[node.output[0]] = _array(node.attribute[0].t)
                continue
            data = [name for name in node.input if name and name not in self._constants]
            if data != [self._value]:
                raise InputError(f"its node '{node.name or node.op_type}' does not follow the one before it alone")
            read = READERS.get(node.op_type)
            if read is None or node.domain not in ("", "ai.onnx"):
                raise InputError(f"it has a node of type {node.op_type}; known are {', '.join(sorted(READERS))}")
            constants = [self._constants[name] for name in node.input if name in self._constants]
            read(self, node, {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}, constants)
            self._value = node.output[0]
        if self.layers and isinstance(self.layers[-1], Dense) and self.layers[-1].activation == "linear":
            self.activate("softmax")

    def conv(self, node: Any, attributes: Attributes, constants: list[NDArray[Any]]) -> None:
        """`Conv` with a square kernel."""
        kernel, *bias = constants
        side = _same([*kernel.shape[2:], *attributes.get("kernel_shape", kernel.shape[2:])], "kernel_shape")
        stride = _same(attributes.get("strides", [1]), "strides")
        if _same(attributes.get("dilations", [1]), "dilations") != 1 or attributes.get("group", 1) != 1:
            raise InputError("a Conv is dilated or grouped")
        padding = _same(attributes.get("pads", [0]), "pads")
        if attributes.get("auto_pad", b"NOTSET") in (b"SAME_UPPER", b"SAME_LOWER"):
            if stride != 1 or side % 2 == 0:
                raise InputError("a Conv has padding 'same', which is read for odd kernels and stride 1")
            padding = side // 2
        name = self._layer_name(node)
        self._begin()
        self.layers.append(Conv(name, filters=kernel.shape[0], kernel=side, stride=stride, padding=padding))
        self._keep(name, kernel, bias[0] if bias else np.zeros(kernel.shape[0]))

    def max_pool(self, node: Any, attributes: Attributes, constants: list[NDArray[Any]]) -> None:
        """`MaxPool` over squares that do not overlap."""
        size = _same(attributes["kernel_shape"], "kernel_shape")
        overlaps = _same(attributes.get("strides", [1]), "strides") != size
        if overlaps or any(attributes.get("pads", [])) or attributes.get("ceil_mode", 0):
            raise InputError("a MaxPool pools overlapping or padded squares")
        self._begin()
        self.layers.append(MaxPool(self._layer_name(node), size=size))

    def batch_norm(self, node: Any, attributes: Attributes, constants: list[NDArray[Any]]) -> None:
        """`BatchNormalization` as it is after training."""
        name = self._layer_name(node)
        self._begin()
        self.layers.append(BatchNorm(name, epsilon=_short(attributes.get("epsilon", 1e-5))))
        self._keep(name, *constants)

    def flatten(self, node: Any, attributes: Attributes, constants: list[NDArray[Any]]) -> None:
        """`Flatten`, or a `Reshape` that comes to the same."""
        if constants and (len(constants[0]) != 2 or constants[0][0] not in (0, -1)):
            raise InputError(f"a Reshape to {constants[0].tolist()} is no flattening")
        if attributes.get("axis", 1) != 1:
            raise InputError("a Flatten along another axis than the first")
        self._begin()
        self.layers.append(Flatten(self._layer_name(node)))

    def dense(self, node: Any, attributes: Attributes, constants: list[NDArray[Any]]) -> None:
        """`Gemm`, or a `MatMul` whose bias an `Add` brings."""
        if any(attributes.get(name, 1.0) != 1.0 for name in ("alpha", "beta")) or attributes.get("transA", 0):
            raise InputError("a Gemm is scaled or transposed")
        kernel, *bias = constants
        kernel = kernel if attributes.get("transB", 0) else kernel.T
        name = self._layer_name(node)
        self._begin()
        self.layers.append(Dense(name, units=kernel.shape[0]))
        self._keep(name, kernel, bias[0] if bias else np.zeros(kernel.shape[0]))

    def dropout(self, node: Any, attributes: Attributes, constants: list[NDArray[Any]]) -> None:
        """`Dropout`: nothing after training, but the rate is kept."""
        rate = float(constants[0]) if constants else attributes.get("ratio", 0.5)
        self._begin()
        self.layers.append(Dropout(self._layer_name(node), rate=_short(rate)))

    def activation(self, node: Any, attributes: Attributes, constants: list[NDArray[Any]]) -> None:
        """`Relu`, `Softmax` over the classes, or the logarithm of one."""
        if node.op_type != "Relu" and attributes.get("axis", -1) not in (1, -1):
            raise InputError(f"its {node.op_type} goes along another axis than the classes")
        self.activate("relu" if node.op_type == "Relu" else "softmax")

    def arithmetic(self, node: Any, attributes: Attributes, constants: list[NDArray[Any]]) -> None:
        """One number for all pixels before the first layer; after a `MatMul`, its bias."""
        (constant,) = constants
        if self.layers:
            name = self.layers[-1].name
            bias = self.weights.get(f"{name}.bias")
            if node.op_type != "Add" or not isinstance(self.layers[-1], Dense) or bias is None or bias.any():
                raise InputError(f"its {node.op_type} is no bias of a dense layer")
            self.weights[f"{name}.bias"] = np.ascontiguousarray(constant, np.float32).reshape(bias.shape)
            return
        if constant.size != 1 or node.input[0] != self._value:
            raise InputError(f"its {node.op_type} is not one number for all pixels")
        number = _short(constant.reshape(-1)[0])
        if node.op_type in ("Mul", "Div"):
            factor = number if node.op_type == "Mul" else 1 / number
            self._scale, self._offset = self._scale * factor, self._offset * factor
        else:
            self._offset += number if node.op_type == "Add" else -number

    def nothing(self, node: Any, attributes: Attributes, constants: list[NDArray[Any]]) -> None:
        """`Identity`."""

    def _begin(self) -> None:
        """What was done to the pixels is known when the first layer comes."""
        if not self.layers and (self._scale, self._offset) != (1.0, 0.0):
            self.rescale(self._scale, self._offset)
            self.mean, self.std = _short(self.mean), _short(self.std)

    def _keep(self, layer: str, *tensors: NDArray[Any]) -> None:
        for name, tensor in zip(TENSORS, tensors, strict=False):
            self.weights[f"{layer}.{name}"] = np.ascontiguousarray(tensor, np.float32)

    def _layer_name(self, node: Any) -> str:
        """The layer's name as its weight bears it, `conv1.weight`, or else its output's."""
        weights = [name for name in node.input if name in self._constants and name.endswith(".weight")]
        name = weights[0].removesuffix(".weight") if weights else node.output[0].removesuffix(".linear")
        return self.free_name(name)

    def _input(self) -> str:
        inputs = [value for value in self.graph.input if value.name not in self._constants]
        shapes = [[side.dim_value for side in value.type.tensor_type.shape.dim] for value in inputs]
        if len(inputs) != 1 or shapes[0][1:] != [1, 28, 28]:
            raise InputError(f"its input is {shapes}; it must be one of (N, 1, 28, 28)")
        return str(inputs[0].name)


READERS: dict[str, Callable[[OnnxChain, Any, Attributes, list[NDArray[Any]]], None]] = {
    "Conv": OnnxChain.conv,
    "MaxPool": OnnxChain.max_pool,
    "BatchNormalization": OnnxChain.batch_norm,
    "Flatten": OnnxChain.flatten,
    "Reshape": OnnxChain.flatten,
    "Gemm": OnnxChain.dense,
    "MatMul": OnnxChain.dense,
    "Dropout": OnnxChain.dropout,
    **dict.fromkeys(("Relu", "Softmax", "LogSoftmax"), OnnxChain.activation),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), OnnxChain.arithmetic),
    "Identity": OnnxChain.nothing,
}


def _array(tensor: Any) -> NDArray[Any]:
    """A tensor that the file itself holds."""
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise InputError(f"its tensor '{tensor.name}' lies in another file; save the model as one")
    return np.asarray(numpy_helper.to_array(tensor))


def _same(values: Any, name: str) -> int:
    """The one number that all of `values` are."""
    numbers = {int(value) for value in values}
    if len(numbers) != 1:
        raise InputError(f"{name} {list(values)} is not the same on all sides")
    return numbers.pop()


def _short(value: float) -> float:
    """The shortest decimal that is this number in single precision: 0.1, not 0.10000000149."""
    return float(str(np.float32(value)))
