"""Where data comes from: the MNIST in this package, or the reader's own files."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal
from weakref import WeakValueDictionary

import numpy as np

from exmachina.data.dataset import Dataset
from exmachina.data.idx import read_idx
from exmachina.errors import InputError
from exmachina.images import SIDE

SplitName = Literal["train", "test"]

MNIST_FOLDER = Path(__file__).parent / "mnist"
# MD5 of each uncompressed file as published with MNIST.
MNIST_MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
MAX_CSV_BYTES = 1 << 30  # ten times MNIST
MAX_LINE = 16_384  # characters
IDX_PREFIX = {"train": "train", "test": "t10k"}
_held: MutableMapping[tuple[Path, SplitName], Dataset] = WeakValueDictionary()


def load_mnist() -> tuple[Dataset, Dataset]:
    """MNIST as published: 60,000 training and 10,000 test images, each file checked against its MD5."""
    with ThreadPoolExecutor(2) as pool:
        test = pool.submit(load_mnist_split, "test")
        return load_mnist_split("train"), test.result()


def load_mnist_split(split: SplitName) -> Dataset:
    """One part of MNIST, for those who need no more. It is read-only, and not read anew while anybody still has it."""
    held = _held.get((MNIST_FOLDER, split))
    if held is None:
        _held[MNIST_FOLDER, split] = held = _load_idx_pair(MNIST_FOLDER, split, "mnist", check=True)
    return held


def load_idx_folder(folder: str | Path) -> tuple[Dataset, Dataset]:
    """Train and test parts from a folder of four IDX files named as MNIST's are, gzipped or not.

    Fashion-MNIST, KMNIST and QMNIST-like sets come in this form. Raises `InputError` if one is missing or damaged.
    """
    name = Path(folder).absolute().name
    return _load_idx_pair(Path(folder), "train", name), _load_idx_pair(Path(folder), "test", name)


def load_image_folder(folder: str | Path) -> Dataset:
    """PNG and JPEG files sorted into one sub-folder per digit, `0` to `9`, each normalised as MNIST was.

    Raises `InputError` for a folder without them, and for a file that is blank or no picture.
    """
    from exmachina.images.files import list_images, read_image
    from exmachina.images.mnist import NoInk, normalize

    root = Path(folder)
    digits = [digit for digit in range(10) if (root / str(digit)).is_dir()]
    if not digits:
        raise InputError(f"'{folder}' has no sub-folders named 0 to 9; sort the images into one per digit.")
    images, labels = [], []
    for digit in digits:
        for path in list_images(root / str(digit)):
            try:
                images.append(normalize(read_image(path)))
            except NoInk:
                raise InputError(f"'{path}' is blank; remove it from the folder.") from None
            labels.append(digit)
    if not images:
        raise InputError(f"The sub-folders of '{folder}' hold no PNG or JPEG files.")
    return Dataset(np.stack(images), np.array(labels, np.uint8), root.name)


def load_csv(path: str | Path) -> Dataset:
    """A CSV file with a label and 784 pixels (0 … 255) a line; a header line and empty lines are skipped.

    Raises `InputError` that names the line of whatever is not so.
    """
    labels, rows = [], []
    try:
        for number, line in enumerate(_lines(Path(path)), 1):
            row = next(csv.reader([line]), [])
            if not row or (number == 1 and not row[0].strip().isdigit()):
                continue
            label, pixels = _csv_row(row, path, number)
            labels.append(label)
            rows.append(pixels)
    except OSError as error:
        raise InputError(f"Cannot read '{path}': {error.strerror or error}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise InputError(f"'{path}' is not a text file of comma-separated numbers.") from None
    if not rows:
        raise InputError(f"'{path}' holds no digits; each line needs a label and 784 pixels.")
    return Dataset(np.stack(rows).reshape(-1, SIDE, SIDE), np.array(labels, np.uint8), Path(path).stem)


def _lines(path: Path) -> Iterator[str]:
    """The lines of a text file, none of them, nor all together, longer than a table of digits can be."""
    if path.exists() and not path.is_file():  # a device or a pipe might never end
        raise InputError(f"'{path}' is not a plain file; give a CSV file.")
    with path.open(newline="", encoding="utf-8-sig") as file:
        if os.fstat(file.fileno()).st_size > MAX_CSV_BYTES:
            raise InputError(f"'{path}' is larger than {MAX_CSV_BYTES >> 20} MiB; give IDX files instead.")
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise InputError(f"'{path}' line {number} is over {MAX_LINE:,} characters; a digit has 785 values.")
            yield line


def load_data(source: str | Path | None = None) -> tuple[Dataset, Dataset | None]:
    """Training and, where there is one, test data from MNIST (`None`) or the reader's own files.

    `source` is a folder of IDX files, a folder of images in one sub-folder per digit, or a CSV file.
    Raises `InputError` for anything else.
    """
    if source is None or str(source) == "mnist":
        return load_mnist()
    path = Path(source)
    if path.suffix.lower() == ".csv":
        return load_csv(path), None
    if not path.is_dir():
        raise InputError(f"No data at '{source}': give a folder of IDX files, a folder of images or a CSV file.")
    if _find_idx(path, "train-images-idx3-ubyte"):
        return load_idx_folder(path)
    return load_image_folder(path), None


def _csv_row(row: list[str], path: str | Path, number: int) -> tuple[int, np.ndarray]:
    if len(row) != 1 + SIDE * SIDE:
        raise InputError(f"'{path}' line {number}: expected a label and 784 pixels, found {len(row)} values.")
    try:
        if not all(value.isascii() and "_" not in value for value in row):  # `int` would take 1_0 for 10
            raise ValueError
        values = np.array([int(value) for value in row])
    except (ValueError, OverflowError):
        raise InputError(f"'{path}' line {number}: every value must be a whole number.") from None
    if not 0 <= values[0] <= 9 or values[1:].min() < 0 or values[1:].max() > 255:
        raise InputError(f"'{path}' line {number}: the label must be 0 … 9 and each pixel 0 … 255.")
    return int(values[0]), values[1:].astype(np.uint8)


def _load_idx_pair(folder: Path, split: SplitName, name: str, *, check: bool = False) -> Dataset:
    arrays = []
    for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"):
        file = f"{IDX_PREFIX[split]}-{kind}"
        path = _find_idx(folder, file)
        if path is None:
            raise InputError(f"'{folder}' has no file {file} (or {file}.gz).")
        arrays.append(read_idx(path, _md5_check(file) if check else None))
    images, labels = arrays
    return Dataset(images, labels, name)


def _find_idx(folder: Path, file: str) -> Path | None:
    names = (file, file.replace("-idx", ".idx"))
    candidates = [folder / f"{name}{ending}" for name in names for ending in (".gz", "")]
    try:
        return next((path for path in candidates if path.is_file()), None)
    except OSError as error:
        raise InputError(f"Cannot read '{folder}': {error.strerror or error}.") from None


def _md5_check(file: str) -> Callable[[bytes], None]:
    def check(content: bytes) -> None:
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != MNIST_MD5[file]:
            raise InputError(f"The packaged {file} is damaged; reinstall hello-ex-machina.")

    return check
