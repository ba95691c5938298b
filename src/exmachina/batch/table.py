"""A table of predictions that survives whatever ends the program: begun anew, it goes on where it was.

Rows are added to a hidden file beside the table, `.NAME.part`, and how much of it is whole stands in `.NAME.journal`,
which is replaced in one piece. What was written after that is cut off and read again. The table itself appears whole or
not at all.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from exmachina.batch.predictions import FilePrediction
from exmachina.classifier import Classifier
from exmachina.errors import InputError
from exmachina.runs import check_writable

PREDICTIONS: dict[str, type] = {  # as `FilePrediction.row`
    "path": str,
    "digit": int,
    "probability": float,
    "rejected": bool,
    "several": bool,
    "problem": str,
}
COLUMNS = tuple(PREDICTIONS)
KINDS = (".csv", ".parquet")
EVERY = 0.5  # seconds between two marks in the journal
ROWS_AT_ONCE = 65_536  # of a Parquet file's groups


@dataclass
class Table:
    """A table in the making: add rows, ask what it holds already. The first column is a path, the last a problem."""

    path: Path
    columns: Mapping[str, type] = field(default_factory=lambda: PREDICTIONS)
    rows: int = 0
    problems: int = 0  # rows that tell of one

    def __post_init__(self) -> None:
        self.part = self.path.with_name(f".{self.path.name}.part")
        self.journal = self.path.with_name(f".{self.path.name}.journal")
        self._lines = io.StringIO()
        self._writer = csv.writer(self._lines)
        self._marked = time.monotonic()
        self._left: tuple[Any, Any] | None = None

    def begin(self, reader: str) -> None:
        """Go on with what an earlier attempt of the same `reader` left, or begin.

        Raises `InputError` for what another reader began, or for other columns.
        """
        self._reader = reader
        going_on = self.part.exists() and self.journal.exists()
        self._file = self.part.open("r+b" if going_on else "w+b")
        if not going_on:
            self._writer.writerow(self.columns)
            self._mark()
            return
        mark = json.loads(self.journal.read_text(encoding="utf-8"))
        if mark.get("columns") != list(self.columns) or mark["reader"] != reader:
            self._file.close()
            raise InputError(begun_otherwise(str(self.part), mark.get("columns") == list(self.columns)))
        self.rows, self.problems = mark["rows"], mark["problems"]
        self._file.truncate(mark["bytes"])
        self._file.seek(0, os.SEEK_END)
        keys = np.fromiter((_key(row[0]) for row in self.read_back()), "S16")  # 16 bytes a row, whatever its path
        self._left = np.unique(keys, return_counts=True)

    def take(self, path: str) -> bool:
        """Was this path among the rows that were there at the beginning, and not asked for since?"""
        place = self._place(path)
        if place is None or self._left is None or not self._left[1][place]:
            return False
        self._left[1][place] -= 1
        return True

    def holds(self, path: str) -> bool:
        """Was this path among the rows that were there at the beginning?"""
        return self._place(path) is not None

    def _place(self, path: str) -> int | None:
        if self._left is None:
            return None
        keys, key = self._left[0], np.bytes_(_key(path))
        place = int(np.searchsorted(keys, key))
        return place if place < len(keys) and keys[place] == key else None

    def add(self, row: FilePrediction) -> None:
        """Add a row; it is safe within half a second."""
        self.add_rows([row.row])

    def add_rows(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add what belongs together: all of it is in the table, or nothing. `None` is an empty cell."""
        for row in rows:
            self._writer.writerow(["" if value is None else value for value in row])
            self.rows += 1
            self.problems += bool(row[-1])
        if time.monotonic() - self._marked > EVERY:
            self._mark()

    def finish(self) -> None:
        """Let the table appear."""
        self._mark()
        self._file.close()
        if self.path.suffix.lower() == ".parquet":
            write_parquet(self.read_back(), self.path, self.columns)
            self.part.unlink()
        else:
            self.part.replace(self.path)
        self.journal.unlink()

    def leave(self) -> None:
        """Keep what there is for the next attempt, or nothing if there is nothing."""
        self._mark()
        self._file.close()
        if not self.rows:
            self.part.unlink()
            self.journal.unlink()

    def read_back(self) -> Iterator[list[str]]:
        """The rows so far, as text."""
        with self.part.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            lines = csv.reader(file)
            next(lines)
            yield from lines

    def _mark(self) -> None:
        self._file.write(self._lines.getvalue().encode("utf-8", "surrogateescape"))
        self._lines.seek(0)
        self._lines.truncate()
        self._file.flush()
        os.fsync(self._file.fileno())
        mark = {
            "reader": self._reader,
            "columns": list(self.columns),
            "bytes": self._file.tell(),
            "rows": self.rows,
            "problems": self.problems,
        }
        new = self.journal.with_name(f"{self.journal.name}.new")
        new.write_text(json.dumps(mark), encoding="utf-8")
        new.replace(self.journal)
        self._marked = time.monotonic()


