from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis

from exmachina.data import load_mnist_split
from exmachina.errors import InputError
from exmachina.evaluation.datasets.duplicates import principal_components
from exmachina.evaluation.datasets.label_errors import compare_with_votes, find_label_errors, outliers


def noisy_problem(n: Any = 600, wrong: Any = 12) -> Any:
    """Probabilities that know the truth, and labels of which some are wrong."""
    rng = np.random.default_rng(0)
    truth = np.arange(n) % 10
    logits = rng.normal(size=(n, 10))
    logits[np.arange(n), truth] += 6
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels, changed = truth.copy(), rng.choice(n, wrong, replace=False)
    labels[changed] = (labels[changed] + 3) % 10
    return probabilities, labels, truth, changed


def test_swapped_labels_are_found_and_the_right_ones_suggested() -> None:
    probabilities, labels, truth, changed = noisy_problem()
    result = find_label_errors(probabilities, labels)
    # Only images of more than average confidence are accused: none wrongly, and most of those swapped.
    assert {one.index for one in result.label_errors} <= set(changed.tolist())
    assert len(result.label_errors) >= 7
    assert all(one.suggested == truth[one.index] for one in result.label_errors)
    assert [one.doubt for one in result.label_errors] == sorted(
        (one.doubt for one in result.label_errors), reverse=True
    )


def test_label_errors_match_a_loop_over_images() -> None:
    probabilities, labels, _, _ = noisy_problem()
    thresholds = [probabilities[labels == k, k].mean() for k in range(10)]
    expected = {}
    for index, row in enumerate(probabilities):
        reached = [k for k in range(10) if row[k] >= thresholds[k]]
        if reached and (likely := max(reached, key=lambda k: row[k])) != labels[index]:
            expected[index] = likely
    result = find_label_errors(probabilities, labels)
    assert {one.index: one.suggested for one in result.label_errors} == expected
    assert result.thresholds == pytest.approx(thresholds)
    assert result.joint.sum() - np.trace(result.joint) == len(expected)


def test_a_class_without_labels_and_a_network_without_opinion_doubt_nothing() -> None:
    flat = np.full((20, 10), 0.1, np.float32)
    assert find_label_errors(flat, np.zeros(20, int)).label_errors == ()


def test_label_errors_are_compared_with_peoples_votes() -> None:
    likelihoods = np.ones(10_000)
    likelihoods[[2130, 5, 947]] = 0.1, 0.2, 0.3
    result = compare_with_votes([947, 9729, 3, 3], likelihoods)
    assert result.doubted == (947, 9729)
    assert (len(result.missed), result.others) == (13, 1)
    # A network that doubts nothing still has an order: 2130 first, 5 second, 947 third.
    assert (result.ranks[2130], result.ranks[947], len(result.ranks)) == (1, 3, 15)


def test_outliers_are_scipys_farthest_by_mahalanobis() -> None:
    data = load_mnist_split("test")[:1_500]
    result = outliers(data.images, data.labels, 5)
    components = principal_components(data.images, 30)
    points = components.project(data.images).astype(float)
    seen = points @ components.directions.T
    rest = data.images.reshape(1_500, -1) / 255 - components.mean - seen
    points = np.column_stack([points, np.linalg.norm(rest, axis=1)])
    for one in result:
        own = points[data.labels == one.label]
        covariance = np.cov(own.T)
        covariance = 0.9 * covariance + 0.1 * np.trace(covariance) / 31 * np.eye(31)
        expected = mahalanobis(points[one.index], own.mean(0), np.linalg.inv(covariance))
        assert one.distance == pytest.approx(expected, rel=1e-3)
        assert data.labels[one.index] == one.label


def test_a_planted_oddity_is_the_first_outlier() -> None:
    data = load_mnist_split("test")[:800]
    images = data.images.copy()
    images[17] = np.random.default_rng(0).integers(0, 256, (28, 28))
    assert outliers(images, data.labels, 3)[0].index == 17


def test_outliers_need_a_label_for_every_image() -> None:
    with pytest.raises(InputError, match="Cannot look"):
        outliers(np.zeros((3, 28, 28), np.uint8), np.zeros(2, int))
