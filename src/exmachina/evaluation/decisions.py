"""Questions whose answers change what one does: how many mistakes in my pile, when to refuse, how many digits to
tell two networks apart, and how a person would have done.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from exmachina.data import Dataset
from exmachina.evaluation.arrays import Flags, Floats, Images, Labels
from exmachina.evaluation.calibration.costs import CheapestThreshold, cheapest_thresholds
from exmachina.evaluation.calibration.held_out import HeldOut, Source
from exmachina.evaluation.datasets.label_votes import REJECTED_LABELS, is_mnist_test
from exmachina.evaluation.datasets.writers import Writers
from exmachina.evaluation.statistics.intervals import Interval, wilson
from exmachina.evaluation.statistics.power import (
    Resolution,
    digits_needed,
    independent_discordance,
    smallest_difference,
)
from exmachina.evaluation.statistics.prediction import BetaLaw, Pile, hands_law, pile, rate_law

PILES = (100, 1_000, 10_000)
DIFFERENCES = (0.005, 0.0025, 0.001, 0.0005)


@dataclass(frozen=True)
class Forecast:
    """Mistakes to expect in piles of digits like those named: the law of their error rate, and what follows."""

    like: str
    law: BetaLaw
    piles: tuple[Pile, ...]


@dataclass(frozen=True)
class Power:
    """What a comparison on `n` digits can tell.

    `discordance` is the share of digits that tell two such networks apart: measured between seeds of the recipe, or,
    where none were trained, what independent mistakes would make. `smallest` is the smallest difference of two errors
    that this test set notices four times in five.
    """

    n: int
    discordance: float
    measured: bool
    smallest: float | None
    needed: tuple[Resolution, ...]


@dataclass(frozen=True)
class HumanBaseline:
    """Test digits unlike any other of their label, for a person to read, and what the network read.

    `best` is the accuracy of a flawless reader by the labels as given: people's majority contradicts the labels of
    some images, and for others there is none, which counts for and against. None off MNIST's test set.
    """

    best: tuple[float, float] | None
    indices: tuple[int, ...]
    labels: tuple[int, ...]
    read: tuple[int, ...]
    images: Images = field(repr=False)


@dataclass(frozen=True)
class Decisions:
    """The answers. `unseen` is the error on training digits that had not been learned, None where there are none."""

    unseen: Interval | None
    unseen_source: Source
    forecasts: tuple[Forecast, ...]
    costs: tuple[CheapestThreshold, ...]
    power: Power
    human: HumanBaseline


def decide(
    logits: Floats,
    wrong: Flags,
    test: Dataset,
    held_out: HeldOut,
    *,
    temperature: float,
    test_error: Interval,
    writers: Writers | None = None,
    discordance: float | None = None,
    odd: tuple[int, ...] = (),
    seed: int = 0,
) -> Decisions:
    """Answer them for raw logits (N, 10) and mistakes (N,) on the test set.

    `test_error` is the error with the interval that one believes, `discordance` the share of digits on which
    seeds of the recipe differ, and `odd` are test digits for a person to read.
    """
    unseen = None
    if held_out.source != "halves":
        misread = int((held_out.logits.argmax(axis=1) != held_out.labels).sum())
        unseen = wilson(misread, len(held_out))
    return Decisions(
        unseen=unseen,
        unseen_source=held_out.source,
        forecasts=tuple(_forecasts(test_error, unseen, wrong, writers)),
        costs=cheapest_thresholds(logits, test.labels, held_out, temperature, seed=seed),
        power=_power(test_error, discordance, len(test)),
        human=_human(test, logits.argmax(axis=1), odd),
    )


def _forecasts(test_error: Interval, unseen: Interval | None, wrong: Flags, writers: Writers | None) -> list[Forecast]:
    laws = [("the test set's", rate_law(test_error))]
    if unseen is not None:
        laws.append(("unseen training digits", rate_law(unseen)))
    if writers is not None and 0 < wrong.sum() < len(wrong):
        laws.append(("the test set's, all by one hand", hands_law(wrong, writers.ids)))
    return [Forecast(like, law, tuple(pile(law, digits) for digits in PILES)) for like, law in laws]


def _power(test_error: Interval, discordance: float | None, n: int) -> Power:
    # A network without a mistake is treated as if it had made half of one, or nothing could be asked.
    error = max(test_error.value, 0.5 / n)
    share = discordance or independent_discordance(error)
    needed = tuple(
        Resolution(difference, digits_needed(difference, max(share, difference))) for difference in DIFFERENCES
    )
    return Power(n, share, bool(discordance), smallest_difference(n, share), needed)


def _human(test: Dataset, read: Labels, odd: tuple[int, ...]) -> HumanBaseline:
    best = None
    if is_mnist_test(test.labels):
        contradicted = sum(votes.corrected is not None for votes in REJECTED_LABELS.values())
        best = (1 - len(REJECTED_LABELS) / len(test), 1 - contradicted / len(test))
    chosen = list(odd)
    return HumanBaseline(
        best=best,
        indices=odd,
        labels=tuple(int(test.labels[i]) for i in chosen),
        read=tuple(int(read[i]) for i in chosen),
        images=test.images[chosen],
    )
