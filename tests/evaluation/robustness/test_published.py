"""MNIST-C's layout is read as published, beside the images drawn here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation.robustness.corruptions import CORRUPTIONS, corrupt
from exmachina.evaluation.robustness.published import Published, measure_published, read_published
from exmachina.runs import Run


@pytest.fixture
def folder(tmp_path: Path, test_digits: Dataset) -> Path:
    """The published layout, drawn by our own code: then nothing differs but `fog`, which is left clean."""
    for number, name in enumerate(CORRUPTIONS):
        (tmp_path / name).mkdir()
        images = test_digits[:100].images
        spoilt = images if name == "fog" else corrupt(images, name, np.random.default_rng([0, number]))
        np.save(tmp_path / name / "test_images.npy", spoilt[..., None])
        np.save(tmp_path / name / "test_labels.npy", test_digits[:100].labels.astype(np.int64))
    return tmp_path


def test_the_same_images_give_the_same_errors_and_others_stand_out(
    folder: Path, test_digits: Dataset, tiny_run: Run
) -> None:
    predict = Classifier.from_run(tiny_run).logits
    *names, result = measure_published(predict, folder, test_digits[:100])
    assert names == list(CORRUPTIONS) and isinstance(result, Published) and result.n == 100
    for one in result.errors:
        if one.name != "fog":
            assert one.theirs == one.ours and one.distance == 0 and not one.resolved
    (fog,) = (one for one in result.errors if one.name == "fog")
    assert fog.theirs.value < fog.ours.value and fog.resolved and fog.distance > 0.05
    assert result.mean_theirs < result.mean_ours


def test_what_is_not_as_published_is_refused_in_one_line(folder: Path, test_digits: Dataset) -> None:
    few, file = test_digits[:100], folder / "fog" / "test_images.npy"
    with pytest.raises(InputError, match="No file"):
        read_published(folder, "smoke", few)
    with pytest.raises(InputError, match="other labels"):
        read_published(folder, "fog", Dataset(few.images, 9 - few.labels))
    with pytest.raises(InputError, match="uint8"):
        read_published(folder, "fog", test_digits)
    np.save(file, np.zeros((100, 28, 28), np.float32))
    with pytest.raises(InputError, match="float32"):
        read_published(folder, "fog", few)
    np.save(file, np.array([{"code": 1}] * 100, object), allow_pickle=True)
    with pytest.raises(InputError, match="not a NumPy array"):
        read_published(folder, "fog", few)
    file.write_bytes(b"no array")
    with pytest.raises(InputError, match="not a NumPy array"):
        read_published(folder, "fog", few)
    with pytest.raises(InputError, match="--mnist-c"):
        next(measure_published(lambda images: np.zeros((len(images), 10)), None, few))
