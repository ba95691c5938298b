"""Cross-validation: networks of the same recipe that learn a part of the training set, so that the rest can judge.

A network that has learned every training image leaves nothing to fit a temperature or a threshold to but the test
set. Where training is cheap there is a better way: k networks each learn all folds but one and read the one they
have not seen. Their answers to those images stand for what the network would answer to new ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation.arrays import Indices
from exmachina.runs import Run
from exmachina.training.recipes import Recipe

FOLDS = 4
CHEAP = 400e9  # multiplications of one training; about two seconds' worth on two processor cores


@dataclass(frozen=True)
class CrossValidation:
    """Answers to images that had not been learned: `logits` (N, 10) of all N training images.

    `accuracies` is each network's on its own fold. `by_writer`: no writer is in two folds.
    """

    logits: NDArray[np.float32] = field(repr=False)
    accuracies: tuple[float, ...]
    by_writer: bool


def recipe_of(run: Run) -> Recipe:
    """The recipe that a run was trained by, from scratch. Raises `InputError` if its record does not hold one."""
    if {"rehearsal", "background"} & run.splits.keys():
        raise InputError(f"Run '{run.recipe.get('name')}' was trained on; its recipe alone does not repeat it.")
    return Recipe.from_json(run.recipe, run.network)


def multiplications(recipe: Recipe, images: int) -> float:
    """About how many multiplications one training takes: forwards, and twice as many backwards."""
    return 3.0 * recipe.epochs * images * sum(step.multiplications for step in recipe.network.steps())


def check_cheap(recipe: Recipe, images: int) -> None:
    """Refuse a recipe that would keep the reader waiting."""
    work = multiplications(recipe, images)
    if work > CHEAP:
        raise InputError(
            f"Recipe '{recipe.name}' is too slow to repeat here: {work / 1e9:,.0f} thousand million multiplications "
            f"a training, and the report allows {CHEAP / 1e9:,.0f}."
        )


def folds(count: int, k: int, generator: np.random.Generator, writers: NDArray[Any] | None = None) -> list[Indices]:
    """k groups of image indices of about the same size, drawn by lot; whole writers (count,) if they are known."""
    if not 2 <= k <= count:
        raise InputError(f"Cannot make {k} folds of {count} images; choose 2 or more, with an image in each.")
    if writers is None:
        return [np.sort(part) for part in np.array_split(generator.permutation(count), k)]
    ids, member = np.unique(writers, return_inverse=True)
    group = np.empty(len(ids), np.int64)
    for number, part in enumerate(np.array_split(generator.permutation(len(ids)), k)):
        group[part] = number
    return [np.flatnonzero(group[member] == number) for number in range(k)]


def cross_validate(
    recipe: Recipe, train: Dataset, seed: int = 0, *, writers: NDArray[Any] | None = None
) -> Iterator[int | CrossValidation]:
    """Train `FOLDS` networks, yielding how many are done after each, and at last their answers."""
    generator = np.random.default_rng([seed, FOLDS])
    logits = np.zeros((len(train), recipe.network.classes), np.float32)
    accuracies = []
    for number, part in enumerate(folds(len(train), FOLDS, generator, writers)):
        kept = np.setdiff1d(np.arange(len(train)), part)
        classifier = Classifier.from_run(train_one(recipe, train[kept], seed + number))
        logits[part] = classifier.logits(train.images[part])
        accuracies.append(float((logits[part].argmax(axis=1) == train.labels[part]).mean()))
        yield number + 1
    yield CrossValidation(logits, tuple(accuracies), writers is not None)


def train_one(recipe: Recipe, data: Dataset, seed: int) -> Run:
    """One training from scratch, without looking at anything but `data`."""
    from exmachina.training import TrainingEnd, train

    *_, end = train(recipe, data, seed)
    if not isinstance(end, TrainingEnd):
        raise RuntimeError("training ended without a run")
    return end.run
