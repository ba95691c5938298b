"""Pages as a phone takes them, and each step that brings them back: corners, level lines, rules, cuts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import exmachina
import photos
import strips
from exmachina.classifier import Classifier
from exmachina.reading import grid, layout, pieces, rules, spelling, straighten

pytestmark = pytest.mark.slow

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def page(hand: strips.Hand) -> tuple[Picture, list[list[str]]]:
    return strips.make_page(hand, 12, 3, seed=3)


@pytest.mark.parametrize("kind", photos.KINDS)
def test_pages_are_read_however_they_were_taken(kind: str, page: tuple[Picture, list[list[str]]]) -> None:
    picture, written = page
    seen = photos.taken(picture, kind, np.random.default_rng(1))
    result = exmachina.read(seen, Classifier.load("accurate"))
    table = result.table()
    assert [len(row) for row in table] == [3, 3, 3, 3]
    right = [a == b for row, other in zip(table, written, strict=True) for a, b in zip(row, other, strict=True)]
    assert sum(right) >= 10
    for field in result.fields:  # boxes are told in the photograph's own pixels
        assert field.box.left >= 0 and field.box.left + field.box.width <= seen.shape[1]


@pytest.mark.parametrize("kind", ["scan", "photo", "turned"])
def test_a_sudoku_is_read_cell_by_cell_and_empty_cells_stay_empty(kind: str) -> None:
    generator = np.random.default_rng(2)
    whole = strips.mnist_hand()
    picture, written = strips.make_sudoku(strips.Hand("first", whole.cuts[:400], whole.labels[:400]), generator)
    if kind == "photo":
        picture = photos.photographed(picture, generator, turn=5, tilt=0.12, shadow=True)
    elif kind == "turned":
        picture = np.asarray(Image.fromarray(picture).rotate(7, Image.Resampling.BICUBIC, fillcolor=210))
    table = exmachina.read(picture, Classifier.load("accurate")).table()
    pairs = [(a, b) for row, other in zip(table, written, strict=True) for a, b in zip(row, other, strict=True)]
    assert len(pairs) == 81 and sum(a == b for a, b in pairs) >= 79
    assert all(a == "" for a, b in pairs if b == "")


def test_a_frame_without_nine_by_nine_cells_is_no_sudoku() -> None:
    mask = np.zeros((540, 540), bool)
    mask[:4] = mask[-4:] = mask[:, :4] = mask[:, -4:] = True
    assert grid.frame(np.pad(mask, 30)) is not None and not grid.is_lined(mask)
    mask[:: 539 // 9] = mask[:, :: 539 // 9] = True
    assert grid.is_lined(mask)


def test_a_sheets_corners_are_where_they_were_put() -> None:
    corners = np.array([[60.0, 40.0], [430.0, 70.0], [450.0, 560.0], [30.0, 530.0]])
    upright = np.array([[0.0, 0.0], [399.0, 0.0], [399.0, 499.0], [0.0, 499.0]])
    sheet = np.full((500, 400), 230, np.uint8)
    photo = straighten.seen_through(sheet, straighten.projection(corners, upright), (600, 480), 50)
    result = straighten.sheet_corners(photo)
    assert result is not None and np.abs(result - corners).max() < 5
    matrix, _ = straighten.from_corners(result)
    x, y, w = matrix @ np.array([0.0, 0.0, 1.0])
    assert np.allclose([x / w, y / w], result[0], atol=1e-6)


def test_paper_that_fills_the_picture_has_no_corners() -> None:
    row, column = np.mgrid[:400, :300]
    assert straighten.sheet_corners((200 - row * 0.2 - column * 0.1).astype(np.uint8)) is None


@pytest.mark.parametrize("angle", [-5.0, -1.5, 0.0, 3.0])
def test_the_fall_of_lines_is_measured(angle: float) -> None:
    level = np.zeros((400, 500), np.uint8)
    for row in range(60, 360, 60):
        level[row : row + 25, 60:440:7] = 255
    fallen = straighten.seen_through(level, straighten.turned(-angle, level.shape), level.shape, 0)
    assert straighten.skew(fallen) == pytest.approx(angle, abs=0.3)


def test_lines_go_and_strokes_that_cross_them_stay() -> None:
    ink = np.zeros((300, 400), np.uint8)
    ink[::40] = ink[1::40] = 140
    ink[100:150, 200:206] = 255  # a one across a line at 120
    left, lines = rules.without_lines(ink, 50)
    assert (left[100:150, 200:206] == 255).all()
    assert left.astype(int).sum() == 50 * 6 * 255 and lines.any()


def test_boxes_go_and_the_digits_in_them_stay() -> None:
    ink, digits = np.zeros((120, 400), np.uint8), np.zeros((120, 400), np.uint8)
    for left in (20, 110, 200):
        ink[20:100, left : left + 70] = 200
        ink[23:97, left + 3 : left + 67] = 0
        digits[40:85, left + 30 : left + 36] = 255
    digits[40:44, 240:270] = 255  # a seven whose bar reaches over its box's side
    left_over = rules.without_boxes(np.maximum(ink, digits))
    assert (left_over[:, :200] == digits[:, :200]).all()
    assert left_over[41, 240:265].all()  # but for its end
    alone = np.maximum(ink, digits)[:, :100]
    assert (rules.without_boxes(alone) == alone).all()


def test_a_row_of_long_strokes_is_no_line() -> None:
    ink = np.zeros((90, 400), np.uint8)
    for left in range(20, 380, 60):
        ink[20:24, left : left + 45] = 255
        ink[20:70, left + 40 : left + 44] = 255
    assert (rules.without_lines(ink)[0] == ink).all()


def test_a_cut_goes_through_the_narrowest_place() -> None:
    ink = np.zeros((40, 70))
    ink[5:35, 5:30] = ink[5:35, 40:65] = 1.0
    ink[18:21, 30:40] = 1.0  # a bridge three pixels thick
    (path,) = pieces.between(ink, 17, 52, 30, np.array([34.5]), np.array([17.5]))
    assert (path[5:35] >= 30).all() and (path[5:35] < 40).all()


def test_a_cut_follows_a_slanted_gap() -> None:
    ink = np.ones((40, 80))
    for row in range(40):
        ink[row, 50 - row // 2 : 53 - row // 2] = 0.0
    (path,) = pieces.between(ink, 25, 58, 40, np.array([41.5]), np.array([16.5]))
    assert ink[np.arange(40), path].sum() == 0


def test_the_likeliest_spelling_of_every_length_is_found() -> None:
    classes = (1, 2, 10)
    probabilities = np.full((2, 6, 11), 1e-9)
    probabilities[:, :, classes] = np.random.default_rng(3).dirichlet(np.ones(3), (2, 6))
    logs = np.log(probabilities)
    result, worths = spelling.spelling(logs, 3)
    for run in range(2):
        for count in range(4):
            every = {}
            for way in itertools.product(classes, repeat=6):
                begins = sum(now != 10 and now != before for before, now in zip((10, *way), way, strict=False))
                if begins == count:
                    every[way] = sum(logs[run, column, one] for column, one in enumerate(way)) + count * spelling.START
            best = max(every, key=every.__getitem__)
            assert worths[run, count] == pytest.approx(every[best])
            assert tuple(result[run, count]) == best


def test_fields_stand_in_rows_and_columns() -> None:
    boxes = [(10, 40, 0, 90), (12, 44, 200, 260), (70, 100, 4, 60), (72, 99, 190, 280), (130, 160, 210, 240)]
    assert layout.places(boxes, 30) == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1)]
