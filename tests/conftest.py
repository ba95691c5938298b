"""What many tests share: synthetic digits, a tiny network and a run that has learned them."""

from __future__ import annotations

import gc
import os
import pkgutil
import sys

# Before PyTorch and Keras are imported: small work is quickest on one thread, and gives the same on any machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("KERAS_BACKEND", "torch")

from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import exmachina
from chromium import ARGUMENTS, CHROMIUM
from exmachina.data import Dataset, write_idx
from exmachina.networks import Conv, Dense, Flatten, MaxPool, Network
from exmachina.runs import Run
from exmachina.training import Recipe
from needed import needed

# Where Jupyter has brought it, jsonschema compiles a grammar of addresses for seconds at import; nobody here asks it.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

GLYPHS = """
.###. ..#.. .###. ####. ...#. ##### ..##. ##### .###. .###.
#...# .##.. #...# ....# ..##. #.... .#... ....# #...# #...#
#...# ..#.. ....# ....# .#.#. ####. #.... ...#. #...# #...#
#...# ..#.. ...#. .###. #..#. ....# ####. ..#.. .###. .####
#...# ..#.. ..#.. ....# ##### ....# #...# ..#.. #...# ....#
#...# ..#.. .#... ....# ...#. #...# #...# .#... #...# ...#.
.###. .###. ##### ####. ...#. .###. .###. .#... .###. .##..
"""


def draw_digits(count: int, seed: int) -> Dataset:
    """`count` digits from a 5×7 font, each somewhere else, some bolder, all a little blurred and noisy."""
    rng = np.random.default_rng(seed)
    rows = [line.split() for line in GLYPHS.strip().splitlines()]
    glyphs = [np.array([[pixel == "#" for pixel in row[digit]] for row in rows]) for digit in range(10)]
    labels = rng.integers(0, 10, count).astype(np.uint8)
    images = np.stack([_draw(glyphs[label], rng) for label in labels]) if count else np.zeros((0, 28, 28), np.uint8)
    return Dataset(images, labels, "synthetic")


def _draw(glyph: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.uint8]:
    canvas = np.zeros((28, 28))
    ink = np.kron(glyph, np.ones((rng.integers(2, 4), 3)))
    top = (28 - ink.shape[0]) // 2 + rng.integers(-2, 3)
    left = (28 - ink.shape[1]) // 2 + rng.integers(-2, 3)
    canvas[top : top + ink.shape[0], left : left + ink.shape[1]] = ink * rng.uniform(180, 255)
    blurred = sum(np.roll(canvas, shift, (0, 1)) for shift in ((0, 0), (0, 1), (1, 0), (1, 1))) / 4
    return np.asarray(np.clip(blurred + rng.normal(0, 4, canvas.shape) * (blurred > 0), 0, 255), np.uint8)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Collect without looking for garbage, of which imports and tests are none, and without coverage.

    Coverage makes imports take twice as long, in every worker. What our modules do when they are imported is counted
    once, by the process that has the workers, or that needs none.
    """
    coverage = getattr(session.config.pluginmanager.get_plugin("_cov"), "cov_controller", None)
    if coverage is not None:
        if not hasattr(session.config, "workerinput"):
            for module in pkgutil.walk_packages(exmachina.__path__, "exmachina."):
                if not module.name.endswith("__main__") and "peers" not in module.name:
                    import_module(module.name)
        coverage.pause()
    gc.disable()
    collected = yield
    gc.freeze()
    gc.enable()
    if coverage is not None:
        coverage.resume()
    return collected


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that drive a browser or train come first, those with most such tests before all, so that no worker is left
    alone with one of them at the end. Coverage is that of the other tests: it makes Python a quarter slower, and those
    that read our sources, of which they run next to nothing, twice as slow.
    """
    load: Counter[Path] = Counter()
    for item in items:
        if any(map(item.get_closest_marker, ("browser", "slow"))):
            long = item.get_closest_marker("long")
            load[item.path] += (long.args or (10,))[0] if long else 1
            item.add_marker("no_cover")
        elif item.path.parent.name == "project":
            item.add_marker("no_cover")
    items.sort(key=lambda item: -load[item.path])


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, anew for each file: while Playwright runs, its event loop holds the thread, and no other can start."""
    sync_api = pytest.importorskip("playwright.sync_api")
    needed(CHROMIUM, "NO CHROMIUM: neither the page nor the widget is tested. Install chromium to test them.")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session", autouse=True)
def nobodys_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes to the log of test sets or the caches of whoever runs it; sub-processes inherit this too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXMACHINA_DATA", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session", autouse=True)
def mnist_is_read_once() -> Iterator[None]:
    """Not as long as anybody has it, but for all tests of a worker: a quarter of a second each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("exmachina.data.sources._held", {})
        yield


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """2,000 synthetic digits to train on."""
    return draw_digits(2000, seed=1)


@pytest.fixture(scope="session")
def test_digits() -> Dataset:
    """500 synthetic digits that no network was trained on."""
    return draw_digits(500, seed=2)


@pytest.fixture
def idx_folder(tmp_path: Path, digits: Dataset, test_digits: Dataset) -> Path:
    """The synthetic digits as files in MNIST's format."""
    folder = tmp_path / "synthetic"
    folder.mkdir()
    for prefix, data in (("train", digits), ("t10k", test_digits)):
        write_idx(folder / f"{prefix}-images-idx3-ubyte", data.images)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte", data.labels)
    return folder


@pytest.fixture(scope="session")
def tiny_network() -> Network:
    """Conv → pool → dense, 1,498 parameters, pixels standardised."""
    layers = (
        Conv("conv1", "relu", filters=4, kernel=5),  # (4, 24, 24)
        MaxPool("pool1", size=4),  # (4, 6, 6)
        Flatten("flatten1"),  # 144
        Dense("dense1", "softmax", units=10),
    )
    return Network("tiny", layers, mean=0.1, std=0.3)


@pytest.fixture(scope="session")
def tiny_recipe(tiny_network: Network) -> Recipe:
    """Learns the synthetic digits in about a second."""
    return Recipe("tiny", tiny_network, learning_rate=0.02, batch_size=50, epochs=3, precision="fp32")


@pytest.fixture(scope="session")
def tiny_run(tiny_recipe: Recipe, digits: Dataset, test_digits: Dataset) -> Run:
    """A tiny network that has learned the synthetic digits."""
    from exmachina.training import TrainingEnd, train

    *_, end = train(tiny_recipe, digits, seed=0, test=test_digits)
    assert isinstance(end, TrainingEnd)
    return end.run


@pytest.fixture(scope="session")
def tiny_run_directory(tiny_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny run, saved. Not to be written to: copy it first."""
    return tiny_run.save(tmp_path_factory.mktemp("runs") / "tiny")
