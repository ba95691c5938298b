"""A run that is written over is the old one or the new one, whenever the process is ended; targets are plain files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from exmachina.errors import InputError
from exmachina.runs import Run, write_files
from exmachina.runs.files import COMMIT, finish_writing

# Writes over a run again and again, each time ended like SIGKILL does one call later; prints how far it came.
PROGRAM = textwrap.dedent("""
    import os, sys
    from dataclasses import replace
    from pathlib import Path
    from exmachina.runs import Run
    folder, other = Path(sys.argv[1]), Run.load(sys.argv[2])
    old = Run.load(folder)
    calls = 0
    def counted(original, last):
        def call(*arguments, **options):
            global calls
            calls += 1
            if calls == last:
                os._exit(9)
            return original(*arguments, **options)
        return call
    last, ended = 0, True
    while ended:
        last += 1
        child = os.fork()
        if child == 0:
            for name in ("write_bytes", "replace", "rename", "unlink"):
                setattr(Path, name, counted(getattr(Path, name), last))
            os.fsync = counted(os.fsync, last)
            other.save(folder)
            os._exit(0)
        ended = os.waitpid(child, 0)[1] != 0
        seed = Run.load(folder).seed
        print(seed, flush=True)
        if ended:
            old.save(folder)
""")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_run_that_is_written_over_is_whole_at_every_moment(tmp_path: Path, tiny_run: Run) -> None:
    old, new = replace(tiny_run, seed=1), replace(tiny_run, seed=2)
    old.save(tmp_path / "run")
    new.save(tmp_path / "new")
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "run"), str(tmp_path / "new")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seeds = done.stdout.split()
    assert set(seeds) == {"1", "2"} and seeds == sorted(seeds) and len(seeds) > 12
    assert not (tmp_path / "run" / COMMIT).exists()


def test_strangers_folder_cannot_make_us_move_other_files(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    for promised in (
        {"../outside": "..outside.00000000.partial"},
        {"run.json": "../outside"},
        {"run.json": ".run.json.00000000.partial/../../outside"},
        ["run.json"],
        {"run.json": 3},
    ):
        (folder / COMMIT).write_text(json.dumps(promised))
        with pytest.raises(InputError, match="half written"):
            finish_writing(folder)
        assert (tmp_path / "outside").read_text() == "mine" and [path.name for path in folder.iterdir()] == [COMMIT]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_what_is_no_plain_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/null")
    for name in ("pipe", "device"):
        with pytest.raises(InputError, match=f"Cannot write '.*{name}': it is a device or a pipe"):
            write_files(tmp_path, {name: b"x"})
    assert (tmp_path / "pipe").is_fifo() and (tmp_path / "device").is_symlink()


def test_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "model.onnx").write_bytes(b"old")
    (tmp_path / "link.onnx").symlink_to(tmp_path / "there" / "model.onnx")
    write_files(tmp_path, {"link.onnx": b"new"})
    assert (tmp_path / "link.onnx").is_symlink() and (tmp_path / "there" / "model.onnx").read_bytes() == b"new"
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["model.onnx"]
