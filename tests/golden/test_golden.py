"""The golden vectors, found again by the library; node finds them by the page's own modules (golden.test.mjs)."""

from __future__ import annotations

import base64
import itertools
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from exmachina.classifier import Classifier
from exmachina.data import Dataset, load_mnist_split
from exmachina.data.augmentation import Augmentation
from exmachina.images.cut import cut_out
from exmachina.images.mnist import NoInk, normalize
from exmachina.images.strokes import render_strokes
from exmachina.networks import Network
from exmachina.training import Recipe, StepEnd, train

HERE = Path(__file__).parent
DRAWINGS, PICTURES, LAYERS, VERDICTS, TRAINING = (
    json.loads((HERE / f"{name}.json").read_text())
    for name in ("drawings", "pictures", "layers", "verdicts", "training")
)


def image(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(28, 28)


def samples(values: NDArray[np.floating], count: int) -> NDArray[np.floating]:
    flat = values.ravel()
    return np.asarray(flat[np.linspace(0, flat.size - 1, count).round().astype(int)])


def test_drawings_become_the_same_bytes() -> None:
    for drawing in DRAWINGS:
        np.testing.assert_array_equal(render_strokes(drawing["strokes"], drawing["width"]), image(drawing["image"]))


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: f"{picture['height']}x{picture['width']}")
def test_pictures_become_the_same_bytes(picture: dict[str, Any]) -> None:
    pixels = np.frombuffer(zlib.decompress(base64.b64decode(picture["deflated"])), np.uint8)
    page = pixels.reshape(picture["height"], picture["width"])
    if picture["image"] is None:
        with pytest.raises(NoInk):
            normalize(page)
    else:
        np.testing.assert_array_equal(normalize(page), image(picture["image"]))
    cut = cut_out(page)
    assert (cut.image is None, cut.several) == (picture["image"] is None, picture["several"])
    assert (cut.again is None) == (picture["again"] is None)
    if cut.again is not None:
        np.testing.assert_array_equal(cut.again, image(picture["again"]))
    if cut.image is not None:
        np.testing.assert_array_equal(cut.image, image(picture["image"]))


@pytest.mark.parametrize("name", LAYERS["networks"])
def test_every_layer_of_the_networks_that_ship(name: str) -> None:
    images = load_mnist_split("test").images[LAYERS["images"]]
    result = Classifier.load(name).layers(images)
    assert result.keys() == LAYERS["networks"][name].keys()
    for layer, expected in LAYERS["networks"][name].items():
        values = np.array(expected["samples"])
        assert list(result[layer].shape) == expected["shape"]
        close = 2e-5 * max(np.abs(result[layer]).max(), 1)
        np.testing.assert_allclose(samples(result[layer], len(values)), values, atol=close)


@pytest.mark.parametrize("name", VERDICTS["networks"])
def test_verdicts_of_the_rejectors_that_ship(name: str) -> None:
    expected = VERDICTS["networks"][name]
    images = np.stack([image(text) for text in VERDICTS["images"]])
    result = Classifier.load(name).predict_prepared(images)
    np.testing.assert_allclose(np.array([one.is_digit for one in result], float), expected["is_digit"], atol=1e-4)
    assert [one.verdict for one in result] == expected["verdicts"]


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    return load_mnist_split("train")


@pytest.mark.parametrize("name", TRAINING["recipes"])
def test_first_steps_of_a_training(name: str, mnist: Dataset) -> None:
    expected: dict[str, Any] = TRAINING["recipes"][name]
    case = expected["recipe"]
    more = {"network": Network.from_json(case["network"]), "betas": tuple(case["betas"])}
    recipe = Recipe(**{**case, **more, "augmentation": Augmentation(**case["augmentation"])})
    steps = (event for event in train(recipe, mnist, TRAINING["seed"]) if isinstance(event, StepEnd))
    taken = list(itertools.islice(steps, len(expected["losses"])))
    np.testing.assert_allclose([step.loss for step in taken], expected["losses"], rtol=1e-4)
    np.testing.assert_allclose([step.accuracy for step in taken], expected["accuracies"], atol=0.05)
    np.testing.assert_allclose([step.learning_rate for step in taken], expected["rates"], rtol=1e-6)
    weights = taken[-1].snapshot().weights
    for tensor, wanted in expected["weights"].items():
        np.testing.assert_allclose(samples(weights[tensor], len(wanted)), wanted, atol=2e-3, err_msg=tensor)
