"""Learners' drawings with their labels, in one SQLite file in the user's data folder."""

from __future__ import annotations

import csv
import io
import json
import math
import sqlite3
import struct
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from exmachina.data import Dataset
from exmachina.data.dataset import SIDE
from exmachina.errors import InputError

SCHEMA = """
CREATE TABLE IF NOT EXISTS drawings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    learner TEXT NOT NULL,
    label INTEGER NOT NULL CHECK (label BETWEEN 0 AND 9),
    strokes TEXT NOT NULL,
    image BLOB NOT NULL CHECK (length(image) = 784),
    created TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS drawings_of_learner ON drawings (learner, id);
"""
COLUMNS = "id, label, strokes, image, created"
BUSY_SECONDS = 5.0
MAX_STROKES, MAX_POINTS, MAX_COORDINATE = 200, 5000, 1e6


def check_strokes(strokes: Sequence[Sequence[Sequence[float]]]) -> None:
    """Raise `InputError` unless the strokes are lists of (x, y) points, finite and not too many."""
    if len(strokes) > MAX_STROKES or sum(map(len, strokes)) > MAX_POINTS:
        raise InputError(f"The drawing has more than {MAX_STROKES} strokes or {MAX_POINTS:,} points; draw it afresh.")
    for stroke in strokes:
        for point in stroke:
            if len(point) != 2 or not all(math.isfinite(value) and abs(value) <= MAX_COORDINATE for value in point):
                raise InputError(f"A stroke has the point {list(point)[:4]!r}; it must be [x, y] within ±1,000,000.")


@dataclass(frozen=True)
class Drawing:
    """One drawing: its strokes, lists of (x, y) points as they were drawn, and the image that was read."""

    id: int
    label: int
    strokes: list[list[list[float]]]
    image: NDArray[np.uint8]  # (28, 28)
    created: str  # ISO 8601, UTC

    def to_json(self) -> dict[str, Any]:
        """Plain data; the image as 784 bytes, line after line."""
        return {**self.__dict__, "image": self.image.ravel().tolist()}


@dataclass(frozen=True)
class Wall:
    """The class's drawings after a certain one, and of how many there are in all, by how many learners."""

    drawings: list[Drawing]
    count: int
    learners: int


class Collection:
    """All learners' drawings; a method that takes a `learner` speaks of that one's alone, or of everybody's (`None`).

    Safe to call from any thread. Raises `InputError` if the file cannot be opened or a limit is reached.
    """

    def __init__(self, file: Path, *, per_learner: int = 2000, in_all: int = 200_000) -> None:
        self.file = file
        self.per_learner, self.in_all = per_learner, in_all
        self._lock = threading.Lock()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(file, timeout=BUSY_SECONDS, check_same_thread=False)
            # Deleted drawings are overwritten, not just forgotten.
            self._database.executescript(f"PRAGMA secure_delete = ON; PRAGMA journal_mode = DELETE; {SCHEMA}")
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"Cannot keep drawings in '{file}' ({reason}); set EXMACHINA_DATA to a folder.") from None

    def add(self, learner: str, label: int, strokes: list[list[list[float]]], image: NDArray[np.uint8]) -> Drawing:
        """Keep a drawing; `image` is uint8 (28, 28)."""
        if image.shape != (SIDE, SIDE) or image.dtype != np.uint8:
            raise InputError(f"The drawing's image is {image.dtype} {image.shape}; it must be uint8 (28, 28).")
        created = datetime.now(UTC).isoformat(timespec="seconds")
        row = (learner, label, json.dumps(strokes), image.tobytes(), created)
        with self._transaction() as database:
            mine, everybody = database.execute(
                "SELECT count(*) FILTER (WHERE learner = ?), count(*) FROM drawings", (learner,)
            ).fetchone()
            if mine >= self.per_learner or everybody >= self.in_all:
                raise InputError(f"The collection is full ({mine} drawings of yours); delete some first.")
            cursor = database.execute(
                "INSERT INTO drawings (learner, label, strokes, image, created) VALUES (?, ?, ?, ?, ?)", row
            )
        assert cursor.lastrowid is not None
        return Drawing(cursor.lastrowid, label, strokes, image, created)

    def list(self, learner: str | None) -> list[Drawing]:
        """The drawings, oldest first."""
        with self._transaction() as database:
            rows = database.execute(
                f"SELECT {COLUMNS} FROM drawings WHERE learner = ifnull(?, learner) ORDER BY id", (learner,)
            ).fetchall()
        return [_drawing(row) for row in rows]

    def wall(self, after: int, most: int) -> Wall:
        """At most so many of everybody's drawings, the first after number `after`."""
        with self._transaction() as database:
            rows = database.execute(
                f"SELECT {COLUMNS} FROM drawings WHERE id > ? ORDER BY id LIMIT ?", (after, most)
            ).fetchall()
            counts = database.execute("SELECT count(*), count(DISTINCT learner) FROM drawings").fetchone()
        return Wall([_drawing(row) for row in rows], *counts)

    def dataset(self, learner: str) -> Dataset:
        """The learner's drawings as labelled images."""
        drawings = self.list(learner)
        images = np.array([drawing.image for drawing in drawings], np.uint8).reshape(-1, SIDE, SIDE)
        return Dataset(images, np.array([drawing.label for drawing in drawings], np.uint8), "my digits")

    def delete(self, learner: str | None, key: int | None = None) -> int:
        """Delete one drawing, or all; returns how many are gone."""
        which = "learner = ifnull(?, learner) AND id = ifnull(?, id)"
        with self._transaction() as database:
            return database.execute(f"DELETE FROM drawings WHERE {which}", (learner, key)).rowcount

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                with self._database:  # commits, or rolls back
                    yield self._database
            except sqlite3.Error as error:
                raise InputError(f"The collection cannot be used ({error}); is its disk full or read-only?") from None


def _drawing(row: tuple[int, int, str, bytes, str]) -> Drawing:
    key, label, strokes, image, created = row
    return Drawing(key, label, json.loads(strokes), np.frombuffer(image, np.uint8).reshape(SIDE, SIDE), created)


def export(drawings: list[Drawing], form: Literal["png", "idx"]) -> bytes:
    """The drawings as a zip archive.

    `png`: one folder per digit, as `load_image_folder` reads, and the strokes in drawings.json. `idx`: images
    and labels as MNIST's training files are named, and an empty test pair, as `load_idx_folder` reads.
    """
    files: dict[str, bytes] = {}
    if form == "png":
        for drawing in drawings:
            files[f"{drawing.label}/{drawing.id:05d}.png"] = _png(drawing.image)
        strokes = [{key: value for key, value in d.to_json().items() if key != "image"} for d in drawings]
        files["drawings.json"] = json.dumps(strokes).encode()
        files["labels.csv"] = _labels(drawings)
    else:
        images = np.array([drawing.image for drawing in drawings], np.uint8).reshape(-1, SIDE, SIDE)
        labels = np.array([drawing.label for drawing in drawings], np.uint8)
        for name, count in (("train", len(drawings)), ("t10k", 0)):
            files[f"{name}-images-idx3-ubyte"] = _idx(images[:count])
            files[f"{name}-labels-idx1-ubyte"] = _idx(labels[:count])
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(f"digits/{name}", content)
    return archive.getvalue()


def _png(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def _idx(array: NDArray[np.uint8]) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def _labels(drawings: list[Drawing]) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["file", "label", "created"])
    table.writerows((f"{d.label}/{d.id:05d}.png", d.label, d.created) for d in drawings)
    return text.getvalue().encode()
