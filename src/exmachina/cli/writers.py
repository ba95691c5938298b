"""Who wrote each digit, as far as it is known on this computer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from exmachina.errors import InputError

if TYPE_CHECKING:
    from exmachina.evaluation.datasets.writers import Part, Writers


def find_writers(source: str | None) -> tuple[Writers | None, Writers | None]:
    """The writers of the test and of the training digits, as far as they can be had."""
    from exmachina.evaluation.datasets.writers import FILES, download_writers, load_writers

    if source == "download":
        download_writers("test")
        download_writers("train")
    elif source is not None:
        path = Path(source)
        if not path.is_dir():
            return load_writers("test", path), None
        train = path / FILES["train"]
        return load_writers("test", path / FILES["test"]), load_writers("train", train) if train.is_file() else None
    return _kept_writers("test"), _kept_writers("train")


def _kept_writers(part: Part) -> Writers | None:
    from exmachina.evaluation.datasets.writers import load_writers

    try:
        return load_writers(part)
    except InputError:
        return None  # the report says what is missing and how to get it
