"""Strokes rendered by hand-made oracles: a disc's area, a rectangle's coverage, the same drawing at any size."""

import math
from typing import Any

import numpy as np
import pytest

from exmachina.errors import InputError
from exmachina.images.mnist import CENTRE, NoInk
from exmachina.images.strokes import MAX_POINTS, render_strokes

SEVEN = [[(0, 0), (60, 2), (20, 110)]]


def box(picture: Any) -> Any:
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def test_longer_side_is_twenty_pixels_pen_included() -> None:
    for width in (1, 2.5, 4):
        assert max(box(render_strokes(SEVEN, width))) == 20


def test_size_and_place_of_the_canvas_do_not_matter() -> None:
    expected = render_strokes(SEVEN)
    for factor, offset in ((0.01, 0), (8, -300), (64, 1000)):
        moved = [np.array(stroke) * factor + offset for stroke in SEVEN]
        assert np.abs(render_strokes(moved).astype(int) - expected).max() <= 8  # a sample or two on the rim


def test_centre_of_mass_is_mnists() -> None:
    picture = render_strokes(SEVEN)
    for axis in (0, 1):
        assert abs(picture.sum(axis=1 - axis) @ np.arange(28) / picture.sum() - CENTRE) <= 0.5


def test_ink_of_a_bar_is_its_geometric_area() -> None:
    for width in (1, 2, 3, 4):
        area = render_strokes([[(0, 0), (0, 50)]], width).sum() / 255
        assert area == pytest.approx((20 - width) * width + math.pi * width**2 / 4, rel=0.02)


def test_bar_of_two_pixels_fills_two_columns() -> None:
    picture = render_strokes([[(0, 0), (0, 50)]], 2)
    assert box(picture) == (20, 2)
    assert (picture[14, picture.any(axis=0)] == 255).all()


def test_slanted_edge_agrees_with_dense_sampling() -> None:
    width = 3.0
    picture = render_strokes([[(0, 0), (40, 40)]], width)
    points = (np.arange(20 * 64) + 0.5) / 64
    x, y = np.meshgrid(points, points)
    along = np.clip((x + y - width) / 2, 0, 20 - width) + width / 2
    inside = np.hypot(x - along, y - along) <= width / 2
    expected = 255 * inside.reshape(20, 64, 20, 64).mean(axis=(1, 3))
    top, left = (np.flatnonzero(picture.any(axis=axis))[0] for axis in (1, 0))
    assert np.abs(picture[top : top + 20, left : left + 20] - expected).max() < 14


def test_order_and_direction_of_strokes_do_not_matter() -> None:
    strokes = [[(0, 0), (30, 80)], [(30, 0), (0, 80), (15, 90)]]
    assert np.array_equal(render_strokes(strokes), render_strokes([stroke[::-1] for stroke in strokes[::-1]]))


def test_a_dot_beside_a_stroke_is_drawn() -> None:
    assert render_strokes([[(0, 0), (0, 50)], [(30, 25)]]).astype(bool).any(axis=0).sum() > 5


@pytest.mark.parametrize("strokes", [[], [[]], [[(3, 4)]], [[(3, 4), (3, 4)]]])
def test_nothing_or_a_dot_is_no_digit(strokes: Any) -> None:
    with pytest.raises(NoInk):
        render_strokes(strokes)


@pytest.mark.parametrize(
    ("strokes", "width"),
    [
        ([[(0, float("nan")), (1, 1)]], 2),
        ([[(0, 1e300), (1, 1)]], 2),
        ([[1, 2, 3]], 2),
        ([[(1, 2, 3)]], 2),
        (["abc"], 2),
        ([[(0, 0), (1,)]], 2),
        (SEVEN, 0),
        (SEVEN, 99),
        (SEVEN, float("nan")),
        ([np.zeros((MAX_POINTS + 1, 2))], 2),
    ],
)
def test_bad_strokes_are_refused_in_one_line(strokes: Any, width: Any) -> None:
    with pytest.raises(InputError) as caught:
        render_strokes(strokes, width)
    assert "\n" not in str(caught.value)
