"""Digits under lines, from a dry pencil, faded, specked, on patterns and clipped: each does what it says."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from exmachina.classifier import Classifier
from exmachina.data import Dataset, load_mnist_split
from exmachina.data.hands import worn as module
from exmachina.data.hands.mixture import worn_digits
from exmachina.data.hands.worn import FAINTEST, WAYS, Ink, clipped, dry, faded, printed, specked, struck, worn

MADE = 60
Way = Callable[[Ink, np.random.Generator], Ink]


def pairs(way: Way, digits: Dataset) -> list[tuple[Ink, Ink]]:
    """Digits 0 … 1 before and after."""
    rng = np.random.default_rng(0)
    images = [image.astype(np.float32) / 255 for image in digits.images[:MADE]]
    return [(ink, np.clip(way(ink, rng), 0, 1)) for ink in images]


def test_a_line_runs_from_side_to_side_and_takes_nothing_away(digits: Dataset) -> None:
    for before, after in pairs(struck, digits):
        assert (after >= before).all() and (after > before).any()
        added = after > before + 0.02
        sides = [added[0].any(), added[-1].any(), added[:, 0].any(), added[:, -1].any()]
        assert sum(sides) >= 2


@pytest.mark.parametrize("way", [dry, faded, clipped])
def test_ink_that_is_missing_is_nowhere_added(way: Way, digits: Dataset) -> None:
    both = pairs(way, digits)
    assert all((after <= before + 1e-6).all() for before, after in both)
    assert np.mean([(after < before - 0.02).any() for before, after in both]) > 0.8


def test_a_clipped_digit_lost_little_and_at_its_side(digits: Dataset) -> None:
    for before, after in pairs(clipped, digits):
        gone = np.flatnonzero((before > after).any(axis=0))
        columns = np.flatnonzero((before > 0.25).any(axis=0))
        third = len(columns) // 3 + 1
        assert not ((gone > columns[0] + third) & (gone < columns[-1] - third)).any()
        assert after.sum() > 0.5 * before.sum()


def test_a_printed_pattern_is_fainter_than_ink_and_lies_over_the_whole_paper(digits: Dataset) -> None:
    for before, after in pairs(printed, digits):
        added = after > before
        assert after[added].max() <= 0.45 and (after[~added] == before[~added]).all()
        assert all(quarter.any() for half in np.split(added, 2) for quarter in np.split(half, 2, axis=1))


def test_specks_are_few_and_go_both_ways(digits: Dataset) -> None:
    both = pairs(specked, digits)
    assert any((after > before + 0.3).any() for before, after in both)
    assert any((after < before - 0.3).any() for before, after in both)
    assert all(np.mean(np.abs(after - before) > 0.3) < 0.25 for before, after in both)


def test_the_same_seed_wears_alike_and_every_way_is_met(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def some() -> list[tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], int]]:
        return list(islice(worn_digits(digits, np.random.default_rng(5)), 100))

    for (image, label), (again, also) in zip(some(), some(), strict=True):
        assert image.dtype == np.uint8 and image.shape == (28, 28) and label == also
        np.testing.assert_array_equal(image, again)
    met: list[Way] = []

    def noted(way: Way) -> Way:
        def wear(ink: Ink, rng: np.random.Generator) -> Ink:
            met.append(way)
            return way(ink, rng)

        return wear

    monkeypatch.setattr(module, "WAYS", tuple((noted(way), share) for way, share in WAYS))
    some()
    assert set(met) == {way for way, _ in WAYS} and 100 < len(met) < 150


def test_what_would_fade_away_stays_as_it_was(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAYS", ((lambda ink, rng: ink * (FAINTEST - 0.01), 1.0),))
    np.testing.assert_array_equal(worn(digits.images[0], np.random.default_rng(0)), digits.images[0])


def test_worn_digits_can_be_read_and_most_are_not_refused() -> None:
    mnist = load_mnist_split("test")
    images, labels = zip(*islice(worn_digits(mnist, np.random.default_rng(1)), 500), strict=True)
    read = Classifier.load("accurate").predict_prepared(np.stack(images))
    right = np.array([one.digit for one in read]) == np.array(labels)
    assert right.mean() > 0.9
    assert np.mean([one.verdict != "no digit" for one, good in zip(read, right, strict=True) if good]) > 0.9
