"""Noise, blur, light and geometry: ten of MNIST-C's corruptions.

Each function takes images float32 (N, 28, 28) in 0 … 1, a generator and its severity's parameters, and returns
new images of the same kind, not yet clipped.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_array

from exmachina.evaluation.affine import (
    IDENTITY,
    Matrix,
    apply,
    bilinear,
    rotation,
    scaling,
    shear,
    warp,
)
from exmachina.images import SIDE

Pixels = NDArray[np.float32]
BLUR_ANGLES = tuple(range(-45, 46, 3))  # degrees


def shot_noise(images: Pixels, generator: np.random.Generator, photons: float) -> Pixels:
    """As few as `photons` light quanta make full white; their number is Poisson's."""
    noisy = np.zeros_like(images)
    lit = images > 0
    noisy[lit] = generator.poisson(images[lit] * photons) / photons
    return noisy


def impulse_noise(images: Pixels, generator: np.random.Generator, share: float) -> Pixels:
    """A `share` of the pixels turn black or white, half and half."""
    dice = generator.random(images.shape, dtype=np.float32)
    return np.where(dice < share, (dice < share / 2).astype(np.float32), images)


def glass_blur(images: Pixels, generator: np.random.Generator, sigma: float, reach: int, rounds: int) -> Pixels:
    """Frosted glass: blur, let pixels trade places with near ones, blur again."""
    n = len(images)
    pixels = np.ascontiguousarray(blur(images, sigma).reshape(n, -1).T)  # (784, N): a pixel of every image is a row
    every = np.arange(n)
    places = np.arange(SIDE - reach, reach, -1)
    for _ in range(rounds):
        for row in places:
            for column in places:
                down, right = generator.integers(-reach, reach, (2, n))
                trades = generator.random(n, dtype=np.float32) < 0.5
                here = row * SIDE + column
                there = np.where(trades, here + down * SIDE + right, here)
                mine = pixels[here].copy()
                pixels[here] = pixels[there, every]
                pixels[there, every] = mine
    return blur(pixels.T.reshape(images.shape), sigma)


def motion_blur(images: Pixels, generator: np.random.Generator, radius: int, sigma: float) -> Pixels:
    """The pen moves while the shutter is open: a fading trail, within 45° of the horizontal."""
    blurred = np.empty_like(images)
    chosen = generator.integers(0, len(BLUR_ANGLES), len(images))
    for index, angle in enumerate(BLUR_ANGLES):
        members = chosen == index
        if members.any():
            blurred[members] = apply(_trail(angle, radius, sigma), images[members])
    return blurred


def sheared(images: Pixels, generator: np.random.Generator, angle: float) -> Pixels:
    """Leaning by `angle` radians to the left or to the right."""
    return _either(images, generator, shear(angle), shear(-angle))


def scaled(images: Pixels, generator: np.random.Generator, factor: float) -> Pixels:
    """Shrunk about the centre; nothing is drawn by lot."""
    return warp(images, scaling(factor))


def rotated(images: Pixels, generator: np.random.Generator, angle: float) -> Pixels:
    """Turned by `angle` radians one way or the other."""
    return _either(images, generator, rotation(angle), rotation(-angle))


def translated(images: Pixels, generator: np.random.Generator, distance: int) -> Pixels:
    """Moved by `distance` pixels towards one of the four corners."""
    moved = np.empty_like(images)
    chosen = generator.integers(0, 4, len(images))
    for index, (down, right) in enumerate(((-1, -1), (-1, 1), (1, -1), (1, 1))):
        members = chosen == index
        moved[members] = warp(images[members], IDENTITY, (down * distance, right * distance))
    return moved


def brightness(images: Pixels, generator: np.random.Generator, amount: float) -> Pixels:
    """`amount` of white over everything, paper and ink."""
    return images + np.float32(amount)


def stripe(images: Pixels, generator: np.random.Generator, width: int) -> Pixels:
    """The outer `width` columns on both sides become their own negative."""
    striped = images.copy()
    striped[:, :, :width] = 1 - images[:, :, :width]
    striped[:, :, SIDE - width :] = 1 - images[:, :, SIDE - width :]
    return striped


def blur(images: Pixels, sigma: float) -> Pixels:
    """Gaussian blur of every image by itself; `sigma` in pixels."""
    return np.asarray(gaussian_filter(images, sigma=(0, sigma, sigma), mode="nearest"), np.float32)


def _either(images: Pixels, generator: np.random.Generator, first: Matrix, second: Matrix) -> Pixels:
    """Each image warped by one of two matrices, as a coin falls."""
    warped = np.empty_like(images)
    heads = generator.random(len(images)) < 0.5
    warped[heads], warped[~heads] = warp(images[heads], first), warp(images[~heads], second)
    return warped


@lru_cache(maxsize=256)
def _trail(angle: int, radius: int, sigma: float) -> csr_array:
    """Weights of a half-Gaussian trail of 2 · radius + 1 points, a pixel apart, at `angle` degrees."""
    steps = np.arange(2 * radius + 1)
    fading = np.exp(-(steps**2) / (2 * sigma**2))
    fading /= fading.sum()
    down, right = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    return bilinear([(IDENTITY, (-t * down, -t * right), float(w)) for t, w in zip(steps, fading, strict=True)])
