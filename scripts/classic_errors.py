"""Measure the reference of the mean corruption error: the errors of `classic` on the spoilt test images.

    exmachina train --recipe classic --seed 0 --out runs/classic
    python scripts/classic_errors.py runs/classic

writes src/exmachina/evaluation/robustness/classic_errors.json, against which every other network's errors are set.
"""

import json
import sys
from pathlib import Path

from exmachina import Classifier, Run
from exmachina.data import load_mnist_split
from exmachina.evaluation.inputs import FULL, QUICK
from exmachina.evaluation.results import Subject
from exmachina.evaluation.robustness.robustness import REFERENCE, reference_table

run = Run.load(sys.argv[1])
subject = Subject.of(run)
if subject.name != "classic" or run.splits.get("train") != 60_000 or run.interrupted:
    raise SystemExit(f"'{sys.argv[1]}' is not a finished run of the recipe classic on all training images.")
test = load_mnist_split("test")
table = reference_table("classic", Classifier.from_run(run).logits, test, (FULL.corrupted, QUICK.corrupted))
table |= {"weights": subject.digest, "run_seed": run.seed, "precision": run.precision, "created": run.created}
Path(REFERENCE).write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
print(REFERENCE)
