"""What was kept stays kept: kill, full disk, second process, upgrade."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from exmachina.errors import InputError
from exmachina.lesson.collection import MIGRATIONS, Collection, NoRoomError, UnavailableError
from exmachina.lesson.saving import INCOMING, STRAY_SECONDS, saved_runs
from exmachina.lesson.server import Settings
from lesson_server import serving

IMAGE = np.arange(784, dtype=np.uint8).reshape(28, 28)
STROKES = [[[1.5, 2.0], [3.0, 4.25]]]
# The file as the first version made it, whose drawings must outlast every upgrade.
FIRST_VERSION = """
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


def first_version(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.executescript(FIRST_VERSION)
        for learner in ("ada", "ben", "ada"):
            row = (learner, 7, json.dumps(STROKES), IMAGE.tobytes(), "2026-11-24T10:00:00+00:00")
            query = "INSERT INTO drawings (learner, label, strokes, image, created) VALUES (?, ?, ?, ?, ?)"
            database.execute(query, row)


def version(file: Path) -> int:
    with closing(sqlite3.connect(file)) as database:
        return int(database.execute("PRAGMA user_version").fetchone()[0])


def test_collection_of_the_first_version_is_upgraded_and_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "drawings.sqlite3"
    first_version(file)
    collection = Collection(file)
    assert version(file) == len(MIGRATIONS)
    assert [drawing.id for drawing in collection.list("ada")] == [1, 3]
    kept = collection.list("ben")[0]
    assert (kept.label, kept.strokes, kept.created) == (7, STROKES, "2026-11-24T10:00:00+00:00")
    assert (kept.image == IMAGE).all()
    assert collection.add("ben", 3, STROKES, IMAGE).id == 4
    collection.close()
    with closing(sqlite3.connect(file)) as database:
        sizes = database.execute("SELECT bytes - length(strokes) - 784 FROM drawings").fetchall()
    assert sizes == [(0,)] * 4


def test_upgrade_that_is_cut_off_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "drawings.sqlite3"
    first_version(file)
    monkeypatch.setattr("exmachina.lesson.collection.MIGRATIONS", (*MIGRATIONS, "SELECT nonsense FROM nowhere"))
    with pytest.raises(UnavailableError, match="Cannot keep drawings"):
        Collection(file)
    monkeypatch.undo()
    assert version(file) == 0
    collection = Collection(file)
    assert len(collection.list(None)) == 3
    collection.close()


def test_collection_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "drawings.sqlite3"
    Collection(file).close()
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError, match="made by a newer Hello Ex Machina"):
        Collection(file)
    assert version(file) == 99


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_drawings_are_their_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "lesson"
    folder.mkdir(mode=0o755)
    collection = Collection(folder / "drawings.sqlite3")
    collection.add("ada", 7, STROKES, IMAGE)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {0o600}
    collection.close()


FILL = textwrap.dedent("""
    import sys
    import numpy as np
    from pathlib import Path
    from exmachina.lesson.collection import Collection
    collection = Collection(Path(sys.argv[1]))
    while True:
        key = collection.add("ada", 7, [[[0.5, n] for n in range(200)]], np.full((28, 28), 7, np.uint8)).id
        print(key, flush=True)
""")


def test_what_was_acknowledged_outlasts_kill_9(tmp_path: Path) -> None:
    file = tmp_path / "drawings.sqlite3"
    acknowledged = []
    for rounds in (20, 35):
        command = [sys.executable, "-c", FILL, str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            acknowledged += [int(process.stdout.readline()) for _ in range(rounds)]
            process.kill()
            acknowledged += [int(line) for line in process.stdout if line.endswith("\n")]
    collection = Collection(file)
    kept = [drawing.id for drawing in collection.list("ada")]
    collection.close()
    assert set(acknowledged) <= set(kept) and len(kept) <= len(acknowledged) + 2


FULL = textwrap.dedent("""
    import resource, signal, sys
    from pathlib import Path
    import numpy as np
    from exmachina.lesson.collection import Collection, NoRoomError
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    collection = Collection(Path(sys.argv[1]))
    image = np.full((28, 28), 7, np.uint8)
    collection.add("ada", 7, [], image)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    count = 1
    try:
        while True:
            collection.add("ada", 7, [[[0.5, n] for n in range(400)]], image)
            count += 1
    except NoRoomError as error:
        print(error)
    assert len(collection.list("ada")) == count > 5
    assert collection.delete("ada") == count
    collection.add("ada", 7, [], image)
    print(len(collection.list("ada")))
""")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_full_disk_is_told_in_one_line_and_deleting_makes_room(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL, str(tmp_path / "drawings.sqlite3")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    line, left = done.stdout.splitlines()
    assert "disk is full" in line and left == "1"


def test_reserve_is_given_up_for_deleting_and_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collection = Collection(tmp_path / "drawings.sqlite3")
    for _ in range(3):
        collection.add("ada", 7, STROKES, IMAGE)
    reserve = tmp_path / "drawings.sqlite3.reserve"
    assert reserve.stat().st_size == 1 << 20
    delete_some = collection._delete_some

    def needs_room(learner: str | None, key: int | None) -> tuple[int, bool]:
        if reserve.exists():
            raise NoRoomError("The disk is full.")
        return delete_some(learner, key)

    monkeypatch.setattr(collection, "_delete_some", needs_room)
    assert collection.delete("ada") == 3 and reserve.exists()
    collection.close()


def test_locked_or_unusable_collection_is_503_and_a_full_one_507(settings: Settings, tmp_path: Path) -> None:
    body = {"label": 1, "image": [9] * 784}
    with serving(replace(settings, data_folder=tmp_path)) as lesson:
        client = lesson.learner()
        assert client.post("/api/v1/collection", json=body).status_code == 201
        collection: Collection = lesson.app.state.services.collection
        collection._database.execute("PRAGMA busy_timeout = 50")
        with closing(sqlite3.connect(collection.file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            locked = client.post("/api/v1/collection", json=body)
            other.execute("ROLLBACK")
        assert locked.status_code == 503 and "Another program" in locked.json()["error"]
        assert locked.headers["retry-after"]
        pages = collection._database.execute("PRAGMA page_count").fetchone()[0]
        collection._database.execute(f"PRAGMA max_page_count = {pages}")
        statuses = {
            client.post("/api/v1/collection", json=body | {"strokes": [[[0.5, n] for n in range(900)]]}).status_code
        }
        assert statuses == {507}
        assert client.delete("/api/v1/collection").json() == {"deleted": 1}


def test_two_processes_keep_drawings_in_one_file(tmp_path: Path) -> None:
    file = tmp_path / "drawings.sqlite3"
    once = FILL.replace("while True", "for _ in range(25)")
    command = [sys.executable, "-c", once, str(file)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    keys = [int(line) for process in processes for line in process.communicate()[0].split()]
    assert len(keys) == len(set(keys)) == 50
    collection = Collection(file)
    assert sorted(keys) == [drawing.id for drawing in collection.list("ada")]
    collection.close()


def test_what_a_killed_server_was_unpacking_is_swept(tmp_path: Path) -> None:
    for name, age in (("old", STRAY_SECONDS + 5), ("new", 0)):
        folder = tmp_path / f"{INCOMING}{name}"
        folder.mkdir()
        (folder / "run.json").write_text("{}")
        then = folder.stat().st_mtime - age
        os.utime(folder, (then, then))
    assert saved_runs(tmp_path) == {}
    assert [path.name for path in tmp_path.iterdir()] == [f"{INCOMING}new"]
