"""The engine's random numbers written out a second time, in NumPy: see engine/random.h."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WEIGHTS, ORDER, DROPOUT = 1, 2, 3
MASK = (1 << 64) - 1


def mix_64(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def bits(seed: int, purpose: int, a: int, b: int, numbers: NDArray[np.integer]) -> NDArray[np.uint32]:
    """32 random bits for each of `numbers` of a stream."""
    key = mix_64((seed + 0x9E3779B97F4A7C15) & MASK)
    key = mix_64(key ^ (purpose << 32 | a))
    key = mix_64(key ^ b)
    factor, offset = np.uint32(key & 0xFFFFFFFF | 1), np.uint32(key >> 32)
    x = numbers.astype(np.uint32) * factor + offset
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def uniform(seed: int, purpose: int, a: int, b: int, count: int) -> NDArray[np.float32]:
    """Numbers from 0 to 1 (exclusive), the first `count` of a stream."""
    return (bits(seed, purpose, a, b, np.arange(count)) >> np.uint32(8)).astype(np.float32) / np.float32(1 << 24)


def order(count: int, seed: int, epoch: int) -> list[int]:
    """Fisher and Yates' shuffle of 0 … count - 1."""
    drawn = bits(seed, ORDER, epoch, 0, np.arange(count)).tolist()
    numbers = list(range(count))
    for i in range(count - 1, 0, -1):
        j = (drawn[i] * (i + 1)) >> 32
        numbers[i], numbers[j] = numbers[j], numbers[i]
    return numbers


def kept(shape: tuple[int, ...], rate: float, seed: int, step: int, layer: int) -> NDArray[np.bool_]:
    """Which values of a batch (N, C, H, W) or (N, units) dropout keeps."""
    images, channels, *map_shape = shape
    numbers = np.arange(channels * int(np.prod(map_shape)))  # place by place, channels innermost
    threshold = int(np.float32(rate) * np.float32(2147483648))
    rows = [bits(seed, DROPOUT, step, layer << 24 ^ image, numbers) >> np.uint32(1) for image in range(images)]
    whole = np.stack(rows).reshape(images, *map_shape, channels) >= threshold
    return np.moveaxis(whole, -1, 1)
