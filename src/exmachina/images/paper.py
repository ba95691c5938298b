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

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]

SMALLEST, LARGEST = 100, 200  # longer side, in pixels, of the copy that is judged
WIDEST_STROKE = 0.3  # of the longer side: what holds a square of that size is no ink
MOST_AROUND = 2 / 3  # of the border: what covers more is no digit
FAINT = 0.3  # of the way from paper to strong ink: less is paper
WHOLE_SIDE = 0.9  # of a side: what runs along more than two is paper
AT_BORDER = 1 / 4  # of the border: strokes that do not fill their picture cover less
BLUR = 3  # pixels beside a border of two materials
TWO_MATERIALS, UNEVEN_LIGHT = 0.002, 0.1  # of the picture is uneven: at most, with ink and paper alone; at least
AROUND = 1 / 12  # of the longer side: how far around a place its light is asked for
QUADRATIC = np.array([[0, 0, 1, 0, 1, 2], [0, 1, 0, 2, 1, 0]])  # powers of y and of x in 1, x, y, x², xy, y²
UNTHREADED = 2**18  # multiplications that OpenBLAS does on one thread
FINEST = 64  # steps per level of 255: the paper is no surer, and every language rounds to the same


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
    uneven = _uneven(values, bright)
    if uneven < UNEVEN_LIGHT and _fills(bright) != _fills(~bright):
        return not _fills(bright)
    if uneven <= TWO_MATERIALS:
        return float(ring(bright).mean()) + float(bright.mean()) > 1
    return float((_against_surroundings(values) ** 3).sum()) < 0


def ink(copy: Picture, blur: int = 2) -> tuple[Mask, Values]:
    """Which pixels of a judged copy, bright on dark, are ink, and the paper's level everywhere: both (h, w).

    `blur` is how many pixels beside ink are neither.
    """
    values = copy.astype(np.float64)
    found = brighter(values)
    if _is_wide(found) and not _fills(found) and not (_is_inside(found) and _uneven(values, found) <= TWO_MATERIALS):
        level = _opened(values)
        found = brighter(values - level)
    else:
        for _ in range(3):
            before, level = found, _level(values, ~grown(found, blur))
            found = brighter(values - level)
            if (found == before).all():
                break
    above = values - level
    strength = _strength(above, found)
    noise = deviation(above[~grown(found, blur)])
    return above > np.clip(5 * noise, FAINT * strength, strength / 2), level


def level(picture: Picture) -> float:
    """The paper's level in a picture of bright ink: the border's where it is of one, else that of the darker pixels."""
    border = ring(picture)
    if border.min() == border.max():
        return float(border[0])
    dark = picture[~brighter(picture.astype(np.float64))]
    return float(np.median(dark)) if dark.size else float(picture.min())


def ring(picture: NDArray[np.generic]) -> NDArray[np.generic]:
    """The pixels along the border: (n,)."""
    width = ring_width(*picture.shape)
    inner = slice(width, -width)
    sides = picture[:width], picture[-width:], picture[inner, :width], picture[inner, -width:]
    return np.concatenate([side.ravel() for side in sides])


