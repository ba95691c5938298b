"""Paper and ink: which pixels of a picture are which, however the light falls on it and however tightly it was cut.

A digit that fills its picture is judged like a drawing in the middle of a page: nothing says in advance that the border
is paper, or how much ink there is. All of it happens on a copy of one size, so that a picture is judged alike however
many pixels it came with.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from exmachina.images.materials import (
    FAINT,
    FINEST,
    Mask,
    Picture,
    Values,
    boxes,
    brighter,
    fills,
    grown,
    is_inside,
    is_wide,
    ring,
    uneven,
)

SMALLEST, LARGEST = 100, 200  # longer side, in pixels, of the copy that is judged
PEAK = 12  # pixels: the fewest that a digit's strokes have
FAR_ABOVE = 3  # times as far as most of what was found: more is ink on it
STRONGER = 1.5  # times as far above their paper: narrow strokes that were overlooked
WIDE, NARROW = 6, 12  # windows in the longer side, each wider than a stroke: of any digit, of a small one
TWO_MATERIALS, UNEVEN_LIGHT = 0.002, 0.1  # of the picture is uneven: at most, with ink and paper alone; at least
AROUND = 1 / 12  # of the longer side: how far around a place its light is asked for
QUADRATIC = np.array([[0, 0, 1, 0, 1, 2], [0, 1, 0, 2, 1, 0]])  # powers of y and of x in 1, x, y, x², xy, y²
UNTHREADED = 2**18  # multiplications that OpenBLAS does on one thread


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

    In a tight cut the ink alone reaches every side. Where there are no more than two materials, ink has less of the
    border and of the whole. Under light and shade it stands out further against its surroundings than paper does.
    """
    values = copy.astype(np.float64)
    bright = brighter(values)
    apart = uneven(values, bright)
    if apart < UNEVEN_LIGHT and fills(bright) != fills(~bright):
        return not fills(bright)
    if apart <= TWO_MATERIALS:
        return float(ring(bright).mean()) + float(bright.mean()) > 1
    against = _against_surroundings(values)
    return float((against * against * against).sum()) < 0  # `** 3` takes fifty times as long


def ink(copy: Picture, blur: int = 2) -> tuple[Mask, Values]:
    """Which pixels of a judged copy, bright on dark, are ink, and the paper's level everywhere: both (h, w).

    `blur` is how many pixels beside ink are neither.
    """
    from scipy import ndimage

    values, smooth = copy.astype(np.float64), median(copy)
    mask = brighter(values)
    if is_wide(mask) and not fills(mask) and not (is_inside(mask) and uneven(values, mask) <= TWO_MATERIALS):
        level = _stepped(ndimage.gaussian_filter(_opened(smooth, WIDE), 1.5, mode="nearest"))
        mask = brighter(values - level)
    else:
        for _ in range(3):
            before, level = mask, _level(values, ~grown(mask, blur))
            mask = brighter(values - level)
            if (mask == before).all():
                break
    fine = values - _opened(smooth, NARROW)
    narrow = _strongest(fine, brighter(fine))
    if _strength(fine, narrow) > STRONGER * _strength(values - level, mask):
        level = _level(values, ~grown(narrow, blur))
        mask = _strongest(values - level, brighter(values - level))
    above = values - level
    strength = _strength(above, mask)
    noise = deviation(above[~grown(mask, blur)])
    return above > np.clip(5 * noise, FAINT * strength, strength / 2), level


def level(picture: Picture) -> float:
    """The paper's level in a picture of bright ink: the border's where it is of one, else that of the darker pixels."""
    border = ring(picture)
    if border.min() == border.max():
        return float(border[0])
    dark = picture[~brighter(picture.astype(np.float64))]
    return float(np.median(dark)) if dark.size else float(picture.min())


def deviation(values: NDArray[np.generic]) -> float:
    """The standard deviation that the median absolute deviation stands for; 0 of nothing."""
    some = sample(values)
    return 1.4826 * float(np.median(np.abs(some - np.median(some)))) if some.size else 0.0


def upper_quartile(values: Values) -> float:
    """What `np.percentile(values, 75)` says, in a fifth of the time that it takes of as few values as ink has: (n,)."""
    place = 0.75 * (values.size - 1)
    below, part = int(place), place % 1
    low, high = (float(value) for value in np.sort(values)[[below, min(below + 1, values.size - 1)]])
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)  # rounded as NumPy does


