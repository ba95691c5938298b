"""Prediction on ONNX Runtime: what it answers, what it refuses, and what it never imports."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.special import softmax

from exmachina.classifier import Classifier, Prediction
from exmachina.data import Dataset
from exmachina.engine import initial_weights
from exmachina.errors import InputError
from exmachina.images.mnist import NoInk, normalize
from exmachina.networks import Conv, Dense, Flatten, Network
from exmachina.runs import Run
from exmachina.training.pytorch.module import build


@pytest.fixture(scope="module")
def classifier(tiny_run_directory: Path) -> Classifier:
    return Classifier.load(tiny_run_directory)


def test_probabilities_and_logits_are_pytorchs(classifier: Classifier, tiny_run: Run, test_digits: Dataset) -> None:
    module = build(tiny_run.network, tiny_run.weights).eval()
    with torch.inference_mode():
        logits = module(torch.from_numpy(test_digits.images / np.float32(255))[:, None])
    np.testing.assert_allclose(classifier.logits(test_digits.images), logits.numpy(), atol=1e-4)
    expected = torch.softmax(logits, 1).numpy()
    np.testing.assert_allclose(classifier.probabilities(test_digits.images), expected, atol=1e-5)


def test_layers_are_pytorchs_under_their_names(classifier: Classifier, tiny_run: Run, test_digits: Dataset) -> None:
    module = build(tiny_run.network, tiny_run.weights).eval()
    result = classifier.layers(test_digits.images[:3])
    with torch.inference_mode():
        images = torch.from_numpy(test_digits.images[:3] / np.float32(255))[:, None]
        for name, expected in module.layers(images):
            np.testing.assert_allclose(result.pop(name), expected.numpy(), atol=1e-5)
    np.testing.assert_allclose(result.pop("logits"), classifier.logits(test_digits.images[:3]), atol=1e-6)
    assert not result


def test_many_images_in_parallel_equal_one_at_a_time(classifier: Classifier, digits: Dataset) -> None:
    images = digits.images[:600]  # more than two batches
    singles = np.concatenate([classifier.probabilities(image[None]) for image in images])
    np.testing.assert_allclose(classifier.probabilities(images), singles, atol=1e-6)
    assert [classifier.predict(image, prepared=True).digit for image in images[:50]] == singles[:50].argmax(1).tolist()


def test_predictions_from_many_threads_are_the_same(classifier: Classifier, digits: Dataset) -> None:
    with ThreadPoolExecutor(8) as pool:
        result = list(pool.map(lambda _: classifier.probabilities(digits.images[:300]), range(16)))
    assert all(np.array_equal(result[0], other) for other in result)


def test_prediction_is_the_most_probable_class_in_plain_python(classifier: Classifier, test_digits: Dataset) -> None:
    prediction = classifier.predict(test_digits.images[0], prepared=True)
    expected = classifier.probabilities(test_digits.images[:1])[0]
    assert prediction.digit == int(test_digits.labels[0]) == expected.argmax()
    assert prediction.probability == max(prediction.probabilities) == float(expected.max())
    assert prediction.probabilities == tuple(expected.tolist())
    assert sum(prediction.probabilities) == pytest.approx(1, abs=1e-6)
    assert not prediction.rejected
    assert json.loads(json.dumps(vars(prediction)))["digit"] == prediction.digit


def test_prediction_is_told_in_words() -> None:
    assert str(Prediction(8, 0.9876, (), rejected=False)).startswith("8 (98.")
    assert "probably not a digit" in str(Prediction(8, 0.31, (), rejected=True))
    assert str(Prediction(None, 0.0, (), rejected=True)) == "no digit"


def test_several_digits_in_one_picture_are_told_even_where_all_are_alike(test_digits: Dataset) -> None:
    row = 255 - np.pad(np.hstack([np.pad(test_digits.images[0], 4)] * 5), 9)
    alike = row.repeat(2, axis=0).repeat(2, axis=1)
    for picture in (alike, alike[:, :162]):
        answer = Classifier.load("fast").predict(picture)
        assert answer.several and "several digits" in str(answer)
    assert not Classifier.load("fast").predict(255 - test_digits.images[0]).several


@pytest.mark.parametrize("temperature", [0.5, 2.0, 10.0])
def test_temperature_divides_the_logits(
    classifier: Classifier, tiny_run: Run, digits: Dataset, temperature: float
) -> None:
    tempered = Classifier.from_run(replace(tiny_run, temperature=temperature))
    expected = softmax(classifier.logits(digits.images[:50]) / temperature, axis=1)
    np.testing.assert_allclose(tempered.probabilities(digits.images[:50]), expected, atol=1e-6)
    np.testing.assert_array_equal(tempered.logits(digits.images[:50]), classifier.logits(digits.images[:50]))


def test_temperature_and_threshold_come_from_the_run(tiny_run: Run, tmp_path: Path, digits: Dataset) -> None:
    run = replace(tiny_run, temperature=20.0, rejection_threshold=0.99)
    loaded = Classifier.load(run.save(tmp_path / "run"))
    assert (loaded.temperature, loaded.rejection_threshold) == (20.0, 0.99)
    prediction = loaded.predict(digits.images[0], prepared=True)
    assert prediction.rejected
    assert prediction.digit == digits.labels[0]  # rejected, yet told
    sure = replace(loaded.predict(digits.images[0], prepared=True), rejected=False)
    loaded.rejection_threshold = sure.probability  # as certain as asked is certain enough
    assert loaded.predict(digits.images[0], prepared=True) == sure


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), float("inf"), "1", None, True])
def test_temperature_out_of_range_is_refused(tiny_run: Run, temperature: Any) -> None:
    with pytest.raises(InputError, match="temperature"):
        Classifier.from_run(replace(tiny_run, temperature=temperature))


def test_blank_image_is_no_digit(classifier: Classifier, tmp_path: Path) -> None:
    Image.new("RGB", (100, 80), "white").save(tmp_path / "blank.png")
    for blank in (np.zeros((28, 28), np.uint8), np.full((50, 40), 255, np.uint8), tmp_path / "blank.png"):
        prediction = classifier.predict(blank)
        assert (prediction.digit, prediction.probability, prediction.rejected) == (None, 0, True)
        assert prediction.probabilities == (0.0,) * 10
        with pytest.raises(NoInk):
            classifier.prepare(blank)


def test_arrays_are_normalised_like_files_unless_they_are_said_to_be_prepared(
    classifier: Classifier, digits: Dataset, tmp_path: Path
) -> None:
    image = digits.images[0]
    assert classifier.prepare(image, prepared=True) is image
    np.testing.assert_array_equal(classifier.prepare(255 - image), classifier.prepare(image))  # black on white
    with pytest.raises(InputError, match="leave out `prepared`"):
        classifier.predict(image / 255, prepared=True)
    large = 255 - np.kron(image, np.ones((4, 4), np.uint8))  # black on white
    expected = normalize(large)
    Image.fromarray(large).save(tmp_path / "digit.png")
    pictures: tuple[Any, ...] = (large, large / 255, large[:, :, None], Image.fromarray(large), tmp_path / "digit.png")
    for case in pictures:
        np.testing.assert_array_equal(classifier.prepare(case), expected)
    assert classifier.predict(str(tmp_path / "digit.png")) == classifier.predict(expected, prepared=True)
    palette: Any = Image.fromarray(255 - image).convert("P")
    np.testing.assert_array_equal(classifier.prepare(palette), normalize(255 - image))


@pytest.mark.parametrize(
    "image",
    [
        None,
        "no such file.png",
        3,
        [],
        [[1], [2, 3]],
        np.zeros((28, 28), complex),
        np.zeros(784),
        {"a": 1},
        b"x",
        [["x"]],
    ],
    ids=str,
)
def test_what_is_no_image_is_refused_in_one_line(classifier: Classifier, image: Any) -> None:
    with pytest.raises(InputError) as caught:
        classifier.predict(image)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 28, 28)),
        np.zeros((28, 28), np.uint8),
        np.zeros((2, 1, 28, 28), np.uint8),
        np.zeros((2, 27, 28), np.uint8),
        [[0]],
        None,
    ],
    ids=lambda images: str(np.shape(images)),
)
def test_batches_of_another_type_or_shape_are_refused(classifier: Classifier, images: Any) -> None:
    for method in (classifier.probabilities, classifier.logits, classifier.layers):
        with pytest.raises(InputError, match=r"uint8 \(N, 28, 28\)"):
            method(images)


def test_no_images_give_no_probabilities(classifier: Classifier) -> None:
    assert classifier.probabilities(np.zeros((0, 28, 28), np.uint8)).shape == (0, 10)


def test_accuracy_is_the_share_of_labels_met(classifier: Classifier, test_digits: Dataset) -> None:
    right = classifier.probabilities(test_digits.images).argmax(1) == test_digits.labels
    assert classifier.accuracy(test_digits.images, test_digits.labels) == right.mean()
    for images, labels in (
        (test_digits.images[:0], test_digits.labels[:0]),
        (test_digits.images, test_digits.labels[1:]),
    ):
        with pytest.raises(InputError, match="as many labels"):
            classifier.accuracy(images, labels)


def test_weights_of_another_network_are_refused(tiny_run: Run) -> None:
    network = tiny_run.network
    for other in (network.replace("conv1", filters=5), network.replace("dense1", units=9)):
        with pytest.raises(InputError, match="not float32"):
            Classifier(other, tiny_run.weights)
    large = replace(network, input_shape=(1, 32, 32))
    with pytest.raises(InputError, match="28×28"):
        Classifier(large, initial_weights(large, 0))


def test_run_with_padding_and_stride_predicts_as_its_network(digits: Dataset) -> None:
    layers = (Conv("conv1", "relu", filters=3, kernel=5, stride=2, padding=3), Flatten("f"))
    network = Network("strided", (*layers, Dense("d", "softmax", units=10)))
    weights = initial_weights(network, 1)
    module = build(network, weights)
    classifier = Classifier(network, weights)
    with torch.inference_mode():
        logits = module(torch.from_numpy(digits.images[:5] / np.float32(255))[:, None]).numpy()
    np.testing.assert_allclose(classifier.logits(digits.images[:5]), logits, atol=1e-5)


def test_prediction_imports_neither_pytorch_nor_matplotlib(
    tiny_run_directory: Path, digits: Dataset, tmp_path: Path
) -> None:
    Image.fromarray(digits.images[0]).save(tmp_path / "digit.png")
    code = """
import sys
import exmachina
reader = exmachina.Classifier.load(sys.argv[1])
assert reader.predict(sys.argv[2]).digit is not None
exmachina.load_mnist, exmachina.get_recipe("fast"), exmachina.Run.load(sys.argv[1])
heavy = {"torch", "matplotlib", "onnx", "keras", "sklearn", "typer", "fastapi", "captum"} & sys.modules.keys()
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code, tiny_run_directory, tmp_path / "digit.png"], check=True)
