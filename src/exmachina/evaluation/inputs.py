"""What an evaluation starts from: the run, the data, how much is measured, and the run's answers to the test set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.evaluation.arrays import Flags, Floats, Images, Indices
from exmachina.evaluation.datasets.writers import Writers
from exmachina.runs import Run


@dataclass(frozen=True)
class Extent:
    """How much is measured: image counts of the full and of the quick evaluation."""

    corrupted: int = 10_000
    severities: int = 1_000
    curves: int = 2_000
    attacked: int = 300
    epsilons: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3)
    non_digits: int = 2_000
    searched: int = 10_000
    compared: int = 60_000
    most_mistakes: int = 200
    attributed: int = 200
    neighbours_among: int = 60_000
    mapped: int = 1_500
    more_seeds: int = 4


FULL = Extent()
QUICK = Extent(
    corrupted=1_000,
    severities=0,
    curves=500,
    attacked=100,
    epsilons=(0.1, 0.3),
    non_digits=400,
    searched=1_000,
    compared=10_000,
    attributed=0,
    neighbours_among=5_000,
    mapped=199,
    more_seeds=0,
)


@dataclass(frozen=True)
class Protocol:
    """What is to be measured, and with what beside it; see `evaluate`."""

    run: Run
    train: Dataset
    test: Dataset
    quick: bool
    seed: int
    extent: Extent
    writers: Writers | None
    train_writers: Writers | None
    reference: tuple[str, Classifier] | None
    external_datasets: Sequence[Dataset]
    non_digits: Mapping[str, str | Path]
    mnist_c: str | Path | None = None


@dataclass(frozen=True)
class Answers:
    """What the run answers to the N test images.

    `logits` (N, 10) are raw. `finite` are the same, but that an image answered with nan or infinity counts as a
    mistake at the loss of a guess; `unanswered` counts those. `digits` (N,) are read, `wrong` (N,) misread.
    """

    classifier: Classifier
    temperature: float
    logits: Floats = field(repr=False)
    finite: Floats = field(repr=False)
    digits: Indices = field(repr=False)
    wrong: Flags = field(repr=False)
    unanswered: int

    @classmethod
    def of(cls, run: Run, test: Dataset) -> Answers:
        """Let a run read a test set."""
        classifier = Classifier.from_run(run)
        logits = classifier.logits(test.images)
        answered = np.asarray(np.isfinite(logits).all(axis=1))
        finite = np.where(answered[:, None], logits, np.float32(0)).astype(np.float64)
        finite[~answered, test.labels[~answered]] = -1e-9
        digits = finite.argmax(axis=1)
        wrong = np.asarray(digits != test.labels)
        return cls(classifier, run.temperature, logits, finite, digits, wrong, int((~answered).sum()))

    def predict(self, images: Images) -> Floats:
        """Logits as the run answers, its temperature included."""
        return self.classifier.logits(images) / np.float32(self.temperature)
