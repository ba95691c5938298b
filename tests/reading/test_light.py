"""Pages in any light: shadows across the writing, desks and pens beside the sheet, paper of one level."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

import phone_pages
import strips
from exmachina.classifier import Classifier
from exmachina.errors import InputError
from exmachina.reading import layout, read, rules, straighten
from exmachina.reading.pages import prepare
from exmachina.reading.sheet import bright_ink, even_ink

Picture = NDArray[np.uint8]
ROW, COLUMN = np.mgrid[:600, :800]
NUMBERS = [["5", "92"], ["304", "7"]]


@pytest.fixture(scope="module")
def writing(hand: strips.Hand) -> NDArray[np.float64]:
    """Two lines of two numbers as ink 0 to 1, (600, 800); their digits are the first of their kind."""
    ink = np.zeros((600, 800))
    firsts = {str(digit): int(np.flatnonzero(hand.labels == digit)[0]) for digit in range(10)}
    for row, line in enumerate(NUMBERS):
        for column, number in enumerate(line):
            indices = np.array([firsts[digit] for digit in number])
            one = strips.write(hand, indices, np.random.default_rng(row), 0.0, 60)[0]
            top, left = 80 + 220 * row, 120 + 330 * column
            ink[top : top + one.shape[0], left : left + one.shape[1]] = one
    return ink


def on(paper: NDArray[np.float64], writing: NDArray[np.float64]) -> Picture:
    noise = np.random.default_rng(0).normal(0, 2, writing.shape)
    return np.clip(paper * (1 - 0.8 * writing) + noise, 0, 255).astype(np.uint8)


def table(picture: Picture, classifier: Classifier) -> list[list[str]]:
    return read(picture, classifier).table()


def test_paper_of_one_level_is_paper(writing: NDArray[np.float64], classifier: Classifier) -> None:
    assert table((235 - 200 * writing).astype(np.uint8), classifier) == NUMBERS


@pytest.mark.parametrize("sharpness", [2, 12])
@pytest.mark.parametrize("slope", [-0.7, 0.1, 0.9])
def test_a_shadows_edge_across_the_writing_is_no_ink(
    slope: float, sharpness: int, writing: NDArray[np.float64], classifier: Classifier
) -> None:
    below = (slope * (COLUMN - 400) < ROW - 300).astype(np.float64)
    light = 1 - 0.5 * ndimage.gaussian_filter(below, sharpness)
    assert table(on(225 * light, writing), classifier) == NUMBERS


def test_the_lit_part_of_a_sheet_is_no_sheet(writing: NDArray[np.float64], classifier: Classifier) -> None:
    sheet = (ROW > 30) & (ROW < 570) & (COLUMN > 60) & (COLUMN < 740)
    light = np.where(ROW - 250 > 0.1 * (COLUMN - 400), 1.0, 0.45)
    picture = on(ndimage.gaussian_filter(np.where(sheet, 225, 60) * light, 1.5), writing)
    assert straighten.sheet_corners(picture) is not None  # by brightness alone
    assert table(picture, classifier) == NUMBERS


def test_a_corner_of_light_has_no_angles_of_a_sheet() -> None:
    lit = np.where((ROW > 40) & (COLUMN > 60) & (COLUMN + 1.3 * ROW < 760), 220, 90)
    assert straighten.sheet_corners(ndimage.gaussian_filter(lit, 1.5).astype(np.uint8)) is None


@pytest.mark.parametrize("desk", [70, 170])
def test_a_desk_and_a_pen_leave_nothing_to_read(
    desk: int, writing: NDArray[np.float64], classifier: Classifier
) -> None:
    grain = ndimage.gaussian_filter(np.random.default_rng(1).normal(0, 1, ROW.shape), (0.5, 8))
    page = np.where((COLUMN > 70) & (ROW < 575), 225, desk * (1 + 0.1 * grain / grain.std()))
    page[np.abs(COLUMN - 90 - 0.03 * ROW) < 9] = 40
    assert table(on(page, writing), classifier) == NUMBERS


def test_ink_may_be_bright_on_a_dark_board(writing: NDArray[np.float64], classifier: Classifier) -> None:
    light = 1 - 0.4 * ndimage.gaussian_filter((COLUMN > 400).astype(np.float64), 3)
    board = (60 + 150 * writing) * light + np.random.default_rng(0).normal(0, 2, ROW.shape)
    assert table(np.clip(board, 0, 255).astype(np.uint8), classifier) == NUMBERS


def test_paper_is_light_though_most_of_the_picture_is_dark(writing: NDArray[np.float64]) -> None:
    page = on(np.full(ROW.shape, 225.0), writing)
    around = np.pad(page[40:560, 60:740], 160, constant_values=50)
    assert (bright_ink(around) == 255 - around).all()
    assert (bright_ink(255 - around) == 255 - around).all()


def test_a_line_that_lacks_pixels_is_a_line() -> None:
    ink = np.zeros((300, 400), np.uint8)
    ink[::40] = ink[1::40] = 140
    ink[:, 50::60] = ink[:, 51::60] = 0
    left, _ = rules.without_lines(ink, 50)
    assert not left.any()


def test_ink_that_runs_out_of_the_page_tells_no_height() -> None:
    digits = [layout.Part(label, 100, 150, 40 * label, 40 * label + 30, 400) for label in (1, 2)]
    desk = layout.Part(3, 0, 300, 0, 60, 9000)
    assert layout.digit_height([desk, *digits]) == 300
    assert layout.height_on_page([desk, *digits], (300, 400)) == 50
    assert layout.inside([desk], (300, 400)) == [desk]


def test_ink_is_followed_into_a_shadow(writing: NDArray[np.float64]) -> None:
    light = np.where(COLUMN > 400, 1.0, 0.5)
    ink = even_ink(255 - on(ndimage.gaussian_filter(225 * light, 1.5), writing))
    assert (ink[writing > 0.9] > 200).mean() > 0.95
    assert (ink[writing < 0.01] < 60).mean() > 0.995


def test_a_blank_page_has_no_ink() -> None:
    page = on(np.full(ROW.shape, 225.0), np.zeros(ROW.shape))
    with pytest.raises(InputError):
        read(page)
    assert prepare(page).ink.shape == page.shape


@pytest.mark.slow
def test_pages_as_phones_take_them(hand: strips.Hand, classifier: Classifier) -> None:
    generator, right, beside = np.random.default_rng(4), [], 0
    for _ in range(12):
        file, numbers, _ = phone_pages.photographed(hand, generator)
        try:
            good, others = phone_pages.judge(read(file, classifier), numbers)
        except InputError:
            good, others = [False] * len(numbers), 0
        right += good
        beside += others
    assert sum(right) >= 0.8 * len(right) and beside <= 12
