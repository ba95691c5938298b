"""A `.keras` file is read as plain data, and one that lies is refused in one line."""

from __future__ import annotations

import copy
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exmachina.errors import InputError
from exmachina.runs.keras_config import read_config
from exmachina.runs.keras_file import import_keras

h5py: Any = pytest.importorskip("h5py")

RNG = np.random.default_rng(0)
TENSORS = {
    "conv2d/vars/0": RNG.normal(size=(3, 3, 1, 2)),
    "conv2d/vars/1": RNG.normal(size=2),
    "dense/vars/0": RNG.normal(size=(13 * 13 * 2, 10)),
    "dense/vars/1": RNG.normal(size=10),
}


def layer(kind: str, **options: Any) -> dict[str, Any]:
    config = {"name": kind.lower(), "data_format": "channels_last", **options}
    return {"module": "keras.layers", "class_name": kind, "config": config, "registered_name": None}


def conv(**options: Any) -> dict[str, Any]:
    usual = {
        "filters": 2,
        "kernel_size": [3, 3],
        "strides": [1, 1],
        "padding": "valid",
        "dilation_rate": [1, 1],
        "groups": 1,
        "activation": "relu",
        "use_bias": True,
    }
    return layer("Conv2D", **{**usual, **options})


IMAGE = {
    "module": "keras.layers",
    "class_name": "InputLayer",
    "config": {"batch_shape": [None, 28, 28, 1], "name": "i"},
}
POOL = layer("MaxPooling2D", pool_size=[2, 2], strides=[2, 2], padding="valid")
DENSE = layer("Dense", units=10, activation="softmax", use_bias=True)


def model(*layers: Any) -> dict[str, Any]:
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "mine", "layers": list(layers)}}


GOOD = model(IMAGE, conv(), POOL, layer("Flatten"), DENSE)


def hdf5(tensors: dict[str, Any], root: str = "layers") -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in tensors.items():
            file[f"{root}/{name}"] = np.asarray(array, np.float32)
    return buffer.getvalue()


WEIGHTS = hdf5(TENSORS)


def write(path: Path, config: Any = GOOD, weights: bytes = WEIGHTS, *, compression: int = zipfile.ZIP_STORED) -> Path:
    file = path / "model.keras"
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", config if isinstance(config, bytes) else json.dumps(config))
        archive.writestr("model.weights.h5", weights)
    return file


def refused(file: Path) -> str:
    with pytest.raises(InputError) as caught:
        import_keras(file)
    line = str(caught.value)
    assert "\n" not in line
    assert "model.keras" in line
    return line


@pytest.mark.parametrize("root", ["layers", "_layer_checkpoint_dependencies"])
def test_layout_of_every_keras_3_is_read_in_our_order(tmp_path: Path, root: str) -> None:
    run = import_keras(write(tmp_path, weights=hdf5(TENSORS, root)))
    assert run.network.name == "mine"
    np.testing.assert_array_equal(
        run.weights["conv2d.weight"], TENSORS["conv2d/vars/0"].transpose(3, 2, 0, 1).astype(np.float32)
    )
    # One weight by name: unit 3, channel 1, line 5, column 7 of the flattened map.
    assert run.weights["dense.weight"][3, 1 * 169 + 5 * 13 + 7] == np.float32(
        TENSORS["dense/vars/0"][5 * 26 + 7 * 2 + 1, 3]
    )


LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {"name": "lambda", "function": {"class_name": "__lambda__", "config": {"code": "4wEAAAAA"}}},
}
CUSTOM = {**DENSE, "module": "builtins", "class_name": "exec"}
BAD_MODELS: dict[str, tuple[Any, str]] = {
    "a lambda": (model(IMAGE, LAMBDA, layer("Flatten"), DENSE), "Lambda"),
    "a custom layer": (model(IMAGE, layer("Flatten"), CUSTOM), "builtins"),
    "an unknown layer": (model(IMAGE, layer("GlobalAveragePooling2D"), DENSE), "GlobalAveragePooling2D"),
    "a model in a model": (model(IMAGE, layer("Sequential", layers=[]), layer("Flatten"), DENSE), "Sequential"),
    "a subclassed model": ({**GOOD, "class_name": "MyModel"}, "MyModel"),
    "an activation of one's own": (model(IMAGE, conv(activation={"class_name": "f"}), layer("Flatten"), DENSE), "acti"),
    "another activation": (model(IMAGE, conv(activation="gelu"), layer("Flatten"), DENSE), "gelu"),
    "leaky relu": (model(IMAGE, conv(activation="linear"), layer("ReLU", negative_slope=0.1), DENSE), "ReLU"),
    "two activations": (model(IMAGE, conv(), layer("ReLU"), layer("Flatten"), DENSE), "another activation"),
    "activation of the input": (model(IMAGE, layer("ReLU"), layer("Flatten"), DENSE), "follows no layer"),
    "channels first": (model(IMAGE, conv(data_format="channels_first"), layer("Flatten"), DENSE), "channels_last"),
    "dilation": (model(IMAGE, conv(dilation_rate=[2, 2]), layer("Flatten"), DENSE), "dilated"),
    "groups": (model(IMAGE, conv(groups=2), layer("Flatten"), DENSE), "grouped"),
    "a flat kernel": (model(IMAGE, conv(kernel_size=[3, 1]), layer("Flatten"), DENSE), "same on all sides"),
    "same with stride": (model(IMAGE, conv(padding="same", strides=[2, 2]), layer("Flatten"), DENSE), "stride 1"),
    "overlapping pools": (
        model(IMAGE, layer("MaxPooling2D", pool_size=[3, 3], strides=[2, 2], padding="valid")),
        "pools",
    ),
    "padding before a pool": (model(IMAGE, layer("ZeroPadding2D", padding=[[1, 1], [1, 1]]), POOL), "ZeroPadding2D"),
    "uneven padding": (model(IMAGE, layer("ZeroPadding2D", padding=[[1, 0], [1, 1]]), conv()), "same on all sides"),
    "rescaling late": (model(IMAGE, conv(), layer("Rescaling", scale=2, offset=0)), "Rescaling"),
    "rescaling by nothing": (model(IMAGE, layer("Rescaling", scale=0, offset=0)), "Rescaling"),
    "norm over lines": (model(IMAGE, layer("BatchNormalization", axis=1, epsilon=0.1, center=1, scale=1)), "axis"),
    "giant units": (model(IMAGE, layer("Flatten"), layer("Dense", units=10**9, use_bias=True)), "units"),
    "giant filters": (model(IMAGE, conv(filters=10**9), layer("Flatten"), DENSE), "filters"),
    "giant padding": (model(IMAGE, layer("ZeroPadding2D", padding=[[10**9] * 2] * 2), conv()), "padding"),
    "no softmax": (model(IMAGE, layer("Flatten"), layer("Dense", units=10, use_bias=True)), "softmax"),
    "colour": (model({**IMAGE, "config": {"batch_shape": [None, 28, 28, 3], "name": "i"}}, DENSE), "28, 28, 1"),
    "no input": (model(layer("Flatten"), DENSE), "28, 28, 1"),
    "nothing": (model(), "28, 28, 1"),
}


@pytest.mark.parametrize(("config", "reason"), BAD_MODELS.values(), ids=BAD_MODELS.keys())
def test_model_that_is_not_such_a_chain_is_refused_with_the_reason(tmp_path: Path, config: Any, reason: str) -> None:
    assert reason in refused(write(tmp_path, config))


def test_functional_model_that_branches_is_refused(tmp_path: Path) -> None:
    def after(name: str, this: dict[str, Any]) -> dict[str, Any]:
        return {**this, "inbound_nodes": [{"args": [{"config": {"keras_history": [name, 0, 0]}}], "kwargs": {}}]}

    chain = [{**IMAGE, "inbound_nodes": []}, after("i", conv()), after("conv2d", POOL)]
    chain += [after("maxpooling2d", layer("Flatten")), after("flatten", DENSE)]
    functional = {**model(*chain), "class_name": "Functional"}
    assert import_keras(write(tmp_path, functional)).network.classes == 10
    functional["config"]["layers"][3] = after("conv2d", layer("Flatten"))
    assert "does not follow" in refused(write(tmp_path, functional))


def changed(change: Callable[[Any], None]) -> bytes:
    buffer = io.BytesIO(WEIGHTS)
    with h5py.File(buffer, "r+") as file:
        change(file["layers/conv2d/vars"])
    return buffer.getvalue()


def put(group: Any, value: Any, **options: Any) -> None:
    del group["0"]
    if value is not None:
        group["0"] = value
    else:
        group.create_dataset("0", **options)


