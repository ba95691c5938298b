"""A page of numbers as a phone would take it: printed lines, a table under it, tilt, shadow, blur and grain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from exmachina.reading.straighten import projection, seen_through

Picture = NDArray[np.uint8]

KINDS = ("plain", "ruled", "squared", "skewed", "tilted", "shadow", "photo")


def printed(page: Picture, kind: str, pitch: int, level: float = 0.72) -> Picture:
    """The page on ruled or squared paper: lines `pitch` pixels apart, at a share of the paper's brightness."""
    row, column = np.mgrid[: page.shape[0], : page.shape[1]]
    lines = row % pitch < 2 if kind == "ruled" else (row % pitch < 2) | (column % pitch < 2)
    paper = np.where(lines, level, 1.0)
    return np.minimum(page, np.median(page) * paper).astype(np.uint8)


def photographed(
    page: Picture, generator: np.random.Generator, *, turn: float = 0.0, tilt: float = 0.0, shadow: bool = False
) -> Picture:
    """The page on a dark table, turned by degrees, its sides foreshortened by `tilt`, perhaps half in shadow."""
    from scipy import ndimage

    height, width = page.shape
    margin = int(0.08 * max(height, width))
    shape = height + 2 * margin, width + 2 * margin
    upright = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float64)
    middle = upright.mean(axis=0)
    angle = np.radians(turn)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = (upright - middle) @ spin.T
    corners *= 1 + np.array([[-tilt], [-tilt / 2], [tilt / 3], [0.0]])
    corners += np.array([shape[1] - 1, shape[0] - 1]) / 2
    matrix = projection(corners, upright)  # from the photo's pixels to the page's
    seen = seen_through(page, matrix, shape, 60).astype(np.float64)
    row, column = np.mgrid[: shape[0], : shape[1]] / max(shape)
    light = 1.02 - 0.25 * ((row - 0.2) ** 2 + (column - 0.3) ** 2)
    if shadow:
        light *= 0.6 + 0.4 / (1 + np.exp(-(row + 0.6 * column - 0.6) * 60))
    seen = np.asarray(ndimage.gaussian_filter(seen * light, 0.6)) + generator.normal(0, 3, shape)
    levels: Picture = np.clip(seen, 0, 255).astype(np.uint8)
    return levels


def taken(page: Picture, kind: str, generator: np.random.Generator) -> Picture:
    """The page as one of `KINDS`."""
    if kind in ("ruled", "squared"):
        return printed(page, kind, int(generator.integers(24, 34)))
    if kind == "skewed":
        angle = float(generator.uniform(2, 5) * generator.choice([-1, 1]))
        turned = Image.fromarray(page).rotate(
            angle, Image.Resampling.BICUBIC, expand=True, fillcolor=int(np.median(page))
        )
        return np.asarray(turned)
    if kind == "tilted":
        return photographed(page, generator, turn=float(generator.uniform(-4, 4)), tilt=0.15)
    if kind == "shadow":
        return photographed(page, generator, shadow=True)
    if kind == "photo":
        squared = printed(page, str(generator.choice(["ruled", "squared"])), 30, 0.8)
        return photographed(squared, generator, turn=float(generator.uniform(-4, 4)), tilt=0.1, shadow=True)
    return page


def as_jpeg(picture: Picture) -> bytes:
    import io

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=85)
    return file.getvalue()
