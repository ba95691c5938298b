"""Data sets and the first steps of preprocessing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder

from exmachina.data import Dataset, one_hot, scale, split, with_channels
from exmachina.errors import InputError

IMAGES = np.zeros((3, 28, 28), np.uint8)
LABELS = np.array([1, 2, 3], np.uint8)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (IMAGES.astype(np.float32), LABELS),
        (IMAGES[0], LABELS[:1]),
        (np.zeros((3, 32, 32), np.uint8), LABELS),
        (IMAGES, LABELS[:2]),
        (IMAGES, LABELS[:, None]),
        (IMAGES, LABELS.astype(np.int64)),
        (IMAGES, LABELS + np.uint8(7)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(images: np.ndarray, labels: np.ndarray) -> None:
    with pytest.raises(InputError, match="mine"):
        Dataset(images, labels, "mine")


def test_parts_are_data_sets(digits: Dataset) -> None:
    for index in (slice(3, 9), np.array([5, 1, 5]), digits.labels == 4, [7, 8]):
        part = digits[index]
        np.testing.assert_array_equal(part.images, digits.images[index])
        np.testing.assert_array_equal(part.labels, digits.labels[index])
        assert part.name == digits.name


def test_split_divides_without_rest_or_overlap(digits: Dataset) -> None:
    parts = split(digits, 300, seed=3)
    assert (len(parts.train), len(parts.validation)) == (1700, 300)
    both = np.concatenate([parts.train_indices, parts.validation_indices])
    np.testing.assert_array_equal(np.sort(both), np.arange(2000))
    np.testing.assert_array_equal(parts.validation.images, digits.images[parts.validation_indices])


def test_split_is_the_same_for_the_same_seed_and_random(digits: Dataset) -> None:
    first, again, other = (split(digits, 300, seed=seed).validation_indices for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert len(np.intersect1d(first, other)) < 100  # 45 expected by chance
    assert 700 < first.mean() < 1300


@pytest.mark.parametrize("validation", [-1, 2000, 10**9])
def test_split_of_more_than_there_is_names_the_range(digits: Dataset, validation: int) -> None:
    with pytest.raises(InputError, match="0 to 1999"):
        split(digits, validation)


def test_split_refuses_a_seed_that_numpy_would(digits: Dataset) -> None:
    with pytest.raises(InputError, match="seed is -1"):
        split(digits, 10, seed=-1)


def test_nothing_held_out_keeps_all(digits: Dataset) -> None:
    np.testing.assert_array_equal(split(digits, 0).train.labels, digits.labels)


def test_scale_maps_bytes_to_the_unit_interval_in_float32() -> None:
    scaled = scale(np.arange(256, dtype=np.uint8))
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, (np.arange(256) / 255).astype(np.float32))


def test_channel_orders_are_views_of_the_same_pixels() -> None:
    first, last = with_channels(IMAGES, "channels_first"), with_channels(IMAGES, "channels_last")
    assert (first.shape, last.shape) == ((3, 1, 28, 28), (3, 28, 28, 1))
    assert np.shares_memory(first, IMAGES)
    assert np.shares_memory(last, IMAGES)
    with pytest.raises(InputError, match="channels_middle"):
        with_channels(IMAGES, "channels_middle")  # type: ignore[arg-type]


def test_one_hot_agrees_with_scikit_learn() -> None:
    labels = np.array([5, 0, 9, 9, 3], np.uint8)
    theirs = OneHotEncoder(categories=[range(10)], sparse_output=False).fit_transform(labels[:, None])
    ours = one_hot(labels)
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(one_hot(np.array([], np.uint8)), np.zeros((0, 10)))


@pytest.mark.parametrize("labels", [[10], [-1], [0.5], [True]])
def test_one_hot_refuses_what_is_not_a_class(labels: list[float]) -> None:
    with pytest.raises(InputError, match="Labels"):
        one_hot(np.array(labels))
