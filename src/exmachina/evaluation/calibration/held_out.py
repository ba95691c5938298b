"""Where a temperature, a threshold or a conformal level may be fitted: never to the images that then judge it.

In this order: images that the run's record says were held out; training images read by networks of a
cross-validation that had not learned them; or, where neither is to be had, one half of the test set for the other
and the other for the one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exmachina.classifier import Classifier
from exmachina.data import Dataset, split
from exmachina.errors import InputError
from exmachina.evaluation.arrays import Floats, Indices, Labels, check_scores, softmax
from exmachina.evaluation.calibration.rejection import Rejection, fit_rejection
from exmachina.evaluation.calibration.reliability import fit_temperature
from exmachina.evaluation.statistics.cross_validation import (
    CrossValidation,
    check_cheap,
    cross_validate,
    recipe_of,
)
from exmachina.runs import Run

KEEP = 0.995  # of the digits, when the threshold for "no digit" is fixed
Source = Literal["held_out", "cross_validation", "halves"]
WORDS: dict[Source, str] = {
    "held_out": "training images that this run held out",
    "cross_validation": "training images, each read by a network of the same recipe that had not learned it",
    "halves": "one half of the test set, drawn by lot, and measured on the other half, both ways",
}


@dataclass(frozen=True)
class Fit:
    """Logits (n, 10) and labels (n,) to fit to, and the indices of the test images to measure on."""

    logits: Floats = field(repr=False)
    labels: Labels = field(repr=False)
    measured: Indices = field(repr=False)


@dataclass(frozen=True)
class HeldOut:
    """Logits (n, 10) and labels (n,) of images that neither the network nor one in its place has learned."""

    source: Source
    logits: Floats = field(repr=False)
    labels: Labels = field(repr=False)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def how(self) -> str:
        """Which images these are, in words."""
        return f"{len(self):,} {WORDS[self.source]}" if self.source != "halves" else WORDS[self.source]

    def fits(self, test_images: int, seed: int = 0) -> tuple[Fit, ...]:
        """What to fit to, and what to measure it on: every test image once."""
        if self.source != "halves":
            return (Fit(self.logits, self.labels, np.arange(test_images)),)
        order = np.random.default_rng([seed, 2]).permutation(test_images)
        first, second = np.sort(order[: test_images // 2]), np.sort(order[test_images // 2 :])
        return tuple(
            Fit(self.logits[part], self.labels[part], other) for part, other in ((first, second), (second, first))
        )


def declared_part(run: Run, train: Dataset) -> Dataset | None:
    """The training images that the run's record says it held out: `splits["held_out"]`, a count and a seed."""
    record = run.splits.get("held_out")
    if not isinstance(record, dict):
        return None
    count, seed = record.get("images"), record.get("seed")
    learned = run.splits.get("given", run.splits.get("train"))  # without those by other hands, where they were added
    if not isinstance(count, int) or not isinstance(seed, int) or learned != len(train) - count:
        return None
    return split(train, count, seed=seed).validation if count else None


def hold_out(run: Run, train: Dataset, seed: int = 0, *, writers: NDArray[np.int64] | None = None) -> HeldOut:
    """Logits of training images that neither the run nor a network in its place learned; touches no test image.

    Raises `InputError` if nothing was held out and the recipe is too slow for a cross-validation.
    """
    part = declared_part(run, train)
    if part is not None:
        return HeldOut("held_out", Classifier.from_run(run).logits(part.images), part.labels)
    recipe = recipe_of(run)
    check_cheap(recipe, len(train))
    *_, result = cross_validate(recipe, train, seed, writers=writers)
    if not isinstance(result, CrossValidation):
        raise RuntimeError("cross-validation ended without folds")
    return HeldOut("cross_validation", result.logits, train.labels)


def calibrate(run: Run, held_out: HeldOut | Dataset, *, keep: float = KEEP, temperature: bool = False) -> Run:
    """The same run with a threshold for "no digit" that keeps the share `keep` of digits it has not learned.

    With `temperature` also the temperature that makes its probabilities likeliest; otherwise the run's own stays.
    `held_out` is a data set that the run never learned, or the outcome of `hold_out`. The run given is not changed.
    """
    if isinstance(held_out, Dataset):
        held_out = HeldOut("held_out", Classifier.from_run(run).logits(held_out.images), held_out.labels)
    if held_out.source == "halves":
        raise InputError("A threshold to be kept in a run must not come from the test set; hold training images out.")
    check_scores(held_out.logits, held_out.labels)
    divisor = fit_temperature(held_out.logits, held_out.labels).value if temperature else run.temperature
    result = fit_rejection(held_out.logits / np.float32(divisor), "max_softmax", keep)
    return replace(run, temperature=divisor, rejection_threshold=result.threshold)


def rejection_of(run: Run, held_out: HeldOut) -> Rejection:
    """The run's own threshold for "no digit", or else the one that `calibrate` would give it."""
    logits = held_out.logits / np.float32(run.temperature)
    if run.rejection_threshold is None:
        return fit_rejection(logits, "max_softmax", KEEP)
    check_scores(logits)
    kept = float((softmax(logits).max(axis=1) >= run.rejection_threshold).mean())
    return Rejection("max_softmax", run.rejection_threshold, kept, len(logits))
