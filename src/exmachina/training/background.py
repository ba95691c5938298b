"""Training on with a background class: an eleventh answer, for what is no digit, that goes when training ends.

A network that only has to tell ten classes apart need not keep apart from them what is none. While it learns to name
that as well (a background class, as in Dhamija, Günther and Boult, *Reducing Network Agnostophobia*, 2018), its last
values come to tell digits from all else, and a rejector that is fitted to them refuses more. Then the class is cut off.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.runs import Run, Weights
from exmachina.training.events import Event, TrainingEnd
from exmachina.training.learner import make_learner
from exmachina.training.loop import check_data, shuffled_batches
from exmachina.training.recipes import Recipe
from exmachina.training.session import Session

RARE = -3.0  # the background's bias before it is learned: an answer that is hardly ever given
LASTS = ("epoch", "step", "seconds")  # of a history, what goes on from where it was


def learn_background(
    run: Run,
    recipe: Recipe,
    digits: Dataset,
    background: NDArray[np.uint8],
    seed: int = 0,
    *,
    validation: Dataset | None = None,
) -> Iterator[Event]:
    """Train on from `run`'s weights by `recipe` on `digits` and, as one class more, images (N, 28, 28) that are none.

    The events are those of `train`. The last one's run has the classes and the record that `run` has, with this part of
    its history; the temperature, threshold and rejector, which were fitted to the weights before, are gone. Raises
    `InputError` for digits that the network does not take, or where there is no background.
    """
    start = time.perf_counter()
    check_data(digits, run.network)
    if not len(background):
        raise InputError("There are no images of the background to learn from.")
    last, classes = run.network.layers[-1].name, run.network.classes
    recipe = replace(recipe, network=run.network.replace(last, units=classes + 1))
    labels = np.concatenate([digits.labels, np.full(len(background), classes, np.uint8)])
    every = Dataset(np.concatenate([digits.images, background]), labels, digits.name, classes + 1)
    learner = make_learner(recipe, seed, weights=_with_background(run.weights, last))
    session = Session(recipe, learner, every, seed, start)
    steps = -(-len(every) // recipe.batch_size)
    batches = shuffled_batches(learner, every, recipe.batch_size, seed)
    for event in session.events(batches, round(recipe.epochs * steps), steps, validation):
        if isinstance(event, TrainingEnd):
            event = TrainingEnd(_cut(event.run, run, last, len(background)))
        yield event


def _with_background(weights: Weights, last: str) -> Weights:
    """The weights with a row more in the last layer."""
    kernel, bias = weights[f"{last}.weight"], weights[f"{last}.bias"]
    return {
        **weights,
        f"{last}.weight": np.concatenate([kernel, np.zeros_like(kernel[:1])]),
        f"{last}.bias": np.append(bias, np.float32(RARE)),
    }


def _cut(taught: Run, before: Run, last: str, background: int) -> Run:
    """The run without the background's row, recorded as `before` and what came after."""
    classes, epochs = before.network.classes, taught.recipe["epochs"]
    past = before.history[-1] if before.history else {}
    history = [{**row, **{key: (row[key] or 0) + (past.get(key) or 0) for key in LASTS}} for row in taught.history]
    epochs += before.splits.get("background", {}).get("epochs", 0)
    weights = taught.weights | {name: taught.weights[name][:classes] for name in (f"{last}.weight", f"{last}.bias")}
    return replace(
        taught,
        network=before.network,
        weights=weights,
        recipe=before.recipe,
        history=[*before.history, *history],
        splits={**before.splits, "background": {"images": background, "epochs": epochs}},
        train_seconds=before.train_seconds + taught.train_seconds,
    )
