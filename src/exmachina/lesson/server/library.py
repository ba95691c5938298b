"""Trained networks for the lesson: those that ship, those saved from the page, and those that the host adds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from exmachina.classifier import Classifier
from exmachina.errors import InputError
from exmachina.lesson.saving import sweep
from exmachina.lesson.server.settings import Settings
from exmachina.runs import Run
from exmachina.runs.run import METADATA, PRETRAINED

CACHED = 12
FIRST = "fast"  # what the page shows at first


class NotFoundError(InputError):
    """There is nothing of that name."""


class Library:
    """Finds runs by name in a list that it makes itself; a name never becomes part of a path unchecked."""

    def __init__(self, settings: Settings) -> None:
        shipped = {path.parent.name: path.parent for path in sorted(PRETRAINED.glob(f"*/{METADATA}"))}
        self.saved = settings.data_folder / "lesson" / "runs"
        sweep(self.saved)
        self._runs = {FIRST: shipped[FIRST]} | shipped | _whole(self.saved) | settings.runs
        self._lock = threading.Lock()
        self._classifiers: OrderedDict[Path, tuple[int, Classifier]] = OrderedDict()

    def runs(self) -> dict[str, Path]:
        """Run directories by name."""
        return dict(self._runs)

    def add(self, name: str, folder: Path) -> None:
        """Offer one more."""
        self._runs[name] = folder

    def folder(self, name: str) -> Path:
        """The run called `name`. Raises `NotFoundError` naming what there is to choose from."""
        if name not in self._runs:
            raise NotFoundError(f"No run '{name[:60]}'. Choose one of: {', '.join(self._runs)}.")
        return self._runs[name]

    def classifier(self, name: str) -> Classifier:
        """The classifier of a run, from a small cache. Safe to call from any thread."""
        folder = self.folder(name)
        try:
            stamp = (folder / METADATA).stat().st_mtime_ns
        except OSError:
            raise NotFoundError(f"Run '{name}' is gone; train it again.") from None
        with self._lock:
            known = self._classifiers.get(folder)
            if known is None or known[0] != stamp:
                known = (stamp, Classifier.load(folder))
                self._classifiers[folder] = known
            self._classifiers.move_to_end(folder)
            while len(self._classifiers) > CACHED:
                self._classifiers.popitem(last=False)
        return known[1]


def _whole(folder: Path) -> dict[str, Path]:
    """The runs in a folder by name, without those that are damaged."""
    found = {}
    for metadata in sorted(folder.glob(f"[!.]*/{METADATA}")):
        with suppress(InputError):
            Run.load(metadata.parent)
            found[metadata.parent.name] = metadata.parent
    return found
