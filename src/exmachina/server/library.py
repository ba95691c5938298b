"""Trained networks that the lesson can use: those that ship, those that the host adds, and each learner's own."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exmachina.classifier import Classifier
from exmachina.errors import InputError
from exmachina.networks import Network
from exmachina.runs.run import METADATA, ONNX, PRETRAINED, WEIGHTS
from exmachina.server.settings import Settings

RUN_ID = re.compile(r"[0-9a-f]{16}")
CACHED = 12
SUMMARY = ("seed", "test_accuracy", "test_loss", "train_seconds", "precision", "interrupted", "created")


class NotFoundError(InputError):
    """There is nothing of that name for this learner."""


@dataclass(frozen=True)
class Entry:
    """A run by the name under which the API knows it."""

    id: str
    directory: Path
    shipped: bool


class Library:
    """Finds runs by name in lists that it makes itself; a name never becomes part of a path unchecked."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = settings.data_folder / "lesson" / "runs"
        self._lock = threading.Lock()
        self._classifiers: OrderedDict[Path, tuple[int, Classifier]] = OrderedDict()

    def folder_of(self, learner: str) -> Path:
        """Where a learner's runs are kept, made if need be."""
        folder = self.folder / learner
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"Trained networks cannot be kept ({error.strerror}); set EXMACHINA_DATA.") from None
        return folder

    def entries(self, learner: str) -> list[Entry]:
        """Every run that the learner can see: shipped ones first, then their own, newest first."""
        shared = {path.parent.name: path.parent for path in sorted(PRETRAINED.glob(f"*/{METADATA}"))}
        shared |= self.settings.runs
        found = [Entry(name, directory, True) for name, directory in shared.items()]
        return found + [Entry(path.name, path, False) for path in self._own(learner)]

    def entry(self, learner: str, name: str) -> Entry:
        """The run called `name`. Raises `NotFoundError` naming what there is to choose from."""
        entries = self.entries(learner)
        for entry in entries:
            if entry.id == name:
                return entry
        names = ", ".join(entry.id for entry in entries if entry.shipped) or "none yet; train one first"
        raise NotFoundError(f"No run '{name[:60]}' of yours; shipped runs: {names}.")

    def describe(self, entry: Entry) -> dict[str, Any]:
        """What a list of runs shows of one."""
        data = self.record(entry)
        network = Network.from_json(data["network"])
        return {
            "id": entry.id,
            "shipped": entry.shipped,
            "recipe": data["recipe"].get("name"),
            "network": network.name,
            "parameters": network.parameters,
            **{name: data.get(name) for name in SUMMARY},
        }

    def record(self, entry: Entry) -> dict[str, Any]:
        """The contents of `run.json`."""
        try:
            data: dict[str, Any] = json.loads((entry.directory / METADATA).read_bytes())
        except (OSError, ValueError):
            raise NotFoundError(f"Run '{entry.id}' is gone or damaged; train it again.") from None
        return data

    def content(self, entry: Entry, file: str) -> bytes:
        """The bytes of one of the run's files."""
        if file not in (WEIGHTS, ONNX):
            raise NotFoundError(f"A run has no file '{file[:60]}'.")
        try:
            return (entry.directory / file).read_bytes()
        except OSError:
            raise NotFoundError(f"Run '{entry.id}' is gone; train it again.") from None

    def classifier(self, learner: str, name: str) -> Classifier:
        """The classifier of a run, from a small cache. Safe to call from any thread."""
        entry = self.entry(learner, name)
        try:
            stamp = (entry.directory / METADATA).stat().st_mtime_ns
        except OSError:
            raise NotFoundError(f"Run '{entry.id}' is gone; train it again.") from None
        with self._lock:
            known = self._classifiers.get(entry.directory)
            if known is None or known[0] != stamp:
                known = (stamp, Classifier.load(entry.directory))
                self._classifiers[entry.directory] = known
            self._classifiers.move_to_end(entry.directory)
            while len(self._classifiers) > CACHED:
                self._classifiers.popitem(last=False)
        return known[1]

    def keep(self, learner: str, run_id: str) -> None:
        """A run was saved; remove the learner's oldest ones, and then anybody's, beyond what is kept."""
        limits = self.settings.limits
        surplus = self._own(learner)[limits.runs_per_learner :]
        everybody = sorted(self.folder.glob(f"*/*/{METADATA}"), key=_modified, reverse=True)
        surplus += [path.parent for path in everybody[limits.runs :]]
        for directory in surplus:
            if directory.name != run_id:
                shutil.rmtree(directory, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what a run leaves behind whose saving was cut short, an hour later or more."""
        before = time.time() - 3600
        for directory in self.folder.glob("*/*"):
            whole = (directory / METADATA).exists()
            if RUN_ID.fullmatch(directory.name) and not whole and _modified(directory) < before:
                shutil.rmtree(directory, ignore_errors=True)

    def _own(self, learner: str) -> list[Path]:
        files = (self.folder / learner).glob(f"*/{METADATA}")
        own = [file for file in files if RUN_ID.fullmatch(file.parent.name)]
        return [file.parent for file in sorted(own, key=_modified, reverse=True)]


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
