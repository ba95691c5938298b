"""The mean of probabilities, worked out by hand; and what is no ensemble."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation.statistics.ensemble import evaluate_ensemble


class Network:
    classes = 3


class Reader:
    """A reader with given probabilities."""

    def __init__(self, rows: list[list[float]]) -> None:
        self.network = Network()
        self.rows = np.array(rows, np.float32)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        return self.rows[: len(images)]


def classifiers(*readers: Reader) -> list[Classifier]:
    return [cast(Classifier, reader) for reader in readers]


DATA = Dataset(np.zeros((3, 28, 28), np.uint8), np.array([0, 1, 2], np.uint8), "three")


def test_surer_members_outvote_the_others() -> None:
    first = Reader([[0.9, 0.1, 0.0], [0.5, 0.4, 0.1], [0.1, 0.3, 0.6]])
    second = Reader([[0.4, 0.6, 0.0], [0.2, 0.7, 0.1], [0.1, 0.6, 0.3]])
    result = evaluate_ensemble(
        classifiers(first, second), DATA
    )  # means: .65 .35 0; .35 .55 .1; .1 .45 .45, which the first wins
    assert result.accuracies == pytest.approx((2 / 3, 1 / 3))
    assert result.members.mean == pytest.approx(0.5)
    assert result.together.value == pytest.approx(2 / 3)
    assert result.together.low < 2 / 3 < result.together.high


def test_one_is_no_ensemble_and_classes_must_agree() -> None:
    classifier = Reader([[1, 0, 0]] * 3)
    with pytest.raises(InputError, match="2 members"):
        evaluate_ensemble(classifiers(classifier), DATA)
    other = Reader([[1, 0, 0]] * 3)
    other.network.classes = 4
    with pytest.raises(InputError, match="classes"):
        evaluate_ensemble(classifiers(classifier, other), DATA)
