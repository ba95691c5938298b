"""Things laid over the digit, and the digit reduced to its outline: five of MNIST-C's corruptions.

As in `corrupt_pixels`: images float32 (N, 28, 28) in 0 … 1 in and out, not yet clipped.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, label

from exmachina.evaluation.robustness.pixels import Pixels, blur
from exmachina.images import SIDE

CLOUD_SIDE, CLOUDS = 256, 8
MUD = 63 / 255
ROWS, COLUMNS = np.indices((SIDE, SIDE), dtype=np.float32)
ZIGZAG_FROM, ZIGZAG_TO, ZIGZAG_HEIGHT = 2, 25, 2.0
WEAK_EDGE, STRONG_EDGE = 0.1, 0.2  # of Sobel's magnitude, which is 4 per unit step of grey


def fog(images: Pixels, generator: np.random.Generator, density: float, decay: float) -> Pixels:
    """Clouds of `density` times full white before the digit, rescaled so that white stays white."""
    clouds = _clouds(generator, decay)
    which, top, left = (generator.integers(0, high, len(images)) for high in (CLOUDS, CLOUD_SIDE, CLOUD_SIDE))
    rows = (top[:, None] + np.arange(SIDE)) % CLOUD_SIDE
    columns = (left[:, None] + np.arange(SIDE)) % CLOUD_SIDE
    drifting = clouds[which[:, None, None], rows[:, :, None], columns[:, None, :]]
    brightest = images.max(axis=(1, 2), keepdims=True)
    fogged = (images + np.float32(density) * drifting) * brightest / (brightest + np.float32(density))
    return np.asarray(fogged, np.float32)


def spatter(
    images: Pixels,
    generator: np.random.Generator,
    location: float,
    spread: float,
    grain: float,
    level: float,
    softness: float,
) -> Pixels:
    """Drops of dark mud: where noise blurred by `grain` rises over `level`, with edges as soft as `softness`."""
    noise = generator.standard_normal(images.shape, dtype=np.float32) * np.float32(spread) + np.float32(location)
    drops = blur((blur(noise, grain) > level).astype(np.float32), softness)
    drops[drops < 0.8] = 0
    return images * (1 - drops) + np.float32(MUD) * drops


def dotted_line(images: Pixels, generator: np.random.Generator, reach: float) -> Pixels:
    """A straight line from edge to edge, two columns drawn and two left out in turn."""
    start, end = generator.integers(0, SIDE - 1, (2, len(images), 1, 1)).astype(np.float32)
    distance = np.abs(ROWS - (start + (end - start) * COLUMNS / (SIDE - 1)))
    return images + _stroke(distance, reach) * (COLUMNS // 2 % 2)


def zigzag(images: Pixels, generator: np.random.Generator, reach: float) -> Pixels:
    """A zigzag from left to right along a line that may tilt by five rows."""
    start = generator.integers(0, SIDE - 1, (len(images), 1, 1)).astype(np.float32)
    tilt = generator.integers(-5, 5, (len(images), 1, 1)).astype(np.float32)
    angle = np.arctan2(tilt, np.float32(ZIGZAG_TO - ZIGZAG_FROM))
    # Coordinates along the line and across it; the zigzag is a triangle wave there, at ±height, slope ±1.
    down, right = ROWS - start, COLUMNS - ZIGZAG_FROM
    along = right * np.cos(angle) + down * np.sin(angle)
    across = down * np.cos(angle) - right * np.sin(angle)
    phase = (along - ZIGZAG_HEIGHT) % (4 * ZIGZAG_HEIGHT)
    wave = np.abs(phase - 2 * ZIGZAG_HEIGHT) - ZIGZAG_HEIGHT
    drawn = (along >= 0) & (along <= (ZIGZAG_TO - ZIGZAG_FROM) / np.cos(angle))
    return images + _stroke(np.abs(across - wave), reach) * drawn


def canny_edges(images: Pixels, generator: np.random.Generator, sigma: float) -> Pixels:
    """White outlines alone (Canny 1986): ridges of the gradient, weak ones kept where they touch strong ones."""
    smooth = blur(images, sigma)
    down, right = _sobel(smooth, 1, 2), _sobel(smooth, 2, 1)
    strength = np.hypot(down, right)
    ridge = _ridges(strength, down, right)
    within_image = np.zeros((3, 3, 3), np.bool_)
    within_image[1] = True
    edges, count = label(ridge & (strength > WEAK_EDGE), structure=within_image)
    strong = np.zeros(count + 1, np.bool_)
    strong[edges[ridge & (strength > STRONG_EDGE)]] = True
    strong[0] = False
    return np.asarray(strong[edges], np.float32)


def _sobel(images: Pixels, axis: int, other: int) -> Pixels:
    """Sobel's difference along `axis`, averaged along `other`; SciPy's own would average across images too."""
    difference = correlate1d(images, (-1, 0, 1), axis, mode="nearest")
    return np.asarray(correlate1d(difference, (1, 2, 1), other, mode="nearest"), np.float32)


def _ridges(strength: Pixels, down: Pixels, right: Pixels) -> NDArray[np.bool_]:
    """Pixels at least as strong as both neighbours along the gradient, in the nearest of its four directions."""
    padded = np.pad(strength, ((0, 0), (1, 1), (1, 1)))
    direction = np.round(np.arctan2(down, right) / (np.pi / 4)).astype(np.int8) % 4
    ridge = np.zeros(strength.shape, np.bool_)
    for index, (dy, dx) in enumerate(((0, 1), (1, 1), (1, 0), (1, -1))):
        ahead = padded[:, 1 + dy : SIDE + 1 + dy, 1 + dx : SIDE + 1 + dx]
        behind = padded[:, 1 - dy : SIDE + 1 - dy, 1 - dx : SIDE + 1 - dx]
        # Of two equal neighbours only one may stay, or a symmetric stroke's outline would be two pixels wide.
        ridge |= (direction == index) & (strength >= ahead) & (strength > behind)
    return ridge


def _stroke(distance: NDArray[np.float32], reach: float) -> NDArray[np.float32]:
    """Ink that fades with the vertical distance from the pen: 1 + ln(1 − d / reach), not below 0."""
    return np.asarray(
        np.maximum(1 + np.log1p(-np.minimum(distance / np.float32(reach), np.float32(0.99))), 0), np.float32
    )


def _clouds(generator: np.random.Generator, decay: float) -> NDArray[np.float32]:
    """Random clouds (8, 256, 256) in 0 … 1, the detail of each octave `decay` times fainter than the last.

    Such a fractal has a spectrum f^−(1 + log2 decay); the clouds wrap around at their edges.
    """
    frequency = np.hypot(np.fft.fftfreq(CLOUD_SIDE)[:, None] * CLOUD_SIDE, np.fft.rfftfreq(CLOUD_SIDE) * CLOUD_SIDE)
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(generator.standard_normal((CLOUDS, CLOUD_SIDE, CLOUD_SIDE)))
    clouds = np.fft.irfft2(spectrum * frequency ** -(1 + np.log2(decay)), s=(CLOUD_SIDE, CLOUD_SIDE))
    clouds -= clouds.min(axis=(1, 2), keepdims=True)
    return np.asarray(clouds / clouds.max(axis=(1, 2), keepdims=True), np.float32)
