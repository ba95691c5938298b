"""`exmachina lesson`: the runs that it shows, and the addresses that it prints."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from exmachina.cli.commands.lesson import named
from exmachina.errors import InputError

PATIENCE = 120.0


def test_runs_are_called_after_their_folders(tiny_run_directory: Path, tmp_path: Path) -> None:
    odd = tmp_path / "one of mine"
    odd.symlink_to(tiny_run_directory)
    assert named([tiny_run_directory]) == {tiny_run_directory.name: tiny_run_directory}
    assert re.fullmatch(r"[A-Za-z0-9._-]+", next(iter(named([odd]))))


def test_what_is_no_run_or_has_a_name_twice_is_one_line(tiny_run_directory: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run directory"):
        named([tmp_path])
    with pytest.raises(InputError, match="Two runs are called"):
        named([tiny_run_directory, tiny_run_directory])


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_lesson_prints_both_addresses_and_shows_the_run(host: str, tiny_run_directory: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "exmachina", "lesson", "--port", "0", "--no-browser", "--host", host]
    command += ["--run", str(tiny_run_directory)]
    environment = {**os.environ, "EXMACHINA_DATA": str(tmp_path)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        lesson, teacher = (re.search(r"http://\S+", process.stdout.readline()) for _ in range(2))
        assert lesson and teacher
        port = re.search(r":(\d+)/", lesson[0])
        assert port and f":{port[1]}/class" in teacher[0]
        here = f"http://127.0.0.1:{port[1]}"
        code = teacher[0].partition("?token=")[2]
        assert bool(code) == (host == "0.0.0.0")  # alone, one needs none
        assert not code or code != lesson[0].partition("?token=")[2]
        headers = {"Authorization": f"Bearer {code}"} if code else {}
        with httpx.Client(base_url=here, headers=headers, timeout=PATIENCE, trust_env=False) as client:
            assert tiny_run_directory.name in client.get("/api/v1/runs").json()
            assert client.get("/api/v1/you").json() == {"teacher": True, "saves": True}
    finally:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and f"kept in '{tmp_path / 'lesson' / 'drawings.sqlite3'}'" in out
