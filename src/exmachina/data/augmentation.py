"""Small random changes to training images, so that a network learns what a digit may look like."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from exmachina.errors import check_number

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LIMITS: dict[str, tuple[float, float]] = {
    "shift": (0, 13),
    "rotation": (0.0, 180.0),
    "scale": (0.0, 0.9),
    "shear": (0.0, 2.0),
    "elastic": (0.0, 10.0),
    "pen": (0.0, 1.0),
    "hardness": (0.0, 1.0),
    "light": (0.0, 1.0),
    "noise": (0.0, 1.0),
}
ELASTIC_GRID = 5  # random displacements a side, interpolated between; about a stroke's length apart
LIGHT_GRID = 3  # random brightnesses a side of the paper
HARDEST = 12.0  # contrast about mid-grey at which an edge is one pixel sharp


@dataclass(frozen=True)
class Augmentation:
    """How far each image may be changed, anew every time it is seen; 0 leaves it as it is.

    `shift`: pixels in each direction, whole ones. `rotation`: degrees. `scale`: fraction larger or smaller.
    `shear`: slant, as the tangent of its angle. `elastic`: standard deviation in pixels of smooth local
    displacements (Simard et al. 2003). `pen`: strokes thinner or thicker by up to this part of a pixel on either
    side. `hardness`: how far edges may go from anti-aliased (0) to black and white (1). `light`: how bright
    unevenly lit paper may get, from black (0) to white (1). `noise`: the greatest standard deviation of grain.
    """

    shift: int = 0
    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    pen: float = 0.0
    hardness: float = 0.0
    light: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            check_number(name, getattr(self, name), low, high)

    def __bool__(self) -> bool:
        return any(astuple(self))

    @property
    def only_shifts(self) -> bool:
        """Whether images move by whole pixels and nothing else, which needs no interpolation."""
        return not any(astuple(self)[1:])


def augment(images: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Images (N, 1, 28, 28) in [0, 1], each changed at random; the same generator state changes them alike."""
    if not augmentation:
        return images
    if augmentation.only_shifts:
        return shift(images, augmentation.shift, generator)
    images = _warp(images, augmentation, generator)
    if augmentation.pen:
        images = _pen(images, augmentation.pen, generator)
    if augmentation.hardness:
        images = _harden(images, augmentation.hardness, generator)
    if augmentation.light:
        images = _light(images, augmentation.light, generator)
    if augmentation.noise:
        images = _noise(images, augmentation.noise, generator)
    return images


def shift(images: Tensor, pixels: int, generator: torch.Generator) -> Tensor:
    """Each image of (N, 1, H, W) moved by up to `pixels` whole pixels each way; what comes in is black."""
    import torch
    import torch.nn.functional as F

    count, _, height, width = images.shape
    windows = F.pad(images[:, 0], [pixels] * 4).unfold(1, height, 1).unfold(2, width, 1)
    y, x = torch.randint(0, 2 * pixels + 1, (2, count), generator=generator, device=images.device)
    return windows[torch.arange(count, device=images.device), y, x][:, None]


def _uniform(count: int, limit: float, generator: torch.Generator) -> Tensor:
    import torch

    return (torch.rand(count, generator=generator, device=generator.device) * 2 - 1) * limit


