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
from exmachina.reading.pieces import chunk, cuts_between, glyph, inked
from exmachina.reading.sheet import even_ink
from exmachina.reading.spelling import Line, Middle, likely_triples

pytestmark = pytest.mark.slow

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def hand() -> strips.Hand:
    """Digits of MNIST's training images that were held out."""
    return strips.hand("held")


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
        assert inked(whole, end) == pytest.approx(rows / 40)


def test_the_bar_that_came_off_a_five_stays_with_it_and_a_minus_does_not() -> None:
    body, bar = np.full((40, 12), 255, np.uint8), np.full((5, 14), 255, np.uint8)
    for top, pieces in ((1, 1), (18, 2)):
        ink = np.zeros((80, 80), np.uint8)
        ink[20:60, 20:32] = body
        ink[20 + top : 25 + top, 36:50] = bar
        labels, parts = layout.parts(ink > 100)
        assert chunk(ink, labels, parts, 40.0).count == pieces


def middle(column: float, first: int, last: int, digit: int, worth: float = 0.0) -> Middle:
    seen = np.full(11, 0.01)
    seen[digit] = 0.9
    return Middle(column, first, last, worth, seen, digit)


def test_a_cut_that_spoils_a_digit_speaks_less_against_its_spelling() -> None:
    lost, spoilt = (search._worth(middle(0, 0, 1, 9), None, whole=whole) for whole in (True, False))
    assert lost < spoilt < 0


def test_a_nought_that_leans_on_a_bar_keeps_its_side_in_one_of_the_cuts() -> None:
    rows, columns = np.mgrid[:44, :60]
    away = np.hypot((rows - 21.5) / 20, (columns - 16.0) / 11)
    nought = (away < 1) & (away > 0.75)
    ink = np.where(nought | ((columns >= 26) & (columns < 31)), np.uint8(255), np.uint8(0))
    labels, parts = layout.parts(np.pad(ink, 20) > 100)
    whole = chunk(np.pad(ink, 20), labels, parts, 44.0)
    left = parts[0].left - whole.left
    cuts = cuts_between(whole, (0, 1), left + 11.0, left + 23.5)
    kept = [(cut & np.pad(nought, 20)[whole.top :, whole.left :][tuple(map(slice, cut.shape))]) for cut in cuts]
    shares = [mask.sum() / nought.sum() for mask in kept]
    assert shares[0] < 0.9  # the cheapest cut runs through its top and its bottom
    assert max(shares) > 0.95


def test_ink_that_touches_nothing_is_cut_in_one_way() -> None:
    ink = bars(8, 8)
    labels, parts = layout.parts(ink > 100)
    assert len(cuts_between(chunk(ink, labels, parts, 44.0), (0, 2), 4.0, 34.0)) == 1


def test_every_likely_middle_is_joined_with_every_other_not_only_with_those_of_its_spelling() -> None:
    line = Line(np.zeros((40, 11)), ())
    twice = [middle(5, 4, 6, 1, worth=5.0), middle(5, 3, 7, 7, worth=4.9)]
    again = [middle(25, 24, 26, 1, worth=5.0), middle(25, 23, 27, 7, worth=4.9)]
    triples = likely_triples(line, [None, twice[1], twice[0], again[1], again[0], None])
    assert {triple for triple in triples if triple[0] == 0} == {(0, 1, 3), (0, 1, 4), (0, 2, 3), (0, 2, 4)}
    assert {triple for triple in triples if triple[2] == 5} == {(1, 3, 5), (1, 4, 5), (2, 3, 5), (2, 4, 5)}


def test_what_is_much_less_likely_is_not_looked_at() -> None:
    line = Line(np.zeros((40, 11)), ())
    good, bad = middle(5, 4, 6, 1, worth=1.0), middle(5, 3, 7, 7, worth=-20.0)
    assert likely_triples(line, [None, bad, good, None]) == [(0, 2, 3)]


def test_what_looks_like_a_digit_is_hardly_a_sign(classifier: Classifier, hand: strips.Hand) -> None:
    nothing = np.zeros((1, 1), bool)
    digit = classifier.predict(hand.cuts[int(np.flatnonzero(hand.labels == 8)[0])])
    assert digit.is_digit is not None and digit.is_digit > 0.5
    assert search._sign_worth(search._Cut(nothing, nothing, counts=True), digit) < -0.5
    assert search._sign_worth(search._Cut(nothing, nothing), digit) == 0  # a dot or a comma
    assert search._sign_worth(search._Cut(nothing, nothing, counts=True), None) == 0
    assert search._sign_worth(search._Cut(nothing, nothing, counts=True, inside=True), None) == -search.INSIDE
    assert search._sign_worth(search._Cut(nothing, nothing, inside=True), digit) == 0


def test_a_sign_is_inside_a_number_if_ink_stands_on_either_side_of_it() -> None:
    ink = np.zeros((40, 120), np.uint8)
    ink[10:30, 10:18] = ink[10:30, 50:58] = ink[10:30, 90:98] = 255
    labels, components = layout.parts(ink > 0)
    whole = chunk(ink, labels, components, 20.0)
    ends = [Middle(column - whole.left, 0, 1, 0.0) for column in (14, 54, 94)]
    assert search._cuts(whole, (0, 3), ends[0], ends[2])[0].inside
    assert not search._cuts(whole, (0, 3), ends[1], None)[0].inside
    assert search._cuts(whole, (1, 2), None, None)[0].inside  # all that a run holds, between two clear digits


def test_a_strokes_end_that_was_cut_off_is_no_digit() -> None:
    ink = np.pad(np.full((16, 6), 255, np.uint8), 20)
    strokes = ink > 100
    assert glyph(ink, strokes, strokes) is not None
    assert glyph(ink, strokes, strokes, search.SMALL * 34) is None
    tall = np.pad(np.full((30, 6), 255, np.uint8), 20)
    assert glyph(tall, tall > 100, tall > 100, search.SMALL * 34) is not None
