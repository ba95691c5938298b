"""Cleaning pages: MNIST's digits on paper with lamps, shadows, lines and dirt come back as they were."""

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from exmachina.classifier import Classifier
from exmachina.data import load_mnist
from exmachina.images.clean import INK, clean, digits_beside, examine, ruled_lines
from exmachina.images.mnist import NoInk, is_dark_on_light, normalize
from papers import PAPERS, alike, enlarged, far_away, half_in_shadow, paper, written

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def digits() -> NDArray[np.uint8]:
    return load_mnist()[1].images[:100]


def photographed(picture: Any, light: Any = 1.0, noise: Any = 4.0, ink: Any = 0.25, seed: Any = 0) -> Any:
    """A digit of 28×28 written on a page of 600×450 with `light` on it, by a camera with `noise`."""
    page = np.zeros((600, 450))
    page[200:424, 100:324] = enlarged(picture, 8) / 255
    page = ndimage.gaussian_filter(230 * light * (1 - (1 - ink) * page), 1)
    return np.clip(page + np.random.default_rng(seed).normal(0, noise, page.shape), 0, 255).astype(np.uint8)


def lamp() -> Any:
    row, column = np.mgrid[:600, :450] / 600
    return 1 - 0.6 * ((row - 0.2) ** 2 + (column - 0.1) ** 2)


def shadow() -> Any:
    row, column = np.mgrid[:600, :450]
    return ndimage.gaussian_filter(np.where(row + 0.7 * column < 450, 1.0, 0.55), 4)


@pytest.mark.parametrize("light", [1.0, lamp(), shadow()])
def test_blank_paper_in_a_photograph_has_no_ink(light: Any) -> None:
    with pytest.raises(NoInk):
        normalize(photographed(np.zeros((28, 28), np.uint8), light))


def test_blank_ruled_page_has_no_ink() -> None:
    page = np.full((400, 300), 240, np.uint8)
    page[30::40] = 150
    page[31::40] = 150
    with pytest.raises(NoInk):
        normalize(page)


def test_clean_drawing_passes_untouched(digits: NDArray[np.uint8]) -> None:
    for picture in digits:
        large = enlarged(picture)
        assert clean(large) is large


def test_noise_alone_is_no_digit() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 60), np.uint8)
    assert not clean(noise).any()


@pytest.mark.parametrize("light", [1.0, lamp(), shadow()])
def test_photographed_digit_recovers(digits: NDArray[np.uint8], light: Any) -> None:
    results = [alike(normalize(photographed(picture, light)), picture) for picture in digits[:30]]
    assert np.mean(np.array(results) > 0.88) >= 0.9


@pytest.mark.parametrize("kind", ["plain", "checked", "shaded"])
def test_small_digit_in_patches_of_light_is_found_and_looked_at_from_nearer(
    digits: NDArray[np.uint8], kind: str
) -> None:
    pages = [far_away(picture, kind, 180, 240).repeat(2, 0).repeat(2, 1) for picture in digits[:20]]
    assert np.mean([alike(read(page), picture) > 0.9 for page, picture in zip(pages, digits, strict=False)]) >= 0.9


def test_lines_of_squared_paper_are_found_although_they_cross() -> None:
    squared = np.zeros((150, 200), bool)
    squared[7::15], squared[8::15], squared[:, 4::15], squared[:, 5::15] = True, True, True, True
    assert (ruled_lines(squared) & squared).sum() > 0.85 * squared.sum()


def read(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    try:
        return normalize(page)
    except NoInk:
        return np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)


def test_chalk_in_uneven_light_recovers(digits: NDArray[np.uint8]) -> None:
    boards = [255 - photographed(picture, lamp(), ink=0.1) for picture in digits[:20]]
    assert (
        np.mean([alike(normalize(board), picture) > 0.85 for board, picture in zip(boards, digits, strict=False)])
        >= 0.9
    )


@pytest.mark.parametrize("light", [lamp(), shadow()])
def test_uneven_paper_becomes_black(digits: NDArray[np.uint8], light: Any) -> None:
    page = clean(255 - photographed(digits[0], light))
    assert np.mean(page[:150] > INK) < 0.02
    assert page.max() == 255


def test_ruled_lines_go_and_crossing_strokes_stay(digits: NDArray[np.uint8]) -> None:
    wins = 0
    for picture in digits[:20]:
        page = photographed(picture)
        for row in range(25, 600, 60):
            page[row : row + 3] = np.minimum(page[row : row + 3], 165)
        wins += alike(normalize(page), picture) > 0.88
    assert wins >= 18


def test_a_rule_is_no_rule_if_it_is_the_crossbar_of_a_tight_cut() -> None:
    four = np.zeros((150, 120), bool)
    four[:, 80:83] = True
    four[100:103] = True
    assert not ruled_lines(four).any()


def test_specks_and_the_table_beside_the_page_are_dropped(digits: NDArray[np.uint8]) -> None:
    generator = np.random.default_rng(3)
    for picture in digits[:10]:
        page = 255 - np.pad(enlarged(picture, 5), ((100, 100), (120, 140)))
        clean_result = normalize(page)
        for row, column in zip(generator.integers(0, 80, 15), generator.integers(0, 380, 15), strict=True):
            page[row : row + 2, column : column + 2] = 90
        page[:, -12:] = 40
        assert alike(normalize(page), clean_result) > 0.99


