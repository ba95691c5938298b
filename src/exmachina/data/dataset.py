"""Labelled images in memory, and the ways to look at them that a network needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError, check_number
from exmachina.images import SIDE


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images uint8 (N, 28, 28), white ink on black, and their labels uint8 (N,), each below `classes`."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    name: str = "digits"
    classes: int = 10

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE) or images.dtype != np.uint8:
            raise InputError(f"'{self.name}': images must be uint8 (N, 28, 28), not {images.dtype} {images.shape}.")
        if labels.shape != (len(images),) or labels.dtype != np.uint8:
            raise InputError(
                f"'{self.name}': {len(images)} images need as many uint8 labels, not {labels.dtype} {labels.shape}."
            )
        check_number(f"'{self.name}': classes", self.classes, 1, 256)
        if len(labels) and labels.max() >= self.classes:
            raise InputError(f"'{self.name}': label {labels.max()} is not a class from 0 to {self.classes - 1}.")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: slice | NDArray[np.integer] | NDArray[np.bool_] | list[int]) -> Dataset:
        """A part of the data set, by slice, indices or mask; for one image say `dataset.images[i]`."""
        return Dataset(self.images[index], self.labels[index], self.name, self.classes)


@dataclass(frozen=True)
class Split:
    """Training and validation parts of one data set, with the indices that went into each."""

    train: Dataset
    validation: Dataset
    train_indices: NDArray[np.int64] = field(repr=False)
    validation_indices: NDArray[np.int64] = field(repr=False)


def split(dataset: Dataset, validation: int, *, seed: int = 0) -> Split:
    """Hold out `validation` random images, the same ones for the same seed.

    Recipes are chosen on the validation part; the test set only reports. Raises `InputError` if nothing would be left.
    """
    if not 0 <= validation < len(dataset):
        raise InputError(f"Cannot hold out {validation} of {len(dataset)} images; choose from 0 to {len(dataset) - 1}.")
    check_number("seed", seed, 0, 2**63 - 1)
    order = np.random.default_rng(seed).permutation(len(dataset))
    held_out, kept = np.sort(order[:validation]), np.sort(order[validation:])
    return Split(dataset[kept], dataset[held_out], kept, held_out)


def scale(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pixels 0 … 255 as numbers from 0 to 1, any shape."""
    return np.asarray(images, np.float32) / np.float32(255)


def with_channels(
    images: NDArray[np.generic], order: Literal["channels_first", "channels_last"] = "channels_first"
) -> NDArray[np.generic]:
    """A view of (N, H, W) images with their one channel written out: (N, 1, H, W) or (N, H, W, 1).

    Raises `InputError` for another order.
    """
    if order == "channels_first":
        return images[:, None]
    if order == "channels_last":
        return images[..., None]
    raise InputError(f"Unknown channel order '{order}'. Choose channels_first or channels_last.")


def one_hot(labels: NDArray[np.integer], classes: int = 10) -> NDArray[np.float32]:
    """Labels (N,) as vectors (N, classes) that are 1 at the label and 0 elsewhere.

    Raises `InputError` for labels that are no whole numbers from 0 to `classes` - 1.
    """
    labels = np.asarray(labels)
    if labels.size and labels.dtype.kind not in "iu":
        raise InputError(f"Labels must be whole numbers, not {labels.dtype}.")
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise InputError(f"Labels run from {labels.min()} to {labels.max()}; they must lie in 0 … {classes - 1}.")
    vectors: NDArray[np.float32] = np.eye(classes, dtype=np.float32)[labels.astype(np.intp)]
    return vectors
