"""Signs before and behind a number are no digits, and a form's lines are no border of paper."""

from __future__ import annotations

import numpy as np
import pytest

import amounts
import exmachina
import strips
from exmachina.classifier import Classifier
from exmachina.reading.sheet import bright_ink

pytestmark = pytest.mark.slow

COUNT, LEAST = 8, 7  # numbers with each sign, and how many of them are read


@pytest.mark.parametrize("place", ["before", "behind"])
@pytest.mark.parametrize("name", ["$", "#", "*", "=", "-", "~"])
def test_a_sign_beside_a_number_is_no_digit(name: str, place: str, hand: strips.Hand, classifier: Classifier) -> None:
    rng = np.random.default_rng(0)
    right = 0
    for _ in range(COUNT):
        digits = rng.integers(0, len(hand.cuts), 4)
        ink, _, _ = strips.write(hand, digits, rng, 0.0)
        sign = amounts.drawn(name, strips.HEIGHT, 4, rng)
        top = int(0.35 * strips.HEIGHT)
        sign = np.pad(sign, ((top, len(ink) - top - len(sign)), (strips.HEIGHT // 2, 0)))
        both = [sign, ink] if place == "before" else [ink, sign, np.zeros((len(ink), 20))]
        page = exmachina.read(strips.on_paper(np.concatenate(both, axis=1), rng), classifier)
        right += page.strings == ("".join(str(hand.labels[index]) for index in digits),)
    assert right >= LEAST


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("inverted", [False, True])
def test_the_lines_along_a_strip_are_not_taken_for_its_paper(
    hand: strips.Hand, *, turned: bool, inverted: bool
) -> None:
    rng = np.random.default_rng(0)
    ink = strips.write(hand, np.arange(4), rng, 0.0)[0][16:-16]
    picture = 220 - 120 * ink
    picture[1:3], picture[-2:] = 0, 0  # darker than the ink
    if turned:
        ink, picture = ink[::-1], picture[::-1]
    dark = np.asarray(np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255), np.uint8)
    bright = bright_ink(255 - dark if inverted else dark)
    assert bright[ink > 0.9].mean() > bright[ink < 0.01].mean() + 40


def test_the_side_of_a_box_is_no_one_and_a_bar_that_fills_a_tight_cut_is(
    hand: strips.Hand, classifier: Classifier
) -> None:
    rng = np.random.default_rng(2)
    ink, _, _ = strips.write(hand, np.arange(4), rng, 0.0)
    text = "".join(map(str, hand.labels[:4]))
    rows, columns = np.flatnonzero((ink > 0.3).any(axis=1)), np.flatnonzero((ink > 0.3).any(axis=0))
    tight = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    for width in (1, 2, 3):
        strip = np.pad(tight, ((14, 14), (20, 20)))
        strip[:, 1 : 1 + width] = strip[:, -1 - width : -1] = 1
        assert exmachina.read(strips.on_paper(strip, rng), classifier).strings == (text,)
    bar = np.pad(np.ones((len(tight), 5)), ((0, 0), (0, 14)))
    barred = strips.on_paper(np.concatenate([bar, tight], axis=1), rng)
    assert exmachina.read(barred, classifier).strings == (f"1{text}",)


@pytest.mark.parametrize("height", range(1, 24))
def test_a_strip_that_is_all_lines_still_has_a_polarity(height: int) -> None:
    for lines in range(1, height + 1):
        strip = np.full((height, 40), 230, np.uint8)
        strip[:lines], strip[-lines:] = 0, 10
        assert bright_ink(strip).shape == strip.shape
