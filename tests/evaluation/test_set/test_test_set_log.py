import multiprocessing
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exmachina.errors import InputError
from exmachina.evaluation.test_set.test_set_log import FILE_NAME, fingerprint, open_test_set


def test_every_look_counts_and_runs_and_test_sets_are_told_apart(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet"
    first = open_test_set("mnist", "a", folder=folder)
    open_test_set("mnist", "a", folder=folder)
    open_test_set("other", "a", folder=folder)
    last = open_test_set("mnist", "b", folder=folder)
    assert (first.openings, first.runs, first.by_this_run) == (1, 1, 1)
    assert (last.openings, last.runs, last.by_this_run) == (3, 2, 1)
    assert (last.recorded, last.warning) == (True, None)


def open_often(folder: Any) -> None:
    for _ in range(10):
        assert open_test_set("mnist", multiprocessing.current_process().name, folder=folder).recorded


def test_four_processes_at_once_lose_no_look(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=open_often, args=(tmp_path,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert open_test_set("mnist", "last", folder=tmp_path).openings == 41


def test_a_folder_that_cannot_be_made_gives_a_warning_and_a_count(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    opening = open_test_set("mnist", "a", folder=tmp_path / "file" / "data")
    assert (opening.openings, opening.runs, opening.recorded) == (1, 1, False)
    assert opening.warning and "could not be written" in opening.warning
    assert "\n" not in opening.warning


def test_a_read_only_log_is_still_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_test_set("mnist", "a", folder=tmp_path)
    real = sqlite3.connect

    def connect(path: Any, **options: Any) -> Any:  # root may write anywhere, so the file is opened read-only instead
        address = str(path) if "mode=ro" in str(path) else f"file:{path}?mode=ro"
        return real(address, **options | {"uri": True})

    monkeypatch.setattr(sqlite3, "connect", connect)
    opening = open_test_set("mnist", "b", folder=tmp_path)
    assert (opening.openings, opening.runs, opening.by_this_run) == (2, 2, 1)
    assert opening.warning and "readonly" in opening.warning


def test_a_full_disk_gives_a_warning_and_a_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(40):
        open_test_set("mnist", "a" * 60, folder=tmp_path)
    real = sqlite3.connect

    def connect(*arguments: Any, **options: Any) -> Any:
        connection = real(*arguments, **options)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite then answers as on a full disk
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    opening = open_test_set("mnist", "b" * 5_000, folder=tmp_path)
    assert (opening.openings, opening.recorded) == (41, False)
    assert opening.warning and "full" in opening.warning


def test_a_file_that_is_no_log_stops_nothing_and_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"somebody's notes, not a database" * 40)
    opening = open_test_set("mnist", "a", folder=tmp_path)
    assert (opening.openings, opening.recorded) == (1, False)
    assert (tmp_path / FILE_NAME).read_bytes().startswith(b"somebody")


def test_the_log_lies_in_the_users_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EXMACHINA_DATA", str(tmp_path / "mine"))
    open_test_set("mnist", "a")
    assert (tmp_path / "mine" / FILE_NAME).is_file()
    assert open_test_set("mnist", "a").openings == 2


def test_a_fingerprint_changes_with_one_pixel_or_one_label() -> None:
    images, labels = np.zeros((5, 28, 28), np.uint8), np.zeros(5, np.uint8)
    other_image, other_label = images.copy(), labels.copy()
    other_image[3, 4, 5], other_label[2] = 1, 1
    names = {
        fingerprint(images, labels),
        fingerprint(other_image, labels),
        fingerprint(images, other_label),
        fingerprint(images[:4], labels[:4]),
    }
    assert len(names) == 4
    assert fingerprint(images, labels) == fingerprint(images.copy(), labels.astype(np.int64))


def test_a_look_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs a name"):
        open_test_set("mnist", "", folder=tmp_path)
