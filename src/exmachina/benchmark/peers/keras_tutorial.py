"""The textbook network as Keras' documentation builds it, on TensorFlow: Adadelta at rate 1, six epochs."""

from __future__ import annotations

import os
import time
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers

from exmachina.benchmark.worker import WARM_UP, Measured
from exmachina.data import load_mnist

BATCH, EPOCHS, IMAGES = 128, 6, 60_000


def run(seed: int, fraction: float) -> Measured:
    """Train and test once; the clock leaves out looking at the accuracy between epochs."""
    train, test = load_mnist()
    keras.utils.set_random_seed(seed)
    start = time.perf_counter()
    x_train = train.images[..., None].astype("float32") / 255
    x_test = test.images[..., None].astype("float32") / 255
    y_train = keras.utils.to_categorical(train.labels, 10)
    y_test = keras.utils.to_categorical(test.labels, 10)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adadelta(1.0), "categorical_crossentropy", metrics=["accuracy"])
    threads = os.cpu_count() or 1
    if fraction < 1:
        return Measured(seed, _part(model, x_train, y_train, fraction), None, fraction, threads)
    watch = _Watch(x_test, y_test)
    model.fit(x_train, y_train, BATCH, EPOCHS, verbose=0, callbacks=[watch])
    accuracy = float(model.evaluate(x_test, y_test, BATCH, verbose=0)[1])
    seconds = time.perf_counter() - start - watch.paused
    curve = [(moment - start, value) for moment, value in watch.points]
    return Measured(seed, seconds, accuracy, 1.0, threads, curve=[*curve[:-1], (seconds, accuracy)])


def _part(model: Any, x_train: np.ndarray, y_train: np.ndarray, fraction: float) -> float:
    """Seconds that all six epochs would take, from a part of the steps after some to warm up."""
    count = max(1, round(EPOCHS * IMAGES * fraction / BATCH)) * BATCH
    model.fit(x_train[: WARM_UP * BATCH], y_train[: WARM_UP * BATCH], BATCH, verbose=0)
    start = time.perf_counter()
    model.fit(x_train[:count], y_train[:count], BATCH, verbose=0)
    return (time.perf_counter() - start) * EPOCHS * IMAGES / min(count, IMAGES)


class _Watch(keras.callbacks.Callback):
    """Test accuracy after each epoch, with the clock stopped."""

    def __init__(self, x_test: np.ndarray, y_test: np.ndarray) -> None:
        super().__init__()
        self.data, self.paused = (x_test, y_test), 0.0
        self.points: list[tuple[float, float]] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        stop = time.perf_counter()
        accuracy = float(self.model.evaluate(*self.data, BATCH, verbose=0)[1])
        self.points.append((stop - self.paused, accuracy))
        self.paused += time.perf_counter() - stop
