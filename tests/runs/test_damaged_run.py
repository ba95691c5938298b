"""Every way to damage a run is refused in one line."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from exmachina.classifier import Classifier
from exmachina.errors import InputError
from exmachina.runs import Run

FILES = ("model.safetensors", "run.json", "model.onnx")


@pytest.fixture
def directory(tiny_run_directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_run_directory, tmp_path / "run"))


def refused(directory: Path, load: Callable[[Path], object] = Run.load) -> str:
    with pytest.raises(InputError) as caught:
        load(directory)
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 700
    return line


def change_record(directory: Path, **changes: Any) -> None:
    record = json.loads((directory / "run.json").read_bytes())
    (directory / "run.json").write_text(json.dumps({**record, **changes}))


def replace_weights(directory: Path, content: bytes) -> None:
    """With a checksum that fits, as whoever forges a run would."""
    (directory / "model.safetensors").write_bytes(content)
    sums = json.loads((directory / "run.json").read_bytes())["sha256"]
    change_record(directory, sha256={**sums, "model.safetensors": hashlib.sha256(content).hexdigest()})


def weights_of(directory: Path) -> dict[str, np.ndarray]:
    return load((directory / "model.safetensors").read_bytes())


def test_undamaged_copy_loads(directory: Path) -> None:
    assert Run.load(directory).network.name == "tiny"


@pytest.mark.parametrize("place", [0, 8, 100, -1000, -1])
def test_one_flipped_bit_in_the_weights_is_noticed(directory: Path, place: int) -> None:
    content = bytearray((directory / "model.safetensors").read_bytes())
    content[place] ^= 1
    (directory / "model.safetensors").write_bytes(content)
    assert "checksum" in refused(directory)


def test_one_flipped_bit_in_the_onnx_model_is_noticed(directory: Path) -> None:
    content = bytearray((directory / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (directory / "model.onnx").write_bytes(content)
    assert "checksum" in refused(directory, Run.load)
    assert "checksum" in refused(directory, Classifier.load)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "folder", "text", "device"])
def test_damaged_file_is_refused_by_name(directory: Path, file: str, damage: str) -> None:
    path = directory / file
    content = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage == "device":
        path.symlink_to("/dev/zero")
    elif damage != "missing":
        path.write_bytes({"empty": b"", "cut": content[: len(content) // 2], "text": b"hello"}[damage])
    assert file in refused(directory, Classifier.load)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_is_refused_and_not_waited_for(directory: Path) -> None:
    (directory / "model.safetensors").unlink()
    os.mkfifo(directory / "model.safetensors")
    assert "plain file" in refused(directory)


def test_sparse_giant_is_refused_unread(directory: Path) -> None:
    for file in ("model.safetensors", "run.json"):
        with (directory / file).open("r+b") as out:
            out.truncate(1 << 40)
        assert "larger" in refused(directory)


def test_forged_weights_are_refused_though_the_checksum_fits(directory: Path) -> None:
    weights = weights_of(directory)
    name = "conv1.weight"
    bad = {number: weights[name].copy() for number in (np.nan, np.inf, -np.inf)}
    for number, array in bad.items():
        array.flat[-1] = number
    forgeries: dict[str, dict[str, np.ndarray]] = {
        "'conv1.weight' is not finite": {**weights, name: bad[np.nan]},
        "is not finite": {**weights, name: bad[np.inf]},
        "not finite": {**weights, name: bad[-np.inf]},
        "lacks tensor 'conv1.weight'": {key: array for key, array in weights.items() if key != name},
        "unexpected tensor 'extra'": {**weights, "extra": np.zeros(1, np.float32)},
        "float64": {**weights, name: weights[name].astype(np.float64)},
        "float16": {**weights, name: weights[name].astype(np.float16)},
        "int32": {**weights, name: weights[name].astype(np.int32)},
        "not float32 (4, 1, 5, 5)": {**weights, name: weights[name].reshape(1, 4, 5, 5)},
        "lacks": {},
    }
    for reason, forged in forgeries.items():
        replace_weights(directory, save(forged))
        assert reason in refused(directory)


def header(text: bytes, length: int | None = None, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text + data


TENSOR = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
BAD_HEADERS = {
    "longer than the file": header(b"{}", 1 << 40),
    "longest there is": header(b"{}", 2**64 - 1),
    "no JSON": header(b"hello"),
    "not UTF-8": header(b"\xff\xfe"),
    "a list": header(b"[]"),
    "offsets beyond the end": header(json.dumps({"a": {**TENSOR, "data_offsets": [0, 1 << 40]}}).encode()),
    "offsets backwards": header(json.dumps({"a": {**TENSOR, "data_offsets": [4, 0]}}).encode(), data=bytes(4)),
    "negative shape": header(json.dumps({"a": {**TENSOR, "shape": [-1]}}).encode(), data=bytes(4)),
    "giant shape": header(json.dumps({"a": {**TENSOR, "shape": [1 << 62, 1 << 62]}}).encode(), data=bytes(4)),
    "unknown type": header(json.dumps({"a": {**TENSOR, "dtype": "PICKLE"}}).encode(), data=bytes(4)),
    "bfloat16": header(json.dumps({"a": {**TENSOR, "dtype": "BF16", "shape": [2]}}).encode(), data=bytes(4)),
    "eight-bit float": header(json.dumps({"a": {**TENSOR, "dtype": "F8_E4M3", "shape": [4]}}).encode(), data=bytes(4)),
    "unused bytes": header(json.dumps({"a": TENSOR}).encode(), data=bytes(8)),
    "a pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
    "nested": header(b"[" * 100_000),
}


@pytest.mark.parametrize("content", BAD_HEADERS.values(), ids=BAD_HEADERS.keys())
def test_forged_header_is_refused_though_the_checksum_fits(directory: Path, content: bytes) -> None:
    replace_weights(directory, content)
    assert "model.safetensors" in refused(directory)


GARBAGE = {
    "no JSON": b"{",
    "a list": b"[]",
    "a number": b"3",
    "null": b"null",
    "nothing known": b"{}",
    "another format": b'{"format": 2, "network": {}, "recipe": {}, "sha256": {}}',
    "not UTF-8": b'{"format": "\xff"}',
    "nested": b"[" * 200_000,
    "number of 5,000 digits": b'{"format": ' + b"1" * 5000 + b"}",
}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE.keys())
def test_record_that_is_none_is_refused(directory: Path, content: bytes) -> None:
    (directory / "run.json").write_bytes(content)
    assert "run.json" in refused(directory)


def test_infinity_in_the_record_is_not_json(directory: Path) -> None:
    record = (directory / "run.json").read_text()
    (directory / "run.json").write_text(record.replace('"temperature": 1.0', '"temperature": NaN'))
    assert "JSON" in refused(directory)


WRONG_VALUES: list[tuple[str, tuple[Any, ...]]] = [
    ("history", (None, {}, "x", 3, [3], ["x"], [None], [{"loss": "x"}], [{"loss": [1]}], [[]])),
    ("history", ([{"loss": True}], [{"loss": {}}], [{"loss": 10**400}])),
    ("temperature", (None, "1", 0, -1, True, [1], 1e9, 10**400)),
    ("rejection_threshold", ("0.5", -0.1, 1.1, True, [], {})),
    ("seed", (None, -1, 1.5, "0", True, 2**63, [])),
    ("recipe", (None, [], "fast", 3, {"name": 3}, {"name": ["x"]})),
    ("splits", (None, [], "x")),
    ("train_seconds", (None, -1, "1", True)),
    ("test_loss", ("x", -1, True, [])),
    ("test_accuracy", ("x", -0.1, 1.1, True, [])),
    ("precision", (None, 3, [], "x" * 2000)),
    ("device", (None, 3, {})),
    ("threads", (None, 0, 1.0, "1", True)),
    ("interrupted", (None, 0, 1, "false")),
    ("versions", (None, [], {"python": 3})),
    ("hardware", (None, [], "x")),
    ("git_revision", (3, [], True)),
    ("created", (3, [])),
    ("network", (None, [], "classic", {}, {"name": "x"})),
    ("sha256", (None, [], "x", {}, {"model.safetensors": None}, {"model.safetensors": 3})),
    ("format", (None, "1", 2, [1])),
]
WRONG_FIELDS = [(field, value) for field, values in WRONG_VALUES for value in values]


@pytest.mark.parametrize(("field", "value"), WRONG_FIELDS, ids=lambda value: str(value)[:30])
def test_field_of_a_wrong_type_or_range_is_refused(directory: Path, field: str, value: Any) -> None:
    change_record(directory, **{field: value})
    refused(directory)


def test_record_without_a_needed_field_is_refused(directory: Path) -> None:
    record = json.loads((directory / "run.json").read_bytes())
    for field in ("format", "network", "recipe", "sha256"):
        (directory / "run.json").write_text(json.dumps({key: value for key, value in record.items() if key != field}))
        refused(directory)


def test_another_network_in_the_record_is_refused(directory: Path) -> None:
    record = json.loads((directory / "run.json").read_bytes())
    record["network"]["layers"][0]["filters"] = 5
    change_record(directory, network=record["network"])
    assert "not float32" in refused(directory)


def test_unknown_fields_of_a_later_version_are_left_alone(directory: Path) -> None:
    change_record(directory, notes="made by a later version")
    assert Run.load(directory).seed == 0


def test_hundreds_of_mutated_bytes_raise_nothing_but_input_errors(directory: Path) -> None:
    rng = np.random.default_rng(0)
    originals = {name: (directory / name).read_bytes() for name in FILES}
    for number in range(300):
        name = FILES[number % 2]  # the checksums guard the ONNX model
        content = bytearray(originals[name])
        for _ in range(rng.integers(1, 5)):
            content[rng.integers(0, min(len(content), 2000))] = rng.integers(0, 256)
        if name == "run.json":
            (directory / name).write_bytes(content)
        else:
            (directory / "run.json").write_bytes(originals["run.json"])
            replace_weights(directory, bytes(content))
        try:
            Run.load(directory)
        except InputError as error:
            assert "\n" not in str(error)
