"""Augmentation against SciPy, NumPy and PyTorch: what it changes, how far, and that a seed says which way."""

from __future__ import annotations

from dataclasses import astuple, fields

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage

from exmachina.data import Dataset, scale
from exmachina.data.augmentation import Augmentation
from exmachina.engine import Model, OptimizerSettings, augmented
from exmachina.networks import Dense, Flatten, Network

Floats = NDArray[np.float32]

EACH = [
    Augmentation(shift=2),
    Augmentation(rotation=15.0),
    Augmentation(scale=0.2),
    Augmentation(shear=0.3),
    Augmentation(elastic=1.0),
    Augmentation(pen=0.8),
    Augmentation(hardness=1.0),
    Augmentation(light=0.6),
    Augmentation(noise=0.2),
    Augmentation(aspect=0.4),
    Augmentation(occlusion=0.5),
    Augmentation(convolution=0.5),
    Augmentation(2, 10.0, 0.1, 0.2, 0.5, 0.5, 0.5, 0.5, 0.2, 0.4, 0.5, 0.5),
]


@pytest.fixture(scope="module")
def images(digits: Dataset) -> Floats:
    return scale(digits.images[:64])


def augment(images: Floats, augmentation: Augmentation, seed: int = 0) -> Floats:
    return augmented(images, augmentation.numbers(), seed, 0)


def test_fewer_numbers_than_the_engine_reads_are_refused(images: Floats) -> None:
    with pytest.raises(ValueError, match="12 numbers"):
        augmented(images, (1.0, 0.1), 0, 0)


def named(augmentation: Augmentation) -> str:
    changed = [item.name for item in fields(augmentation) if getattr(augmentation, item.name)]
    return "all" if len(changed) > 1 else changed[0]


@pytest.mark.parametrize("augmentation", EACH, ids=named)
def test_same_seed_changes_alike_another_otherwise_and_images_stay_images(
    augmentation: Augmentation, images: Floats
) -> None:
    before = images.copy()
    first, again, other = (augment(images, augmentation, seed) for seed in (1, 1, 2))
    later = augmented(images, augmentation.numbers(), 1, 1)
    np.testing.assert_array_equal(first, again)
    assert not any(np.array_equal(first, changed) for changed in (other, later, images))
    assert first.shape == images.shape
    assert first.dtype == np.float32
    assert float(first.min()) >= 0
    assert float(first.max()) <= 1 + 1e-6
    np.testing.assert_array_equal(images, before)


def test_nothing_asked_changes_nothing(images: Floats) -> None:
    np.testing.assert_array_equal(augment(images, Augmentation()), images)
    assert not Augmentation()
    assert not any(astuple(Augmentation()))


def test_shifts_are_whole_pixels_of_every_kind_with_black_coming_in(images: Floats) -> None:
    result = set()
    for image, moved in zip(images, augment(images, Augmentation(shift=1)), strict=True):
        matches = [
            (down, right)
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
            if np.array_equal(ndimage.shift(image, (down, right), order=0, prefilter=False), moved)
        ]
        assert len(matches) == 1
        result.update(matches)
    assert len(result) == 9


def angle_of(image: np.ndarray) -> float:
    """Direction of the longest axis of the ink, in degrees."""
    rows, columns = np.mgrid[:28, :28]
    covariance = np.cov(np.stack([columns.ravel(), rows.ravel()]), aweights=image.ravel())
    return float(np.degrees(0.5 * np.arctan2(2 * covariance[0, 1], covariance[0, 0] - covariance[1, 1])))


def bars(count: int) -> Floats:
    images = np.zeros((count, 28, 28), np.float32)
    images[:, 12:16, 5:23] = 1
    return images


def test_rotation_turns_by_up_to_its_degrees_both_ways() -> None:
    angles = [angle_of(image) for image in augment(bars(300), Augmentation(rotation=20.0))]
    assert 18 < max(angles) < 21
    assert -21 < min(angles) < -18
    assert abs(np.mean(angles)) < 2


def test_scale_changes_the_area_by_its_square() -> None:
    area = augment(bars(300), Augmentation(scale=0.2)).sum(axis=(1, 2)) / bars(1).sum()
    assert 0.8**2 - 0.03 < float(area.min()) < 0.7
    assert 1.35 < float(area.max()) < 1.2**2 + 0.03


