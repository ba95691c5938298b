#!/usr/bin/env python3
"""Teach the runs that ship what is no digit: fits `rejector.safetensors` anew, after new weights.

    python scripts/fit_rejectors.py [RUN ...]      (default: every run that ships)

The images are made once for all of them, seed 0: some minutes on one core. Weights and everything else of a run stay.
"""

from __future__ import annotations

import sys

from exmachina.data import load_mnist_split
from exmachina.evaluation.ood.rejector import fit_rejector, lessons
from exmachina.runs import Run, find_run
from exmachina.runs.run import METADATA, PRETRAINED


def main(names: list[str]) -> None:
    """Fit the runs named."""
    given = lessons(load_mnist_split("train"))
    for name in names or sorted(path.parent.name for path in PRETRAINED.glob(f"*/{METADATA}")):
        run = fit_rejector(Run.load(name), given)
        assert run.rejector is not None
        path = run.save(find_run(name))
        print(f"{path}: no digit below {run.rejector.no_digit:.3f}, sure from {run.rejector.sure:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
