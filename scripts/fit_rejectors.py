#!/usr/bin/env python3
"""Teach the runs that ship what is no digit: fits `rejector.safetensors` anew, after new weights.

    python scripts/fit_rejectors.py [RUN ...]      (default: every run that ships)

The images are made once for all of them, seed 0: a minute on one core, and seconds for each run. Nothing else of a run
changes but the checksum in its record. Then: python tests/golden/make.py verdicts
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from exmachina.data import load_mnist_split
from exmachina.evaluation.ood.rejector import fit_rejector, lessons
from exmachina.runs import Rejector, Run, find_run, write_files
from exmachina.runs.files import sha256
from exmachina.runs.rejector import REJECTOR
from exmachina.runs.run import METADATA, PRETRAINED


def main(names: list[str]) -> None:
    """Fit the runs named."""
    given = lessons(load_mnist_split("train"))
    for name in names or sorted(path.parent.name for path in PRETRAINED.glob(f"*/{METADATA}")):
        rejector = fit_rejector(Run.load(name), given).rejector
        assert rejector is not None
        print(
            f"{keep(rejector, find_run(name))}: no digit below {rejector.no_digit:.3f}, sure from {rejector.sure:.3f}"
        )


def keep(rejector: Rejector, folder: Path) -> Path:
    """Add the rejector to a run directory."""
    content = rejector.to_bytes()
    record = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    record["sha256"][REJECTOR] = sha256(content)
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return write_files(folder, {REJECTOR: content, METADATA: text.encode()})


if __name__ == "__main__":
    main(sys.argv[1:])
