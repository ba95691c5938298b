"""The results of an evaluation, as frozen data: nothing here computes more than a name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from exmachina.evaluation.arrays import Indices
from exmachina.evaluation.statistics.intervals import Interval, SeedSummary
from exmachina.formatting import percent
from exmachina.runs import Run

if TYPE_CHECKING:
    from exmachina.evaluation.calibration.confidence import Confidence
    from exmachina.evaluation.contamination import Contamination
    from exmachina.evaluation.datasets.audit import DataAudit
    from exmachina.evaluation.datasets.external_datasets import ExternalDataset
    from exmachina.evaluation.datasets.label_votes import Halves, LabelledErrors
    from exmachina.evaluation.datasets.weak_slices import WeakSlices
    from exmachina.evaluation.datasets.writers import WorstWriters
    from exmachina.evaluation.decisions import Decisions
    from exmachina.evaluation.mistakes import Mistakes
    from exmachina.evaluation.ood.out_of_distribution import OutOfDistribution
    from exmachina.evaluation.robustness.attacks import AttackResult
    from exmachina.evaluation.robustness.curves import Curve
    from exmachina.evaluation.robustness.published import Published
    from exmachina.evaluation.robustness.robustness import Robustness
    from exmachina.evaluation.statistics.metrics import Metrics
    from exmachina.evaluation.test_set.selection_bias import SelectionBias
    from exmachina.evaluation.test_set.test_set_log import Opening

Part = TypeVar("Part")


@dataclass(frozen=True)
class Missing:
    """A part of the evaluation that could not be measured, and why, in one line."""

    reason: str


@dataclass(frozen=True)
class Progress:
    """Part `number` of `total` is about to be measured; `detail` tells how far it is."""

    part: str
    number: int
    total: int
    detail: str = ""


@dataclass(frozen=True)
class Subject:
    """Which network was evaluated. `digest` names its weights: the first 16 hexadecimal digits of their SHA-256."""

    name: str
    network: str
    parameters: int
    multiplications: int
    digest: str
    run: Run = field(repr=False)

    @classmethod
    def of(cls, run: Run, name: str | None = None) -> Subject:
        """Describe a run, under the name that the reader gave it."""
        digest = hashlib.sha256()
        for key in sorted(run.weights):
            digest.update(key.encode() + np.ascontiguousarray(run.weights[key]).tobytes())
        return cls(
            name=name or str(run.recipe.get("name", run.network.name)),
            network=run.network.name,
            parameters=run.network.parameters,
            multiplications=sum(step.multiplications for step in run.network.steps()),
            digest=digest.hexdigest()[:16],
            run=run,
        )


@dataclass(frozen=True)
class Health:
    """Signs that the network is no reader at all, whatever the numbers say.

    `unanswered` images got nan or infinity for an answer and count as mistakes. `commonest` is the digit answered
    most often, to the share `commonest_share` of the images.
    """

    n: int
    unanswered: int
    commonest: int
    commonest_share: float
    guessing: Interval  # the accuracy of always saying the commonest label
    faults: tuple[str, ...] = ()  # that the confusion matrix names

    def verdict(self, accuracy: Interval) -> str | None:
        """One plain sentence if the network is broken, constant or no better than guessing; else None."""
        if self.unanswered:
            return (
                f"This network is broken: it answers {self.unanswered:,} of {self.n:,} images with nan or infinity. "
                "Do not use it; train it anew with a lower learning rate."
            )
        if self.commonest_share > 0.99:
            return (
                f"This network does not read: it answers {self.commonest} to {percent(self.commonest_share, 1)} of all "
                "images. Do not use it."
            )
        if accuracy.low <= self.guessing.high:
            return (
                f"This network does not read: it is right {percent(accuracy.value, 1)} of the time, and always saying "
                f"the commonest digit would be right {percent(self.guessing.value, 1)} of the time. Do not use it."
            )
        if self.faults:
            return f"This network reads some digits and not others: {'; '.join(self.faults)}. Do not use it."
        return None


@dataclass(frozen=True)
class WriterResults:
    """What the writers' names add: an interval that knows of hands, and the worst tenth of them.

    `shared` counts writers who wrote training images as well; None where the training writers are not known.
    """

    writers: int
    accuracy: Interval
    loss: Interval
    worst: WorstWriters
    shared: int | None


@dataclass(frozen=True)
class Seeds:
    """Test accuracy of the same recipe over seeds; none of them was chosen for it.

    `discordance` is the share of test digits that one of two such networks reads and the other does not, on average
    between the first and each other; None for one seed alone.
    """

    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]
    summary: SeedSummary
    discordance: float | None = None


@dataclass(frozen=True)
class Setting:
    """How the evaluation was done, so that it can be done again."""

    test_set: str
    test_set_digest: str
    train_set: str
    quick: bool
    seed: int
    seconds: float
    created: str
    versions: dict[str, str]
    hardware: dict[str, Any]
    fitted_to: str
    options: str  # of `exmachina evaluate`, beside the run


def _part(title: str, key: str) -> dict[str, str]:
    """What a part is called while it is measured, and in JSON."""
    return {"title": title, "key": key}


@dataclass(frozen=True)
class Evaluation:
    """Everything that is known of one network. A part that could not be measured is `Missing`, with the reason.

    This is the one list of the parts: their order, their names in the progress and in JSON.
    """

    subject: Subject
    setting: Setting
    metrics: Metrics
    health: Health
    opening: Opening
    accuracy_corrected: Interval
    loss: Interval  # its value is that of `metrics.nll`
    misread: Indices = field(repr=False)
    contamination: Contamination | Missing = field(metadata=_part("Has it seen its test", "contamination"))
    labels: LabelledErrors | Missing = field(metadata=_part("Wrong labels", "labels"))
    halves: Halves | Missing = field(metadata=_part("Students and Census employees", "halves"))
    writers: WriterResults | Missing = field(metadata=_part("Writers", "writers"))
    confidence: Confidence | Missing = field(metadata=_part("Confidence", "confidence"))
    robustness: Robustness | Missing = field(metadata=_part("Corruptions", "robustness"))
    mnist_c: Published | Missing = field(metadata=_part("MNIST-C as published", "mnist_c"))
    curves: tuple[Curve, ...] | Missing = field(metadata=_part("Shift, rotation, scale, pen", "curves"))
    attacks: tuple[AttackResult, ...] | Missing = field(metadata=_part("Attacks", "attacks"))
    out_of_distribution: OutOfDistribution | Missing = field(metadata=_part("Not a digit", "not_digits"))
    external_datasets: tuple[ExternalDataset | Missing, ...] | Missing = field(metadata=_part("Other hands", "others"))
    data: DataAudit | Missing = field(metadata=_part("The data itself", "data"))
    slices: WeakSlices | Missing = field(metadata=_part("Where it is weak", "slices"))
    mistakes: Mistakes | Missing = field(metadata=_part("Why it erred", "mistakes"))
    seeds: Seeds | Missing = field(metadata=_part("Seeds", "seeds"))
    decisions: Decisions | Missing = field(metadata=_part("What to decide", "decisions"))
    selection_bias: SelectionBias | Missing = field(metadata=_part("The leak", "leak"))

    def parts(self) -> dict[str, Any]:
        """Every part by its name in JSON."""
        return {item["key"]: getattr(self, name) for name, item in PARTS.items()}

    def missing(self) -> dict[str, str]:
        """Why a part is missing, by its name in JSON."""
        return {key: part.reason for key, part in self.parts().items() if isinstance(part, Missing)}


PARTS = {item.name: item.metadata for item in fields(Evaluation) if item.metadata}


def measured(part: Part | Missing) -> Part | None:
    """The part, or None where it is missing."""
    return None if isinstance(part, Missing) else part
