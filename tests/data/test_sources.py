"""MNIST in the package, and the reader's own files."""

from __future__ import annotations

import gc
import gzip
import hashlib
import struct
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
import pytest
from PIL import Image

from exmachina.data import (
    Dataset,
    load_csv,
    load_data,
    load_idx_folder,
    load_image_folder,
    load_mnist,
    load_mnist_split,
    sources,
    write_idx,
)
from exmachina.errors import InputError

NAMES = {"train": "train", "test": "t10k"}


@pytest.fixture(scope="module")
def mnist() -> tuple[Dataset, Dataset]:
    return load_mnist()


def test_mnist_has_its_published_md5(mnist: tuple[Dataset, Dataset]) -> None:
    def md5(array: np.ndarray) -> str:  # of the file as published: header and bytes
        header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        return hashlib.md5(header + array.tobytes()).hexdigest()

    train, test = mnist
    assert md5(train.images) == "6bbc9ace898e44ae57da46a324031adb"
    assert md5(train.labels) == "a25bea736e30d166cdddb491f175f624"
    assert md5(test.images) == "2646ac647ad5339dbf082846283269ea"
    assert md5(test.labels) == "27ae3e4e09519cfbb04c329615203637"


def test_mnist_has_its_known_counts_and_labels(mnist: tuple[Dataset, Dataset]) -> None:
    train, test = mnist
    assert (train.images.shape, test.images.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert np.bincount(train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert test.labels[257] == 8
    assert round(float(train.images.mean() / 255), 4) == 0.1307
    assert round(float(train.images.std() / 255), 4) == 0.3081


def test_one_part_of_mnist_is_the_same(mnist: tuple[Dataset, Dataset], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_held", {})
    np.testing.assert_array_equal(load_mnist_split("test").images, mnist[1].images)


def test_mnist_is_read_anew_when_nobody_has_it_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    held: WeakValueDictionary[object, Dataset] = WeakValueDictionary()
    monkeypatch.setattr(sources, "_held", held)
    first = load_mnist_split("test")
    assert load_mnist_split("test") is first and list(held.values()) == [first]
    assert not first.images.flags.writeable and not first.labels.flags.writeable  # or one could spoil it for others
    del first
    gc.collect()
    assert not held


def test_one_flipped_bit_in_mnist_is_an_error(
    tmp_path: Path, mnist: tuple[Dataset, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    images = mnist[1].images.copy()
    images[1234, 14, 14] ^= 1
    write_idx(tmp_path / "t10k-images-idx3-ubyte", images)
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", mnist[1].labels)
    monkeypatch.setattr(sources, "MNIST_FOLDER", tmp_path)
    with pytest.raises(InputError, match="t10k-images-idx3-ubyte is damaged; reinstall"):
        load_mnist_split("test")


def write_folder(folder: Path, data: Dataset, *, dotted: bool = False, zipped: bool = False) -> None:
    for part in NAMES.values():
        for kind, array in (("images-idx3-ubyte", data.images), ("labels-idx1-ubyte", data.labels)):
            path = folder / f"{part}-{kind.replace('-idx', '.idx') if dotted else kind}"
            write_idx(path, array)
            if zipped:
                Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes()))
                path.unlink()


@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_folder_of_idx_files_is_read_under_each_published_name(
    tmp_path: Path, digits: Dataset, dotted: bool, zipped: bool
) -> None:
    write_folder(tmp_path, digits[:7], dotted=dotted, zipped=zipped)
    for train, test in (load_idx_folder(tmp_path), load_data(tmp_path)):
        assert test is not None
        np.testing.assert_array_equal(train.images, digits.images[:7])
        np.testing.assert_array_equal(test.labels, digits.labels[:7])
        assert train.name == tmp_path.name


def test_folder_without_one_of_the_files_names_it(tmp_path: Path, digits: Dataset) -> None:
    write_folder(tmp_path, digits[:7])
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(InputError, match="t10k-labels-idx1-ubyte"):
        load_idx_folder(tmp_path)


def test_images_and_labels_of_different_number_are_refused(tmp_path: Path, digits: Dataset) -> None:
    write_folder(tmp_path, digits[:7])
    write_idx(tmp_path / "train-labels-idx1-ubyte", digits.labels[:6])
    with pytest.raises(InputError, match="7 images"):
        load_idx_folder(tmp_path)


def csv_line(data: Dataset, index: int) -> str:
    return ",".join(map(str, [data.labels[index], *data.images[index].ravel()]))


@pytest.mark.parametrize("header", ["", "label,pixel0\n", "\ufefflabel,1x1,1x2\n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_is_read_with_or_without_header(tmp_path: Path, digits: Dataset, header: str, newline: str) -> None:
    lines = [csv_line(digits, index) for index in range(4)]
    (tmp_path / "mine.csv").write_text(header + newline.join(lines) + newline * 2, "utf-8", newline="")
    for data in (load_csv(tmp_path / "mine.csv"), load_data(tmp_path / "mine.csv")[0]):
        np.testing.assert_array_equal(data.images, digits.images[:4])
        np.testing.assert_array_equal(data.labels, digits.labels[:4])
        assert data.name == "mine"


GOOD = ",".join(["3"] + ["0"] * 784)
BAD_LINES = {
    "too few": GOOD[:-2],
    "too many": GOOD + ",0",
    "not a number": GOOD[:-1] + "x",
    "a fraction": GOOD[:-1] + "0.5",
    "a digit that is none": GOOD[:-1] + "²",
    "pixel below": GOOD[:-1] + "-1",
    "pixel above": GOOD[:-1] + "256",
    "pixel far above": GOOD[:-1] + "9" * 400,
    "number of 5,000 digits": GOOD[:-1] + "9" * 5000,
    "label above": "1" + GOOD,
    "empty field": GOOD[:-1],
    "field without end": '"' + "0" * 200_000,
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES.keys())
def test_bad_csv_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "bad.csv").write_text(f"{GOOD}\n{line}\n", "utf-8")
    with pytest.raises(InputError, match=r"line 2|not a text file"):
        load_csv(tmp_path / "bad.csv")


@pytest.mark.parametrize("content", [b"", b"label,pixel0\n", b"\n\n", b"\xff\xfe\x00", b"\x89PNG\r\n\x1a\n" * 99])
def test_file_that_is_no_csv_of_digits_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.csv"):
        load_csv(tmp_path / "bad.csv")


def test_missing_csv_and_folder_posing_as_csv_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name in ("none.csv", "folder.csv"):
        with pytest.raises(InputError, match=name):
            load_csv(tmp_path / name)


def test_image_folder_is_normalised_and_labelled(tmp_path: Path, digits: Dataset) -> None:
    chosen = [int(np.flatnonzero(digits.labels == digit)[0]) for digit in (2, 7)]
    for index in chosen:
        folder = tmp_path / str(digits.labels[index])
        folder.mkdir()
        # Black on white and three times as large: what a folder of scans would hold.
        Image.fromarray(255 - np.kron(digits.images[index], np.ones((3, 3), np.uint8))).save(folder / "scan.png")
    for data in (load_image_folder(tmp_path), load_data(tmp_path)[0]):
        assert data.labels.tolist() == [2, 7]
        for image in data.images:
            rows, columns = np.nonzero(image > 32)
            assert max(np.ptp(rows), np.ptp(columns)) + 1 in (20, 21)  # the ink's longer side
            weights = image / image.sum()
            assert abs((weights.sum(1) * np.arange(28)).sum() - 14) < 1
            assert abs((weights.sum(0) * np.arange(28)).sum() - 14) < 1


def test_blank_image_in_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "3").mkdir()
    Image.new("L", (40, 40), 255).save(tmp_path / "3" / "blank.png")
    with pytest.raises(InputError, match=r"blank\.png"):
        load_image_folder(tmp_path)


def test_folders_without_digits_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="sub-folders named 0 to 9"):
        load_data(tmp_path)
    (tmp_path / "3").mkdir()
    with pytest.raises(InputError):
        load_data(tmp_path)


def test_data_that_is_not_there_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder of IDX files"):
        load_data(tmp_path / "none")
