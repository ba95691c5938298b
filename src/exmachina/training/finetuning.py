"""Fine-tuning: a trained network learns the reader's own digits without forgetting MNIST's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from exmachina.data import Dataset, scale
from exmachina.data.augmentation import Augmentation
from exmachina.engine import augmented, shuffled_order
from exmachina.errors import InputError, check_number
from exmachina.runs import Run
from exmachina.training.events import Event, TrainingEnd
from exmachina.training.learner import Batch, make_learner
from exmachina.training.loop import check_data
from exmachina.training.recipes import Recipe
from exmachina.training.session import Session

STEPS = 60
BATCH, OWN = 128, 32  # images a step, and how many of them are the reader's
JITTER = Augmentation(shift=2, rotation=8.0)


def finetune(
    run: Run,
    mine: Dataset,
    rehearsal: Dataset,
    seed: int = 0,
    *,
    steps: int = STEPS,
    rate: float = 3e-4,
    test: Dataset | None = None,
    backend: str | None = None,
    device: str | None = None,
) -> Iterator[Event]:
    """Train on from `run`'s weights; the events are those of `train`, in one epoch of `steps` steps.

    A quarter of every batch are the reader's digits, each time shifted by up to 2 pixels and turned by up to
    8 degrees; the rest is drawn from `rehearsal`, MNIST's training set, without which a network soon forgets
    what it does not see (catastrophic forgetting, McCloskey and Cohen 1989). Raises `InputError` if there are
    no digits to learn.
    """
    start = time.perf_counter()
    if not len(mine):
        raise InputError("There are no digits of your own yet; draw one and tell its label first.")
    if not len(rehearsal) or steps < 1:
        raise InputError(f"Fine-tuning needs images to rehearse and steps to take, not {len(rehearsal)} and {steps}.")
    check_number("seed", seed, 0, 2**63 - 1)
    for part in (mine, rehearsal, test):
        if part is not None:
            check_data(part, run.network)
    recipe = tuned_recipe(run, rate)
    learner = make_learner(recipe, seed, backend=backend, device=device, weights=run.weights)
    session = Session(recipe, learner, mine, seed, start, test)
    for event in session.events(mixed_batches(mine, rehearsal, seed), steps, steps):
        if isinstance(event, TrainingEnd):
            splits = {**event.run.splits, "rehearsal": len(rehearsal)}
            # Fitted to the weights before; a second's training does not move them far.
            tuned = replace(
                event.run,
                splits=splits,
                temperature=run.temperature,
                rejection_threshold=run.rejection_threshold,
            )
            event = TrainingEnd(tuned)
        yield event


def tuned_recipe(run: Run, rate: float) -> Recipe:
    """A gentle recipe for `run`'s network: the weights are good already and should not be thrown about."""
    name = str(run.recipe.get("name", run.network.name)).removesuffix(" + mine")
    return Recipe(
        name=f"{name} + mine",
        network=run.network,
        optimizer="adamw",
        learning_rate=rate,
        schedule="one_cycle",
        warmup=0.1,
        batch_size=BATCH,
        epochs=1,
    )


def mixed_batches(mine: Dataset, rehearsal: Dataset, seed: int) -> Iterator[Batch]:
    """Batches without end: `OWN` of the reader's digits, freshly shifted and turned, and rehearsal for the rest."""
    step = 0
    while True:
        own = mine[in_turn(len(mine), OWN, seed, step)]
        old = rehearsal[in_turn(len(rehearsal), BATCH - OWN, seed, step)]
        new = augmented(scale(own.images), JITTER.numbers(), seed, step)
        pixels = np.concatenate([new, scale(old.images)])[:, None]
        yield Batch(pixels, np.concatenate([own.labels, old.labels]))
        step += 1


def in_turn(count: int, size: int, seed: int, step: int) -> NDArray[np.int32]:
    """Which `size` of `count` things step `step` takes: all of them once in a random order, then again in another."""
    first, past = step * size, (step + 1) * size
    rounds = range(first // count, -(-past // count))
    order = np.concatenate([shuffled_order(count, seed, number) for number in rounds])
    return order[first - rounds[0] * count :][:size]
