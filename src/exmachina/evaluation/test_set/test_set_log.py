"""How often each test set has been opened, and by which run: K, the number of chances a result has had.

Choosing among K results on one test set makes the best of them look better than it is. Nobody counts; this file
does, in an SQLite file in the user's data folder. It is only a memory: if it cannot be kept, the evaluation goes on
and says so.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Images, Labels
from exmachina.evaluation.user_folder import user_folder

FILE_NAME = "ledger.sqlite3"  # its first name, for the counts of years
PATIENCE_SECONDS = 10.0  # while another process writes
SCHEMA = """
CREATE TABLE IF NOT EXISTS openings (
    id INTEGER PRIMARY KEY,
    test_set TEXT NOT NULL,
    run TEXT NOT NULL,
    opened_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS openings_by_test_set ON openings (test_set);
"""


@dataclass(frozen=True)
class Opening:
    """What the log knows after one more look at a test set.

    `openings` counts every look, this one included, `runs` the different runs that looked, and `by_this_run` the
    looks of this one. `recorded` is False, and `warning` a line to show, if this look could not be written down;
    the counts then are at least true of what could be read.
    """

    openings: int
    runs: int
    by_this_run: int
    recorded: bool
    warning: str | None = None


def fingerprint(images: Images, labels: Labels) -> str:
    """A name for a test set that no other set has: the first 16 hexadecimal digits of its SHA-256."""
    digest = hashlib.sha256(repr(images.shape).encode())
    digest.update(images.tobytes())
    digest.update(labels.astype("uint8").tobytes())
    return digest.hexdigest()[:16]


def open_for_all(images: Images, labels: Labels, runs: Sequence[str]) -> Opening:
    """Write down that each of these networks, by its weights' digest, looks at a test set; what the last one finds."""
    name = fingerprint(images, labels)
    return [open_test_set(name, run) for run in runs][-1]


def open_test_set(test_set: str, run: str, *, folder: Path | None = None) -> Opening:
    """Write down that `run` looks at `test_set`, and count the looks so far.

    Both are free names; `fingerprint` makes a good one for the set and a digest of its weights for the run.
    Processes may do this at the same time. Nothing that befalls the file raises: see `Opening.warning`.
    """
    if not test_set or not run:
        raise InputError(f"The log needs a name for the test set and the run, not '{test_set}' and '{run}'.")
    path = (folder or user_folder()) / FILE_NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=PATIENCE_SECONDS, isolation_level=None)) as log:
            log.executescript(SCHEMA)
            log.execute("BEGIN IMMEDIATE")  # the count and the new line belong together
            log.execute(
                "INSERT INTO openings (test_set, run, opened_at) VALUES (?, ?, ?)",
                (test_set, run, datetime.now(UTC).isoformat(timespec="seconds")),
            )
            openings, runs, by_this_run = _count(log, test_set, run)
            log.execute("COMMIT")
        return Opening(openings, runs, by_this_run, recorded=True)
    except (sqlite3.Error, OSError) as error:
        return _unrecorded(path, test_set, run, error)


def _unrecorded(path: Path, test_set: str, run: str, error: Exception) -> Opening:
    """Count what can still be read, and this look."""
    openings, runs, by_this_run = 0, 0, 0
    try:
        with closing(_read_only(path)) as log:
            openings, runs, by_this_run = _count(log, test_set, run)
    except (sqlite3.Error, OSError):
        pass
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return Opening(
        openings=openings + 1,
        runs=runs + (by_this_run == 0),
        by_this_run=by_this_run + 1,
        recorded=False,
        warning=f"This look at the test set could not be written to '{path}' ({reason}); the count may be too low.",
    )


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=PATIENCE_SECONDS)


def _count(log: sqlite3.Connection, test_set: str, run: str) -> tuple[int, int, int]:
    openings, runs, by_this_run = log.execute(
        # The log once wrote a name before the digest; the digest alone says which weights looked.
        "SELECT COUNT(*), COUNT(DISTINCT substr(run, -16)), COALESCE(SUM(substr(run, -16) = substr(?, -16)), 0) "
        "FROM openings WHERE test_set = ?",
        (run, test_set),
    ).fetchone()
    return int(openings), int(runs), int(by_this_run)
