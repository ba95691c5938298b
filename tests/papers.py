"""Digits on paper of every kind, at any size: what the preparation of a picture has to see through."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

Picture = NDArray[np.uint8]

PAPERS = ("plain", "checked", "dotted", "squared", "ruled", "shaded")


def enlarged(picture: Picture, factor: int = 10) -> Picture:
    """A digit of MNIST, `factor` times as large."""
    side = 28 * factor
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC))


def alike(a: Picture, b: Picture) -> float:
    """Correlation of two pictures, one pixel's shift allowed: 1 for equal ones, far less for another digit."""
    shifted = [np.roll(a, (row, column), (0, 1)).ravel() for row in (-1, 0, 1) for column in (-1, 0, 1)]
    return float(np.corrcoef(shifted, b.ravel())[-1, :-1].max())


def written(digit: Picture, kind: str, factor: int, *, tight: bool = False, light_ink: bool = False) -> Picture:
    """A digit of MNIST, `factor` times as large, on paper of a `kind`: cut to its ink, or with a margin."""
    rows, columns = (np.flatnonzero((digit > 32).any(axis=axis)) for axis in (1, 0))
    cut = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if tight else np.pad(digit, 4)
    height, width = (factor * side for side in cut.shape)
    ink = np.asarray(Image.fromarray(cut).resize((width, height), Image.Resampling.BICUBIC)) / 255
    page = np.floor(paper(kind, height, width, factor) * (1 - 0.8 * ink)).astype(np.uint8)
    return 255 - page if light_ink else page


def paper(kind: str, height: int, width: int, unit: int) -> NDArray[np.float64]:
    """Brightness (height, width) of a page on which a pen is about three `unit`s wide."""
    row, column = np.mgrid[:height, :width]
    line = max(1, unit // 3)
    if kind == "checked":
        return np.where((row // (2 * unit) + column // (2 * unit)) % 2, 225.0, 200.0)
    if kind == "dotted":
        return np.where((row % (4 * unit) < unit) & (column % (4 * unit) < unit), 170.0, 230.0)
    if kind == "squared":
        return np.where((row % (5 * unit) < line) | (column % (5 * unit) < line), 180.0, 235.0)
    if kind == "ruled":
        return np.where(row % (6 * unit) < line, 170.0, 235.0)
    if kind == "shaded":
        return np.asarray(235 * (1 - 0.5 * (row + column) / (height + width)))
    return np.full((height, width), 230.0)


def lined(
    ink: NDArray[np.float64], cell: float, thick: float, dark: float, turn: float = 0, *, squared: bool = True
) -> NDArray[np.float64]:
    """Brightness (H, W) of a page of `ink`, 0 to 1, on squared or ruled paper whose lines are `dark` times as dark.

    They are `thick` pixels wide, every `cell` pixels, and turned by `turn` degrees.
    """
    row, column = np.mgrid[: ink.shape[0], : ink.shape[1]]
    cos, sin = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    across = row * cos + column * sin, column * cos - row * sin
    away = [np.abs((one / cell) % 1 - 0.5) * cell for one in across[: 1 + squared]]
    lines = np.clip(thick / 2 - np.min(away, axis=0) + 0.5, 0, min(1, thick))
    return np.asarray(230 * (1 - 0.8 * ink) * (1 - 0.8 * dark * lines))


def far_away(digit: Picture, kind: str, height: int, width: int) -> Picture:
    """A digit of MNIST at its own size, written lightly on a page (height, width) on which patches of light lie."""
    page = np.minimum(paper(kind, height, width, 3) * patches(height, width), 255)
    ink = np.zeros((height, width))
    ink[height // 3 :, width // 2 :][:28, :28] = digit / 255
    return np.floor(page * (1 - 0.6 * ink)).astype(np.uint8)


@cache
def patches(height: int, width: int) -> NDArray[np.float64]:
    """Light (height, width) that differs by up to a tenth from place to place, as on creased paper: around 1."""
    row, column = np.mgrid[:height, :width]
    waves = np.sin(7 * row / height + 2 * np.sin(5 * column / width)) * np.sin(8 * column / width + 1)
    return np.asarray(1 + 0.1 * waves)


def on_desk(sheet: Picture, turn: float = 0, level: float = 80, around: float = 0.5, aside: float = 0) -> Picture:
    """A sheet, turned by `turn` degrees, on wood that reaches `around` sides past it; `aside`: out of the middle."""
    height, width = (int(side * (1 + 2 * around)) for side in sheet.shape)
    row, column = np.mgrid[:height, :width]
    grain = np.random.default_rng(0).normal(0, 5, (height, width))
    wood = np.clip(level + 18 * np.sin(row / 7 + np.sin(column / 60) * 2) + grain, 0, 255).astype(np.uint8)
    place = int((width - sheet.shape[1]) / 2 + aside * sheet.shape[1]), (height - sheet.shape[0]) // 2
    laid, mask = Image.new("L", (width, height)), Image.new("L", (width, height))
    laid.paste(Image.fromarray(sheet), place)
    mask.paste(255, (*place, place[0] + sheet.shape[1], place[1] + sheet.shape[0]))
    top, where = (one.rotate(turn, Image.Resampling.BILINEAR) for one in (laid, mask))
    return np.asarray(Image.composite(top, Image.fromarray(wood), where).filter(ImageFilter.GaussianBlur(0.8)))


def half_in_shadow(shape: tuple[int, ...], level: float, soft: float) -> NDArray[np.float64]:
    """Light (H, W) with a shadow whose edge, `soft` pixels wide, runs across the middle: 1 and `level`."""
    row, column = np.mgrid[: shape[0], : shape[1]]
    lit = row / shape[0] + 0.6 * column / shape[1] < 0.75
    return np.asarray(ndimage.gaussian_filter(np.where(lit, 1.0, level), soft))
