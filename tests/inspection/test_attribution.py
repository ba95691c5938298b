"""Attributions, against arithmetic by hand on a network that is one matrix."""

from __future__ import annotations

import numpy as np
import pytest

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.inspection import attribute
from exmachina.networks import Dense, Flatten, Network
from exmachina.runs import Run


@pytest.fixture(scope="module")
def linear_run() -> Run:
    """784 pixels, ten logits: each pixel adds its weight times its value, and nothing else happens."""
    rng = np.random.default_rng(0)
    network = Network("linear", (Flatten("flat"), Dense("dense", "softmax", units=10)), std=0.5)
    weights = {"dense.weight": rng.normal(0, 1, (10, 784)), "dense.bias": rng.normal(0, 1, 10)}
    return Run(network, {name: array.astype(np.float32) for name, array in weights.items()}, {})


def test_all_three_on_one_matrix(linear_run: Run, test_digits: Dataset) -> None:
    image = test_digits.images[0]
    slope = linear_run.weights["dense.weight"][4].reshape(28, 28) / 0.5
    added = slope * image / 255
    result = attribute(linear_run, image, target=4)
    assert list(result) == ["integrated_gradients", "saliency", "occlusion"]
    np.testing.assert_allclose(result["integrated_gradients"].values, added, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(result["saliency"].values, np.abs(slope), rtol=1e-4)
    # Occlusion at a pixel: the mean, over the 25 squares that cover it, of what the square's pixels add.
    square = added[8:17, 8:17]
    windows = [square[i : i + 5, j : j + 5].sum() for i in range(5) for j in range(5)]
    assert result["occlusion"].values[12, 12] == pytest.approx(np.mean(windows), rel=1e-3)


def test_integrated_gradients_add_up_to_the_difference_of_the_logits(tiny_run: Run, test_digits: Dataset) -> None:
    image = test_digits.images[3]
    result = attribute(tiny_run, image, methods=("integrated_gradients",))["integrated_gradients"]
    logits = Classifier.from_run(tiny_run).logits(np.stack([image, np.zeros_like(image)]))
    assert result.target == logits[0].argmax()
    assert result.difference == pytest.approx(float(logits[0, result.target] - logits[1, result.target]), rel=1e-4)
    assert result.values.sum() == pytest.approx(result.difference, rel=0.05)


def test_unknown_method_or_class_is_refused(tiny_run: Run, test_digits: Dataset) -> None:
    with pytest.raises(InputError, match="Unknown attribution 'tea leaves'"):
        attribute(tiny_run, test_digits.images[0], methods=("tea leaves",))
    with pytest.raises(InputError, match="Class 10 does not exist; choose from 0 to 9"):
        attribute(tiny_run, test_digits.images[0], target=10)
