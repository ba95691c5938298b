"""Other sets are read in MNIST's convention, and the slices of a set add up to it."""

from __future__ import annotations

import numpy as np
import pytest

from exmachina import Classifier, InputError
from exmachina.data import Dataset
from exmachina.evaluation.other_hands import load_other, measure_other
from exmachina.runs import Run


def test_load_digits_comes_in_mnists_convention() -> None:
    other = load_other("load_digits")
    assert len(other) == 1797 and other.images.dtype == np.uint8
    rows, columns = np.indices((28, 28))
    mass = other.images.sum(axis=(1, 2), dtype=np.float64)
    middle = [(other.images * axis).sum(axis=(1, 2)) / mass for axis in (rows, columns)]
    assert np.abs(np.mean(middle, axis=1) - 14).max() < 0.3
    assert other.images[:, [0, -1]].max() == 0


def test_slices_of_each_trait_add_up_to_the_whole(tiny_run: Run, test_digits: Dataset) -> None:
    reader = Classifier.from_run(tiny_run)
    home, other = test_digits[:300], test_digits[300:]
    wrong = reader.logits(home.images).argmax(axis=1) != home.labels
    found = measure_other(reader.logits, other, home, wrong)
    for trait in {one.trait for one in found.slices}:
        parts = [one for one in found.slices if one.trait == trait]
        assert sum(one.share for one in parts) == pytest.approx(1)
        assert sum(one.share * one.error.value for one in parts if one.error) == pytest.approx(found.error.value)
    assert found.drop == pytest.approx(found.error.value - wrong.mean())
    assert found.confusion.sum() == len(other)


def test_a_set_like_home_explains_nothing(tiny_run: Run, test_digits: Dataset) -> None:
    reader = Classifier.from_run(tiny_run)
    wrong = reader.logits(test_digits.images).argmax(axis=1) != test_digits.labels
    found = measure_other(reader.logits, test_digits, test_digits, wrong)
    assert found.drop == 0 and all(abs(cause.explained) < 1e-12 for cause in found.causes)


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(InputError, match="nowhere"):
        load_other("nowhere")
