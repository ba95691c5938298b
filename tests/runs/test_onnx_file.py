"""What our exporter writes comes back; other graphs as far as their nodes are our layers; the rest in one line."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from exmachina.classifier import Classifier
from exmachina.engine import initial_weights
from exmachina.errors import InputError
from exmachina.networks import NETWORKS, BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool, Network
from exmachina.runs import Run
from exmachina.runs.onnx_file import import_onnx
from exmachina.runs.onnx_graph import build_onnx

VARIED = Network(
    "varied",
    (
        Conv("conv1", "relu", filters=4, kernel=5, stride=2, padding=2),
        BatchNorm("norm1", epsilon=1e-3),
        MaxPool("pool1", "relu", size=3),
        Conv("conv2", filters=6, kernel=2, padding=1),
        Dropout("dropout1", rate=0.3),
        Flatten("flatten1"),
        Dense("dense1", "relu", units=7),
        Dense("dense2", "softmax", units=10),
    ),
    mean=0.1307,
    std=0.3081,
)


@pytest.mark.parametrize("network", [VARIED, *NETWORKS.values()], ids=lambda network: network.name)
def test_what_was_exported_comes_back_as_it_was(network: Network, tmp_path: Path) -> None:
    weights = initial_weights(network, 1)
    (tmp_path / "model.onnx").write_bytes(build_onnx(network, weights))
    run = import_onnx(tmp_path / "model.onnx")
    assert run.network == network
    assert run.weights.keys() == weights.keys()
    for name, array in weights.items():
        np.testing.assert_array_equal(run.weights[name], array)
    assert Run.load(run.save(tmp_path / "run")).network == network


def test_a_graph_of_pytorchs_reads_as_onnx_runtime_does(tmp_path: Path) -> None:
    """Names with dots, a Reshape for a Flatten, MatMul and Add for a dense layer, no softmax, bytes for pixels."""
    rng = np.random.default_rng(0)
    tensors = {
        "features.0.weight": rng.normal(0, 0.3, (3, 1, 5, 5)),
        "features.0.bias": rng.normal(0, 0.3, 3),
        "kernel": rng.normal(0, 0.1, (3 * 12 * 12, 10)),
        "shift": rng.normal(0, 1, 10),
        "white": np.array(255.0),
    }
    nodes = [
        helper.make_node("Div", ["x", "white"], ["a"]),
        helper.make_node("Conv", ["a", "features.0.weight", "features.0.bias"], ["b"]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("MaxPool", ["c"], ["d"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Reshape", ["d", "shape"], ["e"]),
        helper.make_node("MatMul", ["e", "kernel"], ["f"]),
        helper.make_node("Add", ["f", "shift"], ["g"]),
    ]
    file = tmp_path / "theirs.onnx"
    file.write_bytes(graph(nodes, tensors, shape=[0, -1]))
    images = rng.integers(0, 256, (4, 28, 28), dtype=np.uint8)
    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (expected,) = session.run(["g"], {"x": images[:, None].astype(np.float32)})
    run = import_onnx(file)
    assert run.network.layers[0].name == "features_0"
    np.testing.assert_allclose(Classifier.from_run(run).logits(images), expected, rtol=1e-4, atol=1e-3)


def test_an_imported_network_can_be_evaluated_but_not_repeated(tmp_path: Path) -> None:
    from exmachina.evaluation.statistics.cross_validation import recipe_of

    network = NETWORKS["fast"]
    (tmp_path / "model.onnx").write_bytes(build_onnx(network, initial_weights(network, 1)))
    with pytest.raises(InputError, match="optimizer"):
        recipe_of(import_onnx(tmp_path / "model.onnx"))


def graph(nodes: list[Any], tensors: dict[str, Any], shape: list[int] | None = None, size: int = 28) -> bytes:
    constants = [numpy_helper.from_array(np.asarray(array, np.float32), name) for name, array in tensors.items()]
    if shape is not None:
        constants.append(numpy_helper.from_array(np.array(shape, np.int64), "shape"))
    takes = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, size, size])
    gives = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)
    made = helper.make_graph(nodes, "theirs", [takes], [gives], constants)
    content: bytes = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9
    ).SerializeToString()
    return content


KERNEL = {"k": np.ones((2, 1, 3, 3)), "w": np.ones((10, 1352))}
FLAT = helper.make_node("Flatten", ["y"], ["z"])
GEMM = helper.make_node("Gemm", ["z", "w"], ["g"], transB=1)


def conv(**options: Any) -> Any:
    return helper.make_node("Conv", ["x", "k"], ["y"], **options)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "no protobuf": (lambda: b"not a graph at all", "not an ONNX model"),
    "nothing": (lambda: b"", "input"),
    "another size": (lambda: graph([conv(), FLAT, GEMM], KERNEL, size=32), "input"),
    "unknown node": (lambda: graph([helper.make_node("Sigmoid", ["x"], ["y"])], {}), "Sigmoid"),
    "dilated": (lambda: graph([conv(dilations=[2, 2]), FLAT, GEMM], KERNEL), "dilated"),
    "oblong stride": (lambda: graph([conv(strides=[1, 2]), FLAT, GEMM], KERNEL), "strides"),
    "branch": (lambda: graph([conv(), helper.make_node("Relu", ["x"], ["z"]), GEMM], KERNEL), "does not follow"),
    "sum of two": (lambda: graph([conv(), helper.make_node("Add", ["y", "y"], ["z"])], KERNEL), "does not follow"),
    "overlapping pool": (
        lambda: graph([helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[3, 3], strides=[2, 2])], {}),
        "overlapping",
    ),
    "weights that do not fit": (lambda: graph([conv(), FLAT, GEMM], {**KERNEL, "w": np.ones((10, 9))}), "g.weight"),
    "not finite": (lambda: graph([conv(), FLAT, GEMM], {**KERNEL, "k": np.full((2, 1, 3, 3), np.nan)}), "finite"),
    "another domain": (lambda: graph([helper.make_node("Relu", ["x"], ["y"], domain="evil")], {}), "Relu"),
    "no dense layer at the end": (lambda: graph([conv()], KERNEL), "Dense"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_ours_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    make, needle = REFUSED[name]
    (tmp_path / "theirs.onnx").write_bytes(make())
    with pytest.raises(InputError, match=needle) as caught:
        import_onnx(tmp_path / "theirs.onnx")
    assert "\n" not in str(caught.value) and "theirs.onnx" in str(caught.value)


def test_tensors_in_other_files_are_never_opened(tmp_path: Path) -> None:
    model = onnx.load_model_from_string(graph([conv(), FLAT, GEMM], KERNEL))
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    (tmp_path / "theirs.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match="another file"):
        import_onnx(tmp_path / "theirs.onnx")


def test_damaged_files_are_refused_whatever_byte_is_wrong(tmp_path: Path) -> None:
    content = bytearray(graph([conv(), FLAT, GEMM], KERNEL))
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(content) - 1, 60):
        damaged = content.copy()
        damaged[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "theirs.onnx").write_bytes(damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                import_onnx(tmp_path / "theirs.onnx")
            except InputError as error:
                assert "\n" not in str(error)
