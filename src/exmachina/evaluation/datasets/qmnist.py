"""QMNIST's further test digits: of MNIST's own origin, and no network or recipe was chosen by them.

QMNIST (Yadav and Bottou 2019) is what MNIST was made from, put together anew: the first 10,000 of its test images are
MNIST's, the 50,000 after them are those that MNIST left out. Its files are read where they lie; nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from exmachina.data import Dataset, read_idx
from exmachina.errors import InputError
from exmachina.evaluation.datasets.writers import MNIST_ROWS, read_table

IMAGES, LABELS = "qmnist-test-images-idx3-ubyte", "qmnist-test-labels-idx2-int"


def holds_further(folder: Path) -> bool:
    """Whether a folder has QMNIST's test images."""
    return _file(folder, IMAGES).is_file()


def load_further(folder: Path) -> Dataset:
    """The test digits after MNIST's own 10,000, from a folder with QMNIST's images and labels, gzipped or not."""
    images = read_idx(_file(folder, IMAGES))
    origin = _file(folder, LABELS)
    labels = read_table(origin, MNIST_ROWS["test"])[:, 0]
    first = MNIST_ROWS["test"]
    if images.shape[1:] != (28, 28) or not first < len(images) == len(labels):
        sides = "×".join(map(str, images.shape))
        raise InputError(f"'{folder}' has {sides} pixels and {len(labels):,} labels; QMNIST's test set has 60,000.")
    if labels.min() < 0 or labels.max() > 9:
        raise InputError(f"'{origin}' has labels from {labels.min()} to {labels.max()}; digits are 0 to 9.")
    return Dataset(images[first:], labels[first:].astype(np.uint8), str(folder))


def _file(folder: Path, name: str) -> Path:
    zipped = folder / f"{name}.gz"
    return zipped if zipped.is_file() else folder / name
