"""Every example runs as its header says, and does what it claims."""

from __future__ import annotations

import csv
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from exmachina import load_mnist
from exmachina.data import Dataset
from exmachina.engine import Model
from exmachina.engine.model import GRADIENT
from exmachina.networks import Conv, Dense, Flatten, MaxPool, Network

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name: str, *arguments: object, cwd: Path, **environment: str) -> str:
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def percentage(pattern: str, output: str) -> float:
    result = re.search(pattern + r" (\d+\.\d+)%", output)
    assert result, output
    return float(result[1])


def pictures(folder: Path, data: Dataset, per_digit: int) -> None:
    """Black on white in sub-folders, as a scanner would give them."""
    for digit in range(10):
        (folder / str(digit)).mkdir(parents=True)
        for number, image in enumerate(data.images[data.labels == digit][:per_digit]):
            Image.fromarray(255 - image).resize((56, 56)).save(folder / str(digit) / f"{number}.png")


# ---- a hundred lines -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hundred() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / "mnist_in_100_lines.py"))


def small_weights(dtype: Any) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    shapes = {"kernel1": (1, 5, 5, 8), "kernel2": (8, 3, 3, 16), "dense": (5, 5, 16, 10)}
    shapes |= {"bias1": (8,), "bias2": (16,), "bias3": (10,)}  # type: ignore[dict-item]
    return {name: rng.normal(0, 0.1, shape).astype(dtype) for name, shape in shapes.items()}


def test_it_is_a_hundred_lines_and_needs_numpy_alone() -> None:
    text = (EXAMPLES / "mnist_in_100_lines.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 100 and max(map(len, text.splitlines())) <= 120
    assert re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE) == ["time", "numpy", "exmachina"]


def test_its_gradient_is_that_of_the_engine(hundred: dict[str, Any], digits: Dataset) -> None:
    w = small_weights(np.float32)
    images, labels = digits.images[:20], digits.labels[:20]
    loss, gradient = hundred["backward"](w, images[..., None].astype(np.float32) / 255, labels)
    layers = (
        Conv("conv1", filters=8, kernel=5),
        MaxPool("pool1", "relu", size=2),
        Conv("conv2", filters=16, kernel=3),
        MaxPool("pool2", "relu", size=2),
        Flatten("flatten1"),
        Dense("dense1", "softmax", units=10),
    )
    model = Model(Network("hundred", layers), learns=20)

    def ours(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """From (C, k, k, F) to (F, C, k, k), and the dense layer's rows to channel after channel."""
        kernels = {f"conv{i}.weight": np.moveaxis(values[f"kernel{i}"], 3, 0) for i in (1, 2)}
        dense = {"dense1.weight": values["dense"].transpose(3, 2, 0, 1).reshape(10, -1)}
        names = {"conv1.bias": "bias1", "conv2.bias": "bias2", "dense1.bias": "bias3"}
        return kernels | dense | {name: values[theirs] for name, theirs in names.items()}

    model.set(ours(w))
    expected, _ = model.learn(images, labels, how=GRADIENT)
    assert loss == pytest.approx(expected, rel=1e-5)
    result = model.get("gradients")
    for name, values in ours(gradient).items():
        np.testing.assert_allclose(values, result[name], atol=1e-5 * np.abs(result[name]).max() + 1e-7, err_msg=name)


def test_its_gradient_is_the_slope_of_its_loss(hundred: dict[str, Any]) -> None:
    rng = np.random.default_rng(2)
    w, images, labels = small_weights(np.float64), rng.random((3, 28, 28, 1)), np.array([3, 0, 7])
    _, gradient = hundred["backward"](w, images, labels)
    for name, values in w.items():
        for place in rng.integers(0, values.size, 5):
            losses = []
            for change in (1e-6, -1e-6):
                moved = values.copy()
                moved.flat[place] += change
                losses.append(hundred["backward"]({**w, name: moved}, images, labels)[0])
            slope = (losses[0] - losses[1]) / 2e-6
            assert gradient[name].flat[place] == pytest.approx(slope, rel=1e-4, abs=1e-8), name


@pytest.mark.slow
@pytest.mark.long(50)
def test_it_reads_more_than_98_of_100(tmp_path: Path) -> None:
    """The whole program as it stands, its claim included; one thread, for small products wait for each other."""
    output = run("mnist_in_100_lines.py", cwd=tmp_path, OPENBLAS_NUM_THREADS="1")
    assert percentage("test accuracy", output) > 98
    assert output.count("step ") == 18


# ---- the others ------------------------------------------------------------------------------------------------------


def test_ten_lines_train_keep_and_read(tmp_path: Path) -> None:
    output = run("ten_lines.py", cwd=tmp_path)
    assert percentage("test accuracy", output) > 98.7 and "\n8 (" in output
    assert (tmp_path / "runs" / "ten-lines" / "model.onnx").exists()
    body = (EXAMPLES / "ten_lines.py").read_text(encoding="utf-8").split('"""')[2]
    assert len([line for line in body.splitlines() if line]) <= 10


@pytest.mark.slow
def test_a_folder_is_learned_and_mnist_kept(tmp_path: Path) -> None:
    _, test = load_mnist()
    crossed = Dataset(
        test.images.transpose(0, 2, 1).copy(), test.labels
    )  # nobody writes like this: read badly at first
    pictures(tmp_path / "mine", crossed, 12)
    output = run("fine_tune_your_folder.py", "mine", cwd=tmp_path)
    before, after = (percentage(f"{name}: yours", output) for name in ("before", "after"))
    assert after > before
    assert output.splitlines()[-1] == f"kept as {Path('runs', 'mine')}"
    mnist = [float(value) for value in re.findall(r"MNIST's (\d+\.\d+)%", output)]
    assert mnist[1] > mnist[0] - 2


def test_a_folder_becomes_a_table(tmp_path: Path) -> None:
    _, test = load_mnist()
    pictures(tmp_path / "scans", test, 2)
    (tmp_path / "scans" / "notes.txt").write_text("no picture")
    (tmp_path / "scans" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    run("folder_to_table.py", "scans", "table.csv", cwd=tmp_path)
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 21
    read = [row for row in rows if row["digit"]]
    assert len(read) == 20 and sum(Path(row["path"]).parent.name == row["digit"] for row in read) >= 19
    (broken,) = [row for row in rows if row["problem"]]
    assert broken["path"].endswith("broken.png") and not broken["probability"]


@pytest.mark.long(25)
@pytest.mark.slow
def test_scikit_learn_takes_it(tmp_path: Path) -> None:
    output = run("with_scikit_learn.py", cwd=tmp_path)
    assert percentage("DigitClassifier     ", output) > percentage("LogisticRegression  ", output)
    assert "best: {'learning_rate': 0.01}" in output


def test_each_example_is_shown_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    for path in EXAMPLES.glob("*.py"):
        assert f'run("{path.name}"' in text
        header = path.read_text(encoding="utf-8").split('"""')[1]
        assert f"python examples/{path.name}" in header
