"""A run, saved and loaded."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from exmachina.errors import InputError
from exmachina.runs import Run, find_run
from exmachina.runs import run as run_module
from exmachina.runs.onnx_graph import build_onnx


def same(first: Run, second: Run) -> bool:
    for item in fields(Run):
        a, b = getattr(first, item.name), getattr(second, item.name)
        if item.name == "weights":
            assert a.keys() == b.keys()
            assert all(np.array_equal(a[name], b[name]) for name in a)
        else:
            assert json.loads(json.dumps(a, default=str)) == json.loads(json.dumps(b, default=str)), item.name
    return True


def test_run_survives_saving_and_loading(tiny_run: Run, tiny_run_directory: Path) -> None:
    assert same(tiny_run, Run.load(tiny_run_directory))
    assert same(tiny_run, Run.load(str(tiny_run_directory)))


def test_directory_holds_three_files_and_no_more(tiny_run_directory: Path) -> None:
    assert sorted(path.name for path in tiny_run_directory.iterdir()) == ["model.onnx", "model.safetensors", "run.json"]


def test_weights_file_is_plain_safetensors(tiny_run: Run, tiny_run_directory: Path) -> None:
    weights = load_file(tiny_run_directory / "model.safetensors")
    assert {name: array.shape for name, array in weights.items()} == tiny_run.network.weight_shapes()
    assert all(array.dtype == np.float32 for array in weights.values())


def test_record_is_strict_json_that_says_where_the_run_came_from(tiny_run_directory: Path) -> None:
    def no_constants(constant: str) -> None:
        raise AssertionError(constant)

    record = json.loads((tiny_run_directory / "run.json").read_text("utf-8"), parse_constant=no_constants)
    assert record["seed"] == 0
    assert record["recipe"]["name"] == "tiny"
    assert record["versions"].keys() >= {"python", "onnx", "numpy"}
    assert record["hardware"].keys() >= {"processor", "cores"}
    assert len(record["history"]) == 3
    assert not record["interrupted"]


def test_saving_over_a_run_replaces_it(tiny_run: Run, tmp_path: Path) -> None:
    tiny_run.save(tmp_path / "run")
    other = replace(tiny_run, seed=5, weights={name: array * 2 for name, array in tiny_run.weights.items()})
    other.save(tmp_path / "run")
    assert same(other, Run.load(tmp_path / "run"))
    assert len(list((tmp_path / "run").iterdir())) == 3


def test_same_run_gives_the_same_files(tiny_run: Run, tmp_path: Path) -> None:
    first, second = tiny_run.save(tmp_path / "a"), tiny_run.save(tmp_path / "b")
    for file in first.iterdir():
        assert file.read_bytes() == (second / file.name).read_bytes()


def test_numbers_of_numpy_and_infinity_are_saved_as_json_can(tiny_run: Run, tmp_path: Path) -> None:
    history: list[dict[str, Any]] = [{"epoch": np.int64(1), "loss": math.nan, "accuracy": np.float32(0.5)}]
    diverging = replace(tiny_run, history=history, test_loss=math.inf, temperature=np.float64(2))
    loaded = Run.load(diverging.save(tmp_path / "run"))
    assert loaded.history == [{"epoch": 1, "loss": None, "accuracy": 0.5}]
    assert (loaded.test_loss, loaded.temperature) == (None, 2.0)


def damaged_weights(run: Run) -> dict[str, dict[str, Any]]:
    weights = run.weights
    name = next(iter(weights))
    infinite = weights[name].copy()
    infinite.flat[0] = math.inf
    return {
        "not finite": {**weights, name: infinite},
        "missing": {key: array for key, array in weights.items() if key != name},
        "unexpected": {**weights, "more.weight": weights[name]},
        "float64": {**weights, name: weights[name].astype(np.float64)},
        "another shape": {**weights, name: weights[name][:1]},
    }


@pytest.mark.parametrize("damage", ["not finite", "missing", "unexpected", "float64", "another shape"])
def test_weights_that_could_not_be_loaded_again_are_not_saved(tiny_run: Run, tmp_path: Path, damage: str) -> None:
    with pytest.raises(InputError):
        replace(tiny_run, weights=damaged_weights(tiny_run)[damage]).save(tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("field", [{"seed": -1}, {"temperature": 0.0}, {"history": [{"loss": "low"}]}, {"threads": 0}])
def test_records_that_could_not_be_loaded_again_are_not_saved(
    tiny_run: Run, tmp_path: Path, field: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match=next(iter(field))):
        replace(tiny_run, **field).save(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_missing_run_names_the_pretrained_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"No run at .*nowhere.*pretrained runs"):
        Run.load(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"not a run directory.*run\.json"):
        Run.load(tmp_path)


def test_shipped_run_is_found_by_its_name(tiny_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_run.save(tmp_path / "shipped" / "tiny")
    monkeypatch.setattr(run_module, "PRETRAINED", tmp_path / "shipped")
    assert find_run("tiny") == tmp_path / "shipped" / "tiny"
    assert same(Run.load("tiny"), tiny_run)
    with pytest.raises(InputError, match="pretrained runs: tiny"):
        find_run("tinny")
    for sly in ("../shipped/tiny", "tiny/..", "./tiny"):
        with pytest.raises(InputError):
            find_run(sly)


def test_onnx_model_is_that_of_the_network_and_its_weights(tiny_run: Run, tiny_run_directory: Path) -> None:
    assert (tiny_run_directory / "model.onnx").read_bytes() == build_onnx(tiny_run.network, tiny_run.weights)


@pytest.mark.parametrize("name", ["x" * 5000, "nul\0byte", "", "line\nbreak"])
def test_paths_that_cannot_be_are_refused_in_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        Run.load(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_directory_without_permission_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def deny(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", deny)  # an administrator, whom no permission stops, runs this too
    with pytest.raises(InputError, match="Permission denied"):
        Run.load(tmp_path)


def test_run_without_onnx_model_is_whole_if_it_never_had_one(tiny_run_directory: Path, tmp_path: Path) -> None:
    record = json.loads((tiny_run_directory / "run.json").read_text())
    del record["sha256"]["model.onnx"]
    (tmp_path / "run.json").write_text(json.dumps(record))
    (tmp_path / "model.safetensors").write_bytes((tiny_run_directory / "model.safetensors").read_bytes())
    Run.load(tmp_path).save(tmp_path / "whole")
    assert (tmp_path / "whole" / "model.onnx").read_bytes() == (tiny_run_directory / "model.onnx").read_bytes()
    (tmp_path / "model.onnx").write_bytes((tiny_run_directory / "model.onnx").read_bytes())
    with pytest.raises(InputError, match="checksum"):  # one that nobody vouches for
        Run.load(tmp_path)
