"""A command where only what a plain installation brings can be imported: no PyTorch, no ONNX Runtime, no Keras."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

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
    "pandas",
)
# Python imports a module of this name before everything else.
BLOCKING = f"""
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(name + " is not part of a plain installation")

sys.meta_path.insert(0, Blocked())
"""


def run_plain(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `exmachina …`, a process of its own in the folder `cwd`."""
    with TemporaryDirectory() as blocking:
        (Path(blocking) / "sitecustomize.py").write_text(BLOCKING)
        path = os.pathsep.join(filter(None, [blocking, os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "exmachina", *arguments]
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr
