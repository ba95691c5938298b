import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from exmachina.data import load_mnist_split
from exmachina.errors import InputError
from exmachina.evaluation.affine import rotation, scaling, shear, warp
from exmachina.evaluation.robustness import pixels, strokes
from exmachina.evaluation.robustness.corruptions import CORRUPTIONS, corrupt, corruption_errors, summarise

NAMES = list(CORRUPTIONS)


@pytest.fixture(scope="module")
def digits() -> NDArray[np.uint8]:
    return load_mnist_split("test").images[:60]


def rng(seed: Any = 0) -> Any:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_generator_spoils_alike_and_another_may_not(name: Any, digits: NDArray[np.uint8]) -> None:
    first = corrupt(digits, name, rng())
    assert first.dtype == np.uint8
    assert first.shape == digits.shape
    assert (first == corrupt(digits, name, rng())).all()
    assert (first != digits).any(axis=(1, 2)).all()


@pytest.mark.parametrize("name", NAMES)
def test_an_image_does_not_leak_into_its_neighbours(name: Any, digits: NDArray[np.uint8]) -> None:
    others = digits.copy()
    others[1] = digits[7]
    first, second = corrupt(digits, name, rng()), corrupt(others, name, rng())
    # Shot noise draws once for every lit pixel, so only the images before the change share its draws.
    before = [0] if name == "shot_noise" else [0, *range(2, 60)]
    assert (first[before] == second[before]).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("image", [np.zeros((2, 28, 28), np.uint8), np.full((2, 28, 28), 255, np.uint8)])
@pytest.mark.parametrize("severity", [1, 5])
def test_blank_and_full_images_are_spoilt_without_a_warning(name: Any, image: Any, severity: int) -> None:
    assert corrupt(image, name, rng(), severity).shape == (2, 28, 28)
    assert corrupt(image[:0], name, rng(), severity).shape == (0, 28, 28)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"spatter", "fog", "canny_edges", "glass_blur"}))
def test_a_higher_severity_changes_the_image_more(name: Any, digits: NDArray[np.uint8]) -> None:
    distances = [np.abs(corrupt(digits, name, rng(), severity).astype(float) - digits).mean() for severity in (1, 3, 5)]
    assert distances == sorted(distances)


@pytest.mark.parametrize("matrix", [rotation(0.4), shear(-0.4), scaling(0.7), scaling(1.3)])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (2.5, -1.25)])
def test_warp_is_scipys_affine_transform(matrix: Any, shift: Any, digits: NDArray[np.uint8]) -> None:
    images = digits[:5].astype(np.float32)
    ours = warp(images, matrix, shift)
    square = np.array(matrix)
    offset = np.full(2, 13.5) - square @ (np.full(2, 13.5) + shift)
    for before, after in zip(images, ours, strict=True):
        # SciPy fades nothing at its border, so compare where the sample lies inside the image.
        expected = ndimage.affine_transform(before, square, offset, order=1, mode="grid-constant")
        assert after == pytest.approx(expected, abs=1e-2)


def test_rotation_is_anticlockwise_and_shifts_go_down_and_right() -> None:
    image = np.zeros((1, 28, 28), np.float32)
    image[0, 13, 20:24] = 1  # to the right of the centre
    rows, _ = np.nonzero(warp(image, rotation(math.pi / 2))[0] > 0.5)
    assert rows.max() < 13  # now above it
    assert (np.argwhere(warp(image, ((1, 0), (0, 1)), (3, 2))[0] > 0.5)[0] == (16, 22)).all()


def test_shot_noise_has_poissons_mean_and_variance() -> None:
    grey = np.full((50, 28, 28), 102, np.uint8)  # .4
    spoilt = corrupt(grey, "shot_noise", rng(), 1) / 255  # 60 photons
    assert spoilt.mean() == pytest.approx(0.4, abs=2e-3)
    assert spoilt.var() == pytest.approx(0.4 / 60, rel=0.03)


