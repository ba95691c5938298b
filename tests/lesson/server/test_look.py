"""What the page's host tells of its networks and data: the same files behind a server and on any other host."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import httpx
import numpy as np
import pytest

from exmachina import Classifier, load_mnist
from exmachina.errors import InputError
from exmachina.lesson.site import export_site
from exmachina.networks import NETWORKS, Network
from exmachina.runs import Run
from exmachina.training import RECIPES


def test_networks_and_recipes_are_told_whole(client: httpx.Client) -> None:
    site = client.get("/site.json").json()
    assert site["server"] is True
    for answer in site["networks"]:
        network = Network.from_json(answer)
        assert network == NETWORKS[network.name]
    assert {recipe["name"] for recipe in site["recipes"]} == set(RECIPES)


def test_run_is_served_byte_for_byte(client: httpx.Client, tiny_run_directory: Path, tiny_run: Run) -> None:
    listed = {run["id"]: run for run in client.get("/site.json").json()["runs"]}
    assert listed["tiny"]["test_accuracy"] == tiny_run.test_accuracy
    assert client.get("/api/v1/runs").json() == list(listed)
    for file in ("run.json", "model.safetensors", "model.onnx"):
        assert client.get(f"/data/runs/tiny/{file}").content == (tiny_run_directory / file).read_bytes()


@pytest.mark.parametrize(
    "path", ["nobody/run.json", "..%2f..%2fsecret/run.json", "tiny/secret.txt", "tiny/..%2frun.json", "tiny/"]
)
def test_other_runs_and_files_do_not_exist(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/data/runs/{path}")
    assert answer.status_code == 404 and list(answer.json()) == ["error"]


def test_data_are_mnist_byte_for_byte(client: httpx.Client) -> None:
    data = client.get("/site.json").json()["data"]
    for split, mnist in zip(("train", "test"), load_mnist(), strict=True):
        assert data[split]["count"] == len(mnist)
        start = 0
        for part in data[split]["parts"]:
            packed = client.get(f"/{part['file']}").content
            assert len(packed) == pytest.approx(part["bytes"], rel=0.02)
            result = np.frombuffer(gzip.decompress(packed), np.uint8)
            count = part["count"]
            assert np.array_equal(result[:count], mnist.labels[start : start + count])
            assert np.array_equal(result[count:].reshape(count, 28, 28), mnist.images[start : start + count])
            start += count
        assert start == len(mnist)
        sample = data[split]["sample"]
        result = np.frombuffer(gzip.decompress(client.get(f"/{sample['file']}").content), np.uint8)
        assert np.array_equal(result[: len(sample["indices"])], mnist.labels[sample["indices"]])


def test_summary_counts_and_averages(client: httpx.Client) -> None:
    train, _ = load_mnist()
    answer = client.get("/data/summary.json").json()
    assert answer["train"]["n"] == 60_000 and answer["test"]["n"] == 10_000
    assert answer["train"]["counts"] == np.bincount(train.labels).tolist()
    means = np.frombuffer(base64.b64decode(answer["train"]["mean_images"]), np.uint8).reshape(10, 28, 28)
    assert np.abs(means[7] - train.images[train.labels == 7].mean(axis=0)).max() <= 0.5
    for digit, indices in answer["strangest"].items():
        assert len(indices) >= 4 and (train.labels[indices] == int(digit)).all()


def test_evaluation_agrees_with_counting(client: httpx.Client, tiny_run_directory: Path) -> None:
    _, test = load_mnist()
    answer = client.get("/data/runs/tiny/evaluation.json").json()
    read = Classifier.load(tiny_run_directory).logits(test.images).argmax(axis=1)
    right = int((read == test.labels).sum())
    assert answer["accuracy"] == right / 10_000 and answer["interval"][0] < answer["accuracy"] < answer["interval"][1]
    assert answer["errors"] == 10_000 - right and np.trace(answer["confusion_matrix"]) == right
    assert sum(score["support"] for score in answer["per_class"]) == 10_000
    first = answer["mistakes"][0]
    assert read[first["index"]] == first["digit"] != first["label"] == test.labels[first["index"]]
    assert first["probability"] >= answer["mistakes"][-1]["probability"]
    assert sum(item["count"] for item in answer["reliability"]["bins"]) == 10_000


def test_exported_page_has_the_server_s_files(client: httpx.Client, tmp_path: Path, tiny_run_directory: Path) -> None:
    folder = export_site(tmp_path / "site", {"tiny": tiny_run_directory})
    site = json.loads((folder / "site.json").read_text(encoding="utf-8"))
    assert site["server"] is False and [run["id"] for run in site["runs"]] == ["tiny"]
    for path in ("data/summary.json", "data/train-sample.bin", "data/runs/tiny/model.safetensors"):
        assert (folder / path).read_bytes() == client.get(f"/{path}").content
    assert (folder / "engine" / "engine.wasm").exists() and (folder / "index.html").exists()
    with pytest.raises(InputError, match="not empty"):
        export_site(folder, {"tiny": tiny_run_directory})
