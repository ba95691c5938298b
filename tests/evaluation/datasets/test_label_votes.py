from typing import Any

import pytest

from exmachina.data import load_mnist_split
from exmachina.errors import InputError
from exmachina.evaluation.datasets.label_votes import (
    AMBIGUOUS,
    REJECTED_LABELS,
    corrected_labels,
    halves,
    is_mnist_test,
    labelled_errors,
)


@pytest.fixture(scope="module")
def labels() -> Any:
    return load_mnist_split("test").labels


def test_fifteen_labels_are_rejected_ten_corrected_and_five_ambiguous(labels: Any) -> None:
    assert len(REJECTED_LABELS) == 15
    assert AMBIGUOUS == (2130, 2654, 3520, 8527, 9679)
    assert all(votes.for_given < 3 for votes in REJECTED_LABELS.values())
    assert (corrected_labels(labels) != labels).sum() == 10
    assert corrected_labels(labels)[947] == 9


def test_a_perfect_copy_of_the_given_labels_errs_ten_times_by_the_corrected_ones(labels: Any) -> None:
    errors = labelled_errors(labels, labels)
    assert errors.as_given.value == 0
    assert errors.corrected.value == pytest.approx(10 / 10_000)
    assert errors.unambiguous.value == pytest.approx(10 / 9_995) and errors.unambiguous.n == 9_995
    assert errors.blamed == ()


def test_a_reader_who_sides_with_the_people_is_vindicated(labels: Any) -> None:
    predicted = corrected_labels(labels)
    predicted[2130] = 9  # an ambiguous one: blamed as given and by the corrected labels, left out in the third
    predicted[0] = (labels[0] + 1) % 10
    errors = labelled_errors(predicted, labels)
    assert errors.as_given.value == pytest.approx(12 / 10_000)
    assert errors.corrected.value == pytest.approx(2 / 10_000)
    assert errors.unambiguous.value == pytest.approx(1 / 9_995)
    assert set(errors.blamed) - set(errors.vindicated) == {2130}


def test_the_halves_are_split_after_5001_digits(labels: Any) -> None:
    predicted = labels.copy()
    predicted[[5_000, 5_001, 5_002]] = (predicted[[5_000, 5_001, 5_002]] + 1) % 10
    result = halves(predicted, labels)
    assert (result.students.n, result.census.n) == (5_001, 4_999)
    assert (result.students.value * 5_001, result.census.value * 4_999) == pytest.approx((1, 2))


def test_other_labels_are_not_mistaken_for_the_test_set(labels: Any) -> None:
    assert not is_mnist_test(labels[::-1])
    with pytest.raises(InputError, match="not MNIST's test set"):
        corrected_labels(labels[:9_000])
