"""The page as plain files: its own, and its data under `data/`. A lesson's server and any other host serve the same."""

from __future__ import annotations

import gzip
import json
import math
import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.lesson import WEB, digits
from exmachina.lesson.assess import assess, step_back
from exmachina.networks import NETWORKS
from exmachina.runs import Run, find_run
from exmachina.runs.record import to_plain
from exmachina.runs.rejector import REJECTOR
from exmachina.runs.run import METADATA, ONNX, WEIGHTS
from exmachina.training.recipes import RECIPES

RUN_FILES = (METADATA, WEIGHTS, ONNX)
TYPES = {  # of the page's own files; everything else is bytes
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}
SMALL = ("data/summary.json", "data/train-sample.bin", "data/test-sample.bin")
KEPT = ("run.json", "model.safetensors", "evaluation.json")  # of the first run
FIRST_TRAINING = ("data/train-0.bin", "data/train-1.bin", "data/train-2.bin", "data/test-0.bin")
PART = 10_000  # images in a file
FIRST = 240  # images of each split that the page can show before it fetches a whole part
BYTES = 162  # that an image takes when compressed, about
LEVEL = 7  # of compression: 9 takes eleven times as long and saves a two hundredth
INTRODUCED = 257  # the test image with which the introduction of 2018 ended


class SiteFiles:
    """The data that the page asks for, by path; made when first asked for. Safe to call from any thread.

    `runs` are run directories by the name that the page shows; `server` tells the page that it may use the API.
    """

    def __init__(self, runs: Mapping[str, Path], *, server: bool = False) -> None:
        self._runs = dict(runs)
        self._made: dict[str, bytes] = {}
        self._makers: dict[str, Callable[[], bytes]] = {
            "site.json": lambda: to_json(_site(self._runs, server)),
            "data/summary.json": lambda: to_json(digits.summary()),
            "data/train-sample.bin": lambda: _packed(digits.part("train")[_sample("train")]),
            "data/test-sample.bin": lambda: _packed(digits.part("test")[_sample("test")]),
        }
        for split in digits.PARTS:
            for number in range(math.ceil(digits.COUNTS[split] / PART)):
                self._makers[f"data/{split}-{number}.bin"] = partial(_part, split, number)
        self._locks = {path: threading.Lock() for path in self._makers}
        for name, folder in runs.items():
            self.add(name, folder)

    def add(self, name: str, folder: Path) -> None:
        """One run more."""
        makers: dict[str, Callable[[], bytes]] = {file: partial(_run_file, folder, file) for file in RUN_FILES}
        if (folder / REJECTOR).exists():
            makers[REJECTOR] = partial(_run_file, folder, REJECTOR)
        makers["evaluation.json"] = partial(_evaluation, folder)
        for file, maker in makers.items():
            path = f"data/runs/{name}/{file}"
            self._locks[path] = threading.Lock()
            self._makers[path] = maker
        with self._locks["site.json"]:
            self._runs[name] = folder
            self._made.pop("site.json", None)

    def prepare(self) -> None:
        """Make what a class's first training asks for before it does; packing it takes seconds."""
        step_back()
        for path in FIRST_TRAINING:
            self.get(path)

    def paths(self) -> list[str]:
        """Every file's path, relative to the page."""
        return list(self._makers)

    def holds(self, path: str) -> bool:
        """Whether there is a file at this path."""
        return path in self._makers

    def made(self, path: str) -> bool:
        """Whether it need not be made first."""
        return path in self._made

    def get(self, path: str) -> bytes:
        """The content of a file that there is."""
        with self._locks[path]:
            if path not in self._made:
                self._made[path] = self._makers[path]()
            return self._made[path]


