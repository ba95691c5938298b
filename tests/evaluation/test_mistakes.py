"""Neighbours agree with scikit-learn, and an attribution adds up to the difference that it explains."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from exmachina import Classifier
from exmachina.data import Dataset
from exmachina.evaluation import Evaluation
from exmachina.evaluation.mistakes import Mistakes, features, last_hidden, nearest, principal_coordinates
from exmachina.runs import Run


def test_neighbours_agree_with_scikit_learn(dull_run: Run, digits: Dataset, test_digits: Dataset) -> None:
    classifier, layer = Classifier.from_run(dull_run), last_hidden(dull_run)
    known, asked = features(classifier, layer, digits.images), features(classifier, layer, test_digits.images[:20])
    result = nearest(asked, known, digits)
    distances, _ = NearestNeighbors(n_neighbors=3).fit(known).kneighbors(asked)
    assert np.allclose([[one.distance for one in row] for row in result], distances, rtol=1e-3)
    assert all(digits.labels[one.index] == one.label for row in result for one in row)


def test_mistakes_are_all_there_the_surest_first(dull_evaluation: Evaluation, test_digits: Dataset) -> None:
    mistakes = dull_evaluation.mistakes
    assert isinstance(mistakes, Mistakes)
    wrong = round((1 - dull_evaluation.metrics.accuracy.value) * len(test_digits))
    assert mistakes.total == wrong and len(mistakes.shown) == min(wrong, 10)
    sure = [one.top[0][1] for one in mistakes.shown]
    assert sure == sorted(sure, reverse=True)
    assert all(one.read != one.label == test_digits.labels[one.index] for one in mistakes.shown)


def test_attribution_adds_up_to_what_speaks_for_the_digit_read(
    dull_evaluation: Evaluation, dull_run: Run, test_digits: Dataset
) -> None:
    assert isinstance(dull_evaluation.mistakes, Mistakes)
    one = dull_evaluation.mistakes.shown[0]
    black = np.zeros((1, 28, 28), np.uint8)
    logits = Classifier.from_run(dull_run).logits(np.concatenate([test_digits.images[one.index][None], black]))
    margin = logits[:, one.read] - logits[:, one.label]
    assert one.attribution is not None
    assert one.attribution.sum() == pytest.approx(margin[0] - margin[1], rel=0.03, abs=0.03)


@pytest.mark.parametrize("shape", [(40, 90), (90, 40)])
def test_principal_coordinates_are_scikit_learns(shape: tuple[int, int]) -> None:
    rows = np.random.default_rng(0).normal(size=shape) * np.linspace(3, 1, shape[1])
    rows -= rows.mean(axis=0)
    ours, theirs = principal_coordinates(rows, 4), PCA(4, svd_solver="full").fit_transform(rows)
    assert np.abs(ours) == pytest.approx(np.abs(theirs))  # a component's sign is nobody's
