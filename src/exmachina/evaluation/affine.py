"""Turn, shear, scale and shift many images at once.

An affine warp with bilinear sampling is linear in the pixels: one sparse matrix (784, 784) of four weights a row
does it to every image in one product.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from exmachina.images import SIDE

CENTRE = (SIDE - 1) / 2
Matrix = tuple[tuple[float, float], tuple[float, float]]  # acts on (row, column) about the image's centre

IDENTITY: Matrix = ((1.0, 0.0), (0.0, 1.0))


def rotation(angle: float) -> Matrix:
    """Turn the digit anticlockwise by `angle` radians."""
    cosine, sine = math.cos(angle), math.sin(angle)
    return ((cosine, sine), (-sine, cosine))


def shear(angle: float) -> Matrix:
    """Lean the digit's vertical axis by `angle` radians; the axis keeps its length."""
    return ((math.cos(angle), 0.0), (math.sin(angle), 1.0))


def scaling(factor: float) -> Matrix:
    """Make the digit `factor` times as large."""
    return ((1 / factor, 0.0), (0.0, 1 / factor))


def warp(images: NDArray[np.float32], matrix: Matrix, shift: tuple[float, float] = (0.0, 0.0)) -> NDArray[np.float32]:
    """Images (N, 28, 28) whose pixel at p shows what was at `matrix` · (p − centre − shift) + centre.

    `shift` is (down, right) in pixels. Outside the image all is black.
    """
    return apply(sampling(matrix, shift), images)


def apply(weights: csr_array, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every output pixel as the weighted sum of input pixels; weights (784, 784), images (N, 28, 28)."""
    columns = np.ascontiguousarray(images.reshape(len(images), SIDE**2).T)  # (784, N)
    return np.ascontiguousarray((weights @ columns).T).reshape(images.shape)


@lru_cache(maxsize=256)
def sampling(matrix: Matrix, shift: tuple[float, float] = (0.0, 0.0)) -> csr_array:
    """The weights of one bilinear warp."""
    return bilinear([(matrix, shift, 1.0)])


def bilinear(parts: list[tuple[Matrix, tuple[float, float], float]]) -> csr_array:
    """The weights of a sum of warps, each given as (matrix, shift, weight of the warp)."""
    rows, columns = np.indices((SIDE, SIDE), dtype=np.float64).reshape(2, -1) - CENTRE
    entries: list[NDArray[np.float64]] = []
    for ((a, b), (c, d)), (down, right), weight in parts:
        y, x = rows - down, columns - right
        row, column = a * y + b * x + CENTRE, c * y + d * x + CENTRE
        top, left = np.floor(row), np.floor(column)
        for r, row_weight in ((top, top + 1 - row), (top + 1, row - top)):
            for k, column_weight in ((left, left + 1 - column), (left + 1, column - left)):
                inside = (r >= 0) & (r < SIDE) & (k >= 0) & (k < SIDE)
                share = weight * row_weight * column_weight * inside
                entries.append(np.stack([np.arange(SIDE**2), np.where(inside, r * SIDE + k, 0), share]))
    output, source, value = np.concatenate(entries, axis=1)
    kept = value != 0
    index = (output[kept].astype(np.int32), source[kept].astype(np.int32))
    return csr_array((value[kept].astype(np.float32), index), shape=(SIDE**2, SIDE**2))
