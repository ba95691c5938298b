"""MNIST, loaded once, and what a first look at it should show."""

from __future__ import annotations

import base64
import threading
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from exmachina.data import Dataset, load_mnist_split

Part = Literal["train", "test"]
PARTS: tuple[Part, ...] = ("train", "test")
COUNTS: dict[Part, int] = {"train": 60_000, "test": 10_000}
STRANGEST = 12  # of each digit
BLOCK = 5000
_lock = threading.Lock()


def part(name: Part) -> Dataset:
    """A part of MNIST, loaded once. Safe to call from any thread."""
    with _lock:
        return _load(name)


@lru_cache(2)
def _load(name: Part) -> Dataset:
    return load_mnist_split(name)


@lru_cache(1)
def summary() -> dict[str, Any]:
    """Counts and mean images of both parts, and the training images most like another digit's average."""
    parts: dict[str, Any] = {}
    for name in PARTS:
        data = part(name)
        means = mean_images(data)
        parts[name] = {
            "n": len(data),
            "counts": np.bincount(data.labels, minlength=10).tolist(),
            "mean_images": base64.b64encode(np.rint(means).astype(np.uint8).tobytes()).decode(),
        }
    train = part("train")
    return {**parts, "strangest": strangest(train, mean_images(train))}


def mean_images(data: Dataset) -> NDArray[np.float64]:
    """The average image (10, 784) of every digit."""
    flat = data.images.reshape(len(data), -1)
    return np.stack([flat[data.labels == digit].mean(axis=0) for digit in range(10)])


def strangest(data: Dataset, means: NDArray[np.float64]) -> dict[str, list[int]]:
    """For each digit, the images whose own average is furthest away compared with the nearest other average."""
    margins = np.empty(len(data))
    squares = (means**2).sum(axis=1)
    for start in range(0, len(data), BLOCK):  # in blocks: the whole set as floats would be 188 MB
        block = data.images[start : start + BLOCK].reshape(-1, 784).astype(np.float32)
        # |x − m|² without |x|², which is the same for every m; (N, 10)
        distances = squares - 2 * block @ means.T.astype(np.float32)
        rows, labels = np.arange(len(block)), data.labels[start : start + BLOCK]
        own = distances[rows, labels].copy()
        distances[rows, labels] = np.inf
        margins[start : start + BLOCK] = own - distances.min(axis=1)
    chosen = {}
    for digit in range(10):
        members = np.flatnonzero(data.labels == digit)
        chosen[str(digit)] = members[np.argsort(-margins[members])[:STRANGEST]].tolist()
    return chosen
