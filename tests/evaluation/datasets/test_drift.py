import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage, stats

from exmachina.data import load_mnist_split
from exmachina.errors import InputError
from exmachina.evaluation.datasets import drift as room
from exmachina.evaluation.datasets.drift import image_properties, label_drift, property_drift


@pytest.fixture(scope="module")
def digits() -> NDArray[np.uint8]:
    return load_mnist_split("test").images[:500]


def test_label_drift_by_hand() -> None:
    result = label_drift(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), classes=2)
    assert result.distance == pytest.approx(0.25)
    assert (result.train_shares, result.test_shares) == ((0.5, 0.5), (0.25, 0.75))
    # χ² of the table (2, 2 / 1, 3): 8 (2·3 − 2·1)² / (4·4·3·5)
    assert result.cramers_v**2 * 8 == pytest.approx(8 * 16 / 240)
    assert result.p_value == pytest.approx(stats.chi2.sf(8 * 16 / 240, 1))
    assert result.noticeable


def test_the_same_labels_do_not_drift_and_one_class_alone_is_no_crash() -> None:
    labels = np.arange(1_000) % 10
    assert label_drift(labels, labels).distance == 0
    assert not label_drift(labels, labels).noticeable
    assert label_drift(np.zeros(5, int), np.zeros(3, int)).p_value == 1


def test_properties_by_scipys_measures(digits: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "CHUNK", 120)
    result = image_properties(digits)
    centres = np.array([ndimage.center_of_mass(image) for image in digits])
    assert result["intensity"] == pytest.approx(digits.mean((1, 2)) / 255, rel=1e-4)
    assert result["contrast"] == pytest.approx(digits.std((1, 2)) / 255, rel=1e-4)
    assert np.stack([result["row"], result["column"]], 1) == pytest.approx(centres, abs=1e-3)
    boxes = [ndimage.find_objects((image >= 64).astype(int))[0] for image in digits]
    assert result["height"].tolist() == [box[0].stop - box[0].start for box in boxes]
    assert result["width"].tolist() == [box[1].stop - box[1].start for box in boxes]
    inner = [ndimage.binary_erosion(image >= 64).sum() / (image >= 64).sum() for image in digits]
    assert result["edge"] == pytest.approx(1 - np.array(inner))


def test_slant_is_the_lean_of_a_straight_line() -> None:
    image = np.zeros((2, 28, 28), np.uint8)
    steps = np.arange(4, 24)
    image[0, steps, 14] = 255  # upright
    image[1, steps, 27 - steps] = 255  # leaning to the right by a column a row
    assert image_properties(image)["slant"] == pytest.approx([0, 1], abs=1e-5)


def test_blank_images_have_properties_too() -> None:
    result = image_properties(np.zeros((2, 28, 28), np.uint8))
    assert all((values == 0).all() for values in result.values())


def test_property_drift_is_scipys_statistic_with_the_largest_first(digits: NDArray[np.uint8]) -> None:
    bolder = ndimage.grey_dilation(digits, (1, 2, 2))
    result = property_drift(digits, bolder)
    assert [one.statistic for one in result] == sorted((one.statistic for one in result), reverse=True)
    intensity = next(one for one in result if one.name == "intensity")
    expected = stats.ks_2samp(digits.mean((1, 2)), bolder.mean((1, 2)))
    assert intensity.statistic == pytest.approx(expected.statistic, abs=2e-3)
    assert intensity.noticeable
    assert intensity.train_mean < intensity.test_mean


def test_nothing_cannot_be_compared() -> None:
    with pytest.raises(InputError, match="0 training"):
        label_drift(np.zeros(0, int), np.zeros(2, int))