def export_site(directory: str | Path, runs: Mapping[str, str | Path]) -> Path:
    """Write the page for any web host, and return its folder.

    `runs` are run directories by the name that the page shows. Raises `InputError` if the folder exists already and
    holds anything, or cannot be written.
    """
    folder = Path(directory)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"'{directory}' exists and is not empty; choose a new folder.")
    result = SiteFiles({name: find_run(source) for name, source in runs.items()})
    partial = folder.absolute().with_name(f".{folder.name}.{uuid4().hex[:8]}.partial")
    try:
        for name, file in site_files().items():
            _write(partial / name, file.read_bytes())
        for path in result.paths():
            _write(partial / path, result.get(path))
        with suppress(FileNotFoundError):
            folder.rmdir()  # empty, and on some systems in the way of a new name
        partial.rename(folder)
    except OSError as error:
        raise InputError(f"Cannot write to '{directory}': {error.strerror}; choose another folder.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)  # a page that is not whole is none
    return folder


def page_files(folder: Path = WEB) -> dict[str, Path]:
    """The page's own files by their path; a link or a hidden file is none of them, so that nothing leads elsewhere."""
    paths = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.suffix in TYPES}
    hidden = {name for name in paths if any(part.startswith(".") for part in name.parts)}
    return {name.as_posix(): path for name, path in paths.items() if name not in hidden and not path.is_symlink()}


def site_files() -> dict[str, Path]:
    """Those that any host has: without the class's page, which only a server has."""
    return {name: path for name, path in page_files().items() if not name.startswith("class/")}


def to_json(data: Any) -> bytes:
    """JSON as browsers read it: numbers that are not finite become null."""
    return json.dumps(to_plain(data), ensure_ascii=False, allow_nan=False).encode()


def _site(runs: Mapping[str, Path], server: bool) -> dict[str, Any]:
    return {
        "server": server,
        "files": [*site_files(), *SMALL, *_kept(runs)],
        "networks": [network.to_json() for network in NETWORKS.values()],
        "recipes": [recipe.to_record() for recipe in RECIPES.values()],
        "runs": [_described(name, folder) for name, folder in runs.items()],
        "data": {"summary": "data/summary.json", **{split: _split(split) for split in digits.PARTS}},
    }


def _kept(runs: Mapping[str, Path]) -> list[str]:
    """What a browser keeps of the first run, to work offline."""
    name, folder = next(iter(runs.items()))
    return [f"data/runs/{name}/{file}" for file in (*KEPT, REJECTOR) if file != REJECTOR or (folder / file).exists()]


def _described(name: str, folder: Path) -> dict[str, Any]:
    run = Run.load(folder)
    return {
        "id": name,
        "name": name,
        "recipe": run.recipe.get("name", run.network.name),
        "network": run.network.name,
        "parameters": run.network.parameters,
        "test_accuracy": run.test_accuracy,
    }


def _split(split: digits.Part) -> dict[str, Any]:
    count = digits.COUNTS[split]
    parts = [
        {"file": f"data/{split}-{number}.bin", "count": min(PART, count - PART * number), "bytes": BYTES * PART}
        for number in range(math.ceil(count / PART))
    ]
    sample = {"file": f"data/{split}-sample.bin", "first": FIRST, "indices": _sample(split)}
    return {"count": count, "parts": parts, "sample": sample}


@lru_cache(2)
def _sample(split: digits.Part) -> list[int]:
    """The first images of a split, and those that figures show: the strangest, and the introduction's last."""
    more = (
        {i for chosen in digits.summary()["strangest"].values() for i in chosen} if split == "train" else {INTRODUCED}
    )
    return [*range(FIRST), *sorted(more - set(range(FIRST)))]


def _part(split: digits.Part, number: int) -> bytes:
    return _packed(digits.part(split)[PART * number : PART * (number + 1)])


def _packed(data: Dataset) -> bytes:
    """All labels, then all images, compressed."""
    return gzip.compress(data.labels.tobytes() + np.ascontiguousarray(data.images).tobytes(), LEVEL, mtime=0)


def _run_file(folder: Path, file: str) -> bytes:
    path = folder / file
    if file == ONNX and not path.exists():  # a run that a browser wrote or that ships
        from exmachina.runs.onnx_graph import build_onnx

        run = Run.load(folder)
        return build_onnx(run.network, run.weights)
    return path.read_bytes()


def _evaluation(folder: Path) -> bytes:
    return to_json(assess(Classifier.load(folder), digits.part("test")))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
