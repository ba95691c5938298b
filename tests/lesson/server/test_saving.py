"""A training of the page becomes a run directory: checked, measured anew, and opened by the library."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from exmachina.classifier import Classifier
from exmachina.data import load_mnist_split
from exmachina.lesson.server import Limits, Settings
from exmachina.runs import Run
from exmachina.runs.files import sha256
from lesson_server import serving

ZIP = {"Content-Type": "application/zip"}
Change = Callable[[dict[str, Any], dict[str, bytes]], None]


def archive(folder: Path, change: Change = lambda record, files: None, method: int = zipfile.ZIP_STORED) -> bytes:
    """What the page sends, made from a run directory: weights and a record without ONNX model."""
    files = {"model.safetensors": (folder / "model.safetensors").read_bytes()}
    record = json.loads((folder / "run.json").read_text())
    record["sha256"] = {"model.safetensors": sha256(files["model.safetensors"])}
    change(record, files)
    files.setdefault("run.json", json.dumps(record).encode())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(f"fast/{name}", content)
    return packed.getvalue()


@pytest.fixture(scope="module")
def home(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Settings]]:
    chosen = replace(settings, data_folder=tmp_path_factory.mktemp("home"), limits=Limits(run_body=1 << 20))
    with serving(chosen) as lesson:
        yield lesson.learner(), chosen


def saved(chosen: Settings) -> list[str]:
    return sorted(path.name for path in (chosen.data_folder / "lesson" / "runs").glob("*"))


@pytest.mark.slow
def test_saved_run_is_measured_anew_and_opened_by_everybody(
    home: tuple[httpx.Client, Settings], tiny_run_directory: Path
) -> None:
    client, chosen = home

    def boast(record: dict[str, Any], _: dict[str, bytes]) -> None:
        record.update(test_accuracy=1.0, rejection_threshold=0.9, temperature=3.0, hardware={"processor": "a lie"})
        record["recipe"]["name"] = "../../Fast & mine"

    answer = client.post("/api/v1/runs", content=archive(tiny_run_directory, boast), headers=ZIP)
    assert answer.status_code == 201, answer.text
    output = answer.json()
    assert output["name"] == "fast-mine-1" and Path(output["folder"]).parent == chosen.data_folder / "lesson" / "runs"
    run, sent = Run.load(output["folder"]), Run.load(tiny_run_directory)
    test = load_mnist_split("test")
    honest = Classifier.from_run(sent).accuracy(test.images, test.labels)
    assert run.test_accuracy == output["test_accuracy"] == pytest.approx(honest)
    assert (run.temperature, run.rejection_threshold, run.device, run.hardware) == (1.0, None, "browser", {})
    assert all((run.weights[name] == sent.weights[name]).all() for name in sent.weights)
    assert (Path(output["folder"]) / "model.onnx").exists()
    assert "fast-mine-1" in client.get("/api/v1/runs").json()
    assert "fast-mine-1" in [item["name"] for item in client.get("/site.json").json()["runs"]]
    pixels = {"pixels": test.images[0].ravel().tolist()}
    assert client.post("/api/v1/predict?run=fast-mine-1", json=pixels).status_code == 200
    # Another start of the server shows it again, and passes over one that is damaged.
    (chosen.data_folder / "lesson" / "runs" / "broken").mkdir()
    (chosen.data_folder / "lesson" / "runs" / "broken" / "run.json").write_text("{}")
    with serving(chosen) as again:
        names = again.learner().get("/api/v1/runs").json()
        assert "fast-mine-1" in names and "broken" not in names


def test_names_are_given_by_the_server_and_never_taken_twice(tmp_path: Path) -> None:
    from exmachina.errors import InputError
    from exmachina.lesson.saving import _free

    (tmp_path / "fast-1").mkdir()
    assert _free(tmp_path, "fast", 9).name == "fast-2" and _free(tmp_path, "/etc/./..", 9).name == "etc-1"
    assert _free(tmp_path, "…", 9).name == "run-1"
    with pytest.raises(InputError, match="delete some"):
        _free(tmp_path, "fast", 1)


def bad_weight(value: float) -> Change:
    def change(record: dict[str, Any], files: dict[str, bytes]) -> None:
        content = bytearray(files["model.safetensors"])
        content[-4:] = np.float32(value).tobytes()
        files["model.safetensors"] = bytes(content)
        record["sha256"]["model.safetensors"] = sha256(bytes(content))

    return change


def put(name: str, value: Any) -> Change:
    return lambda record, files: record.update({name: value})


def other_network(record: dict[str, Any], _: dict[str, bytes]) -> None:
    record["network"]["layers"][-1]["units"] = 11


BAD: dict[str, Change] = {
    "not a number": bad_weight(float("nan")),
    "infinite": bad_weight(float("inf")),
    "weights of another network": other_network,
    "one byte changed": lambda record, files: files.update({"model.safetensors": files["model.safetensors"] + b"x"}),
    "no checksum": put("sha256", {}),
    "no network": lambda record, files: record.pop("network") and None,
    "seed": put("seed", -1),
    "history": put("history", ["x"]),
    "recipe": put("recipe", "fast"),
    "format": put("format", 2),
    "a file too many": lambda record, files: files.update({"model.onnx": b"x"}),
    "a file too few": lambda record, files: files.__delitem__("model.safetensors"),
    "a path": lambda record, files: files.update({"../../model.pkl": b"x"}),
    "no JSON": lambda record, files: files.update({"run.json": b"{"}),
    "infinite JSON": lambda record, files: files.update({"run.json": b'{"format": Infinity}'}),
}


@pytest.mark.parametrize("change", BAD.values(), ids=list(BAD))
def test_what_is_not_a_run_is_one_line_and_leaves_nothing(
    home: tuple[httpx.Client, Settings], tiny_run_directory: Path, change: Change
) -> None:
    client, chosen = home
    before = saved(chosen)
    answer = client.post("/api/v1/runs", content=archive(tiny_run_directory, change), headers=ZIP)
    line = answer.json()["error"]
    assert answer.status_code == 400 and "\n" not in line and "/tmp" not in line
    assert saved(chosen) == before


@pytest.mark.parametrize("body", [b"", b"x" * 100, b"PK\x03\x04" + b"\0" * 200])
def test_what_is_no_archive_is_one_line(home: tuple[httpx.Client, Settings], body: bytes) -> None:
    answer = home[0].post("/api/v1/runs", content=body, headers=ZIP)
    assert answer.status_code == 400 and "zip archive" in answer.json()["error"]


def test_compressed_archive_is_refused_unopened(home: tuple[httpx.Client, Settings], tiny_run_directory: Path) -> None:
    bomb = archive(tiny_run_directory, put("versions", {"x": "0" * 10_000_000}), zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1 << 20
    answer = home[0].post("/api/v1/runs", content=bomb, headers=ZIP)
    assert answer.status_code == 400 and "stored" in answer.json()["error"]


def test_size_and_type_are_bounded(home: tuple[httpx.Client, Settings]) -> None:
    client, _ = home
    assert client.post("/api/v1/runs", content=b"x" * (2 << 20), headers=ZIP).status_code == 413
    assert client.post("/api/v1/runs", json={}).status_code == 415
    assert client.post("/api/v1/predict", content=b"x", headers=ZIP).status_code == 415
