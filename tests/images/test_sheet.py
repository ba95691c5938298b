"""A sheet on a desk: its digit is read as if the desk were not there."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from exmachina.data import load_mnist
from exmachina.images.mnist import normalize
from exmachina.images.sheet import sheet_alone
from papers import alike, enlarged, written


@pytest.fixture(scope="module")
def digits() -> NDArray[np.uint8]:
    return load_mnist()[1].images[:20]


def on_a_desk(sheet: NDArray[np.uint8], turn: float, level: float, around: float, aside: float = 0) -> Any:
    """A sheet, turned by `turn` degrees, on dark wood that is `around` times its side wide on each side."""
    height, width = (int(side * (1 + 2 * around)) for side in sheet.shape)
    row, column = np.mgrid[:height, :width]
    grain = np.random.default_rng(0).normal(0, 5, (height, width))
    wood = np.clip(level + 18 * np.sin(row / 7 + np.sin(column / 60) * 2) + grain, 0, 255)
    place = int((width - sheet.shape[1]) / 2 + aside * sheet.shape[1]), (height - sheet.shape[0]) // 2
    laid, mask = Image.new("L", (width, height)), Image.new("L", (width, height))
    laid.paste(Image.fromarray(sheet), place)
    mask.paste(255, (*place, place[0] + sheet.shape[1], place[1] + sheet.shape[0]))
    turned = (one.rotate(turn, Image.Resampling.BILINEAR) for one in (laid, mask))
    top, where = turned
    seen = Image.composite(top, Image.fromarray(wood.astype(np.uint8)), where)
    return np.asarray(seen.filter(ImageFilter.GaussianBlur(0.8)))


@pytest.mark.parametrize(
    ("turn", "level", "around", "aside"), [(0, 80, 0.5, 0), (-7, 80, 0.5, 0), (3, 30, 1.2, 0), (0, 90, 0.5, 0.5)]
)
def test_a_digit_is_read_on_a_sheet_on_a_desk(
    digits: NDArray[np.uint8], turn: float, level: float, around: float, aside: float
) -> None:
    for digit in digits:
        sheet = np.pad(written(digit, "plain", 3), 18, constant_values=210)
        picture = on_a_desk(sheet, turn, level, around, aside)
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


def test_a_shadow_is_no_desk(digits: NDArray[np.uint8]) -> None:
    page = np.pad(written(digits[0], "plain", 4), 30, constant_values=210).astype(float)
    row, column = np.mgrid[: page.shape[0], : page.shape[1]]
    for lit in (row > 60, column < 120, row + column < 250):
        shaded = (page * np.where(lit, 1.0, 0.5)).astype(np.uint8)
        assert sheet_alone(shaded) is shaded