SHAPE = (3, 3, 1, 2)
BAD_WEIGHTS: dict[str, bytes] = {
    "nothing": b"",
    "text": b"hello",
    "cut": WEIGHTS[: len(WEIGHTS) // 2],
    "no layers": hdf5({}),
    "one missing": hdf5({name: array for name, array in TENSORS.items() if name != "dense/vars/1"}),
    "another order": hdf5({**TENSORS, "conv2d/vars/0": np.zeros((2, 1, 3, 3))}),
    "another size": hdf5({**TENSORS, "conv2d/vars/0": np.zeros((3, 3, 1, 4))}),
    "a number": hdf5({**TENSORS, "conv2d/vars/0": 3.0}),
    "not finite": hdf5({**TENSORS, "conv2d/vars/1": [np.nan, 1]}),
    "too large for float32": changed(lambda group: put(group, np.full(SHAPE, 1e300))),
    "whole numbers": changed(lambda group: put(group, np.zeros(SHAPE, np.int32))),
    "text for numbers": changed(lambda group: put(group, "hello")),
    "a group for a tensor": changed(lambda group: put(group, h5py.SoftLink("/layers"))),
    "a link to another file": changed(lambda group: put(group, h5py.ExternalLink("/etc/passwd", "x"))),
    "a link within": changed(lambda group: put(group, h5py.SoftLink("/layers/conv2d/vars/1"))),
    "a link to itself": changed(lambda group: put(group, h5py.SoftLink("/layers/conv2d/vars/0"))),
    "bytes of another file": changed(
        lambda group: put(group, None, shape=SHAPE, dtype="f4", external=[("/etc/passwd", 0, 72)])
    ),
    "never stored": changed(lambda group: put(group, None, shape=SHAPE, dtype="f4")),
    "squeezed": changed(lambda group: put(group, None, data=np.zeros(SHAPE, "f4"), compression="gzip")),
}


@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
@pytest.mark.parametrize("weights", BAD_WEIGHTS.values(), ids=BAD_WEIGHTS.keys())
def test_weights_that_lie_are_refused(tmp_path: Path, weights: bytes) -> None:
    refused(write(tmp_path, weights=weights))


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
@pytest.mark.parametrize("entry", ["config.json", "model.weights.h5"])
def test_zip_bomb_is_refused_without_inflating_it(tmp_path: Path, entry: str, compression: int) -> None:
    file = tmp_path / "model.keras"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if entry != "config.json":
            archive.writestr("config.json", json.dumps(GOOD))
        bomb = zipfile.ZipInfo(entry)
        bomb.compress_type = compression
        with archive.open(bomb, "w") as out:
            for _ in range(100):
                out.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        refused(file)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20  # of 100 MiB
    finally:
        tracemalloc.stop()


def test_files_that_are_no_keras_model_are_refused(tmp_path: Path) -> None:
    good = write(tmp_path).read_bytes()
    squeezed = write(tmp_path, compression=zipfile.ZIP_LZMA).read_bytes()
    file = tmp_path / "model.keras"
    for content in (b"", b"hello", b"PK\3\4", b"\x89HDF\r\n\x1a\n" + bytes(99), good[:-30], good[:300], squeezed):
        file.write_bytes(content)
        refused(file)
    for entry in ("config.json", "model.weights.h5"):
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(entry, json.dumps(GOOD))
        refused(file)
    file.unlink()
    refused(file)
    file.mkdir()
    refused(file)


def test_flipped_bits_raise_nothing_but_input_errors(tmp_path: Path) -> None:
    good = write(tmp_path).read_bytes()
    file = tmp_path / "model.keras"
    rng = np.random.default_rng(0)
    for _ in range(300):
        content = bytearray(good)
        for _ in range(rng.integers(1, 4)):
            content[rng.integers(0, len(content))] ^= 1 << int(rng.integers(0, 8))
        file.write_bytes(content)
        try:
            import_keras(file)
        except InputError as error:
            assert "\n" not in str(error)


WRONG: list[Any] = [None, True, 0, -1, 3.5, 10**9, 10**400, "", "x", [], {}, [[]], [None], float("nan"), "\n" * 5000]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


def test_any_value_anywhere_in_the_description_is_read_or_refused(tmp_path: Path) -> None:
    for path in places(GOOD):
        for value in WRONG:
            changed: Any = {"root": copy.deepcopy(GOOD)}
            target = changed
            for key in ("root", *path)[:-1]:
                target = target[key]
            target[("root", *path)[-1]] = value
            try:
                read_config(json.dumps(changed["root"]).encode(), tmp_path)
            except InputError as error:
                assert "\n" not in str(error)
