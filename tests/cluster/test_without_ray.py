"""Ray is an extra: nothing loads it before it is asked for, and where it is missing one line says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
