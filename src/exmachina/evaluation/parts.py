"""One evaluation under way: every part as a method that yields how far it is and then what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags, Floats, Images
from exmachina.evaluation.calibration.confidence import Confidence, measure_confidence
from exmachina.evaluation.calibration.held_out import HeldOut, declared_part
from exmachina.evaluation.datasets.audit import DataItself, examine_data
from exmachina.evaluation.datasets.external_datasets import OtherHands, measure_other
from exmachina.evaluation.datasets.label_votes import halves, labelled_errors
from exmachina.evaluation.datasets.writers import Writers, worst_decile
from exmachina.evaluation.mistakes import Mistakes, explain_mistakes
from exmachina.evaluation.ood.out_of_distribution import NotDigits, measure_not_digits
from exmachina.evaluation.results import (
    Missing,
    Seeds,
    WriterFindings,
)
from exmachina.evaluation.robustness.curves import Curve
from exmachina.evaluation.robustness.robustness import Robustness, measure_curves, measure_robustness
from exmachina.evaluation.statistics.cross_validation import (
    FOLDS,
    Folds,
    check_cheap,
    cross_validate,
    recipe_of,
    train_one,
)
from exmachina.evaluation.statistics.intervals import clustered_bootstrap, over_seeds
from exmachina.evaluation.statistics.metrics import losses
from exmachina.runs import Run

SLOW_QUICK = "left out of the quick evaluation; run it without --quick"
NO_WRITERS = (
    "who wrote which digit is not known on this computer, so the interval takes every digit for an independent draw "
    "and is too narrow; get the writers' tables once with --writers download, or give them by path"
)


@dataclass(frozen=True)
class Extent:
    """How much is measured: image counts of the full and of the quick evaluation."""

    corrupted: int = 10_000
    severities: int = 1_000
    curves: int = 2_000
    attacked: int = 300
    epsilons: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3)
    strangers: int = 2_000
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
    strangers=400,
    searched=1_000,
    compared=10_000,
    attributed=0,
    neighbours_among=5_000,
    mapped=199,
    more_seeds=0,
)


@dataclass
class Examination:
    """One evaluation under way: what was given, and what has been found so far."""

    run: Run
    train: Dataset
    test: Dataset
    quick: bool
    seed: int
    extent: Extent
    writers: Writers | None
    train_writers: Writers | None
    reference: tuple[str, Classifier] | None
    others: Sequence[Dataset]
    strangers: Mapping[str, str | Path]
    held_out: HeldOut | None = None
    folds: Folds | None = None
    found: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reader = Classifier.from_run(self.run)
        self.logits: Floats = self.reader.logits(self.test.images)
        answered = np.asarray(np.isfinite(self.logits).all(axis=1))
        self.unanswered = int((~answered).sum())
        # An image without an answer is a mistake, at the loss of a guess.
        self.tamed = np.where(answered[:, None], self.logits, np.float32(0)).astype(np.float64)
        self.tamed[~answered, self.test.labels[~answered]] = -1e-9
        self.read = self.tamed.argmax(axis=1)
        self.wrong: Flags = np.asarray(self.read != self.test.labels)

    def predict(self, images: Images) -> Floats:
        """Logits as the run answers, its temperature included."""
        return self.reader.logits(images) / np.float32(self.run.temperature)

    def parts(self) -> list[tuple[str, str, Callable[[], Iterator[Any]]]]:
        """Name, title and work of every part, in order; later ones may build on earlier ones."""
        return [
            ("held_out", "What to fit to", self._hold_out),
            ("labels", "Wrong labels", lambda: iter([labelled_errors(self.read, self.test.labels)])),
            ("halves", "Students and Census employees", lambda: iter([halves(self.read, self.test.labels)])),
            ("writers", "Writers", self._writers),
            ("confidence", "Confidence", self._confidence),
            ("robustness", "Corruptions", self._robustness),
            ("curves", "Shift, rotation, scale, pen", self._curves),
            ("attacks", "Attacks", self._attacks),
            ("not_digits", "Not a digit", self._not_digits),
            ("others", "Other hands", self._others),
            ("data", "The data itself", self._data),
            ("mistakes", "Why it erred", self._mistakes),
            ("seeds", "Seeds", self._seeds),
            ("leak", "The leak", self._leak),
        ]

    def _hold_out(self) -> Iterator[str | HeldOut]:
        halves = HeldOut("halves", self.logits, self.test.labels)
        self.held_out = halves
        part = declared_part(self.run, self.train)
        if part is not None:
            self.held_out = HeldOut("held_out", self.reader.logits(part.images), part.labels)
        elif not self.quick:
            try:
                recipe = recipe_of(self.run)
                check_cheap(recipe, len(self.train))
                ids = self.train_writers.ids if self.train_writers is not None else None
                for item in cross_validate(recipe, self.train, self.run.seed + 1, writers=ids):
                    if isinstance(item, Folds):
                        self.folds = item
                        self.held_out = HeldOut("siblings", item.logits, self.train.labels)
                    else:
                        yield f"{item} of {FOLDS} siblings trained"
            except InputError:
                pass  # too slow, or no recipe; the halves do
        yield self.held_out

    def _writers(self) -> Iterator[WriterFindings]:
        if self.writers is None:
            raise InputError(NO_WRITERS)
        self.writers.check_labels(self.test.labels)
        generator = np.random.default_rng([self.seed, 1])
        ids = self.writers.ids
        shared = None
        if self.train_writers is not None:
            shared = len(np.intersect1d(self.train_writers.ids, ids))
        yield WriterFindings(
            writers=len(self.writers),
            accuracy=clustered_bootstrap(~self.wrong, ids, generator),
            loss=clustered_bootstrap(losses(self.tamed / self.run.temperature, self.test.labels), ids, generator),
            worst=worst_decile(self.wrong, ids, generator),
            shared=shared,
        )

    def _confidence(self) -> Iterator[Confidence]:
        yield measure_confidence(self.logits, self.test.labels, self._fitting, self.run.temperature, self.seed)

    def _robustness(self) -> Iterator[str | Robustness]:
        reference = None
        if self.reference is not None:
            reference = (self.reference[0], self.reference[1].logits)
        yield from measure_robustness(
            self.predict,
            self.test[: self.extent.corrupted],
            seed=self.seed,
            reference=reference,
            held_out=self._fitting,
            temperature=self.run.temperature,
            severity_images=self.extent.severities,
        )

    def _curves(self) -> Iterator[tuple[Curve, ...]]:
        yield tuple(measure_curves(self.predict, self.test[: self.extent.curves]))

    def _attacks(self) -> Iterator[Any]:
        from exmachina.evaluation.robustness.attacks import attack

        results = []
        for result in attack(self.run, self.test[: self.extent.attacked], self.extent.epsilons, self.seed):
            results.append(result)
            yield f"{result.method} at ε = {result.epsilon}"
        yield tuple(results)

    def _not_digits(self) -> Iterator[NotDigits]:
        digits = self.logits / np.float32(self.run.temperature)
        yield measure_not_digits(
            self.run,
            self.predict,
            digits,
            self.test,
            self._fitting,
            n=self.extent.strangers,
            given=self.strangers,
            seed=self.seed,
        )

    def _others(self) -> Iterator[Any]:
        measured: list[OtherHands | Missing] = []
        for other in self.others:
            yield other.name
            try:
                measured.append(measure_other(self.predict, other, self.test, self.wrong))
            except InputError as error:
                measured.append(Missing(f"{other.name}: {error}"))
        yield tuple(measured)

    def _data(self) -> Iterator[DataItself]:
        out_of_fold = self.folds.logits if self.folds is not None else None
        yield examine_data(
            self.train,
            self.test,
            self.tamed,
            self.wrong,
            out_of_fold=out_of_fold,
            searched=self.extent.searched,
            compared=self.extent.compared,
        )

    def _mistakes(self) -> Iterator[str | Mistakes]:
        yield from explain_mistakes(
            self.run,
            self.logits,
            self.train,
            self.test,
            most=self.extent.most_mistakes,
            attributed=self.extent.attributed,
            searched=self.extent.neighbours_among,
            mapped=self.extent.mapped,
            seed=self.seed,
        )

    def _seeds(self) -> Iterator[str | Seeds]:
        if self.quick:
            raise InputError(SLOW_QUICK)
        recipe = recipe_of(self.run)
        check_cheap(recipe, len(self.train))
        if self.run.splits.get("train") != len(self.train) or self.run.interrupted:
            raise InputError("this run did not learn the whole training set, so its seed is no peer of others")
        seeds, accuracies = [self.run.seed], [float((~self.wrong).mean())]
        for seed in range(self.run.seed + 1, self.run.seed + 1 + self.extent.more_seeds):
            reader = Classifier.from_run(train_one(recipe, self.train, seed))
            seeds.append(seed)
            accuracies.append(reader.accuracy(self.test.images, self.test.labels))
            yield f"{len(seeds)} of {1 + self.extent.more_seeds}"
        yield Seeds(tuple(seeds), tuple(accuracies), over_seeds(accuracies))

    def _leak(self) -> Iterator[Any]:
        from exmachina.evaluation.test_set.selection_bias import Leak, keep_leak, known_leak, show_leak
        from exmachina.training import get_recipe

        recipe = get_recipe("fast")
        known = known_leak(recipe)
        if known is not None:
            yield known
            return
        if self.quick:
            raise InputError(SLOW_QUICK)
        check_cheap(recipe, len(self.train))
        for item in show_leak(recipe, self.train):
            if isinstance(item, Leak):
                keep_leak(item, recipe)
                yield item
            else:
                yield f"seed {item.seed} trained {len(item.right)} networks"

    @property
    def _fitting(self) -> HeldOut:
        if self.held_out is None:
            raise InputError("nothing was held out to fit to")
        return self.held_out