def sample(values: NDArray[np.generic]) -> Values:
    """Some 20,000 of the values, evenly spread: (n,)."""
    return values.ravel()[:: max(1, values.size // 20_000)].astype(np.float64)


def _strongest(above: Values, mask: Mask) -> Mask:
    """What is left of `mask` without light and shade that were taken for ink, as small ink far away lets it happen.

    The strongest few pixels are then several times as far above their paper as most of what was found.
    """
    # No less than what the maxima along the shorter side have in its place, which spares most pixels the sorting.
    least = np.sort(above.max(axis=int(np.argmin(above.shape))))[-PEAK]
    peak = float(np.sort(above[above >= least])[-PEAK])
    while mask.any() and peak > FAR_ABOVE * _strength(above, mask):
        less = mask.copy()
        less[mask] = brighter(above[mask])
        if (less == mask).all():
            break
        mask = less
    return mask


def _strength(above: Values, mask: Mask) -> float:
    """How far strong ink is above its paper, at least a level."""
    return max(2.0, upper_quartile(above[mask])) if mask.any() else 2.0


def _opened(smooth: Picture, across: int) -> Values:
    """The paper's level under light and shade: what is left when everything as narrow as a stroke is taken away."""
    window = max(3, max(smooth.shape) // across)
    # Light goes on as it fell at the border.
    level = np.pad(smooth.astype(np.int16), window - 1, mode="reflect", reflect_type="odd")
    for join in (np.minimum, np.maximum):
        level = boxes(level, window, join)
    return np.asarray(level, np.float64)


def median(picture: Picture) -> Picture:
    """The median of the nine pixels around each, of three sorted columns; the border goes on as it ends."""
    beyond = np.pad(picture, 1, mode="edge")
    low, middle, high = _sorted(beyond[:-2], beyond[1:-1], beyond[2:])
    thirds = [_sorted(one[:, :-2], one[:, 1:-1], one[:, 2:]) for one in (low, middle, high)]
    return _sorted(thirds[0][2], thirds[1][1], thirds[2][0])[1]


def _sorted(a: Picture, b: Picture, c: Picture) -> tuple[Picture, Picture, Picture]:
    """The least, the middle and the greatest of three at each place."""
    less, more = np.minimum(a, b), np.maximum(a, b)
    rest = np.minimum(more, c)
    return np.minimum(less, c), np.maximum(less, rest), np.maximum(more, c)


def _level(values: Values, paper: Mask) -> Values:
    """The paper's level everywhere: its mean around each place, ink left out.

    Where ink is all around, it is what a quadratic surface through all of the paper says, as light falls off smoothly.
    """
    surface, known = _surface(values, paper), paper.astype(np.float64)
    sigma = AROUND * max(values.shape)
    sums, weights = _blurred((values - surface) * known, sigma), _blurred(known, sigma)
    return _stepped(surface + sums / (weights + 1e-3))


def _blurred(values: Values, sigma: float) -> Values:
    """What `scipy.ndimage.gaussian_filter` does with mode "nearest"; with kernels this wide in a fifth of its time."""
    reach = int(4 * sigma + 0.5)
    rows, columns = (_blur(length, sigma, reach) for length in values.shape)
    return _product(columns, _product(rows, values, reach).T, reach).T


@lru_cache(maxsize=16)
def _blur(length: int, sigma: float, reach: int) -> Values:
    """The weights with which `length` pixels go into each of them: (length, length)."""
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 / sigma**2 * offsets**2)
    places = np.clip(np.arange(length)[:, None] + offsets, 0, length - 1)  # beyond the border it goes on as it ends
    weights = np.zeros((length, length))
    np.add.at(weights, (np.arange(length)[:, None], places), kernel / kernel.sum())
    return weights


def _product(a: Values, b: Values, reach: int) -> Values:
    """a @ b in parts so small that BLAS starts no threads, whose waiting for each other would cost far more.

    Farther than `reach` from its diagonal `a` is 0, and left out.
    """
    rows = max(1, UNTHREADED // b.size)
    parts = []
    for start in range(0, len(a), rows):
        near = slice(max(0, start - reach), start + rows + reach)
        parts.append(a[start : start + rows, near] @ b[near])
    return np.concatenate(parts)


def _stepped(level: Values) -> Values:
    """In steps of 1 / 64: with them, what lies exactly on a threshold does so in any order of summation."""
    stepped: Values = np.floor(level * FINEST + 0.5) / FINEST
    return stepped


def _surface(values: Values, paper: Mask) -> Values:
    """The quadratic surface nearest to the paper, within the levels that paper has."""
    if not paper.any():
        return np.full_like(values, values.min())
    rows, columns = (_powers(length, max(values.shape)) for length in values.shape)  # (5, h), (5, w)
    moments = rows @ paper @ columns.T  # over the paper, of y^i x^j at [i, j]
    targets = rows[:3] @ (values * paper) @ columns[:3].T
    y, x = QUADRATIC
    normal = moments[y[:, None] + y, x[:, None] + x]
    solved = np.zeros((3, 3))
    solved[y, x] = np.linalg.solve(normal + 1e-3 * np.eye(6), targets[y, x])
    surface: Values = rows[:3].T @ solved @ columns[:3]
    return surface


@lru_cache(maxsize=16)
def _powers(length: int, longer: int) -> Values:
    """Powers 0 to 4 of the pixels' places along a side, from -1/2 to 1/2 along the longer one: (5, length)."""
    return ((np.arange(length) + 0.5) / longer - 0.5) ** np.arange(5)[:, None]


def _against_surroundings(values: Values) -> Values:
    return values - _blurred(values, AROUND * max(values.shape))
