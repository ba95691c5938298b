"""Measure the reference of the mean corruption error: the errors of the shipped `classic` on the spoilt test images.

    python scripts/classic_errors.py

writes src/exmachina/evaluation/robustness/classic_errors.json, against which every other network's errors are set. To
be repeated when the shipped weights or the corruptions change; a test compares the weights.
"""

import json
from pathlib import Path

from exmachina import Classifier, Run
from exmachina.data import load_mnist_split
from exmachina.evaluation.inputs import FULL, QUICK
from exmachina.evaluation.results import Subject
from exmachina.evaluation.robustness.robustness import REFERENCE, reference_table

run = Run.load("classic")
subject = Subject.of(run)
test = load_mnist_split("test")
table = reference_table("classic", Classifier.from_run(run).logits, test, (FULL.corrupted, QUICK.corrupted))
table |= {"weights": subject.digest, "run_seed": run.seed, "precision": run.precision, "created": run.created}
Path(REFERENCE).write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
print(REFERENCE)
