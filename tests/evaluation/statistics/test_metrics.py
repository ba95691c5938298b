from typing import Any

import numpy as np
import pytest
from sklearn import metrics as oracle

from exmachina.errors import InputError
from exmachina.evaluation.arrays import softmax
from exmachina.evaluation.statistics.metrics import accuracy, brier_score, measure, negative_log_likelihood


@pytest.fixture
def scored() -> Any:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 700)
    logits = rng.normal(size=(700, 10)).astype(np.float32)
    logits[np.arange(700), labels] += 1.5
    return logits, labels


def test_loss_and_accuracy_agree_with_scikit_learn(scored: Any) -> None:
    logits, labels = scored
    result = measure(logits, labels)
    assert result.accuracy.value == oracle.accuracy_score(labels, logits.argmax(1))
    assert result.nll == pytest.approx(oracle.log_loss(labels, softmax(logits)))
    assert result.n == 700


def test_brier_score_agrees_with_scikit_learn(scored: Any) -> None:
    logits, labels = scored
    expected = oracle.brier_score_loss(labels, softmax(logits), labels=np.arange(10), scale_by_half=False)
    assert brier_score(softmax(logits), labels) == pytest.approx(expected)


def test_confusion_matrix_and_class_scores_agree_with_scikit_learn(scored: Any) -> None:
    logits, labels = scored
    result, predicted = measure(logits, labels), logits.argmax(1)
    assert (result.confusion == oracle.confusion_matrix(labels, predicted)).all()
    precision, recall, f1, support = oracle.precision_recall_fscore_support(labels, predicted)
    assert [score.precision for score in result.per_class] == pytest.approx(precision)
    assert [score.recall for score in result.per_class] == pytest.approx(recall)
    assert [score.f1 for score in result.per_class] == pytest.approx(f1)
    assert [score.support for score in result.per_class] == list(support)


def test_a_network_that_always_says_one_has_scores_and_no_crash() -> None:
    logits = np.zeros((50, 10))
    logits[:, 1] = 200
    labels = np.arange(50) % 10
    result = measure(logits, labels)
    expected = oracle.precision_recall_fscore_support(labels, logits.argmax(1), zero_division=0)
    assert [score.precision for score in result.per_class] == pytest.approx(expected[0])
    assert [score.recall for score in result.per_class] == pytest.approx(expected[1])
    assert result.accuracy.value == 0.1


def test_loss_stays_finite_where_the_probability_rounds_to_zero() -> None:
    assert negative_log_likelihood(np.array([[1000.0, 0.0]]), np.array([1])) == pytest.approx(1000)


def test_a_network_that_answers_nan_is_named_as_such() -> None:
    logits = np.zeros((4, 10))
    logits[2, 3] = np.nan
    with pytest.raises(InputError, match="1 of 4 images with nan"):
        measure(logits, np.zeros(4, int))


@pytest.mark.parametrize("labels", [np.zeros(3, int), np.full(4, 10), np.full(4, -1)])
def test_labels_that_do_not_fit_are_refused(labels: Any) -> None:
    with pytest.raises(InputError):
        accuracy(np.zeros((4, 10)), labels)
