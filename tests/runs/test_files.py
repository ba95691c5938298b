"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from exmachina.errors import InputError
from exmachina.runs import Run, check_writable, write_files

TWO = {"a.bin": b"first", "b.bin": b"second"}


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_files_are_written_into_new_directories(tmp_path: Path) -> None:
    assert write_files(tmp_path / "new" / "run", TWO) == tmp_path / "new" / "run"
    assert everything(tmp_path) == ["new", "new/run", "new/run/a.bin", "new/run/b.bin"]
    assert (tmp_path / "new" / "run" / "b.bin").read_bytes() == b"second"


def fail_at(monkeypatch: pytest.MonkeyPatch, method: str, call: int, error: BaseException) -> None:
    original, calls = getattr(Path, method), iter(range(1, 100))

    def maybe_fail(self: Path, *args: Any) -> Any:
        if next(calls) == call:
            if method == "write_bytes":  # a full disk takes a part of the file
                original(self, args[0][:3])
            raise error
        return original(self, *args)

    monkeypatch.setattr(Path, method, maybe_fail)


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("method", ["write_bytes", "replace"])
def test_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int, method: str
) -> None:
    fail_at(monkeypatch, method, call, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(InputError, match=r"Cannot write to '.*run'.*No space left on device.*another directory"):
        write_files(tmp_path / "new" / "run", TWO)
    assert everything(tmp_path) == []


@pytest.mark.parametrize("call", [1, 2, 3])
def test_full_disk_leaves_an_older_run_as_it_was(
    tmp_path: Path, tiny_run: Run, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    tiny_run.save(tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    fail_at(monkeypatch, "write_bytes", call, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(InputError, match="No space left"):
        tiny_run.save(tmp_path / "run")
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_ctrl_c_while_writing_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_at(monkeypatch, "write_bytes", 2, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        write_files(tmp_path / "run", TWO)
    assert everything(tmp_path) == []


def unwritable(tmp_path: Path) -> list[Path]:
    (tmp_path / "file").write_text("I was here")
    names = [tmp_path / "file", tmp_path / "file" / "run", tmp_path / ("x" * 300), tmp_path / "nul\0byte"]
    return [*names, Path("/proc/exmachina/run")] if Path("/proc/self").exists() else names


def test_places_that_cannot_be_written_are_refused_before_and_at_saving(tmp_path: Path, tiny_run: Run) -> None:
    for place in unwritable(tmp_path):
        for attempt in (check_writable, tiny_run.save):
            with pytest.raises(InputError, match=r"another directory|give a directory") as caught:
                attempt(place)
            assert "\n" not in str(caught.value)
    assert everything(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "I was here"


def test_place_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "new", tmp_path / "new" / "newer"):
        check_writable(place)
    assert everything(tmp_path) == []


def test_directory_in_the_place_of_a_file_is_refused_before_anything_is_replaced(tmp_path: Path) -> None:
    write_files(tmp_path, TWO)
    (tmp_path / "c.bin").mkdir()
    with pytest.raises(InputError, match=r"c\.bin"):
        write_files(tmp_path, {"a.bin": b"new", "c.bin": b"new"})
    assert (tmp_path / "a.bin").read_bytes() == b"first"
    assert everything(tmp_path) == ["a.bin", "b.bin", "c.bin"]
