"""The test set's own mistakes: fifteen labels that people rejected, and the two halves of the set.

Northcutt, Athalye and Mueller (Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks,
2021; votes published with labelerrors.com) showed 100 suspected MNIST test images to five people each, a few
of them to ten. A label counts as rejected here when fewer than three people chose it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Labels, check_same_length
from exmachina.evaluation.statistics.intervals import Interval, proportion

STUDENTS = 5_001  # the first 5,001 test digits are by students, the other 4,999 by Census employees (QMNIST)


class Votes(NamedTuple):
    """What five people said of one image: the `given` label, the `guessed` other one, or neither."""

    given: int
    guessed: int
    for_given: int
    for_guessed: int
    neither: int

    @property
    def corrected(self) -> int | None:
        """The label that three or more chose instead, or None: an ambiguous image."""
        return self.guessed if self.for_guessed >= 3 else None


# Test index → votes, for every test label with fewer than three votes of five.
REJECTED_LABELS: dict[int, Votes] = {
    947: Votes(8, 9, 0, 5, 0),
    1621: Votes(0, 6, 2, 3, 0),
    1901: Votes(9, 4, 2, 3, 0),
    2130: Votes(4, 9, 2, 2, 1),
    2462: Votes(2, 0, 0, 4, 1),
    2597: Votes(5, 3, 0, 4, 1),
    2654: Votes(6, 1, 0, 2, 3),
    3520: Votes(6, 4, 2, 0, 3),
    3558: Votes(5, 0, 1, 4, 0),
    5937: Votes(5, 3, 1, 3, 1),
    6651: Votes(0, 6, 0, 5, 0),
    6783: Votes(1, 6, 2, 3, 0),
    8527: Votes(4, 9, 2, 2, 1),
    9679: Votes(6, 3, 2, 0, 3),
    9729: Votes(5, 6, 2, 3, 0),
}
AMBIGUOUS = tuple(index for index, votes in REJECTED_LABELS.items() if votes.corrected is None)


@dataclass(frozen=True)
class LabelledErrors:
    """The error by the labels as given, as people corrected them, and without the ambiguous images.

    `corrected` replaces the ten labels that have a majority for another one and keeps the rest; `unambiguous`
    also leaves out the five images that have none. `blamed` are the rejected images where the network disagreed
    with the given label, and `vindicated` those of them where it agreed with the people.
    """

    as_given: Interval
    corrected: Interval
    unambiguous: Interval
    blamed: tuple[int, ...]
    vindicated: tuple[int, ...]


@dataclass(frozen=True)
class Halves:
    """The error on each half of the test set; the students' is the harder one."""

    students: Interval
    census: Interval


def is_mnist_test(labels: Labels) -> bool:
    """Whether the labels are of MNIST's test set, as far as its length and the fifteen labels can tell."""
    return len(labels) == 10_000 and all(labels[index] == votes.given for index, votes in REJECTED_LABELS.items())


def corrected_labels(labels: Labels) -> Labels:
    """MNIST's test labels with the ten that people corrected; the five ambiguous ones stay as given."""
    _check_mnist_test(labels)
    corrected = labels.copy()
    for index, votes in REJECTED_LABELS.items():
        if votes.corrected is not None:
            corrected[index] = votes.corrected
    return corrected


def labelled_errors(predicted: Labels, labels: Labels) -> LabelledErrors:
    """The three errors on MNIST's test set, for predicted digits (10,000,) and the labels as given."""
    corrected = corrected_labels(labels)
    check_same_length(predicted, labels, "Predictions and labels")
    clear = np.ones(len(labels), np.bool_)
    clear[list(AMBIGUOUS)] = False
    blamed = tuple(index for index in REJECTED_LABELS if predicted[index] != labels[index])
    return LabelledErrors(
        as_given=proportion(predicted != labels),
        corrected=proportion(predicted != corrected),
        unambiguous=proportion((predicted != corrected)[clear]),
        blamed=blamed,
        vindicated=tuple(index for index in blamed if predicted[index] == REJECTED_LABELS[index].corrected),
    )


def halves(predicted: Labels, labels: Labels) -> Halves:
    """The error on the students' and on the Census employees' part of MNIST's test set, labels as given."""
    _check_mnist_test(labels)
    check_same_length(predicted, labels, "Predictions and labels")
    wrong = predicted != labels
    return Halves(students=proportion(wrong[:STUDENTS]), census=proportion(wrong[STUDENTS:]))


def _check_mnist_test(labels: Labels) -> None:
    if not is_mnist_test(labels):
        raise InputError(f"These {len(labels):,} labels are not MNIST's test set in its order, the only one voted on.")
