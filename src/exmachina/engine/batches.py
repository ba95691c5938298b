"""What a seed decides about batches: their order, and how each image is changed before it is learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from exmachina.engine.interface import halves
from exmachina.engine.loading import library

CHANGES = 12  # numbers that the engine reads, as many as `Augmentation.numbers` gives


def shuffled_order(count: int, seed: int, epoch: int) -> NDArray[np.int32]:
    """The numbers 0 … count - 1 in the order of epoch `epoch` (from 0), the same on every machine."""
    engine = library()
    order: NDArray[np.int32] = engine.zeros(count, np.int32)
    engine.call("shuffle", engine.address(order), count, *halves(seed), epoch)
    return order


def augmented(pixels: NDArray[np.float32], changes: Sequence[float], seed: int, step: int) -> NDArray[np.float32]:
    """Images (N, H, W) from 0 to 1 as a model would see them as the batch of step `step`.

    `changes` are the twelve numbers of `Augmentation.numbers`.
    """
    engine = library()
    if len(changes) != CHANGES:
        raise ValueError(f"{CHANGES} numbers say how images are changed, not {len(changes)}.")
    count, height, width = pixels.shape
    source = engine.place(np.asarray(pixels, np.float32))
    numbers = engine.place(np.array(changes, np.float32))
    result: NDArray[np.float32] = engine.zeros(pixels.shape, np.float32)
    scratch = engine.zeros(engine.call("augment_scratch", height, width), np.float32)
    arrays = [engine.address(array) for array in (scratch, result)]
    engine.call(
        "augment", engine.address(source), count, height, width, engine.address(numbers), *halves(seed), step, *arrays
    )
    return result