def test_aspect_makes_wider_and_narrower_and_keeps_the_area() -> None:
    disc = np.hypot(*(np.mgrid[:28, :28] - 13.5)) < 7
    changed = augment(np.repeat(disc[None].astype(np.float32), 400, axis=0), Augmentation(aspect=0.4))
    np.testing.assert_allclose(changed.sum(axis=(1, 2)), disc.sum(), rtol=0.05)
    wide, high = (np.sqrt(changed.sum(axis).clip(0) @ (np.arange(28) - 13.5) ** 2) for axis in (1, 2))
    ratio = wide / high
    assert 1.3 < float(ratio.max()) < 1.45
    assert 1 / 1.45 < float(ratio.min()) < 1 / 1.3
    assert 0.4 < float((ratio > 1).mean()) < 0.6


def test_occlusion_hides_one_rectangle_of_one_brightness_in_its_share_of_the_images() -> None:
    grey = np.full((600, 28, 28), 2.0, np.float32)  # brighter than any rectangle
    hidden = augment(grey, Augmentation(occlusion=0.3))
    touched = (hidden != 2).any(axis=(1, 2))
    assert 0.24 < float(touched.mean()) < 0.36
    for image in hidden[touched]:
        rows, columns = (np.flatnonzero((image != 2).any(axis=axis)) for axis in (1, 0))
        inside = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert (inside == inside[0, 0]).all() and 0 <= inside[0, 0] <= 1
        assert all(2 <= side <= 11 for side in inside.shape)


def test_convolution_is_scipys_with_some_kernel_mixed_in_and_fills_the_range(images: Floats) -> None:
    changed = augment(images, Augmentation(convolution=1.0))
    taps = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    spacings = set()
    for image, seen in zip(images.astype(np.float64), changed, strict=True):
        left = {}
        for apart in (1, 2):  # seen = (1 - a) image + a (kernel * image): linear in ten unknowns and a constant
            moved = [ndimage.shift(image, (down * apart, right * apart), order=0) for down, right in taps]
            columns = np.stack([*(m.ravel() for m in moved), np.ones(784)], axis=1)
            result, *_ = np.linalg.lstsq(columns, seen.ravel().astype(np.float64), rcond=None)
            left[apart] = float(np.abs(columns @ result - seen.ravel()).max())
        assert min(left.values()) < 1e-5
        spacings.add(min(left, key=lambda apart: left[apart]))
        assert float(seen.min()) >= 0 and float(seen.max()) <= 1 + 1e-6
    assert spacings == {1, 2}


def test_shear_slants_upright_strokes_and_keeps_their_area() -> None:
    upright = np.ascontiguousarray(bars(300).transpose(0, 2, 1))
    slanted = augment(upright, Augmentation(shear=0.3))
    np.testing.assert_allclose(slanted.sum(axis=(1, 2)), upright.sum(axis=(1, 2)), rtol=0.03)
    weights = slanted / slanted.sum(axis=2, keepdims=True).clip(1e-6)
    middle = (weights * np.arange(28)).sum(2)  # of each line
    slant = np.abs((middle[:, 20] - middle[:, 8]) / 12)
    assert 0.25 < float(slant.max()) < 0.33


def test_pen_changes_the_ink_both_ways_and_leaves_the_paper(images: Floats) -> None:
    ratio = augment(images, Augmentation(pen=0.8)).sum((1, 2)) / images.sum((1, 2))
    assert float(ratio.min()) < 0.9
    assert float(ratio.max()) > 1.1
    assert not augment(np.zeros((3, 28, 28), np.float32), Augmentation(pen=0.8)).any()


def test_hardness_drives_greys_to_black_and_white(images: Floats) -> None:
    def greys(x: Floats) -> float:
        return float(((x > 0.2) & (x < 0.8)).mean())

    assert greys(augment(images, Augmentation(hardness=1.0))) < 0.7 * greys(images)


