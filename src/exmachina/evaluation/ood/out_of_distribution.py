"""What the network makes of images that are no digits, and whether its threshold keeps them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.evaluation.arrays import Floats, Images, Predict, softmax
from exmachina.evaluation.calibration.held_out import KEEP, HeldOut, rejection_of
from exmachina.evaluation.calibration.rejection import Rejection, fit_rejection, highest_threshold
from exmachina.evaluation.ood import non_digits
from exmachina.evaluation.ood.separation import KEPT, OODKind, by_rejector, measure_kind
from exmachina.evaluation.statistics.intervals import Interval, proportion
from exmachina.runs import Run

PICTURED = 8


@dataclass(frozen=True)
class OutOfDistribution:
    """Every kind of image that is no digit, the threshold for "no digit", and the test digits that it turns away.

    A run with a rejector turns away what that does; else `rejection` does. `stored`: the threshold is the run's own,
    not one fitted for this report. `examples` (≤ 8, 28, 28) are pictures of each kind, for a report to show.
    """

    kinds: tuple[OODKind, ...]
    rejection: Rejection
    stored: bool
    source: str
    digits_rejected: Interval
    examples: dict[str, Images]


def image_makers(test: Dataset, pictures: Mapping[str, str | Path] | None = None) -> dict[str, Callable[..., Images]]:
    """Kind of image → function (n, generator) → images; `pictures` are folders or zip files of pictures, by name."""
    made: dict[str, Callable[..., Images]] = {
        "blank": non_digits.blank,
        "noise": non_digits.noise,
        "blobs": non_digits.blobs,
        "two_digits": lambda n, generator: non_digits.two_digits(test.images, n, generator),
        "upside_down": lambda n, generator: non_digits.upside_down(test.images, test.labels, n, generator),
        "letters": non_digits.letters,
    }
    for name, path in (pictures or {}).items():
        made[name] = lambda n, generator, path=path: non_digits.pictures(path, generator, n)
    return made


def measure_out_of_distribution(
    run: Run,
    predict: Predict,
    digits: Floats,
    test: Dataset,
    held_out: HeldOut,
    *,
    n: int = 2_000,
    pictures: Mapping[str, str | Path] | None = None,
    seed: int = 0,
) -> OutOfDistribution:
    """Separate test digits with logits (N, 10), as the run answers, from `n` images of each kind."""
    rejection = rejection_of(run, held_out)
    turned_away = rejection.rejects(digits)
    if held_out.source == "halves" and run.rejection_threshold is None:
        # Fitted to each half for the other, as everything else; what stands in the report is their mean.
        fits = held_out.fits(len(test), seed)
        both = [fit_rejection(fit.logits / np.float32(run.temperature), rejection.score, KEEP) for fit in fits]
        for fit, one in zip(fits, both, strict=True):
            turned_away[fit.measured] = one.rejects(digits[fit.measured])
        rejection = replace(rejection, threshold=float(np.mean([one.threshold for one in both])), n=both[0].n)
    judge = None if run.rejector is None else Classifier.from_run(run)
    chances = None if judge is None else judge.chances(test.images)
    if run.rejector is not None and chances is not None:
        turned_away = chances < run.rejector.no_digit
    sure = softmax(held_out.logits / run.temperature).max(axis=1)
    thresholds = [highest_threshold(sure, share) for share in KEPT]
    kinds, examples = [], {}
    for number, (name, make) in enumerate(image_makers(test, pictures).items()):
        images = make(n, np.random.default_rng([seed, 4, number]))
        generator = np.random.default_rng([seed, 9, number])
        kind = measure_kind(name, digits, predict(images), rejection, generator, thresholds)
        if run.rejector is not None and judge is not None and chances is not None:
            kind = by_rejector(kind, chances, judge.chances(images), run.rejector.no_digit, generator)
        kinds.append(kind)
        examples[name] = images[:PICTURED]
    return OutOfDistribution(
        kinds=tuple(kinds),
        rejection=rejection,
        stored=run.rejection_threshold is not None,
        source="the run itself" if run.rejection_threshold is not None else held_out.how,
        digits_rejected=proportion(turned_away),
        examples=examples,
    )