def test_impulse_noise_hits_the_share_it_says() -> None:
    spoilt = corrupt(np.full((50, 28, 28), 128, np.uint8), "impulse_noise", rng())
    assert (spoilt == 0).mean() == pytest.approx(0.17 / 2, abs=5e-3)
    assert (spoilt == 255).mean() == pytest.approx(0.17 / 2, abs=5e-3)


def test_brightness_and_stripe_by_hand(digits: NDArray[np.uint8]) -> None:
    bright = corrupt(digits, "brightness", rng())
    assert np.abs(bright - np.minimum(digits + 127.5, 255)).max() <= 0.5
    striped = corrupt(digits, "stripe", rng())
    assert (striped[:, :, 7:21] == digits[:, :, 7:21]).all()
    assert (striped[:, :, :7] == 255 - digits[:, :, :7]).all()
    assert (striped[:, :, 21:] == 255 - digits[:, :, 21:]).all()


def test_translation_goes_three_pixels_to_each_corner(digits: NDArray[np.uint8]) -> None:
    spoilt = corrupt(digits, "translate", rng())
    moves = set()
    for before, after in zip(digits, spoilt, strict=True):
        padded = np.pad(before, 3)
        options = {(y, x): padded[3 - y : 31 - y, 3 - x : 31 - x] for y in (-3, 3) for x in (-3, 3)}
        moves.add(next(move for move, image in options.items() if (image == after).all()))
    assert len(moves) == 4


def test_motion_blur_leaves_a_fading_trail_and_keeps_the_ink() -> None:
    dot = np.zeros((300, 28, 28), np.float32)
    dot[:, 14, 24] = 1
    blurred = pixels.motion_blur(dot, rng(), 5, 3.0)
    assert blurred.sum(axis=(1, 2)) == pytest.approx(np.ones(300), abs=1e-4)
    weights = np.exp(-(np.arange(11) ** 2) / 18)
    level = blurred[[image[14, 24:13:-1] @ np.ones(11) > 0.99 for image in blurred]]
    assert level[0, 14, 24:13:-1] == pytest.approx(weights / weights.sum(), abs=1e-5)


def test_glass_blur_moves_ink_a_little_and_loses_none(digits: NDArray[np.uint8]) -> None:
    images = np.asarray(digits / 255, np.float32)
    glassy = pixels.glass_blur(images, rng(), 0.7, 1, 2)
    assert glassy.sum(axis=(1, 2)) == pytest.approx(images.sum(axis=(1, 2)), rel=1e-3)
    plain = ndimage.gaussian_filter(images, (0, 0.99, 0.99))  # two blurs of .7
    assert np.corrcoef(glassy.ravel(), plain.ravel())[0, 1] > 0.9


def test_fog_keeps_white_white_at_most_and_the_digit_visible(digits: NDArray[np.uint8]) -> None:
    images = np.asarray(digits / 255, np.float32)
    foggy = strokes.fog(images, rng(), 3.0, 1.4)
    # ink + 3 cloud, divided by 4: the digit's own contrast is a quarter of what it was.
    assert 0 <= foggy.min() <= foggy.max() <= 1
    flat = strokes.fog(np.ones((60, 28, 28), np.float32), rng(), 3.0, 1.4)
    background = flat - 0.25
    lit = images.max(axis=(1, 2), keepdims=True) == 1
    assert (foggy - background)[lit[:, 0, 0]] == pytest.approx(images[lit[:, 0, 0]] / 4, abs=1e-5)


