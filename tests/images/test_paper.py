"""What the levels of paper are computed with, against SciPy's and NumPy's own."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from exmachina.images import materials, paper, sheet

SHAPES = [(1, 1), (112, 112), (33, 200), (200, 150), (104, 1)]


def levels(shape: tuple[int, int], seed: int = 0) -> NDArray[np.float64]:
    """Brightness less a level of paper: values in steps of 1 / 64."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, shape) - rng.integers(0, 64 * 40, shape) / 64


@pytest.mark.parametrize("shape", SHAPES)
def test_a_blur_is_a_gaussian_filter(shape: tuple[int, int]) -> None:
    values, sigma = levels(shape), paper.AROUND * max(shape)
    expected = ndimage.gaussian_filter(values, sigma, mode="nearest")
    assert np.abs(paper._blurred(values, sigma) - expected).max() < 1e-9


@pytest.mark.parametrize("shape", SHAPES)
def test_the_surface_is_the_least_squares_of_six_terms(shape: tuple[int, int]) -> None:
    values = levels(shape)
    kept = np.random.default_rng(1).random(shape) < 0.7
    kept[0, 0] = True
    y, x = (np.mgrid[: shape[0], : shape[1]] + 0.5) / max(shape) - 0.5
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    ridge = np.sqrt(1e-3) * np.eye(6)  # as rows of their own
    rows, targets = np.concatenate([terms[kept], ridge]), np.concatenate([values[kept], np.zeros(6)])
    expected = terms @ np.linalg.lstsq(rows, targets, rcond=None)[0]
    assert np.abs(paper._surface(values, kept) - expected).max() < 1e-6


@pytest.mark.parametrize("seed", range(20))
def test_otsus_threshold_parts_numpys_own_histogram(seed: int) -> None:
    values = levels((60, 70), seed) if seed % 2 else np.floor(levels((60, 70), seed) / 3)
    counts, edges = np.histogram(values, 64, (values.min(), values.max() + 1e-9))
    middles = (edges[:-1] + edges[1:]) / 2
    spread = [
        counts[:k].sum()
        * counts[k:].sum()
        * (np.average(middles[:k], weights=counts[:k]) - np.average(middles[k:], weights=counts[k:])) ** 2
        for k in range(1, 64)
    ]
    assert (materials.brighter(values) == (values > edges[1 + int(np.argmax(spread))])).all()


def test_nothing_is_brighter_than_one_level() -> None:
    assert not materials.brighter(np.full((5, 6), 255.0)).any()


@pytest.mark.parametrize("shape", [(1, 1), (7, 40), (40, 7), (61, 53)])
def test_neighbours_are_joined_as_scipy_joins_them(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(2).integers(0, 256, shape, np.uint8)
    for mask, length in itertools.product((picture > 60, picture > 200), (1, 2, 3, 4, 5, 8, 13)):
        assert (materials.runs(mask, length) == ndimage.binary_opening(mask, np.ones((1, length)))).all()
        assert (materials.widened(mask, 3, length) == ndimage.binary_dilation(mask, np.ones((3, length)))).all()
    assert (paper.median(picture) == ndimage.median_filter(picture, 3)).all()
    assert (sheet._closed(picture, 9) == ndimage.grey_closing(picture, (9, 9), mode="nearest")).all()


def test_the_paper_under_strokes_is_an_opening_of_a_page_that_goes_on_at_its_border() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (50, 70), np.uint8)
    beyond = np.pad(picture.astype(int), 20, mode="reflect", reflect_type="odd")
    assert (paper._opened(picture, 7) == ndimage.grey_opening(beyond, (10, 10))[20:-20, 20:-20]).all()
