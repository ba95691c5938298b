"""Who wrote each digit, and what follows: the writers who are read worst.

MNIST's own files do not name the writers; QMNIST's do (Yadav and Bottou, Cold Case: The Lost MNIST Digits, 2019).
Its label tables are not part of this package. They are fetched once, with a pinned SHA-256, or given by path.
"""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags, Labels, check_same_length
from exmachina.evaluation.user_folder import user_folder

Part = Literal["train", "test"]

BASE_URL = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"
FILES = {part: f"qmnist-{part}-labels-idx2-int.gz" for part in ("train", "test")}
SHA256 = {
    "train": "2c05dc77f6b916b38e455e97ab129a42a444f3dbef09b278a366f82904e0dd9f",
    "test": "9fbcbe594c3766fdf4f0b15c5165dc0d1e57ac604e01422608bb72c906030d06",
}
MNIST_ROWS = {"train": 60_000, "test": 10_000}  # rows of the table that are MNIST's, in MNIST's order
COLUMNS, MAX_ROWS = 8, 500_000
MAX_FILE_BYTES = 4 << 20
TIMEOUT_SECONDS = 20.0
SHUFFLES = 200


@dataclass(frozen=True)
class Writers:
    """Writer numbers (N,) of MNIST's train or test images, in order, and the labels of the same table."""

    part: Part
    ids: NDArray[np.int64] = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)

    def __len__(self) -> int:
        return len(np.unique(self.ids))

    def check_labels(self, labels: Labels) -> None:
        """Refuse a data set that is not the one these writers wrote."""
        if labels.shape != self.labels.shape or (labels != self.labels).any():
            raise InputError(f"These {len(labels):,} labels are not MNIST's {self.part} set, so no writer is known.")


@dataclass(frozen=True)
class WriterScore:
    """One hand: `errors` of its `n` digits were misread."""

    writer: int
    errors: int
    n: int


@dataclass(frozen=True)
class WorstWriters:
    """The tenth of the writers whose digits are misread most, and their joint error.

    Some writers must come last even if all hands were equally hard: `by_chance` is the joint error that the
    worst tenth has on average when the same mistakes fall on digits at random, each staying in its group (students or
    Census employees, whose digits differ anyway). `p_value`: how often such a tenth is at least as bad.
    """

    error: float
    by_chance: float
    p_value: float
    overall: float
    writers: tuple[WriterScore, ...]


def load_writers(part: Part, path: str | Path | None = None, *, folder: Path | None = None) -> Writers:
    """Read the writers from `path`, or from the table that `download_writers` keeps in `folder`.

    Raises `InputError` if there is neither; the line says how to get one.
    """
    if path is not None:
        return _parse(_read(Path(path)), part, path)
    kept = (folder or user_folder()) / FILES[part]
    if not kept.is_file():
        raise InputError(
            f"The writers of MNIST's {part} digits are not on this computer; download them or give {FILES[part]}."
        )
    raw = _read(kept)
    _check_digest(raw, part, kept)
    return _parse(raw, part, kept)


def download_writers(part: Part, *, folder: Path | None = None, base_url: str = BASE_URL) -> Path:
    """Fetch a writer table once into `folder` (the user's data folder) and return its path.

    The file appears under its name only after its SHA-256 has matched. Raises `InputError` without a network.
    """
    folder = folder or user_folder()
    target = folder / FILES[part]
    if target.is_file() and hashlib.sha256(_read(target)).hexdigest() == SHA256[part]:
        return target
    url = base_url + FILES[part]
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
            raw = answer.read(MAX_FILE_BYTES + 1)
    except (OSError, HTTPException) as error:  # URLError is an OSError
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise InputError(f"Cannot fetch {url} ({reason}); go online once or give the file by path.") from None
    _check_digest(raw, part, url)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_whole(target, raw)
    except OSError as error:
        raise InputError(f"Cannot keep {target} ({error.strerror or error}); set EXMACHINA_DATA.") from None
    return target


