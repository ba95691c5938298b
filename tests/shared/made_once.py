"""What every worker reads and nobody changes is made by the first that asks for it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PATIENCE = 300.0  # seconds; a busy machine must not fail a test that only waits


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder `name` of all workers of this run, filled by `make`."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each has a folder of its own in that of the run
        base = base.parent
    folder, begun, unfinished = base / name, base / f"{name}-begun", base / f"{name}-unfinished"
    try:
        begun.mkdir()  # it stays, or whoever asks when all is made would make it anew
    except FileExistsError:
        end = time.monotonic() + PATIENCE
        while not folder.exists():
            assert time.monotonic() < end, f"another worker has begun {begun} and never ended"
            time.sleep(0.05)
        return folder
    make(unfinished)
    return unfinished.rename(folder)
