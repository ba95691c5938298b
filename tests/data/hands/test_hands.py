"""Digits by other hands: what they are made of, that a seed decides them, and that judges are kept apart."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice

import numpy as np
import pytest

from exmachina.data import Dataset, load_mnist_split
from exmachina.data.hands import held_out_pens, mixture, with_hands
from exmachina.data.hands.ink import crowded, drawn, fitted
from exmachina.data.hands.mixture import drawn_pens, drawn_typefaces, made_digits
from exmachina.data.hands.signs import SIGNS, sign
from exmachina.data.hands.skeletons import skeleton
from exmachina.data.hands.sources import FOLDER, LEARNED, LETTERS, pen_digits, typeface_digits, typeface_letters
from exmachina.images.mnist import BOX, CENTRE, normalize

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def some(digits: Dataset) -> Dataset:
    return with_hands(digits[:40], seed=3)


def test_the_same_seed_gives_the_same_digits_and_another_others(digits: Dataset, some: Dataset) -> None:
    again, other = with_hands(digits[:40], seed=3), with_hands(digits[:40], seed=4)
    np.testing.assert_array_equal(some.images, again.images)
    np.testing.assert_array_equal(some.labels, again.labels)
    assert not np.array_equal(some.images, other.images)
    np.testing.assert_array_equal(some.images[:80], np.concatenate([digits.images[:40]] * 2))


def test_four_in_ten_are_by_other_hands_and_of_every_class(some: Dataset) -> None:
    assert len(some) == 2 * 40 + 20 + 16 + 4 + 14
    assert set(some.labels[80:100].tolist()) == set(range(10))
    assert some.images[80:].any(axis=(1, 2)).all()


@pytest.mark.parametrize("made", [made_digits, drawn_pens, drawn_typefaces])
def test_every_kind_comes_in_mnists_form(made: object) -> None:
    assert callable(made)
    for image, _ in islice(made(np.random.default_rng(0)), 60):
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        assert BOX - 2 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= BOX
        weight = image / image.sum()
        middle = weight.sum(axis=1) @ np.arange(28), weight.sum(axis=0) @ np.arange(28)
        assert all(abs(place - CENTRE) <= 0.51 for place in middle)


def test_a_drawn_stroke_is_as_wide_as_its_pen() -> None:
    line = np.array([[0.0, 0.0], [0.0, 1.0]])
    for width in (1.5, 2.5, 4.0):
        widths = [float(drawn([line], width, np.random.default_rng(seed)).sum(axis=1)[14]) / 255 for seed in range(40)]
        assert np.mean(widths) == pytest.approx(width, rel=0.1)


def test_the_seven_is_crossed_more_often_than_not_and_the_four_open() -> None:
    rng = np.random.default_rng(0)
    sevens = [len(skeleton(7, rng)) for _ in range(300)]
    assert 0.5 < np.mean([count == 2 for count in sevens]) < 0.7
    assert all(np.isfinite(stroke).all() and len(stroke) >= 2 for d in range(10) for stroke in skeleton(d, rng))


def test_signs_come_in_all_kinds_and_a_slash_never_alone() -> None:
    rng = np.random.default_rng(0)
    some = [sign(rng) for _ in range(300)]
    assert all(np.isfinite(stroke).all() and len(stroke) >= 2 for strokes in some for stroke in strokes)
    for kind in SIGNS:
        for strokes in (kind(rng) for _ in range(20)):
            every = np.concatenate([np.array(stroke) for stroke in strokes])
            bent = any(len(stroke) > 2 for stroke in strokes)
            assert len(strokes) > 1 or bent
            assert 0.2 < np.ptp(every, axis=0).max() < 2.5


def test_a_crowded_digit_holds_more_than_the_digit_and_is_cut_like_a_picture(digits: Dataset) -> None:
    rng = np.random.default_rng(1)
    changed = [crowded(digits.images[i], [digits.images[50 + i], digits.images[90 + i]], rng) for i in range(40)]
    assert np.mean([not np.array_equal(a, b) for a, b in zip(changed, digits.images, strict=False)]) > 0.9
    for image in changed:
        assert max(np.ptp(np.flatnonzero(image.any(axis=axis))) for axis in (0, 1)) < BOX


def test_fitting_is_what_normalize_does_to_a_clean_picture() -> None:
    picture = np.kron(load_mnist_split("test").images[3], np.ones((3, 3))).astype(np.uint8)
    away = np.abs(fitted(picture).astype(int) - normalize(picture).astype(int))
    assert float(away.mean()) < 4


def test_pen_digits_are_the_published_ones() -> None:
    points, labels = pen_digits()
    assert points.shape == (7494, 8, 2) and (points.min(), points.max()) == (0, 100)
    assert np.bincount(labels).tolist() == [780, 779, 780, 719, 780, 720, 720, 778, 719, 719]  # UCI's own table


def test_pens_that_judge_are_not_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    judges, (points, labels) = held_out_pens(), pen_digits()
    assert len(judges) == 7494 - LEARNED
    np.testing.assert_array_equal(judges.labels, labels[LEARNED:])
    monkeypatch.setattr(mixture, "pen_digit", lambda way, rng: way.tobytes())  # whose it is, not how it looks
    learned = islice(drawn_pens(np.random.default_rng(0)), LEARNED)
    ways = [way.tobytes() for way in points[:LEARNED]]
    assert Counter(learned) == Counter(zip(ways, labels[:LEARNED].tolist(), strict=True))


def test_there_are_ten_digits_of_every_typeface() -> None:
    pictures = typeface_digits()
    assert pictures.shape == (32, 10, 44, 44)
    assert pictures.max(axis=(2, 3)).min() == 255


def test_letters_come_from_typefaces_whose_licence_is_named_and_none_is_a_digit() -> None:
    licences = re.findall(r"^- ([\w-]+) \((?:OFL-1\.1|Apache-2\.0)\): ", (FOLDER / "LICENSE").read_text("utf-8"), re.M)
    letters = typeface_letters().reshape(-1, len(LETTERS), 44, 44)
    assert len(letters) == len(set(licences)) == len(licences)
    assert not set(LETTERS) & set("DIOSZbgijloqsz")
    ink = letters > 100
    assert (np.maximum(ink.any(axis=2).sum(axis=2), ink.any(axis=3).sum(axis=2)) >= 30).all()
    assert (letters[:, :, [0, -1]] == 0).all() and (letters[:, :, :, [0, -1]] == 0).all()
