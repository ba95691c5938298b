"""Other sets are read in MNIST's convention, and the slices of a set add up to it."""

from __future__ import annotations

import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from exmachina import Classifier, InputError
from exmachina.data import Dataset, write_idx
from exmachina.evaluation.datasets.external_datasets import load_external, measure_external
from exmachina.evaluation.datasets.labelled_pictures import label_of
from exmachina.images.mnist import Steps, normalize
from exmachina.runs import Run


def test_load_digits_comes_in_mnists_convention() -> None:
    other = load_external("load_digits")
    assert len(other) == 1797 and other.images.dtype == np.uint8
    rows, columns = np.indices((28, 28))
    mass = other.images.sum(axis=(1, 2), dtype=np.float64)
    middle = [(other.images * axis).sum(axis=(1, 2)) / mass for axis in (rows, columns)]
    assert np.abs(np.mean(middle, axis=1) - 14).max() < 0.3
    steps = Steps(polarity=False, clean=False)
    for image, small in zip(other.images[::60], load_digits().images[::60], strict=True):
        large = Image.fromarray(np.uint8(small * 255 / 16)).resize((64, 64), Image.Resampling.BICUBIC)
        assert (image == normalize(np.asarray(large), steps)).all()
    assert other.images[:, [0, -1]].max() == 0


def test_slices_of_each_trait_add_up_to_the_whole(tiny_run: Run, test_digits: Dataset) -> None:
    classifier = Classifier.from_run(tiny_run)
    home, other = test_digits[:300], test_digits[300:]
    wrong = classifier.logits(home.images).argmax(axis=1) != home.labels
    result = measure_external(classifier.logits, other, home, wrong)
    for trait in {one.trait for one in result.slices}:
        parts = [one for one in result.slices if one.trait == trait]
        assert sum(one.share for one in parts) == pytest.approx(1)
        assert sum(one.share * one.error.value for one in parts if one.error) == pytest.approx(result.error.value)
    assert result.drop == pytest.approx(result.error.value - wrong.mean())
    assert result.confusion.sum() == len(other)


def test_a_set_like_home_explains_nothing(tiny_run: Run, test_digits: Dataset) -> None:
    classifier = Classifier.from_run(tiny_run)
    wrong = classifier.logits(test_digits.images).argmax(axis=1) != test_digits.labels
    result = measure_external(classifier.logits, test_digits, test_digits, wrong)
    assert result.drop == 0 and all(abs(cause.explained) < 1e-12 for cause in result.causes)


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(InputError, match="nowhere"):
        load_external("nowhere")


def test_pictures_are_labelled_by_their_names_or_folders(tmp_path: Path, test_digits: Dataset) -> None:
    for place in ("7-0012.png", "3_anna.PNG", "deep/5/x.png"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.kron(255 - test_digits.images[0], np.ones((4, 4), np.uint8))).save(tmp_path / place)
    Image.new("L", (40, 40), 255).save(tmp_path / "9-blank.png")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for file in sorted(tmp_path.rglob("*.[pP]*")):
            archive.write(file, file.relative_to(tmp_path))
    for source in (tmp_path, tmp_path / "all.zip"):
        assert sorted(load_external(source).labels) == [3, 5, 7]
    assert [label_of(name) for name in ("0-1.png", "12.png", "a.png", "4/a.png", "44/a.png")] == [
        0,
        None,
        None,
        4,
        None,
    ]


@pytest.mark.parametrize("content", [b"", b"PK not a zip"])
def test_a_broken_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(InputError, match=r"x\.zip"):
        load_external(tmp_path / "x.zip")


def test_qmnists_test_set_gives_the_digits_that_mnist_left_out(tmp_path: Path) -> None:
    rows = 10_030
    images = np.zeros((rows, 28, 28), np.uint8)
    images[:, 14, 14] = np.arange(rows) % 251
    table = np.zeros((rows, 8), ">i4")
    table[:, 0] = np.arange(rows) % 10
    write_idx(tmp_path / "qmnist-test-images-idx3-ubyte", images)
    labels = tmp_path / "qmnist-test-labels-idx2-int.gz"
    labels.write_bytes(gzip.compress(b"\0\0\x0c\x02" + struct.pack(">II", rows, 8) + table.tobytes()))
    result = load_external(tmp_path)
    assert len(result) == 30 and result.labels.tolist() == [*range(10)] * 3
    assert (result.images == images[10_000:]).all()
    table[5, 0] = 12
    for spoilt in (table, table[:-1]):
        head = b"\0\0\x0c\x02" + struct.pack(">II", len(spoilt), 8)
        labels.write_bytes(gzip.compress(head + spoilt.tobytes()))
        with pytest.raises(InputError, match=r"labels"):
            load_external(tmp_path)
