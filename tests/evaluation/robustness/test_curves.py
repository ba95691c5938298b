from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from exmachina.data import load_mnist_split
from exmachina.errors import InputError
from exmachina.evaluation.robustness.curves import SWEEPS, change, curve


@pytest.fixture(scope="module")
def digits() -> NDArray[np.uint8]:
    return load_mnist_split("test").images[:40]


def test_whole_shifts_move_pixels_right_down_left_and_up(digits: NDArray[np.uint8]) -> None:
    moved = change(digits, "shift", 2)
    assert (moved[0, :, 2:] == digits[0, :, :-2]).all()
    assert (moved[1, 2:] == digits[1, :-2]).all()
    assert (moved[2, :, :-2] == digits[2, :, 2:]).all()
    assert (moved[3, :-2] == digits[3, 2:]).all()


@pytest.mark.parametrize(("name", "value"), [("shift", 0), ("rotation", 0), ("scale", 1), ("pen_width", 0)])
def test_no_change_is_no_change(name: str, value: int, digits: NDArray[np.uint8]) -> None:
    assert (change(digits, name, value) == digits).all()


def test_a_quarter_turn_is_numpys(digits: NDArray[np.uint8]) -> None:
    assert np.abs(change(digits, "rotation", 90).astype(int) - np.rot90(digits, axes=(1, 2))).max() <= 1


@pytest.mark.parametrize("radius", [1, 2])
def test_pen_width_is_grey_dilation_and_erosion_by_a_disc(radius: int, digits: NDArray[np.uint8]) -> None:
    disc = np.ones((2 * radius + 1,) * 2, bool)
    disc[[0, 0, -1, -1], [0, -1, 0, -1]] = False  # a plus sign, or a square of five without its corners
    thicker, thinner = change(digits, "pen_width", radius), change(digits, "pen_width", -radius)
    for before, bold, fine in zip(digits[:8], thicker, thinner, strict=False):
        assert (bold == ndimage.grey_dilation(before, footprint=disc)).all()
        assert (fine == ndimage.grey_erosion(before, footprint=disc)).all()


def test_a_wider_pen_leaves_more_ink_and_the_size_of_the_digit_sets_it_too(digits: NDArray[np.uint8]) -> None:
    for name in ("pen_width", "scale"):
        ink = [change(digits, name, value).mean() for value in SWEEPS[name].values]
        assert ink == sorted(ink)


def test_a_curve_counts_mistakes_at_every_value(digits: NDArray[np.uint8]) -> None:
    def predict(images: Any) -> Any:  # "1" where the ink's middle lies in the right half
        columns = (images.sum(1) * np.arange(28)).sum(1) / images.sum((1, 2))
        return np.eye(10)[(columns > 14).astype(int)]

    labels = predict(digits).argmax(1)
    result = curve(predict, digits, labels, "shift", [0, 6])
    moved = predict(change(digits, "shift", 6)).argmax(1)
    assert (result.name, result.unit) == ("shift", "pixels")
    assert [point.value for point in result.points] == [0, 6]
    assert [point.error.value for point in result.points] == [0, (moved != labels).mean()]
    assert result.points[1].error.value > 0


@pytest.mark.parametrize(("name", "value"), [("colour", 1), ("scale", 0), ("rotation", float("nan"))])
def test_changes_that_make_no_sense_are_refused(name: str, value: Any, digits: NDArray[np.uint8]) -> None:
    with pytest.raises(InputError):
        change(digits, name, value)
