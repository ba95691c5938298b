"""Ray is an extra: nothing loads it before it is asked for, and where it is missing one line says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from exmachina.cluster import connection
from exmachina.errors import InputError


class BusyMachine:
    """Stands for Ray where its processes begin only at the third attempt."""

    attempts = 0

    def is_initialized(self) -> bool:
        return False

    def shutdown(self) -> None:
        pass

    def init(self, address: str, **more: object) -> None:
        self.attempts += 1
        if self.attempts < 3:
            raise RuntimeError("The current node timed out during startup.\nMore of it.")


def test_a_cluster_of_this_machine_may_need_another_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = BusyMachine()
    monkeypatch.setattr(connection, "load_ray", lambda: busy)
    with connection.connected("local") as library:
        assert library is busy and busy.attempts == 3
    busy = BusyMachine()
    with (
        pytest.raises(InputError, match=r"'far:1' \(The current node timed out during startup\.\);"),
        connection.connected("far:1"),
    ):
        pass
    assert busy.attempts == 1


LOADED = """
import importlib, pathlib, sys, exmachina
root = pathlib.Path(exmachina.__file__).parent
for room in ("batch", "cluster", "cli", "training"):
    for path in (root / room).rglob("*.py"):
        name = ".".join(("exmachina", *path.relative_to(root).with_suffix("").parts))
        importlib.import_module(name.removesuffix(".__init__"))
[getattr(exmachina, name) for name in exmachina.__all__]
print([name for name in sys.modules if name.split(".")[0] in ("ray", "pyarrow")])
"""
MISSING = """
import sys
sys.modules["ray"] = sys.modules["pyarrow"] = None
from exmachina.cli import main
main(sys.argv[1:])
"""


def run(code: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=cwd, env=dict(os.environ), capture_output=True, text=True, check=False)


def test_no_module_imports_ray_before_it_is_asked_for(tmp_path: Path) -> None:
    assert run(LOADED, cwd=tmp_path).stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("predict . --out table.parquet --ray local", "ray"),
        ("predict . --out table.parquet", "parquet"),
        ("experiment --vary epochs=0.1,0.2 --ray local", "ray"),
        ("train --seeds 2 --ray local", "ray"),
    ],
)
def test_without_the_extra_one_line_tells_how_to_install_it(command: str, extra: str, tmp_path: Path) -> None:
    done = run(MISSING, *command.split(), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert f'pip install "hello-ex-machina[{extra}]"' in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        "train --ray local",
        "predict . --ray local",
        "predict . --ray local --out t.csv",
        "predict --index 1 --ray local --out t.parquet",
    ],
)
def test_what_a_cluster_is_not_for_is_refused(command: str, tmp_path: Path) -> None:
    done = run(MISSING, *command.split(), cwd=tmp_path)
    assert done.returncode == 2 and "--ray" in done.stderr and done.stderr.count("\n") == 1