def test_dotted_line_is_straight_and_dotted() -> None:
    blank = np.zeros((40, 28, 28), np.uint8)
    drawn = corrupt(blank, "dotted_line", rng())
    columns = drawn.any(axis=1)
    assert (columns == (np.arange(28) // 2 % 2 == 1)).all()
    for image in drawn:
        rows = image[:, image.any(axis=0)].astype(float)
        centre = (np.arange(28)[:, None] * rows).sum(0) / rows.sum(0)
        x = np.flatnonzero(image.any(axis=0))
        inner = (centre > 2) & (centre < 25)
        if inner.sum() > 2:
            assert np.abs(np.polyval(np.polyfit(x[inner], centre[inner], 1), x[inner]) - centre[inner]).max() < 0.5


def test_zigzag_turns_every_four_pixels() -> None:
    drawn = strokes.zigzag(np.zeros((200, 28, 28), np.float32), rng(3), 2.3)
    level = [image for image in drawn if 6 < image.sum(1).argmax() < 20][:20]
    for image in level:
        lit = np.flatnonzero(image.sum(0) > 0)
        assert lit.min() >= 1
        assert lit.max() <= 27
    heights = [np.ptp(image.argmax(0)[4:24]) for image in level]
    assert 3 <= np.median(heights) <= 9


def test_canny_finds_the_outline_of_a_square() -> None:
    square = np.zeros((1, 28, 28), np.uint8)
    square[0, 8:20, 8:20] = 255
    edges = corrupt(square, "canny_edges", rng())[0] > 0
    inner, outer = np.zeros((28, 28), bool), np.zeros((28, 28), bool)
    inner[9:19, 9:19] = outer[7:21, 7:21] = True
    assert not edges[inner].any()
    assert not edges[~outer].any()
    assert edges[:, 12].sum() == edges[12].sum() == 2  # one pixel wide, on either side
    _, parts = ndimage.label(edges, np.ones((3, 3)))
    assert parts == 1


def test_spatter_is_mud_of_one_grey_on_a_blank_page() -> None:
    spoilt = corrupt(np.zeros((20, 28, 28), np.uint8), "spatter", rng())
    assert spoilt.max() <= 63
    assert 0.05 < (spoilt > 0).mean() < 0.6


def test_two_networks_see_the_same_spoilt_images(digits: NDArray[np.uint8]) -> None:
    seen = []

    def predict(images: Any) -> Any:
        seen.append(images)
        return np.eye(10)[np.zeros(len(images), int)]

    labels = np.arange(60) % 10
    everything = list(corruption_errors(predict, digits, labels, seed=4))
    some = list(corruption_errors(predict, digits, labels, seed=4, names=["fog", "zigzag"]))
    assert [one.name for one in everything] == NAMES
    assert (seen[NAMES.index("fog")] == seen[15]).all()
    assert (seen[NAMES.index("zigzag")] == seen[16]).all()
    assert {one.error.value for one in everything + some} == {0.9}
    assert everything[0].severity == 5


def test_mce_by_hand() -> None:
    summary = summarise({"fog": 0.02, "stripe": 0.3}, {"fog": 0.04, "stripe": 0.1})
    assert summary.relative == pytest.approx({"fog": 50, "stripe": 300})
    assert (summary.mce, summary.mean_error) == pytest.approx((175, 0.16))
    assert summarise({"fog": 0.1}, {"fog": 0.1}).mce == pytest.approx(100)
    # Exchange the two, and both may have an mCE above 100; the geometric mean turns into its inverse.
    back = summarise({"fog": 0.04, "stripe": 0.1}, {"fog": 0.02, "stripe": 0.3})
    assert summary.mce > 100 and back.mce > 100
    assert summary.geometric * back.geometric == pytest.approx(100**2)
    assert summary.geometric == pytest.approx(100 * (0.5 * 3) ** 0.5)


def test_a_reference_without_mistakes_counts_as_half_a_mistake() -> None:
    assert summarise({"fog": 0.01}, {"fog": 0.0}, images=100).mce == pytest.approx(200)
    with pytest.raises(InputError, match="use more images"):
        summarise({"fog": 0.01}, {"fog": 0.0})


@pytest.mark.parametrize(
    "call",
    [
        lambda: corrupt(np.zeros((1, 28, 28), np.uint8), "hail", rng()),
        lambda: corrupt(np.zeros((1, 28, 28), np.uint8), "fog", rng(), 6),
        lambda: corrupt(np.zeros((1, 28, 28), np.float32), "fog", rng()),
        lambda: summarise({"fog": 0.1}, {"stripe": 0.1}),
        lambda: summarise({}, {}),
    ],
)
def test_bad_requests_are_refused_in_one_line(call: Any) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value)
