"""Augmentation against SciPy and NumPy: what it changes, how far, and that a seed says which way."""

from __future__ import annotations

from dataclasses import astuple, fields

import numpy as np
import pytest
import torch
from scipy import ndimage

from exmachina.data import Dataset
from exmachina.data.augmentation import Augmentation, augment, shift

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
    Augmentation(2, 10.0, 0.1, 0.2, 0.5, 0.5, 0.5, 0.5, 0.2),
]


@pytest.fixture(scope="module")
def images(digits: Dataset) -> torch.Tensor:
    return torch.from_numpy(digits.images[:64] / np.float32(255))[:, None]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def named(augmentation: Augmentation) -> str:
    changed = [item.name for item in fields(augmentation) if getattr(augmentation, item.name)]
    return "all" if len(changed) > 1 else changed[0]


@pytest.mark.parametrize("augmentation", EACH, ids=named)
def test_same_seed_changes_alike_another_otherwise_and_images_stay_images(
    augmentation: Augmentation, images: torch.Tensor
) -> None:
    before = images.clone()
    first, again, other = (augment(images, augmentation, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, images)
    assert first.shape == images.shape
    assert first.dtype == torch.float32
    assert float(first.min()) >= 0
    assert float(first.max()) <= 1 + 1e-6
    assert torch.equal(images, before)


def test_nothing_asked_changes_nothing_and_draws_nothing(images: torch.Tensor) -> None:
    generator = seeded()
    state = generator.get_state()
    assert torch.equal(augment(images, Augmentation(), generator), images)
    assert torch.equal(generator.get_state(), state)
    assert not Augmentation()
    assert Augmentation(shift=1).only_shifts
    assert not any(astuple(Augmentation()))


def test_shifts_are_whole_pixels_of_every_kind_with_black_coming_in(images: torch.Tensor) -> None:
    found = set()
    for image, moved in zip(images[:, 0].numpy(), shift(images, 1, seeded())[:, 0].numpy(), strict=True):
        matches = [
            (down, right)
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
            if np.array_equal(ndimage.shift(image, (down, right), order=0, prefilter=False), moved)
        ]
        assert len(matches) == 1
        found.update(matches)
    assert len(found) == 9


def angle_of(image: np.ndarray) -> float:
    """Direction of the longest axis of the ink, in degrees."""
    rows, columns = np.mgrid[:28, :28]
    covariance = np.cov(np.stack([columns.ravel(), rows.ravel()]), aweights=image.ravel())
    return float(np.degrees(0.5 * np.arctan2(2 * covariance[0, 1], covariance[0, 0] - covariance[1, 1])))


def bars(count: int) -> torch.Tensor:
    images = torch.zeros(count, 1, 28, 28)
    images[:, :, 12:16, 5:23] = 1
    return images


def test_rotation_turns_by_up_to_its_degrees_both_ways() -> None:
    angles = [angle_of(image) for image in augment(bars(300), Augmentation(rotation=20.0), seeded())[:, 0].numpy()]
    assert 18 < max(angles) < 21
    assert -21 < min(angles) < -18
    assert abs(np.mean(angles)) < 2


def test_scale_changes_the_area_by_its_square() -> None:
    area = augment(bars(300), Augmentation(scale=0.2), seeded()).sum(dim=(1, 2, 3)) / bars(1).sum()
    assert 0.8**2 - 0.03 < float(area.min()) < 0.7
    assert 1.35 < float(area.max()) < 1.2**2 + 0.03


def test_shear_slants_upright_strokes_and_keeps_their_area() -> None:
    upright = bars(300).transpose(2, 3)
    slanted = augment(upright, Augmentation(shear=0.3), seeded())
    torch.testing.assert_close(slanted.sum(dim=(1, 2, 3)), upright.sum(dim=(1, 2, 3)), rtol=0.03, atol=0)
    weights = slanted[:, 0] / slanted[:, 0].sum(dim=2, keepdim=True).clamp(min=1e-6)
    middle = (weights * torch.arange(28)).sum(2)  # of each line
    slant = ((middle[:, 20] - middle[:, 8]) / 12).abs()
    assert 0.25 < float(slant.max()) < 0.33


def test_pen_changes_the_ink_both_ways_and_leaves_the_paper(images: torch.Tensor) -> None:
    ratio = augment(images, Augmentation(pen=0.8), seeded()).sum((1, 2, 3)) / images.sum((1, 2, 3))
    assert float(ratio.min()) < 0.9
    assert float(ratio.max()) > 1.1
    assert not augment(torch.zeros(3, 1, 28, 28), Augmentation(pen=0.8), seeded()).any()


def test_hardness_drives_greys_to_black_and_white(images: torch.Tensor) -> None:
    def greys(x: torch.Tensor) -> float:
        return float(((x > 0.2) & (x < 0.8)).float().mean())

    assert greys(augment(images, Augmentation(hardness=1.0), seeded())) < 0.7 * greys(images)


def test_elastic_displaces_by_pixels_and_not_by_more(images: torch.Tensor) -> None:
    bent = augment(bars(200), Augmentation(elastic=1.0), seeded())[:, 0]
    rows = (bent * torch.arange(28)[:, None]).sum(1) / bent.sum(1).clamp(min=1e-6)  # (N, columns)
    away = (rows[:, 8:20] - 13.5).std()
    assert 0.5 < float(away) < 1.5


def test_light_brightens_the_paper_of_half_the_images_and_spares_the_ink() -> None:
    lit = augment(bars(400), Augmentation(light=0.6), seeded())
    paper = lit[:, 0, :8].amax(dim=(1, 2))
    assert 0.4 < float((paper > 0).float().mean()) < 0.6
    assert 0.45 < float(paper.max()) <= 0.6 + 1e-6
    assert float(lit[:, :, 12:16, 5:23].min()) == 1
    uneven = lit[:, 0, :8].std(dim=(1, 2))
    assert float(uneven.max()) > 0.05


def test_noise_has_at_most_its_standard_deviation_and_spares_half_the_images() -> None:
    grey = torch.full((400, 1, 28, 28), 0.5)
    spread = (augment(grey, Augmentation(noise=0.15), seeded()) - grey).std(dim=(1, 2, 3))
    assert 0.4 < float((spread > 1e-4).float().mean()) < 0.6
    assert 0.13 < float(spread.max()) < 0.17


def test_warp_equals_pytorchs_own_slower_functions() -> None:
    from exmachina.data.augmentation import _places, _smooth

    turn = torch.tensor([[[0.8, -0.6], [0.6, 0.8]]])
    affine = torch.cat([turn, torch.tensor([[[0.1], [-0.2]]])], dim=2)
    wanted = torch.nn.functional.affine_grid(affine, [1, 1, 28, 28], align_corners=False)
    found = (_places(28, turn.device) @ turn.transpose(1, 2) + affine[:, None, :, 2]).view(1, 28, 28, 2)
    torch.testing.assert_close(found, wanted)
    coarse = torch.randn(3, 2, 5, 5, generator=seeded())
    enlarged = torch.nn.functional.interpolate(coarse, size=(28, 28), mode="bicubic", align_corners=True)
    torch.testing.assert_close(_smooth(coarse, 28), enlarged)
