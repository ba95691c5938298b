#!/usr/bin/env python3
"""Teach the runs that ship what is no digit: fits `rejector.safetensors` anew, after new weights.

    python scripts/fit_rejectors.py [RUN ...]      (default: every run that ships)

The images are made once for all of them, seed 0: some five minutes on one core, and a minute for each run.
Nothing else of a run changes but the checksum in its record; an ONNX model is left out. Then: python
tests/golden/make.py verdicts
"""

from __future__ import annotations

import sys
from pathlib import Path

from exmachina.data import load_mnist_split
from exmachina.evaluation.ood.rejector import fit_rejector, rejector_data
from exmachina.runs import Run, find_run
from exmachina.runs.run import METADATA, ONNX, PRETRAINED


def main(names: list[str]) -> None:
    """Fit the runs named."""
    data = rejector_data(load_mnist_split("train"))
    for name in names or sorted(path.parent.name for path in PRETRAINED.glob(f"*/{METADATA}")):
        run = fit_rejector(Run.load(name), data)
        assert run.rejector is not None
        path = ship(run, find_run(name))
        print(f"{path}: no digit below {run.rejector.no_digit:.3f}, sure from {run.rejector.sure:.3f}")


def ship(run: Run, folder: Path) -> Path:
    """Write a run as the package ships it: without the ONNX model, which every run can make."""
    (folder / ONNX).unlink(missing_ok=True)
    return run.save(folder, onnx=False)


if __name__ == "__main__":
    main(sys.argv[1:])
