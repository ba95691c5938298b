"""Normalisation against MNIST itself: its digits come back from larger, inverted, shifted and photographed copies."""

import contextlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from exmachina.data import load_mnist
from exmachina.errors import InputError
from exmachina.images.mnist import (
    CENTRE,
    NoInk,
    Steps,
    centre,
    contrast,
    crop,
    greyscale,
    normalize,
    polarity,
    resize,
    scale,
    stages,
)
from papers import alike, enlarged

pytestmark = pytest.mark.slow

NO_STEPS = Steps(*[False] * 6)


@pytest.fixture(scope="module")
def mnist() -> Any:
    return load_mnist()[1].images


@pytest.fixture(scope="module")
def digits(mnist: Any) -> NDArray[np.uint8]:
    return np.asarray(mnist[:100])


@pytest.fixture(scope="module")
def recovered(digits: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The digits from pictures ten times as large."""
    return [normalize(enlarged(picture)) for picture in digits]


def centre_of_mass(pictures: Any) -> Any:
    pictures = pictures.astype(np.float64)
    mass = pictures.sum(axis=(-2, -1))
    index = np.arange(pictures.shape[-1])
    return pictures.sum(axis=-1) @ index / mass, pictures.sum(axis=-2) @ index / mass


# MNIST's convention ---------------------------------------------------------------------------------------


def test_constant_is_the_mean_centre_of_mass_of_mnist() -> None:
    rows, columns = centre_of_mass(load_mnist()[0].images[:20_000])
    assert rows.mean() == pytest.approx(CENTRE, abs=0.02)
    assert columns.mean() == pytest.approx(CENTRE, abs=0.02)
    assert rows.std() == pytest.approx(1 / np.sqrt(12), abs=0.02)  # whole-pixel shifts leave a uniform remainder


def test_mnist_digits_pass_almost_unchanged(mnist: Any) -> None:
    results = [(normalize(picture), picture) for picture in mnist[:500]]
    assert np.mean([np.abs(result.astype(int) - picture).max() <= 3 for result, picture in results]) > 0.6
    assert np.mean([alike(result, picture) > 0.95 for result, picture in results]) > 0.95


def test_normalising_twice_changes_little(recovered: list[NDArray[np.uint8]]) -> None:
    assert np.median([alike(normalize(picture), picture) for picture in recovered]) > 0.99


def test_ink_measures_twenty_pixels_and_balances_on_the_centre(digits: NDArray[np.uint8]) -> None:
    pictures = np.stack([normalize(enlarged(picture, 7)) for picture in digits])
    rows, columns = centre_of_mass(pictures)
    assert np.abs(rows - CENTRE).max() <= 0.5
    assert np.abs(columns - CENTRE).max() <= 0.5
    assert {max(crop(picture).shape) for picture in pictures} <= {19, 20}


@pytest.mark.parametrize("factor", [2, 3, 10, 20])
def test_enlarged_digit_recovers(digits: NDArray[np.uint8], recovered: list[NDArray[np.uint8]], factor: int) -> None:
    results = recovered if factor == 10 else [normalize(enlarged(picture, factor)) for picture in digits]
    assert np.mean([alike(*pair) > 0.9 for pair in zip(results, digits, strict=True)]) >= 0.95


def test_inverted_digit_gives_the_same(digits: NDArray[np.uint8], recovered: list[NDArray[np.uint8]]) -> None:
    for picture, expected in zip(digits, recovered, strict=True):
        assert np.array_equal(normalize(255 - enlarged(picture)), expected)


def test_shifted_digit_is_recentred(digits: NDArray[np.uint8]) -> None:
    for picture in digits:
        padded = np.pad(picture, ((5, 40), (31, 2)))
        assert np.array_equal(normalize(padded), normalize(picture))


def test_faint_ink_on_grey_paper_gives_nearly_the_same(
    digits: NDArray[np.uint8], recovered: list[NDArray[np.uint8]]
) -> None:
    for picture, expected in zip(digits[:20], recovered, strict=False):
        faint = (180 - enlarged(picture).astype(int) * 60 // 255).astype(np.uint8)
        assert alike(normalize(faint), expected) > 0.99


# What an image may be -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "convert",
    [
        lambda image: image.astype(np.float64) / 255,
        lambda image: image.astype(np.float16),
        lambda image: image.astype(np.int64),
        lambda image: image.astype(np.uint16) * 257,
        lambda image: image[:, :, None],
        lambda image: np.stack([image] * 3, axis=2),
        lambda image: np.dstack([image] * 3 + [np.full_like(image, 255)]),
        lambda image: np.dstack([np.zeros_like(image)] * 3 + [image]),
        lambda image: np.asfortranarray(image),
        lambda image: image.tolist(),
        lambda image: Image.fromarray(image),
        lambda image: Image.fromarray(image).convert("RGBA"),
        lambda image: Image.fromarray(image).convert("F"),
    ],
)
def test_every_kind_of_image_gives_the_same_digit(digits: NDArray[np.uint8], convert: Any) -> None:
    for picture in digits[:3]:
        assert np.abs(normalize(convert(picture)).astype(int) - normalize(picture)).max() <= 1


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.float32])
def test_bitmap_of_zeros_and_ones_is_seen(digits: NDArray[np.uint8], dtype: Any) -> None:
    bitmap = digits[0] > 127
    assert np.array_equal(normalize(bitmap.astype(dtype)), normalize(bitmap.astype(np.uint8) * 255))


def test_luma_is_that_of_the_standard() -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 200, 90]]], np.uint8)
    assert np.abs(greyscale(colours) - colours @ [0.299, 0.587, 0.114]).max() <= 0.5


@pytest.mark.parametrize(
    ("image", "part"),
    [
        (np.zeros((0, 5)), "empty"),
        (np.zeros((5, 0, 3), np.uint8), "empty"),
        (np.zeros(784), "shape"),
        (np.zeros((3, 28, 28)), "shape"),
        (np.zeros((28, 28, 2)), "shape"),
        (np.float64(3), "shape"),
        (None, "not numeric"),
        ("a digit", "not numeric"),
        ([[1, 2], [3]], "not an image"),
        (np.zeros((5, 5), complex), "not numeric"),
        (np.full((5, 5), np.nan), "NaN"),
        (np.full((5, 5), np.inf), "infinity"),
        (np.eye(5) - 0.5, "-0.5"),
        (np.eye(5) * 70_000, "70000"),
        (np.eye(5, dtype=np.int64) * -1, "-1"),
    ],
)
def test_what_is_no_image_is_refused_in_one_line(image: Any, part: str) -> None:
    with pytest.raises(InputError) as caught:
        normalize(image)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, NoInk)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (28, 28), (280, 280), (3, 2000)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_blank_picture_has_no_ink(shape: Any, level: int) -> None:
    with pytest.raises(NoInk):
        normalize(np.full(shape, level, np.uint8))


def test_transparent_picture_has_no_ink() -> None:
    with pytest.raises(NoInk):
        normalize(np.zeros((40, 40, 4), np.uint8))


def test_speck_on_a_large_page_is_no_ink() -> None:
    page = np.full((600, 600), 255, np.uint8)
    page[300:305, 300:305] = 0
    with pytest.raises(NoInk):
        normalize(page)


@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (1, 400), (400, 1), (2, 3), (5, 3000)])
def test_odd_shapes_end_in_a_picture_or_input_error(shape: Any) -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        with contextlib.suppress(InputError):
            assert normalize(generator.integers(0, 256, shape, np.uint8)).shape == (28, 28)


def test_random_noise_never_breaks_it() -> None:
    generator = np.random.default_rng(1)
    for side in (3, 28, 99, 150, 300):
        for image in (generator.integers(0, 256, (side, side), np.uint8), generator.random((side, side, 4))):
            with contextlib.suppress(NoInk):
                assert normalize(image).shape == (28, 28)


# The steps one by one -------------------------------------------------------------------------------------


def test_stages_come_in_order_and_end_in_the_normalised_picture(digits: NDArray[np.uint8]) -> None:
    shown = stages(255 - enlarged(digits[0]))
    assert list(shown) == ["greyscale", "polarity", "clean", "contrast", "crop", "scale", "centre"]
    assert np.array_equal(shown["centre"], normalize(enlarged(digits[0])))
    assert shown["polarity"][0, 0] == 0
    assert max(shown["scale"].shape) == 20


def test_without_steps_a_picture_is_merely_resized(digits: NDArray[np.uint8]) -> None:
    large = 255 - digits[0].repeat(3, axis=0).repeat(3, axis=1)
    assert np.array_equal(normalize(large, NO_STEPS), 255 - digits[0])


@pytest.mark.parametrize("step", ["polarity", "clean", "contrast", "crop", "scale", "centre"])
def test_each_step_can_be_left_out(digits: NDArray[np.uint8], step: str) -> None:
    large = 255 - np.pad(enlarged(digits[0], 4), ((0, 30), (0, 90)))
    shown = stages(large, Steps(**{step: False}))
    assert shown["centre"].shape == (28, 28)
    if step in ("polarity", "clean", "contrast", "crop"):
        names = list(shown)
        before, after = shown[names[names.index(step) - 1]], shown[step]
        assert np.array_equal(before, after)


def test_polarity_is_decided_from_the_border() -> None:
    picture = np.zeros((20, 20), np.uint8)
    picture[2:18, 2:18] = 200  # most of the picture is bright and yet the ink
    assert np.array_equal(polarity(picture), picture)
    assert np.array_equal(polarity(255 - picture), picture)


def test_contrast_runs_from_paper_to_ink() -> None:
    picture = np.full((9, 9), 50, np.uint8)
    picture[4, 4], picture[4, 5], picture[4, 3] = 150, 100, 20
    assert contrast(picture)[4, 3:6].tolist() == [0, 255, 128]
    assert contrast(picture)[0, 0] == 0


@pytest.mark.parametrize(
    ("shape", "expected"), [((40, 20), (20, 10)), ((30, 60), (10, 20)), ((100, 2), (20, 1)), ((4, 5), (16, 20))]
)
def test_scale_keeps_the_aspect_ratio(shape: Any, expected: Any) -> None:
    assert scale(np.full(shape, 255, np.uint8)).shape == expected


def test_shrinking_averages_areas() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (35, 21), np.uint8)
    # Repeating each pixel makes both sides divisible, so that plain block means are the exact answer.
    fine = picture.repeat(4, axis=0).repeat(2, axis=1).astype(float)
    expected = fine.reshape(20, 7, 14, 3).mean(axis=(1, 3))
    assert np.abs(resize(picture, 20, 14) - expected).max() <= 0.501


def test_growing_interpolates_as_scipy_does() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (7, 5), np.uint8)
    expected = ndimage.zoom(picture.astype(float), 3, order=1, grid_mode=True, mode="nearest")
    assert np.abs(resize(picture, 21, 15) - expected).max() <= 0.501


def test_centre_never_pushes_ink_over_the_edge() -> None:
    picture = np.full((20, 20), 1, np.uint8)
    picture[0, 0] = 255
    picture[-1, -1] = 255
    picture[:2] = 255
    assert centre(picture).sum() == picture.sum()
