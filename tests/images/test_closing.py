"""A second look at photographs: shadows and desks are no ink, and of two looks the likelier digit is believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import exmachina
from exmachina.classifier import Classifier
from exmachina.data import load_mnist_split
from exmachina.images.closing import LOOKED_AT, PHOTOGRAPH, second_look
from exmachina.images.cut import Cut, cut_out
from exmachina.lesson.ink import answer, see
from papers import half_in_shadow, on_desk

Picture = NDArray[np.uint8]
DIGITS = load_mnist_split("test")
SEVEN, TWO, ONE = (DIGITS.images[place] for place in (0, 1, 2))


@pytest.fixture(scope="module")
def accurate() -> Classifier:
    return Classifier.load("accurate")


def photographed(digit: Picture, light: NDArray[np.float64], side: int = 168) -> Picture:
    """A digit on paper (450, 600), its 28 pixels `side` large and a little off the middle, under a light."""
    large = np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC), np.float64) / 255
    ink = np.zeros((450, 600))
    ink[120 : 120 + side, 260 : 260 + side] = large
    grain = np.random.default_rng(0).normal(0, 2, ink.shape)
    return np.clip(225 * light * (1 - 0.7 * ink) + grain, 0, 255).astype(np.uint8)


LIGHTS = {
    "even": np.ones((450, 600)),
    "a shadow's hard edge": half_in_shadow((450, 600), 0.45, 1),
    "a soft shadow": half_in_shadow((450, 600), 0.5, 25),
    "from one side": np.linspace(0.4, 1, 600)[None] * np.ones((450, 1)),
}


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("side", [84, 168, 300])
def test_the_digit_is_found_in_any_light(light: str, side: int, accurate: Classifier) -> None:
    cuts = [cut_out(photographed(image, LIGHTS[light], side)) for image in DIGITS.images[:20]]
    looks = [cut.again for cut in cuts if cut.again is not None]
    assert len(looks) == 20
    read = accurate.predict_prepared(np.stack(looks))
    assert sum(one.digit == label for one, label in zip(read, DIGITS.labels, strict=False)) >= 19


def test_it_is_found_on_a_sheet_whose_desk_is_seen(accurate: Classifier) -> None:
    again = cut_out(on_desk(photographed(TWO, LIGHTS["a shadow's hard edge"]), 5)).again
    assert again is not None and accurate.predict_prepared(again[None])[0].digit == 2


@pytest.mark.parametrize("light", LIGHTS)
def test_an_empty_page_stays_empty_under_any_light(light: str, accurate: Classifier) -> None:
    assert accurate.predict(photographed(np.zeros_like(TWO), LIGHTS[light])).rejected


def test_what_is_no_photograph_and_a_line_alone_is_not_looked_at_again() -> None:
    assert second_look(255 - np.kron(TWO, np.ones((9, 9), np.uint8))) is None  # a drawing, on paper of one level
    assert second_look(np.random.default_rng(0).integers(0, 255, (PHOTOGRAPH - 1, 60)).astype(np.uint8)) is None
    lined = photographed(np.zeros_like(TWO), LIGHTS["even"])
    lined[40:400, 150:152] = 90  # a margin's line, which ends on the paper
    assert second_look(lined) is None


def test_what_it_finds_is_small_and_alone() -> None:
    page = photographed(TWO, LIGHTS["a soft shadow"])
    page[300:420, 20:40] = 60  # another thing on the same paper
    digit = second_look(page.repeat(3, axis=0).repeat(3, axis=1))
    assert digit is not None and max(digit.shape) <= LOOKED_AT
    rows, columns = (np.flatnonzero(digit.any(axis=axis)) for axis in (1, 0))
    assert rows[0] > 0.25 * len(digit) and columns[0] > 0.4 * digit.shape[1]


NOTHING = np.random.default_rng(1).integers(0, 255, (28, 28)).astype(np.uint8)


@pytest.mark.parametrize(
    ("cut", "digit"),
    [
        (Cut(NOTHING, again=TWO), 2),
        (Cut(TWO, again=NOTHING), 2),
        (Cut(None, again=TWO), 2),
        (Cut(ONE, again=TWO), 2),  # any line on paper looks like a one
        (Cut(TWO, again=ONE), 2),
        (Cut(None, again=ONE), None),
        (Cut(ONE, again=NOTHING), 1),
        (Cut(None), None),
    ],
)
def test_of_two_looks_the_likelier_digit_is_believed(cut: Cut, digit: int | None, accurate: Classifier) -> None:
    image, prediction = accurate.predict_cuts([Cut(SEVEN), cut, Cut(SEVEN)])[1]
    assert prediction.digit == digit
    assert image is None if digit is None else any(image is look for look in cut.looks)


def test_a_run_without_a_rejector_looks_once(accurate: Classifier) -> None:
    alone = Classifier(accurate.network, accurate.weights)
    cuts = [Cut(NOTHING, again=TWO), Cut(None, again=TWO), Cut(SEVEN, several=True)]
    images, read = zip(*alone.predict_cuts(cuts), strict=True)
    assert images[0] is NOTHING and images[1] is None
    assert (read[1].digit, read[2].digit, read[2].several) == (None, 7, True)


def test_every_door_believes_the_same_look(
    accurate: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = photographed(TWO, LIGHTS["a shadow's hard edge"])
    Image.fromarray(page).save(tmp_path / "two.png")
    cut = cut_out(page)
    for spoilt in (replace(cut, image=NOTHING), replace(cut, image=None)):
        for module in ("classifier", "batch.pool", "lesson.ink"):
            monkeypatch.setattr(f"exmachina.{module}.cut_out", lambda picture, spoilt=spoilt: spoilt)
        assert accurate.predict(page).digit == 2
        (read,) = exmachina.predict_many([tmp_path / "two.png"], accurate, workers=1)
        assert read.prediction == accurate.predict(page) and not read.problem
        answered = answer(accurate, see(page))
        assert cut.again is not None
        assert (answered["digit"], answered["image"]) == (2, cut.again.ravel().tolist())
        np.testing.assert_array_equal(accurate.prepare(page), cut.again)


def test_a_picture_of_which_no_look_is_believed_is_blank_in_a_table_as_well(
    accurate: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(photographed(ONE, LIGHTS["even"])).save(tmp_path / "line.png")
    monkeypatch.setattr("exmachina.batch.pool.cut_out", lambda picture: Cut(None, again=ONE))
    (read,) = exmachina.predict_many([tmp_path / "line.png"], accurate, workers=1)
    assert read.prediction is not None and read.prediction.digit is None and "is blank" in read.problem
