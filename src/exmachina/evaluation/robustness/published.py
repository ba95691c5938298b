"""MNIST-C's own files beside the same corruptions drawn here: FOLDER/<corruption>/test_images.npy, as published.

The files are Mu and Gilmer's (zenodo.org/records/3239543): uint8 (10000, 28, 28, 1), MNIST's test images in order.
Nothing here downloads them. They are read as numbers alone, and no further than the images that are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation.arrays import Images, Predict
from exmachina.evaluation.robustness.corruptions import CORRUPTIONS, corrupt
from exmachina.evaluation.statistics.intervals import Interval, wilson

NOT_GIVEN = "not asked for; give MNIST-C's folder with --mnist-c"
ALIKE = "the same law and severity; what is drawn by lot falls elsewhere"
DIFFERENT = {
    "glass_blur": "the published generator moves pixels one way only; here they change places both ways",
    "motion_blur": "drawn by ImageMagick there, with a kernel of its own",
    "fog": "clouds of another fractal, of the same roughness",
    "zigzag": "lines with other corners, of the same strength",
}


@dataclass(frozen=True)
class PublishedError:
    """The error on one corruption as published (`theirs`) and as drawn here (`ours`), on the same test images.

    `distance` is the mean difference of a pixel between the two, where white is 1; `resolved`: their errors differ by
    more than the intervals of both allow.
    """

    name: str
    theirs: Interval
    ours: Interval
    distance: float
    difference: str

    @property
    def resolved(self) -> bool:
        """Whether the two errors differ beyond chance."""
        return self.theirs.low > self.ours.high or self.ours.low > self.theirs.high


@dataclass(frozen=True)
class Published:
    """All fifteen, on the first `n` test images, and the mean error on each of the two."""

    n: int
    errors: tuple[PublishedError, ...]
    mean_theirs: float
    mean_ours: float


def measure_published(
    predict: Predict, folder: str | Path | None, test: Dataset, seed: int = 0
) -> Iterator[str | Published]:
    """Yield the name of each corruption once it is measured, and at last all of it.

    Raises `InputError` if a file is missing, is no such array, or is of other images than `test`.
    """
    if folder is None:
        raise InputError(NOT_GIVEN)
    errors = []
    for number, name in enumerate(CORRUPTIONS):
        theirs = read_published(folder, name, test)
        ours = corrupt(test.images, name, np.random.default_rng([seed, number]))
        wrong = [int((predict(images).argmax(axis=1) != test.labels).sum()) for images in (theirs, ours)]
        published, drawn = (wilson(count, len(test)) for count in wrong)
        distance = float(np.abs(theirs.astype(np.int16) - ours).mean() / 255)
        errors.append(PublishedError(name, published, drawn, distance, DIFFERENT.get(name, ALIKE)))
        yield name
    means = [float(np.mean([getattr(one, side).value for one in errors])) for side in ("theirs", "ours")]
    yield Published(len(test), tuple(errors), *means)


def read_published(folder: str | Path, name: str, test: Dataset) -> Images:
    """The first images of one corruption, uint8 (N, 28, 28), for the N of `test`."""
    path = Path(folder) / name / "test_images.npy"
    images = _array(path)
    if images.dtype != np.uint8 or images.shape[1:] not in ((28, 28), (28, 28, 1)) or len(images) < len(test):
        raise InputError(f"'{path}' is {images.dtype} {images.shape}; MNIST-C's files are uint8 (10000, 28, 28, 1).")
    labels = path.with_name("test_labels.npy")
    if labels.exists() and not np.array_equal(_array(labels).ravel()[: len(test)], test.labels):
        raise InputError(f"'{labels}' has other labels than the test set; give MNIST-C as published.")
    return np.array(images[: len(test)]).reshape(-1, 28, 28)


def _array(path: Path) -> NDArray[Any]:
    if not path.is_file():
        raise InputError(f"No file at '{path}'; give MNIST-C's folder, with one for each corruption.")
    try:
        array: NDArray[Any] = open_memmap(path, mode="r")
        return array
    except (ValueError, OSError, EOFError, SyntaxError):
        raise InputError(f"'{path}' is not a NumPy array that can be read; give MNIST-C as published.") from None
