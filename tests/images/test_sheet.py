"""A sheet or a slate on a desk: its digit is read as if the desk were not there."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from exmachina.data import load_mnist
from exmachina.images.mnist import normalize
from exmachina.images.sheet import sheet_alone
from papers import alike, enlarged, half_in_shadow, on_desk, written


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


@pytest.mark.parametrize("turn", [0, 5, -12])
@pytest.mark.parametrize("framed", [False, True])
def test_a_digit_is_read_on_a_slate_on_a_lighter_desk(digits: NDArray[np.uint8], turn: float, framed: bool) -> None:
    for digit in digits:
        slate = np.pad(written(digit, "plain", 3, light_ink=True), 18, constant_values=25)
        picture = on_desk(np.pad(slate, 8 * framed, constant_values=150), turn, 190)
        level = normalize(np.asarray(Image.fromarray(slate).rotate(turn, Image.Resampling.BILINEAR, fillcolor=25)))
        assert alike(normalize(picture), level) > 0.8


def test_a_framed_slate_may_lie_on_a_desk_as_dark_as_itself(digits: NDArray[np.uint8]) -> None:
    for digit in digits:
        slate = np.pad(written(digit, "plain", 3, light_ink=True), 18, constant_values=25)
        picture = on_desk(np.pad(slate, 8, constant_values=150), 0, 50)
        assert alike(normalize(picture), normalize(slate)) > 0.8


@pytest.mark.parametrize("turn", [18, -24])
def test_a_sheet_may_lie_far_aslant(digits: NDArray[np.uint8], turn: float) -> None:
    for digit in digits:
        sheet = np.pad(written(digit, "plain", 3), 18, constant_values=230)
        level = normalize(np.asarray(Image.fromarray(sheet).rotate(turn, Image.Resampling.BILINEAR, fillcolor=230)))
        assert alike(normalize(on_desk(sheet, turn)), level) > 0.8


def test_a_strip_of_paper_may_reach_two_sides_of_its_picture(digits: NDArray[np.uint8]) -> None:
    for digit in digits:
        strip = np.pad(written(digit, "plain", 3), ((60, 60), (9, 9)), constant_values=230)
        picture = on_desk(strip, 2)[strip.shape[0] // 2 + 25 : -strip.shape[0] // 2 - 25]
        assert alike(normalize(picture), normalize(strip)) > 0.8


def test_pencil_on_a_sheet_on_a_dark_desk_is_ink(digits: NDArray[np.uint8]) -> None:
    for digit in digits:
        sheet = np.pad(written(digit, "plain", 3), 24, constant_values=230)
        pencil = (230 - 0.25 * (230 - sheet.astype(float))).astype(np.uint8)
        assert alike(normalize(on_desk(pencil, 3, 60)), normalize(sheet)) > 0.8


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


def test_paper_between_strokes_is_no_sheet(digits: NDArray[np.uint8]) -> None:
    """Of a tight cut: a four's paper has straight sides, a bold nought's inside would be ink on it."""
    for digit in digits:
        for kind in ("plain", "squared", "dotted"):
            for light_ink in (False, True):
                cut = written(digit, kind, 6, tight=True, light_ink=light_ink)
                assert sheet_alone(cut) is cut


def test_a_nought_on_a_shadow_s_edge_is_no_sheet(digits: NDArray[np.uint8]) -> None:
    for digit in digits:
        page = np.pad(written(digit, "plain", 6, tight=True), 9, constant_values=230)
        shaded = (page * half_in_shadow(page.shape, 0.55, 2)).astype(np.uint8)
        assert sheet_alone(shaded) is shaded
