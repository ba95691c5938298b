"""Every command where only what a plain installation brings can be imported: no PyTorch, no ONNX Runtime, no Keras."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exmachina.runs.run import PRETRAINED

EXTRAS = (
    "torch",
    "captum",
    "onnxruntime",
    "tensorflow",
    "keras",
    "jax",
    "wasmtime",
    "ziglang",
    "statsmodels",
    "ray",
    "pyarrow",
)
# Python imports a module of this name before everything else.
BLOCKING = f"""
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {EXTRAS!r}:
            raise ImportError(name + " is not part of a plain installation")

sys.meta_path.insert(0, Blocked())
"""


def blocking(folder: Path) -> dict[str, str]:
    """The environment in which `folder`'s sitecustomize.py is found before anything else."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))}


COMMANDS = {
    "hello": "hello --out run",
    "show": "show --index 50 51 --out digits.png",
    "summary": "summary classic --json",
    "train": "train --epochs 0.05 --out run --json",
    "train many seeds": "train --epochs 0.05 --seeds 2 --json",
    "hold out": "train --recipe accurate --epochs 0.02 --hold-out 5000 --out run",
    "experiment": "experiment --vary epochs=0.02,0.05 --seeds 2 --out experiment.png",
    "evaluate": "evaluate fast --quick --report report.html --json",
    "calibrate": "calibrate fast-copy",
    "predict": "predict --index 257 --json",
    "inspect": "inspect --index 257 --out look",
    "onnx": "export --onnx fast.onnx",
    "keras": "export --keras fast.keras",
    "compare": "compare fast classic --json",
    "ensemble": "ensemble fast classic --json",
    "benchmark": "benchmark --quick --only fast --json",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in ("hello", "benchmark") else ()) for name in COMMANDS]
)
def test_command_needs_no_extra(name: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(BLOCKING)
    shutil.copytree(PRETRAINED / "fast", tmp_path / "fast-copy")
    command = [sys.executable, "-m", "exmachina", *COMMANDS[name].split()]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(("option", "needs"), [("--backend torch", "backend torch"), ("--precision bf16", "bf16")])
def test_what_needs_pytorch_says_so_in_one_line(option: str, needs: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(BLOCKING.replace("raise ImportError", "raise ModuleNotFoundError"))
    command = [sys.executable, "-m", "exmachina", "train", "--out", "run", *option.split()]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert needs in done.stderr and "hello-ex-machina[torch]" in done.stderr
