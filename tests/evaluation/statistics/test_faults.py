"""Faults that a confusion matrix names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exmachina.evaluation.statistics.faults import known_faults
from exmachina.evaluation.statistics.metrics import confusion_matrix

LABELS = np.arange(1_000) % 10


def faults(read: NDArray[np.int64]) -> tuple[str, ...]:
    return known_faults(confusion_matrix(read, LABELS))


def test_a_good_reader_has_none() -> None:
    read = LABELS.copy()
    read[::30] = 0
    assert faults(LABELS) == faults(read) == ()


def test_two_swapped_digits_are_named() -> None:
    read = LABELS.copy()
    read[LABELS == 4], read[LABELS == 9] = 9, 4
    (fault,) = faults(read)
    assert "most 4s as 9" in fault and "most 9s as 4" in fault


def test_digits_that_were_never_learned_are_named() -> None:
    (fault,) = faults(LABELS % 3)
    assert "never answers 3, 4, 5, 6, 7, 8, 9" in fault
    read = LABELS.copy()
    read[LABELS == 7] = 1
    read[7] = 7
    assert "next to never reads 7: this digit" in faults(read)[0]


def test_of_few_images_nothing_is_said() -> None:
    assert known_faults(np.array([[500, 0], [19, 0]])) == ()
