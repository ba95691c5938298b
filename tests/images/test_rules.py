"""Squared and ruled paper: its lines go, however dark, and digits stay, whatever strokes they have."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from exmachina.classifier import Classifier
from exmachina.data import load_mnist
from exmachina.images.mnist import NoInk, normalize
from exmachina.images.rules import unruled
from papers import alike, enlarged, lined

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def digits() -> tuple[Picture, Picture]:
    test = load_mnist()[1]
    return test.images[:10], test.labels[:10]


def sheet(digit: Picture, factor: int, *lines: float, squared: bool = True, above: int = 20) -> Picture:
    """A digit on lined paper, darker towards one side, by a camera: `lines` are those of `papers.lined`."""
    ink = np.pad(enlarged(digit, factor) / 255, ((above, 20), (30, above)))
    light = np.linspace(1, 0.65, ink.shape[1])
    page = light * lined(ink, *lines, squared=squared)
    return np.clip(page + np.random.default_rng(0).normal(0, 3, ink.shape), 0, 255).astype(np.uint8)


KINDS: dict[str, Any] = {
    "squares, half as dark": {"factor": 8, "lines": (50, 6, 0.5, 5)},
    "squares, as dark as ink": {"factor": 8, "lines": (60, 5, 1.0, -7)},
    "squares as large as the digit": {"factor": 10, "lines": (170, 7, 0.7, 3)},
    "small squares": {"factor": 10, "lines": (60, 9, 0.7, 0)},
    "a small digit": {"factor": 3, "lines": (40, 3, 0.8, 4), "above": 300},
    "ruled": {"factor": 6, "lines": (45, 5, 0.8, -4), "squared": False},
}


@pytest.mark.parametrize("kind", KINDS)
def test_digits_on_paper_with_dark_lines_are_read(digits: tuple[Picture, Picture], kind: str) -> None:
    settings = {**KINDS[kind]}
    factor, lines = settings.pop("factor"), settings.pop("lines")
    pages = [sheet(digit, factor, *lines, **settings) for digit in digits[0]]
    answers = np.array([one.digit for one in Classifier.load("accurate").predict_many(pages)])
    assert (answers == digits[1]).sum() >= len(pages) - 1


def test_light_lines_go_from_a_slate(digits: tuple[Picture, Picture]) -> None:
    for digit in digits[0][:6]:
        assert alike(normalize(255 - sheet(digit, 8, 60, 6, 0.7, 4)), normalize(sheet(digit, 8, 60, 6, 0, 0))) > 0.9


def test_a_stroke_along_a_line_stays() -> None:
    seven = np.zeros((28, 28), np.uint8)
    seven[5:8, 6:20] = 255
    for row in range(8, 24):
        seven[row, 19 - (row - 8) // 2 : 22 - (row - 8) // 2] = 255
    plain = normalize(sheet(seven, 8, 60, 6, 0, 0, squared=False))
    for cell in (84, 85, 86, 88):  # lines through the middle of the bar, and along its lower side
        assert alike(normalize(sheet(seven, 8, cell, 6, 0.7, 0)), plain) > 0.9


@pytest.mark.parametrize("dark", [0.3, 0.4, 0.6, 0.8])
def test_blank_squared_paper_has_no_ink_whatever_is_left_of_its_lines(dark: float) -> None:
    for cell, broad, turn in ((50, 6, 5), (50, 3, -4), (35, 4, 2), (70, 5, -7), (90, 6, 0)):
        with pytest.raises(NoInk):
            normalize(sheet(np.zeros((28, 28), np.uint8), 8, cell, broad, dark, turn))


@pytest.mark.parametrize("number", range(12))
def test_what_is_left_of_ragged_lines_is_no_ink(number: int) -> None:
    rng = np.random.default_rng(number)
    side = int(rng.integers(100, 200))
    page = lined(
        np.zeros((side, side)), round(side * rng.uniform(0.15, 0.4)), float(rng.integers(1, 4)), rng.uniform(0.4, 0.8)
    )
    turned = Image.fromarray(page.astype(np.uint8)).rotate(rng.uniform(-4, 4), fillcolor=230)
    noisy = np.asarray(turned) + rng.normal(0, rng.uniform(1, 5), page.shape)
    with pytest.raises(NoInk):
        normalize(np.clip(noisy, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("margin", [0, 3, 40])
def test_no_stroke_is_a_line(digits: tuple[Picture, Picture], margin: int) -> None:
    rng = np.random.default_rng(1)
    for digit in digits[0]:
        rows, columns = (np.flatnonzero((digit > 40).any(axis=axis)) for axis in (1, 0))
        cut = Image.fromarray(digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
        ink = np.pad(np.asarray(cut.resize((cut.width * 9, cut.height * 9), Image.Resampling.BICUBIC)) / 255, margin)
        page = np.clip(230 - 190 * ink + rng.normal(0, 4, ink.shape), 0, 255).astype(np.uint8)
        assert unruled(page) is page
        light_ink = 255 - page
        assert unruled(light_ink) is light_ink
