"""Ray is an extra: nothing loads it before it is asked for, and where it is missing one line says so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exmachina.cli import main
from exmachina.cluster import connection
from exmachina.errors import InputError

Command = Callable[[str], tuple[Any, str, str]]


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


def test_no_module_imports_ray_before_it_is_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def without_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """A command's exit code, standard output and standard error in an empty folder, where there is no Ray."""
    for name in ("ray", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.chdir(tmp_path)

    def run(command: str) -> tuple[Any, str, str]:
        with pytest.raises(SystemExit) as leaving:
            main(command.split())
        return leaving.value.code, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("predict . --out table.parquet --ray local", "ray"),
        ("predict . --out table.parquet", "parquet"),
        ("experiment --vary epochs=0.1,0.2 --ray local", "ray"),
        ("train --seeds 2 --ray local", "ray"),
    ],
)
def test_without_the_extra_one_line_tells_how_to_install_it(
    command: str, extra: str, without_ray: Command, tmp_path: Path
) -> None:
    code, out, err = without_ray(command)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f'pip install "hello-ex-machina[{extra}]"' in err
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
def test_what_a_cluster_is_not_for_is_refused(command: str, without_ray: Command) -> None:
    code, _, err = without_ray(command)
    assert code == 2 and "--ray" in err and err.count("\n") == 1