def _warp(images: Tensor, a: Augmentation, generator: torch.Generator) -> Tensor:
    """Rotation, scale, shear, shift and elastic displacement in one interpolation."""
    import torch
    import torch.nn.functional as F

    count, _, side, _ = images.shape
    angle = torch.deg2rad(_uniform(count, a.rotation, generator))
    zoom = 1 + _uniform(count, a.scale, generator)
    slant = _uniform(count, a.shear, generator)
    cosine, sine = angle.cos() / zoom, angle.sin() / zoom
    matrix = torch.stack([cosine, sine + slant * cosine, -sine, cosine - slant * sine], dim=1).view(count, 2, 2)
    move = torch.stack([_uniform(count, a.shift, generator) * 2 / side for _ in range(2)], dim=1)
    # PyTorch's affine_grid and bicubic interpolate give the same in ten times the time.
    grid = (_places(side, images.device) @ matrix.transpose(1, 2) + move[:, None]).view(count, side, side, 2)
    if a.elastic:
        size = (count, 2, ELASTIC_GRID, ELASTIC_GRID)
        coarse = torch.randn(size, generator=generator, device=generator.device) * (a.elastic * 2 / side)
        grid = grid + _smooth(coarse, side).permute(0, 2, 3, 1)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _places(side: int, device: torch.device) -> Tensor:
    """The (x, y) of every pixel's centre, row by row, with the image from -1 to 1: (side², 2)."""
    import torch

    centres = (torch.arange(side, device=device) * 2 + 1) / side - 1
    return torch.stack([centres.repeat(side), centres.repeat_interleave(side)], dim=1)


def _smooth(coarse: Tensor, side: int) -> Tensor:
    """Random fields (N, C, k, k) enlarged to (N, C, side, side) by bicubic interpolation."""
    import torch
    import torch.nn.functional as F

    knots = coarse.shape[-1]
    unit = torch.eye(knots, device=coarse.device)[None, None]
    weights = F.interpolate(unit, size=(side, knots), mode="bicubic", align_corners=True)[0, 0]
    return weights @ coarse @ weights.T


def _pen(images: Tensor, limit: float, generator: torch.Generator) -> Tensor:
    """Strokes thicker (towards each pixel's brightest neighbour) or thinner (towards its darkest)."""
    amount = _uniform(len(images), limit, generator).view(-1, 1, 1, 1)
    thicker = _brightest_neighbour(images)
    thinner = 1 - _brightest_neighbour(1 - images)
    return images + amount.clamp(min=0) * (thicker - images) + (-amount).clamp(min=0) * (thinner - images)


def _brightest_neighbour(images: Tensor) -> Tensor:
    """Each pixel replaced by the largest of the 3 x 3 about it."""
    import torch
    import torch.nn.functional as F

    wide = F.pad(images, [1, 1, 1, 1], mode="replicate")
    rows = torch.maximum(torch.maximum(wide[..., :-2, :], wide[..., 1:-1, :]), wide[..., 2:, :])
    return torch.maximum(torch.maximum(rows[..., :-2], rows[..., 1:-1]), rows[..., 2:])


def _harden(images: Tensor, limit: float, generator: torch.Generator) -> Tensor:
    """Contrast about mid-grey, up to black and white."""
    import torch

    part = torch.rand(len(images), generator=generator, device=generator.device) * limit
    gain = (1 + (HARDEST - 1) * part**2).view(-1, 1, 1, 1)
    return ((images - 0.5) * gain + 0.5).clamp(0, 1)


def _light(images: Tensor, limit: float, generator: torch.Generator) -> Tensor:
    """Black paper brightened by an uneven light, the ink left as bright as it was; half of the images stay."""
    import torch

    size = (len(images), 1, LIGHT_GRID, LIGHT_GRID)
    strength = _uniform(len(images), limit, generator).clamp(min=0).view(-1, 1, 1, 1)
    coarse = torch.rand(size, generator=generator, device=generator.device)
    even = torch.rand(len(images), generator=generator, device=generator.device).view(-1, 1, 1, 1)
    field = strength * _smooth(coarse + even * (1 - coarse), images.shape[-1]).clamp(0, 1)
    return images + field * (1 - images)


def _noise(images: Tensor, limit: float, generator: torch.Generator) -> Tensor:
    """Gaussian grain; half of the images stay."""
    import torch

    strength = _uniform(len(images), limit, generator).clamp(min=0).view(-1, 1, 1, 1)
    grain = torch.randn(images.shape, generator=generator, device=generator.device)
    return (images + strength * grain).clamp(0, 1)
