"""Paper and ink: which pixels of a picture are which, however the light falls on it and however tightly it was cut.

A digit that fills its picture is judged like a drawing in the middle of a page: nothing says in advance that the border
is paper, or how much ink there is. All of it happens on a copy of one size, so that a picture is judged alike however
many pixels it came with.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]

SMALLEST, LARGEST = 100, 200  # longer side, in pixels, of the copy that is judged
WIDEST_STROKE = 0.3  # of the longer side: what holds a square of that size is no ink
AROUND = 1 / 12  # of the longer side: how far around a place its light is asked for


def judged(picture: Picture) -> Picture:
    """A copy whose longer side has from 100 to 200 pixels, the size at which everything is decided."""
    longer = max(picture.shape)
    if longer > LARGEST:
        return np.asarray(Image.fromarray(picture).reduce(-(-longer // LARGEST)))
    if longer < SMALLEST:
        factor = -(-SMALLEST // longer)
        size = picture.shape[1] * factor, picture.shape[0] * factor
        return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))
    return picture


def is_dark_on_light(copy: Picture) -> bool:
    """Is the ink of a judged copy the darker of its two materials?

    Where light and shade are further apart than ink and paper, ink stands out further against its surroundings than
    paper does. Elsewhere it has less of the border and less of the whole.
    """
    values = copy.astype(np.float64)
    bright = _brighter(values)
    if _is_wide(bright) and _is_wide(~bright):
        return float((_against_surroundings(values) ** 3).sum()) < 0
    return float(ring(bright).mean()) + float(bright.mean()) > 1


def ink(copy: Picture) -> tuple[Mask, Values]:
    """Which pixels of a judged copy, bright on dark, are ink, and the paper's level everywhere: both (h, w)."""
    values = copy.astype(np.float64)
    found = _brighter(values)
    if _is_wide(found):
        found = _brighter(_against_surroundings(values))
    for _ in range(3):
        level = _level(values, ~grown(found, 2))
        above = np.maximum(values - level, 0)
        strongest = float(np.percentile(above[found], 75)) if found.any() else 0.0
        found = above > max(strongest / 2, 1.0)
    return found, level


def level(picture: Picture) -> float:
    """The paper's level in a picture of bright ink: the border's where it is of one, else that of the darker pixels."""
    border = ring(picture)
    if border.min() == border.max():
        return float(border[0])
    dark = picture[~_brighter(picture.astype(np.float64))]
    return float(np.median(dark)) if dark.size else float(picture.min())


def ring(picture: NDArray[np.generic]) -> NDArray[np.generic]:
    """The pixels along the border: (n,)."""
    width = max(1, min(picture.shape) // 32)
    inner = slice(width, -width)
    sides = picture[:width], picture[-width:], picture[inner, :width], picture[inner, -width:]
    return np.concatenate([side.ravel() for side in sides])


def _level(values: Values, paper: Mask) -> Values:
    """The paper's level everywhere: its mean around each place, ink left out."""
    from scipy import ndimage

    sigma = AROUND * max(values.shape)
    known = float(np.median(values[paper])) if paper.any() else float(values.min())
    sums = ndimage.gaussian_filter(np.where(paper, values - known, 0), sigma, mode="nearest")
    weights = ndimage.gaussian_filter(paper.astype(np.float64), sigma, mode="nearest")
    level: Values = known + sums / (weights + 1e-3)  # where there is none around, what is usual
    return level


def _against_surroundings(values: Values) -> Values:
    from scipy import ndimage

    away: Values = values - ndimage.gaussian_filter(values, AROUND * max(values.shape), mode="nearest")
    return away


def _is_wide(material: Mask) -> bool:
    """Does it hold a square that no stroke could?"""
    from scipy import ndimage

    side = round(WIDEST_STROKE * max(material.shape))
    if side > min(material.shape):
        return False
    return bool((ndimage.minimum_filter(material.view(np.uint8), side)[side // 2 :, side // 2 :]).any())


def _brighter(values: Values) -> Mask:
    """Above the threshold that parts the values best into two groups (Otsu, IEEE Trans. SMC 9, 1979)."""
    low, high = float(values.min()), float(values.max())
    counts, edges = np.histogram(values, 64, (low, high + 1e-9))
    below = np.cumsum(counts)
    sums = np.cumsum(counts * (edges[:-1] + edges[1:]) / 2)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    best = int(np.nanargmax(between[:-1])) if np.isfinite(between[:-1]).any() else 0
    brighter: Mask = values > edges[best + 1]
    return brighter


def grown(mask: Mask, by: int) -> Mask:
    """`mask` and every pixel within a square of `by` pixels around it."""
    for _ in range(2):  # rows, then columns
        wider = mask.copy()
        for shift in range(1, by + 1):
            wider[shift:] |= mask[:-shift]
            wider[:-shift] |= mask[shift:]
        mask = wider.T
    return mask
