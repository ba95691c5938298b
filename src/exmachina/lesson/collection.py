"""Learners' drawings with their labels, in one SQLite file in the user's data folder."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.images import SIDE
from exmachina.images.strokes import Strokes
from exmachina.runs import private_folder

# What the file has to undergo from one version (SQLite's `user_version`) to the next; never changed, only added to.
MIGRATIONS = (
    """
CREATE TABLE IF NOT EXISTS drawings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    learner TEXT NOT NULL,
    label INTEGER NOT NULL CHECK (label BETWEEN 0 AND 9),
    strokes TEXT NOT NULL,
    image BLOB NOT NULL CHECK (length(image) = 784),
    created TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS drawings_of_learner ON drawings (learner, id);
""",
    # How much a learner holds is read from the index alone.
    """
ALTER TABLE drawings ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE drawings SET bytes = length(strokes) + length(image);
DROP INDEX drawings_of_learner;
CREATE INDEX drawings_of_learner ON drawings (learner, id, bytes);
""",
)
COLUMNS = "id, label, strokes, image, created"
BUSY_SECONDS = 5.0
PAGE, PAGE_BYTES = 200, 1 << 20  # drawings, and bytes of them, that are read at once
MOST_PAGES = 2**32 - 2  # SQLite's own limit
RESERVE = 1 << 20  # bytes kept free for deleting when the disk is full
AT_ONCE = 256 << 10  # bytes deleted in one transaction, whose journal must fit into the reserve


class QuotaError(InputError):
    """A learner's own share is used up."""


class NoRoomError(InputError):
    """The class's share, or the disk, is full."""


class UnavailableError(InputError):
    """The file cannot be used now: another process holds it, or it is read-only or damaged."""


@dataclass(frozen=True)
class Room:
    """How many drawings, and bytes of them, one learner and all together may keep."""

    per_learner: int = 2000
    bytes_per_learner: int = 8 << 20
    in_all: int = 200_000
    bytes_in_all: int = 512 << 20


@dataclass(frozen=True)
class Drawing:
    """One drawing: its strokes, lists of (x, y) points as they were drawn, and the image that was read."""

    id: int
    label: int
    strokes: Strokes
    image: NDArray[np.uint8]  # (28, 28)
    created: str  # ISO 8601, UTC

    def to_json(self) -> dict[str, Any]:
        """Plain data; the image as 784 bytes, line after line."""
        return {**self.__dict__, "image": self.image.ravel().tolist()}


@dataclass(frozen=True)
class Wall:
    """The class's images after a certain one, as (number, label, 784 bytes), and of how many, by how many learners."""

    drawings: list[tuple[int, int, bytes]]
    count: int
    learners: int