@contextmanager
def open_table(path: Path, classifier: Classifier, columns: Mapping[str, type] = PREDICTIONS) -> Iterator[Table]:
    """A table that appears at `path`, as CSV or Parquet by its ending, once all is added."""
    if path.suffix.lower() not in KINDS:
        raise InputError(
            f"A table is written as CSV or Parquet; name a file that ends in .csv or .parquet, not '{path}'."
        )
    if path.suffix.lower() == ".parquet":
        load_pyarrow()
    check_writable(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = Table(path, columns)
    table.begin(reader_name(classifier))
    try:
        yield table
    except BaseException:
        table.leave()
        raise
    table.finish()


def reader_name(classifier: Classifier) -> str:
    """What tells one reader from another: a SHA-256 of its network, weights, temperature, threshold and rejector."""
    whole = hashlib.sha256(json.dumps(classifier.network.to_json(), sort_keys=True).encode())
    for name in sorted(classifier.weights):
        whole.update(name.encode() + np.ascontiguousarray(classifier.weights[name]).tobytes())
    whole.update(repr((classifier.temperature, classifier.rejection_threshold)).encode())
    if classifier.rejector is not None:
        whole.update(classifier.rejector.to_bytes())
    return whole.hexdigest()


def begun_otherwise(part: str, same_columns: bool) -> str:
    """Why what was begun cannot be gone on with, in one line."""
    if same_columns:
        return f"'{part}' was begun with another network; finish it with that, or delete it."
    return f"'{part}' was begun by another command or version, with other columns; delete it to begin anew."


def _key(path: str) -> bytes:
    return hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=16).digest().rstrip(b"\0")


def load_pyarrow() -> Any:
    """The library that writes Parquet. Raises `InputError` where it is not installed."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise InputError('Parquet needs pyarrow; install it: pip install "hello-ex-machina[parquet]"') from None
    return pyarrow


def parquet_schema(columns: Mapping[str, type] = PREDICTIONS) -> Any:
    """The columns of a Parquet table; what a picture has none of is null."""
    arrow = load_pyarrow()
    kinds = {str: arrow.string(), int: arrow.int32(), float: arrow.float64(), bool: arrow.bool_()}
    return arrow.schema([(name, kinds[kind]) for name, kind in columns.items()])


def write_parquet(rows: Iterator[list[str]], path: Path, columns: Mapping[str, type] = PREDICTIONS) -> None:
    """Rows of text as a Parquet file, typed, some at a time; it appears whole or not at all."""
    arrow, schema = load_pyarrow(), parquet_schema(columns)
    new = path.with_name(f".{path.name}.new")
    with arrow.parquet.ParquetWriter(new, schema) as writer:
        while some := list(islice(rows, ROWS_AT_ONCE)):
            cells = zip(*some, strict=True)
            typed = [
                [_typed(kind, text) for text in column] for kind, column in zip(columns.values(), cells, strict=True)
            ]
            writer.write_table(arrow.table(typed, schema=schema))
    new.replace(path)


def _typed(kind: type, text: str) -> Any:
    """A cell of CSV as what it stands for; nothing is `None`."""
    if not text:
        return None
    if kind is str:  # a path of bytes that are no text keeps its length
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text == "True" if kind is bool else kind(text)
