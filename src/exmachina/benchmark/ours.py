"""Our own recipes, timed as the peers are."""

from __future__ import annotations

import time

from exmachina.benchmark.worker import WARM_UP, Measured
from exmachina.classifier import Classifier
from exmachina.data import load_mnist
from exmachina.engine import training_steps
from exmachina.training import EpochEnd, StepEnd, TrainingEnd, TrainingStarted, get_recipe, train

CURVE_POINTS = 12


def run(
    name: str, seed: int, fraction: float, precision: str, backend: str | None = None, *, curve: bool = False
) -> Measured:
    """One training of a recipe; with `curve` the clock stands still while accuracy is looked at on the way."""
    data, test = load_mnist()
    recipe = get_recipe(name).replace(precision=precision)
    total = training_steps(recipe.epochs, -(-len(data) // recipe.batch_size))
    counted = max(1, round(total * fraction))
    marks = {round(counted * (i / CURVE_POINTS) ** 2) for i in range(1, CURVE_POINTS)} if curve else set()
    points: list[tuple[float, float]] = []
    paused = 0.0
    start = time.perf_counter()
    for event in train(recipe, data, seed, test=test, backend=backend):
        if isinstance(event, TrainingStarted):
            started = event
        elif isinstance(event, StepEnd):
            if event.step in marks:
                stop = time.perf_counter()
                classifier = Classifier.from_run(event.snapshot())
                points.append((stop - start - paused, classifier.accuracy(test.images, test.labels)))
                paused += time.perf_counter() - stop
            if fraction < 1 and event.step == WARM_UP:
                start = time.perf_counter()
            if fraction < 1 and event.step == WARM_UP + counted:
                seconds = (time.perf_counter() - start) * total / counted
                return Measured(seed, seconds, None, fraction, started.threads, started.precision, started.device)
        elif isinstance(event, TrainingEnd):
            seconds = time.perf_counter() - start - paused
            accuracy = event.run.test_accuracy
            if accuracy is not None:
                points.append((seconds, accuracy))
            ended = event.run
        elif isinstance(event, EpochEnd):
            continue
    return Measured(
        seed, seconds, accuracy, 1.0, ended.threads, ended.precision, ended.device, curve=points if curve else []
    )
