"""Our networks as a scikit-learn estimator: `fit`, `predict`, pipelines, cross-validation, grids."""

from __future__ import annotations

from math import isqrt
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.engine import training_steps
from exmachina.errors import InputError
from exmachina.images import SIDE
from exmachina.images.mnist import resize_all
from exmachina.networks import Network
from exmachina.training import Recipe, fit, get_recipe

MNIST_IMAGES = 60_000  # what a recipe's number of epochs is meant for


class DigitClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A convolutional network that learns flattened images, a row each, and tells their classes, whatever they are.

    `recipe` is a recipe or the name of one; `epochs`, `learning_rate` and `batch_size` are the recipe's unless given.
    A recipe's epochs are meant for MNIST: of a smaller data set its images are seen more often, until the network has
    taken as many steps. `image_shape` is (height, width) of an image; where it is not given, a square, or a row of
    pixels if their number is no square. Values are read as grey levels from the smallest to the largest in the training
    data, and images of another size are scaled to the network's. `random_state` seeds weights, order, dropout and
    augmentation; the same whole number gives the same network.

    After `fit`: `classes_`; `run_`, which can be saved; `classifier_`, which reads uint8 (N, 28, 28).
    """

    def __init__(
        self,
        recipe: str | Recipe = "fast",
        *,
        epochs: float | None = None,
        learning_rate: float | None = None,
        batch_size: int | None = None,
        image_shape: tuple[int, int] | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.recipe = recipe
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.image_shape = image_shape
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn the images `X` (N, pixels), of which `y` (N,) tells the classes.

        Raises `ValueError` for what scikit-learn refuses, and `InputError`, which is one, for more than 256 classes or
        images of another shape.
        """
        pixels, targets = validate_data(self, X, y)
        check_classification_targets(targets)
        self.classes_, labels = np.unique(targets, return_inverse=True)
        if len(self.classes_) > 256:  # labels are bytes
            raise InputError(f"y has {len(self.classes_)} classes; a network here tells at most 256.")
        self.shape_ = self._image_shape(pixels.shape[1])
        self.range_ = float(pixels.min()), float(pixels.max())
        data = Dataset(self._images(pixels), labels.astype(np.uint8), "X", classes=len(self.classes_))
        self.run_ = fit(self._recipe(len(pixels)), data, seed_of(self.random_state))
        self.classifier_ = Classifier.from_run(self.run_)
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most probable class of each image of `X` (N, pixels)."""
        probabilities = self.predict_proba(X)  # first, for it checks that there was a fit
        classes: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return classes

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Probabilities (N, classes), in the order of `classes_`."""
        check_is_fitted(self)
        images = self._images(validate_data(self, X, reset=False))
        probabilities = self.classifier_.probabilities(images).astype(np.float64)
        return np.asarray(probabilities / probabilities.sum(axis=1, keepdims=True))

    def _recipe(self, images: int) -> Recipe:
        """The recipe with its knobs turned, for this many images and these classes."""
        recipe = self.recipe if isinstance(self.recipe, Recipe) else get_recipe(self.recipe)
        knobs = {"learning_rate": self.learning_rate, "batch_size": self.batch_size}
        recipe = recipe.replace(**{name: value for name, value in knobs.items() if value is not None})
        return recipe.replace(
            network=telling(recipe.network, len(self.classes_)),
            epochs=self.epochs if self.epochs is not None else epochs_for(recipe, images),
        )

    def _image_shape(self, pixels: int) -> tuple[int, int]:
        side = isqrt(pixels)
        height, width = self.image_shape or ((side, side) if side * side == pixels else (1, pixels))
        if height * width != pixels:
            raise InputError(f"image_shape is {self.image_shape}, but X has {pixels} features.")
        return height, width

    def _images(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        """Rows (N, pixels) as images uint8 (N, 28, 28)."""
        low, high = self.range_
        grey = (pixels.astype(np.float64) - low) * (255 / (high - low) if high > low else 0)
        pictures = np.clip(np.rint(grey), 0, 255).astype(np.uint8).reshape(-1, *self.shape_)
        return resize_all(pictures, SIDE, SIDE)


def telling(network: Network, classes: int) -> Network:
    """The same network with an output for each of `classes`."""
    return network.replace(network.layers[-1].name, units=classes)


def epochs_for(recipe: Recipe, images: int) -> float:
    """As many epochs of `images` as the recipe takes steps on MNIST; never fewer than it says."""
    steps = training_steps(recipe.epochs, -(-MNIST_IMAGES // recipe.batch_size))
    return max(recipe.epochs, steps / -(-images // recipe.batch_size))


def seed_of(random_state: Any) -> int:
    """A whole number is the seed itself; from a generator, or from NumPy's own for None, the next one is drawn."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