def test_pieces_near_the_digit_belong_to_it() -> None:
    page = np.zeros((200, 200), np.uint8)
    page[60:64, 80:120] = 255  # the bar of a 5, and a gap
    page[70:140, 80:90] = 255
    assert clean(page) is page
    page[60:64, 10:14] = 255  # far away
    assert clean(page)[60:64, 10:14].max() == 0
    assert clean(page)[60:64, 80:120].min() == 255


# Whatever the size, the paper, the cut and the polarity -----------------------------------------------------


@pytest.mark.parametrize("kind", PAPERS)
def test_digits_are_read_alike_whatever_their_size_cut_polarity_and_paper(digits: NDArray[np.uint8], kind: Any) -> None:
    reader = Classifier.load("accurate")

    def answers(pages: Any) -> Any:
        return reader.logits(np.stack([normalize(page) for page in pages])).argmax(axis=1)

    expected = answers(digits[:40])
    settings = list(itertools.product((1, 3, 6), (False, True), (False, True)))  # each digit meets six of twelve
    alike = []
    for turn in range(6):
        chosen = [settings[(5 * i + turn) % 12] for i in range(40)]
        pages = [
            written(digit, kind, factor, tight=tight, light_ink=light_ink)
            for digit, (factor, tight, light_ink) in zip(digits, chosen, strict=False)
        ]
        alike.append(answers(pages) == expected)
    assert np.mean(alike) >= 0.99


@pytest.mark.parametrize("factor", [1, 3])
def test_the_widest_strokes_are_ink_in_the_tightest_cut(digits: NDArray[np.uint8], factor: int) -> None:
    thick = [np.asarray(Image.fromarray(digit).filter(ImageFilter.MaxFilter(3))) for digit in digits[:60]]
    cut = [normalize(written(digit, "plain", factor, tight=True)) for digit in thick]
    whole = [normalize(written(digit, "plain", factor)) for digit in thick]
    assert np.mean([alike(a, b) > 0.9 for a, b in zip(cut, whole, strict=True)]) >= 0.95


@pytest.mark.parametrize("light_ink", [False, True])
@pytest.mark.parametrize("factor", [1, 6])
def test_the_widest_strokes_are_ink_where_they_reach_two_sides(
    digits: NDArray[np.uint8], factor: int, light_ink: bool
) -> None:
    for digit in digits[:60]:
        bold = np.asarray(Image.fromarray(digit).filter(ImageFilter.MaxFilter(5))) > 100
        rows = np.flatnonzero(bold.any(axis=1))
        cut = np.pad(bold[rows[0] : rows[-1] + 1], ((0, 0), (6, 6))).repeat(factor, 0).repeat(factor, 1)
        whole = np.pad(cut, 6 * factor)
        assert alike(normalize(cut == light_ink), normalize(whole == light_ink)) > 0.99


@pytest.mark.parametrize("margin", [8, 40])
def test_a_shadow_across_the_picture_does_not_turn_ink_into_paper(digits: NDArray[np.uint8], margin: int) -> None:
    for index, digit in enumerate(digits[:30]):
        rows, columns = (np.flatnonzero((digit > 32).any(axis=axis)) for axis in (1, 0))
        large = enlarged(digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 6) / 255
        ink = np.pad(large, margin)
        page = (230 - 190 * ink) * half_in_shadow(ink.shape, 0.55, 2) + np.random.default_rng(index).normal(
            0, 4, ink.shape
        )
        assert is_dark_on_light(np.clip(page, 0, 255).astype(np.uint8))


def test_the_corner_of_a_box_is_no_paper(digits: NDArray[np.uint8]) -> None:
    for digit in digits[:30]:
        page = np.pad(255 - enlarged(digit, 3), 12, constant_values=255)
        page[-3:], page[:, :3] = 20, 20
        assert alike(normalize(page), normalize(page[6:-6, 6:-6])) > 0.9


@pytest.mark.parametrize("light_ink", [False, True])
@pytest.mark.parametrize("unit", [1, 3, 6])
@pytest.mark.parametrize("kind", PAPERS)
def test_empty_paper_of_every_kind_has_no_ink(kind: Any, unit: int, light_ink: bool) -> None:
    page = paper(kind, 36 * unit, 36 * unit, unit).astype(np.uint8)
    with pytest.raises(NoInk):
        normalize(255 - page if light_ink else page)


def test_a_pattern_of_stripes_is_no_digit() -> None:
    stripes = np.where(np.arange(216) // 12 % 2, 225, 200).astype(np.uint8)
    for page in (np.tile(stripes, (216, 1)), np.tile(stripes, (216, 1)).T):
        with pytest.raises(NoInk):
            normalize(page)


@pytest.mark.parametrize("away", [0, 1, 4])
def test_a_digit_beside_another_counts_unless_it_is_cut_off(digits: NDArray[np.uint8], away: int) -> None:
    page = np.zeros((110, 190), np.uint8)
    for left, image in ((away, digits[0]), (100, digits[1])):
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        large = enlarged(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 3)
        page[20 : 20 + large.shape[0], left : left + large.shape[1]] = large
    assert digits_beside(examine(page)) == (away > 0)