def ring_width(height: int, width: int) -> int:
    """Pixels that the border of a picture is wide."""
    return max(1, min(height, width) // 32)


def deviation(values: NDArray[np.generic]) -> float:
    """The standard deviation that the median absolute deviation stands for; 0 of nothing."""
    some = sample(values)
    return 1.4826 * float(np.median(np.abs(some - np.median(some)))) if some.size else 0.0


def sample(values: NDArray[np.generic]) -> Values:
    """Some 20,000 of the values, evenly spread: (n,)."""
    return values.ravel()[:: max(1, values.size // 20_000)].astype(np.float64)


def _strength(above: Values, found: Mask) -> float:
    """How far strong ink is above its paper, at least a level."""
    return max(2.0, float(np.percentile(above[found], 75))) if found.any() else 2.0


def _opened(values: Values) -> Values:
    """The paper's level under light and shade: what is left when everything as narrow as a stroke is taken away."""
    from scipy import ndimage

    window = max(3, max(values.shape) // 6)
    smooth = ndimage.median_filter(values, 3)
    beyond = np.pad(smooth, window, mode="reflect", reflect_type="odd")  # light goes on as it fell at the border
    level = ndimage.grey_opening(beyond, size=(window, window))[window:-window, window:-window]
    return _stepped(ndimage.gaussian_filter(level, 1.5, mode="nearest"))


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
    rows, columns = (_blur(length, sigma) for length in values.shape)
    return _product(columns, _product(rows, values).T).T


@lru_cache(maxsize=16)
def _blur(length: int, sigma: float) -> Values:
    """The weights with which `length` pixels go into each of them: (length, length)."""
    reach = int(4 * sigma + 0.5)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 / sigma**2 * offsets**2)
    places = np.clip(np.arange(length)[:, None] + offsets, 0, length - 1)  # beyond the border it goes on as it ends
    weights = np.zeros((length, length))
    np.add.at(weights, (np.arange(length)[:, None], places), kernel / kernel.sum())
    return weights


def _product(a: Values, b: Values) -> Values:
    """a @ b in parts so small that BLAS starts no threads, whose waiting for each other would cost far more."""
    rows = max(1, UNTHREADED // b.size)
    return np.concatenate([a[start : start + rows] @ b for start in range(0, len(a), rows)])


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
    from scipy import ndimage

    away: Values = values - ndimage.gaussian_filter(values, AROUND * max(values.shape), mode="nearest")
    return away


def _is_wide(material: Mask) -> bool:
    """Does it hold a square that no stroke could?"""
    from scipy import ndimage

    side = int(WIDEST_STROKE * max(material.shape) + 0.5)
    if side > min(material.shape):
        return False
    least = ndimage.minimum_filter(material.view(np.uint8), side)
    height, width = (length - (side - 1) // 2 for length in material.shape)
    return bool(least[side // 2 : height, side // 2 : width].any())


def _is_inside(found: Mask) -> bool:
    """Does it leave the corners and most of the border free? Strokes do that reach some sides alone, shadows do not."""
    return not found[[0, 0, -1, -1], [0, -1, 0, -1]].any() and float(ring(found).mean()) < AT_BORDER


def _uneven(values: Values, bright: Mask) -> float:
    """The share of the picture that is neither as one half's middle nor as the other's; 1 if one half is nowhere whole.

    Next to nothing where there are two materials, ink and paper; under light and shade there are three and more. Pixels
    near the border of the two are blur and are not asked.
    """
    sides = [side & ~grown(~side, BLUR) for side in (bright, ~bright)]
    if not all(side.any() for side in sides):
        return 1.0
    levels = [float(np.median(values[side])) for side in sides]
    most = FAINT * abs(levels[0] - levels[1])
    away = sum(int((np.abs(values[side] - level) > most).sum()) for side, level in zip(sides, levels, strict=True))
    return away / values.size


def _fills(found: Mask) -> bool:
    """Does it come near every side of the picture in few places, and cover few corners? So do strokes in a tight cut.

    However wide they are, they are then ink. A shadow at every side covers three corners, paper most of the border, and
    what squares leave free comes near each side many times.
    """
    near = max(found.shape) // 16
    along = [float(side.mean()) for side in _sides(found, min(near, min(found.shape) // 8))]
    places = [int((side & ~np.pad(side, (1, 0))[:-1]).sum()) for side in _sides(found, near)]
    corners = int(found[[0, 0, -1, -1], [0, -1, 0, -1]].sum())
    few = min(places) > 0 and max(places) <= 3 and corners <= 2 and sum(one > WHOLE_SIDE for one in along) <= 2
    return few and float(ring(found).mean()) < MOST_AROUND


def _sides(found: Mask, near: int) -> list[Mask]:
    """Where along the four sides it comes as near as `near` pixels."""
    near = max(1, near)
    bands = found[:near], found[-near:], found[:, :near].T, found[:, -near:].T
    return [np.asarray(band.any(axis=0)) for band in bands]


def brighter(values: Values) -> Mask:
    """Above the threshold that parts the values best into two groups (Otsu, IEEE Trans. SMC 9, 1979).

    Values are in steps of 1 / 64.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.zeros(values.shape, bool)
    edges = np.linspace(low, high + 1e-9, 65)
    steps = ((values - low) * FINEST).astype(np.intp).ravel()  # whole: pixels are, and `_stepped` levels
    first = np.ceil((edges - low) * FINEST).astype(np.intp)  # step in each of the 64 groups
    of_steps = np.bincount(steps, minlength=first[-1] + 1)
    counts = np.add.reduceat(of_steps, first[:-1])
    counts[first[:-1] == first[1:]] = 0
    below = np.cumsum(counts)
    sums = np.cumsum(counts * (edges[:-1] + edges[1:]) / 2)
    above = below[-1] - below
    between = below[:-1] * above[:-1] * (sums[:-1] / below[:-1] - (sums[-1] - sums[:-1]) / above[:-1]) ** 2
    best = int(between.argmax())
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
