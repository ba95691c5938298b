"""What is cut and what is not: bars, touching strokes, a five's bar; whom to believe on ink that no cut has touched."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

import exmachina
import strips
from exmachina.classifier import Classifier
from exmachina.reading import layout, search
from exmachina.reading.pieces import chunk
from exmachina.reading.sheet import even_ink

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load("accurate")


@pytest.fixture(scope="module")
def hand() -> strips.Hand:
    """Digits of MNIST's training images that were held out."""
    whole = strips.mnist_hand("train")
    return strips.Hand("held", whole.cuts[55_000:], whole.labels[55_000:])


def bars(*widths: int, height: int = 44) -> Picture:
    """Ink 0 or 255: upright bars side by side with paper around them."""
    ink = np.zeros((2 * height, sum(widths) + height // 2 * (len(widths) + 1)), np.uint8)
    left = height // 2
    for width in widths:
        ink[height // 2 : height // 2 + height, left : left + width] = 255
        left += width + height // 2
    return ink


def paper(ink: Picture, seed: int = 0) -> Picture:
    return strips.on_paper(ink / 255.0, np.random.default_rng(seed))


def text(picture: Picture, classifier: Classifier) -> str:
    try:
        return " ".join(exmachina.read(picture, classifier).strings)
    except exmachina.InputError:
        return ""


@pytest.mark.parametrize("width", [12, 16, 20, 24])
def test_a_thick_stroke_in_a_small_picture_is_ink_all_through(width: int) -> None:
    ink = bars(width)
    assert (even_ink(255 - paper(ink))[ink > 0] > 200).mean() > 0.95


@pytest.mark.parametrize("width", [12, 14, 16, 18, 20])
def test_a_thick_bar_is_one_one_however_thick(classifier: Classifier, width: int) -> None:
    assert text(paper(bars(width, width)), classifier) == "11"


def test_a_bold_digit_alone_is_read_as_predict_reads_it(classifier: Classifier, hand: strips.Hand) -> None:
    cuts = [strips.cut(ndimage.grey_dilation(np.pad(one, 3), (4, 4))) for one in hand.cuts[:50]]
    bold, generator = strips.Hand("bold", cuts, hand.labels[:50]), np.random.default_rng(5)
    differ = 0
    for index in range(len(cuts)):
        ink, _, _ = strips.write(bold, np.array([index]), generator, 0)
        picture = strips.on_paper(ink, generator)
        differ += text(picture, classifier) != str(classifier.predict(picture).digit)
    assert differ <= 5


def ink_between(first: Picture, second: Picture, *, by: int) -> Picture:
    """Two pieces of ink side by side, joined by a stroke `by` rows high."""
    joint = np.zeros((first.shape[0], 2), np.uint8)
    joint[:by] = 255
    return np.pad(np.hstack([first, joint, second]), 20)


def test_a_cut_costs_as_much_ink_as_it_runs_through() -> None:
    block = np.full((40, 10), 255, np.uint8)
    for rows in (0, 4, 20, 40):
        ink = ink_between(block, block, by=rows)
        labels, parts = layout.parts(ink > 100)
        whole = chunk(ink, labels, parts, 40.0)
        end = whole.before[-1] & (np.arange(whole.ink.shape[1]) < whole.ink.shape[1] // 2)
        assert search._through(whole, end) == pytest.approx(rows / 40)


def test_the_bar_that_came_off_a_five_stays_with_it_and_a_minus_does_not() -> None:
    body, bar = np.full((40, 12), 255, np.uint8), np.full((5, 14), 255, np.uint8)
    for top, pieces in ((1, 1), (18, 2)):
        ink = np.zeros((80, 80), np.uint8)
        ink[20:60, 20:32] = body
        ink[20 + top : 25 + top, 36:50] = bar
        labels, parts = layout.parts(ink > 100)
        assert chunk(ink, labels, parts, 40.0).count == pieces


def test_a_cut_that_spoils_a_digit_speaks_less_against_its_spelling() -> None:
    seen = np.full(11, 0.01)
    seen[9] = 0.9
    nothing = np.zeros((1, 1), bool)
    lost, spoilt = (
        search._worth(search._Way((search._Cut(nothing, seen, None, whole=whole),), 0.0), [None])
        for whole in (True, False)
    )
    assert lost < spoilt < 0
