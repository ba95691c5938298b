from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from exmachina.data import Dataset, load_mnist_split
from exmachina.errors import InputError
from exmachina.evaluation.datasets import duplicates as room
from exmachina.evaluation.datasets.duplicates import find_duplicates, principal_components


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_mnist_split("test")


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "BLOCK", (64, 150))  # so that a search crosses several


def test_planted_copies_are_found_and_nothing_else(digits: Dataset, small_blocks: Any) -> None:
    train, test = digits.images[:1_000].copy(), digits.images[1_000:1_300].copy()
    test[7], test[200] = train[3], train[999]
    train[500] = train[3]  # a second copy of the same
    noisy = train[640].astype(int) + np.random.default_rng(0).integers(-6, 7, (28, 28))
    test[100] = np.clip(noisy, 0, 255)
    result = find_duplicates(train, test)
    assert [(pair.test, pair.train) for pair in result.pairs] == [(7, 3), (7, 500), (200, 999), (100, 640)]
    assert [pair.distance for pair in result.pairs[:3]] == [0, 0, 0]
    assert 0 < result.pairs[3].distance < 0.1
    assert result.identical == 2
    assert result.closest == result.pairs[0]


def test_every_pair_within_a_wide_limit_is_found(digits: Dataset, small_blocks: Any) -> None:
    train, test = digits.images[:300], digits.images[300:400]
    a, b = train.reshape(300, -1) / 255, test.reshape(100, -1) / 255
    relative = np.sqrt(((b[:, None] - a) ** 2).sum(2)) / np.linalg.norm(b, axis=1)[:, None]
    limit = float(np.quantile(relative, 0.001))
    result = find_duplicates(train, test, limit)
    assert {(pair.test, pair.train) for pair in result.pairs} == set(map(tuple, np.argwhere(relative <= limit)))
    assert result.closest.distance == pytest.approx(relative.min())


def test_nearest_neighbours_are_scikit_learns(digits: Dataset, small_blocks: Any) -> None:
    train, test = digits[:600], digits[600:800]
    components = principal_components(train.images)
    oracle = KNeighborsClassifier(1).fit(components.project(train.images), train.labels)
    result = find_duplicates(train.images, test.images)
    nearest = oracle.kneighbors(components.project(test.images), return_distance=False)[:, 0]
    assert (result.nearest == nearest).mean() > 0.99  # ties and rounding
    accuracy = result.neighbour_accuracy(train.labels, test.labels)
    assert accuracy.value == pytest.approx(oracle.score(components.project(test.images), test.labels), abs=0.01)


def test_components_are_scikit_learns(digits: Dataset) -> None:
    images = digits.images[:900]
    ours = principal_components(images, 12)
    oracle = PCA(12).fit(images.reshape(900, -1) / 255)
    overlap = np.abs((oracle.components_ * ours.directions.T).sum(1))
    assert overlap == pytest.approx(np.ones(12), abs=1e-3)
    assert ours.mean == pytest.approx(oracle.mean_, abs=1e-5)


def test_blank_images_are_compared_without_dividing_by_their_ink() -> None:
    blank = np.zeros((3, 28, 28), np.uint8)
    assert find_duplicates(blank, blank[:1]).identical == 1


def test_a_search_for_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="Cannot search"):
        find_duplicates(np.zeros((3, 28, 28), np.uint8), np.zeros((0, 28, 28), np.uint8))
    with pytest.raises(InputError, match="principal components"):
        find_duplicates(np.zeros((1, 28, 28), np.uint8), np.zeros((1, 28, 28), np.uint8))
