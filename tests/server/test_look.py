"""Networks, recipes, runs and data as the API tells them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import httpx
import numpy as np
import pytest

from exmachina import Classifier, load_mnist
from exmachina.networks import NETWORKS, Network
from exmachina.runs import Run
from exmachina.training import RECIPES


def test_networks_are_told_whole(client: httpx.Client) -> None:
    for told in client.get("/api/v1/networks").json():
        steps, parameters = told.pop("steps"), told.pop("parameters")
        network = Network.from_json(told)
        assert network == NETWORKS[network.name] and parameters == network.parameters
        assert sum(step["parameters"] for step in steps) == parameters
        assert steps[-1]["output_shape"] == [10]


def test_recipes_are_told_whole(client: httpx.Client) -> None:
    assert {recipe["name"] for recipe in client.get("/api/v1/recipes").json()} == set(RECIPES)


def test_run_is_served_byte_for_byte(client: httpx.Client, tiny_run_directory: Path, tiny_run: Run) -> None:
    listed = {run["id"]: run for run in client.get("/api/v1/runs").json()}
    assert listed["tiny"]["test_accuracy"] == tiny_run.test_accuracy and listed["tiny"]["shipped"]
    assert client.get("/api/v1/runs/tiny/run.json").json() == json.loads((tiny_run_directory / "run.json").read_text())
    for file in ("model.safetensors", "model.onnx"):
        assert client.get(f"/api/v1/runs/tiny/{file}").content == (tiny_run_directory / file).read_bytes()


@pytest.mark.parametrize(
    "path",
    ["nobody/run.json", "..%2f..%2fsecret/run.json", "tiny/secret.txt", "tiny/..%2frun.json", "nobody/evaluation"],
)
def test_other_runs_and_files_do_not_exist(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/api/v1/runs/{path}")
    assert answer.status_code == 404 and list(answer.json()) == ["error"]


def test_data_are_mnist_byte_for_byte(client: httpx.Client) -> None:
    train, test = load_mnist()
    answer = client.get("/api/v1/data/train?offset=50&limit=3")
    rows = np.frombuffer(answer.content, np.uint8).reshape(3, 785)
    assert answer.headers["x-indices"] == "50,51,52"
    assert (rows[:, 0] == train.labels[50:53]).all() and (rows[:, 1:].reshape(-1, 28, 28) == train.images[50:53]).all()
    chosen = client.get("/api/v1/data/test?indices=257,3,257")
    rows = np.frombuffer(chosen.content, np.uint8).reshape(3, 785)
    assert (rows[:, 1:].reshape(-1, 28, 28) == test.images[[257, 3, 257]]).all()


def test_data_can_be_filtered_by_digit(client: httpx.Client) -> None:
    train, _ = load_mnist()
    answer = client.get("/api/v1/data/train?digit=7&offset=10&limit=5")
    assert answer.headers["x-indices"] == ",".join(map(str, np.flatnonzero(train.labels == 7)[10:15]))
    assert client.get("/api/v1/data/test?offset=60000").content == b""


@pytest.mark.parametrize(
    "query",
    ["limit=1001", "offset=-1", "digit=10", "indices=1,60000", "indices=1,x", "indices=-1", "indices=1.5", "limit=x"],
)
def test_impossible_pages_are_refused(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/api/v1/data/train?{query}")
    assert answer.status_code == 400 and list(answer.json()) == ["error"]


def test_summary_counts_and_averages(client: httpx.Client) -> None:
    train, _ = load_mnist()
    told = client.get("/api/v1/data/summary").json()
    assert told["train"]["n"] == 60_000 and told["test"]["n"] == 10_000
    assert told["train"]["counts"] == np.bincount(train.labels).tolist()
    means = np.frombuffer(base64.b64decode(told["train"]["mean_images"]), np.uint8).reshape(10, 28, 28)
    assert np.abs(means[7] - train.images[train.labels == 7].mean(axis=0)).max() <= 0.5
    for digit, indices in told["strangest"].items():
        assert len(indices) >= 4 and (train.labels[indices] == int(digit)).all()


def test_evaluation_agrees_with_counting(client: httpx.Client, tiny_run_directory: Path) -> None:
    _, test = load_mnist()
    told = client.get("/api/v1/runs/tiny/evaluation").json()
    read = Classifier.load(tiny_run_directory).logits(test.images).argmax(axis=1)
    right = int((read == test.labels).sum())
    assert told["accuracy"] == right / 10_000 and told["interval"][0] < told["accuracy"] < told["interval"][1]
    assert told["errors"] == 10_000 - right and np.trace(told["confusion_matrix"]) == right
    assert sum(score["support"] for score in told["per_class"]) == 10_000
    first = told["mistakes"][0]
    assert read[first["index"]] == first["digit"] != first["label"] == test.labels[first["index"]]
    assert first["probability"] >= told["mistakes"][-1]["probability"]
    assert sum(item["count"] for item in told["reliability"]["bins"]) == 10_000