def test_elastic_displaces_by_pixels_and_not_by_more(images: Floats) -> None:
    bent = augment(bars(200), Augmentation(elastic=1.0))
    rows = (bent * np.arange(28)[:, None]).sum(1) / bent.sum(1).clip(1e-6)  # (N, columns)
    away = (rows[:, 8:20] - 13.5).std()
    assert 0.5 < float(away) < 1.5


def test_light_brightens_the_paper_of_half_the_images_and_spares_the_ink() -> None:
    lit = augment(bars(400), Augmentation(light=0.6))
    paper = lit[:, :8].max(axis=(1, 2))
    assert 0.4 < float((paper > 0).mean()) < 0.6
    assert 0.45 < float(paper.max()) <= 0.6 + 1e-6
    assert float(lit[:, 12:16, 5:23].min()) == 1
    uneven = lit[:, :8].std(axis=(1, 2))
    assert float(uneven.max()) > 0.05


def test_noise_has_at_most_its_standard_deviation_and_spares_half_the_images() -> None:
    grey = np.full((400, 28, 28), 0.5, np.float32)
    changed = augment(grey, Augmentation(noise=0.15))
    spread = (changed - grey).std(axis=(1, 2))
    assert 0.4 < float((spread > 1e-4).mean()) < 0.6
    grain = (changed - grey)[spread > 0.1] / spread[spread > 0.1, None, None]
    assert abs(float(grain.mean())) < 0.01 and abs(float((grain**3).mean())) < 0.03
    assert float((grain**4).mean()) == pytest.approx(3, abs=0.1)  # as of a normal distribution
    assert 0.13 < float(spread.max()) < 0.17


def test_rotation_scale_and_slant_are_pytorchs_warp(images: Floats) -> None:
    # The parameters are the engine's secret; so find, among PyTorch's warps, the one that it made of each bar.
    changed = augment(bars(5), Augmentation(rotation=15.0))
    for image in changed:
        angles = np.radians(np.linspace(-16, 16, 641))
        turns = torch.tensor(
            np.array([[[c, s, 0], [-s, c, 0]] for c, s in zip(np.cos(angles), np.sin(angles), strict=True)])
        )
        grid = torch.nn.functional.affine_grid(turns, [len(angles), 1, 28, 28], align_corners=False)
        wide = torch.from_numpy(bars(len(angles)))[:, None].double()
        tried = torch.nn.functional.grid_sample(wide, grid, align_corners=False)[:, 0]
        assert float((tried - torch.from_numpy(image)).abs().amax(dim=(1, 2)).min()) < 0.02


def test_light_is_pytorchs_bicubic_interpolation() -> None:
    # Where paper is black its new brightness is the field itself: nine numbers explain all 784, bicubically.
    lit = augment(np.zeros((40, 28, 28), np.float32), Augmentation(light=0.5))
    knots = torch.eye(9).reshape(9, 1, 3, 3)
    fields = torch.nn.functional.interpolate(knots, size=(28, 28), mode="bicubic", align_corners=True)
    basis = fields.reshape(9, 784).T.double().numpy()
    for image in lit[lit.max(axis=(1, 2)) > 0]:
        inside = (image.ravel() > 1e-6) & (image.ravel() < image.max() - 1e-6)  # not cut off at 0 or 1
        result, *_ = np.linalg.lstsq(basis[inside], image.ravel()[inside].astype(np.float64), rcond=None)
        np.testing.assert_allclose(basis[inside] @ result, image.ravel()[inside], atol=1e-5)


def test_a_model_that_learns_sees_the_same_changes(digits: Dataset) -> None:
    """Pixels changed beforehand, and pixels changed by the model as it learns, give the same loss."""
    network = Network("n", (Flatten("flat"), Dense("out", "softmax", units=10)))
    augmentation = EACH[-1]
    losses = []
    for case, changes in (
        (scale(digits.images[:30])[:, None], augmentation.numbers()),
        (augmented(scale(digits.images[:30]), augmentation.numbers(), 7, 3)[:, None], Augmentation().numbers()),
    ):
        model = Model(network, learns=30)
        model.initialize(0)
        model.prepare(OptimizerSettings(), changes)
        losses.append(model.learn(case, digits.labels[:30], seed=7, step=3)[0])
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