def worst_decile(
    wrong: Flags, writers: NDArray[Any], generator: np.random.Generator, groups: NDArray[Any] | None = None
) -> WorstWriters:
    """The worst tenth of the writers (N,) by share of digits `wrong` (N,), and what chance alone would give.

    `groups` (N,) are kinds of writer; chance moves no mistake from one to another.
    """
    check_same_length(wrong, writers, "Errors and writers")
    kinds = (
        [np.arange(len(wrong))] if groups is None else [np.flatnonzero(groups == kind) for kind in np.unique(groups)]
    )
    ids, member, sizes = np.unique(writers, return_inverse=True, return_counts=True)
    count = -(-len(ids) // 10)

    def worst(flags: Flags) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        errors = np.bincount(member, weights=flags, minlength=len(ids)).astype(np.int64)
        order = np.lexsort((ids, -errors / sizes))  # most errors per digit first, then by number
        return order[:count], errors

    chosen, errors = worst(wrong)
    chances = []
    for _ in range(SHUFFLES):
        moved = wrong.copy()
        for members in kinds:
            moved[members] = generator.permutation(wrong[members])
        picked, shuffled = worst(moved)
        chances.append(shuffled[picked].sum() / sizes[picked].sum())
    error = float(errors[chosen].sum() / sizes[chosen].sum())
    return WorstWriters(
        error=error,
        by_chance=float(np.mean(chances)),
        p_value=float((1 + np.sum(np.array(chances) >= error - 1e-12)) / (1 + SHUFFLES)),
        overall=float(wrong.mean()),
        writers=tuple(WriterScore(int(ids[i]), int(errors[i]), int(sizes[i])) for i in chosen),
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InputError(f"Cannot read '{path}': {error.strerror or error}.") from None


def _check_digest(raw: bytes, part: Part, origin: str | Path) -> None:
    if hashlib.sha256(raw).hexdigest() != SHA256[part]:
        raise InputError(f"{origin} is not the QMNIST table this version knows (SHA-256 differs); get {FILES[part]}.")


def _write_whole(target: Path, raw: bytes) -> None:
    """Write beside the target and rename, so that nobody ever sees half a file."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".download-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def read_table(path: Path, least: int) -> NDArray[np.int64]:
    """A QMNIST label table (N, 8), gzipped or not, of `least` rows or more: column 0 the label, column 2 the writer."""
    return _table(_read(path), least, path)


def _parse(raw: bytes, part: Part, origin: str | Path) -> Writers:
    needed = MNIST_ROWS[part]
    values = _table(raw, needed, origin)[:needed]
    return Writers(part, ids=values[:, 2], labels=values[:, 0])


def _table(raw: bytes, needed: int, origin: str | Path) -> NDArray[np.int64]:
    """An IDX table of big-endian 32-bit integers, gzipped or not."""
    if len(raw) > MAX_FILE_BYTES and raw[:2] == b"\x1f\x8b":
        raise InputError(f"'{origin}' is over {MAX_FILE_BYTES >> 20} MiB; a QMNIST label table is not.")
    limit = 12 + 4 * COLUMNS * MAX_ROWS
    try:
        table = zlib.decompressobj(wbits=31).decompress(raw, limit) if raw[:2] == b"\x1f\x8b" else raw
    except zlib.error:
        raise InputError(f"'{origin}' is a damaged gzip file; get a fresh copy of it.") from None
    if len(table) < 12 or table[:4] != b"\0\0\x0c\x02":
        raise InputError(f"'{origin}' is not a QMNIST label table (IDX, 32-bit integers, two dimensions).")
    rows, columns = struct.unpack(">II", table[4:12])
    if columns != COLUMNS or not needed <= rows <= MAX_ROWS or len(table) != 12 + 4 * rows * columns:
        raise InputError(f"'{origin}' declares {rows:,} × {columns} numbers; expected {needed:,} or more rows of 8.")
    return np.frombuffer(table, ">i4", offset=12).reshape(rows, columns).astype(np.int64)
