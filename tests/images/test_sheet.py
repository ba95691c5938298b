"""A sheet on a desk: its digit is read as if the desk were not there."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from exmachina.data import load_mnist
from exmachina.images.mnist import normalize
from exmachina.images.sheet import sheet_alone
from papers import alike, enlarged, on_desk, written


@pytest.fixture(scope="module")
def digits() -> NDArray[np.uint8]:
    return load_mnist()[1].images[:20]


@pytest.mark.parametrize(
    ("turn", "level", "around", "aside"), [(0, 80, 0.5, 0), (-7, 80, 0.5, 0), (3, 30, 1.2, 0), (0, 90, 0.5, 0.5)]
)
def test_a_digit_is_read_on_a_sheet_on_a_desk(
    digits: NDArray[np.uint8], turn: float, level: float, around: float, aside: float
) -> None:
    for digit in digits:
        sheet = np.pad(written(digit, "plain", 3), 18, constant_values=210)
        picture = on_desk(sheet, turn, level, around, aside)
        assert sheet_alone(picture).size < picture.size
        assert (
            alike(
                normalize(picture),
                normalize(np.asarray(Image.fromarray(sheet).rotate(turn, Image.Resampling.BILINEAR))),
            )
            > 0.8
        )


def test_digits_and_their_frames_are_no_sheets(digits: NDArray[np.uint8]) -> None:
    for digit in digits:
        large = np.pad(enlarged(digit, 5), 20)
        grain = np.random.default_rng(0).normal(0, 6, large.shape)
        grainy = np.clip(0.8 * large + 20 + grain, 0, 255).astype(np.uint8)
        for picture in (large, 255 - large, enlarged(digit, 5), grainy, 255 - grainy):
            assert sheet_alone(picture) is picture


def test_a_sheet_in_its_pictures_corner_is_found(digits: NDArray[np.uint8]) -> None:
    for digit in digits:
        sheet = np.pad(written(digit, "plain", 3), 18, constant_values=210)
        desk = on_desk(sheet, 0, 80, 0.5)
        corner = desk[: sheet.shape[0] * 3 // 2, : sheet.shape[1] * 3 // 2]
        assert alike(normalize(corner), normalize(sheet)) > 0.8


def test_a_shadow_across_a_digit_is_no_desk(digits: NDArray[np.uint8]) -> None:
    page = np.pad(written(digits[0], "plain", 4), 30, constant_values=210).astype(float)
    row, column = np.mgrid[: page.shape[0], : page.shape[1]]
    for lit in (row > 80, row < 100, column < 120, column > 100, row + column < 250):
        shaded = (page * np.where(lit, 1.0, 0.5)).astype(np.uint8)
        assert sheet_alone(shaded) is shaded