class Collection:
    """All learners' drawings; a method that takes a `learner` speaks of that one's alone, or of everybody's (`None`).

    Safe to call from any thread, and beside other processes. Raises `InputError` if the file cannot be opened, and its
    three kinds above when something stands in the way of one call.
    """

    def __init__(self, file: Path, room: Room | None = None) -> None:
        self.file, self.room = file, room or Room()
        self._lock = threading.Lock()
        try:
            private_folder(file.parent)
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
            self._database = sqlite3.connect(file, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
            try:
                # Deleted drawings are overwritten, not just forgotten.
                self._database.executescript("PRAGMA secure_delete = ON; PRAGMA journal_mode = DELETE;")
                _migrate(self._database)
            except BaseException:
                self._database.close()
                raise
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            kind = NoRoomError if getattr(error, "errno", 0) == errno.ENOSPC else type(_told(error))
            raise kind(f"Cannot keep drawings in '{file}' ({reason}); set EXMACHINA_DATA to a folder.") from None
        self._reserve = file.with_name(f"{file.name}.reserve")
        self._set_aside()

    def add(self, learner: str, label: int, strokes: Strokes, image: NDArray[np.uint8]) -> Drawing:
        """Keep a drawing; `image` is uint8 (28, 28)."""
        if image.shape != (SIDE, SIDE) or image.dtype != np.uint8:
            raise InputError(f"The drawing's image is {image.dtype} {image.shape}; it must be uint8 (28, 28).")
        created = datetime.now(UTC).isoformat(timespec="seconds")
        text = json.dumps(strokes, separators=(",", ":"))
        size = len(text) + image.size
        with self._transaction() as database:
            self._check_room(database, learner, size)
            cursor = database.execute(
                "INSERT INTO drawings (learner, label, strokes, image, created, bytes) VALUES (?, ?, ?, ?, ?, ?)",
                (learner, label, text, image.tobytes(), created, size),
            )
        assert cursor.lastrowid is not None
        return Drawing(cursor.lastrowid, label, strokes, image, created)

    def page(self, learner: str | None, after: int = 0, most: int = PAGE) -> list[Drawing]:
        """The oldest drawings after number `after`: a page of them, or none if there are no more."""
        rows, size = [], 0
        with self._transaction("DEFERRED") as database:
            query = f"SELECT {COLUMNS} FROM drawings WHERE learner = ifnull(?, learner) AND id > ? ORDER BY id LIMIT ?"
            for row in database.execute(query, (learner, after, most)):
                rows.append(row)
                size += len(row[2])
                if size > PAGE_BYTES:
                    break
        return [_drawing(row) for row in rows]

    def pages(self, learner: str | None) -> Iterator[list[Drawing]]:
        """All drawings, oldest first, page by page; others may use the collection in between."""
        after = 0
        while page := self.page(learner, after):
            yield page
            after = page[-1].id

    def list(self, learner: str | None) -> list[Drawing]:
        """The drawings, oldest first."""
        return [drawing for page in self.pages(learner) for drawing in page]

    def wall(self, after: int, most: int) -> Wall:
        """At most so many of everybody's drawings, the first after number `after`."""
        with self._transaction("DEFERRED") as database:
            rows = database.execute(
                "SELECT id, label, image FROM drawings WHERE id > ? ORDER BY id LIMIT ?", (after, most)
            ).fetchall()
            counts = database.execute("SELECT count(*), count(DISTINCT learner) FROM drawings").fetchone()
        return Wall(rows, *counts)

    def delete(self, learner: str | None, key: int | None = None) -> int:
        """Delete one drawing, or all; returns how many are gone. Works on a full disk too."""
        gone, more = 0, True
        try:
            while more:
                try:
                    count, more = self._delete_some(learner, key)
                    gone += count
                except NoRoomError:
                    if not self._reserve.exists():
                        raise
                    self._reserve.unlink()
        finally:
            self._set_aside()
        return gone

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def _check_room(self, database: sqlite3.Connection, learner: str, size: int) -> None:
        mine, held, everybody, total = database.execute(
            "SELECT count(*) FILTER (WHERE learner = ?1), ifnull(sum(bytes) FILTER (WHERE learner = ?1), 0), count(*),"
            " ifnull(sum(bytes), 0) FROM drawings INDEXED BY drawings_of_learner",
            (learner,),
        ).fetchone()
        if mine >= self.room.per_learner or held + size > self.room.bytes_per_learner:
            raise QuotaError(f"Your collection is full ({mine} drawings); delete some first.")
        if everybody >= self.room.in_all or total + size > self.room.bytes_in_all:
            raise NoRoomError(f"The class's collection is full ({everybody} drawings); empty the wall first.")

    def _delete_some(self, learner: str | None, key: int | None) -> tuple[int, bool]:
        """Delete so many that their journal fits into the reserve; tells how many, and whether there are more."""
        with self._transaction() as database:
            rows = database.execute(
                "SELECT id, sum(bytes) OVER (ORDER BY id) FROM drawings"
                " WHERE learner = ifnull(?, learner) AND id = ifnull(?, id) ORDER BY id LIMIT ?",
                (learner, key, PAGE),
            ).fetchall()
            chosen = [(row[0],) for number, row in enumerate(rows) if number == 0 or row[1] <= AT_ONCE]
            database.executemany("DELETE FROM drawings WHERE id = ?", chosen)
        return len(chosen), len(chosen) < len(rows) or len(rows) == PAGE

    def _set_aside(self) -> None:
        """Hold a little of the disk; where there is none, the file may not grow: what is left is its journals'."""
        try:
            if not self._reserve.exists() and shutil.disk_usage(self.file.parent).free > 2 * RESERVE:
                handle = os.open(self._reserve, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(b"\0" * RESERVE)
        except FileExistsError:
            pass  # another process was quicker
        except OSError:
            self._reserve.unlink(missing_ok=True)
        with self._lock, suppress(sqlite3.Error):
            (pages,) = self._database.execute("PRAGMA page_count").fetchone()
            self._database.execute(f"PRAGMA max_page_count = {MOST_PAGES if self._reserve.exists() else pages}")

    @contextmanager
    def _transaction(self, mode: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._database.execute(f"BEGIN {mode}")
                try:
                    yield self._database
                    self._database.execute("COMMIT")
                except BaseException:
                    if self._database.in_transaction:  # a full disk rolls back by itself
                        self._database.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise _told(error) from None


def _told(error: Exception) -> NoRoomError | UnavailableError:
    """What SQLite says, as one line about what to do."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return NoRoomError("The disk is full or failing: nothing was changed. Make room on it, or delete drawings.")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return UnavailableError("Another program holds the collection; try again in a moment.")
    return UnavailableError(f"The collection cannot be used ({error}); is its file read-only or damaged?")


def _migrate(database: sqlite3.Connection) -> None:
    """Bring the file to this version's form; a kill in between leaves it as it was."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise sqlite3.DatabaseError(f"it is of version {version}, made by a newer Hello Ex Machina")
    if version == len(MIGRATIONS):
        return
    database.execute("BEGIN EXCLUSIVE")
    (version,) = database.execute("PRAGMA user_version").fetchone()  # another process may have been quicker
    for statements in MIGRATIONS[version:]:
        for statement in statements.split(";"):
            database.execute(statement)
    database.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    database.execute("COMMIT")


def _drawing(row: tuple[int, int, str, bytes, str]) -> Drawing:
    key, label, strokes, image, created = row
    return Drawing(key, label, json.loads(strokes), np.frombuffer(image, np.uint8).reshape(SIDE, SIDE), created)
