"""The estimator, held to scikit-learn's own checks and to our own training."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import check_estimator

from exmachina import Classifier, Recipe, fit, get_recipe
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.sklearn import DigitClassifier, epochs_for, telling

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tens() -> tuple[np.ndarray, np.ndarray]:
    """1,797 digits of 8 × 8 pixels from 0 to 16."""
    images, labels = load_digits(return_X_y=True)
    return images, labels


def test_scikit_learns_own_checks_pass() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a check that wants an array API switched on
        results = check_estimator(DigitClassifier(epochs=20), on_fail=None)
    failed = {result["check_name"]: result["exception"] for result in results if result["status"] == "failed"}
    assert not failed
    assert len([result for result in results if result["status"] == "passed"]) > 40


def test_it_is_the_training_of_the_library(tiny_recipe: Recipe, digits: Dataset) -> None:
    recipe = tiny_recipe.replace(epochs=1, batch_size=128)
    result = DigitClassifier(recipe, epochs=1, random_state=5).fit(digits.images.reshape(-1, 784), digits.labels)
    expected = fit(recipe, digits, seed=5)
    for name, weights in expected.weights.items():
        np.testing.assert_array_equal(result.run_.weights[name], weights)
    probabilities = Classifier.from_run(expected).probabilities(digits.images[:50])
    np.testing.assert_allclose(result.predict_proba(digits.images[:50].reshape(-1, 784)), probabilities, atol=1e-6)


def test_small_images_are_learned_in_a_pipeline_and_cross_validated(tens: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = tens
    pipeline = make_pipeline(MinMaxScaler(clip=True), DigitClassifier(random_state=0))
    scores = cross_val_score(pipeline, images, labels, cv=3)
    assert scores.mean() > 0.95 > 0.2 > cross_val_score(DummyClassifier(), images, labels, cv=3).mean()


def test_a_grid_chooses_the_rate_that_learns(tens: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = tens
    search = GridSearchCV(DigitClassifier(random_state=0, epochs=4), {"learning_rate": [1e-7, 0.02]}, cv=2)
    search.fit(images[:600], labels[:600])
    assert search.best_params_ == {"learning_rate": 0.02}
    assert search.best_estimator_.score(images[600:], labels[600:]) > 0.85


def test_classes_may_have_names_and_be_as_many_as_they_are(tens: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = tens
    words = np.array(["odd", "even"])[(labels % 2 == 0).astype(int)]
    first, last, learned, expected = train_test_split(images, words, random_state=0)
    result = DigitClassifier(random_state=0).fit(first, learned)
    assert result.classes_.tolist() == ["even", "odd"]
    assert (result.predict(last) == expected).mean() > 0.95
    twenty = labels + 10 * (np.arange(len(labels)) % 2)  # the parity of a row's number cannot be read off its pixels
    result = DigitClassifier(random_state=0).fit(images, twenty)
    assert result.predict_proba(images[:3]).shape == (3, 20) and result.run_.network.classes == 20
    with pytest.raises(InputError, match="tells at most 256"):
        DigitClassifier().fit(np.ones((900, 4)), np.arange(900) % 300)


def test_the_same_random_state_is_the_same_network(tens: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = tens

    def weights(state: object) -> np.ndarray:
        classifier = DigitClassifier(epochs=1, random_state=state)  # type: ignore[arg-type]
        return np.asarray(classifier.fit(images, labels).run_.weights["dense1.weight"])

    np.testing.assert_array_equal(weights(3), weights(3))
    np.testing.assert_array_equal(weights(np.random.RandomState(3)), weights(np.random.RandomState(3)))
    assert (weights(3) != weights(4)).any()
    generator = np.random.RandomState(3)  # whose state moves on
    assert (weights(generator) != weights(generator)).any()
    assert (weights(None) != weights(None)).any()


def test_images_need_not_be_square(tens: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = tens
    upper = images[:, :48]  # six of eight lines
    result = DigitClassifier(random_state=0, image_shape=(6, 8)).fit(upper, labels)
    assert result.shape_ == (6, 8) and result.score(upper, labels) > 0.95
    assert DigitClassifier(epochs=1).fit(upper, labels).shape_ == (1, 48)
    with pytest.raises(InputError, match=r"image_shape is \(6, 9\), but X has 48 features"):
        DigitClassifier(image_shape=(6, 9)).fit(upper, labels)


def test_the_run_can_be_kept(tens: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    images, labels = tens
    result = DigitClassifier(epochs=1, random_state=0).fit(images, labels < 5)
    result.run_.save(tmp_path / "halves")
    assert Classifier.load(tmp_path / "halves").network == telling(get_recipe("fast").network, 2)


def test_bad_knobs_are_named() -> None:
    for options, words in (({"recipe": "fats"}, "Choose one of"), ({"learning_rate": -1}, "learning_rate is -1")):
        with pytest.raises(InputError, match=words):
            DigitClassifier(**options).fit(np.eye(4), [0, 1, 0, 1])


def test_a_small_data_set_gets_as_many_steps_as_mnist() -> None:
    recipe = get_recipe("fast")
    assert epochs_for(recipe, 60_000) == pytest.approx(recipe.epochs, abs=0.002)
    assert epochs_for(recipe, 128) == 202  # one step each
    assert epochs_for(recipe, 1_000_000) == recipe.epochs


def test_it_can_be_cloned_with_a_recipe_of_ones_own() -> None:
    recipe = get_recipe("fast").replace(learning_rate=0.02)
    assert clone(DigitClassifier(recipe, epochs=2)).get_params()["recipe"] == recipe
