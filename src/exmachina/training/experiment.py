"""Many trainings at once: a recipe over seeds, or one knob over values and seeds."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.runs import hardware
from exmachina.training.events import TrainingEnd
from exmachina.training.hardware import choose_device
from exmachina.training.loop import train
from exmachina.training.recipes import Recipe

MAX_TRIALS = 1000


@dataclass(frozen=True)
class Trial:
    """One training of an experiment: which recipe and seed, and what came out on the held-out images."""

    value: Any  # of the knob that was varied, or None
    seed: int
    accuracy: float
    loss: float
    seconds: float


def variations(recipe: Recipe, knob: str, values: Sequence[str]) -> dict[Any, Recipe]:
    """The recipe once for each value of one knob.

    A knob is a field of the recipe (`learning_rate`), of its augmentation (`shift`) or an option of a layer
    (`conv1.kernel`). Raises `InputError` on an unknown knob or a value that does not fit.
    """
    if not values:
        raise InputError(f"No values for '{knob}'; say for example --vary learning_rate=0.003,0.01,0.03.")
    recipes = {}
    for text in values:
        value = _read(text)
        if "." in knob:
            layer, option = knob.split(".", 1)
            step = recipe.network.step(layer)
            if option == "name" or not hasattr(step.layer, option) or option not in step.layer.__dataclass_fields__:
                options = ", ".join(name for name in step.layer.__dataclass_fields__ if name != "name")
                raise InputError(f"Layer '{layer}' has no option '{option}'. Choose one of: {options}.")
            recipes[value] = recipe.replace(network=recipe.network.replace(layer, **{option: value}))
        elif knob in recipe.augmentation.__dataclass_fields__:
            recipes[value] = recipe.replace(augmentation=replace(recipe.augmentation, **{knob: value}))
        else:
            recipes[value] = recipe.replace(**{knob: value})
    return recipes


def run_trials(
    recipes: dict[Any, Recipe],
    seeds: Sequence[int],
    data: Dataset,
    held_out: Dataset,
    *,
    workers: int | None = None,
    save: Path | None = None,
) -> Iterator[Trial]:
    """Train every recipe with every seed and yield each trial as it ends.

    On a CPU `workers` processes (as many as cores, unless told) train side by side with one thread each: two
    small networks on a core each waste less than one network on both. On a GPU they run one after another.
    `save` is a directory that keeps each run as RECIPE-SEED; it takes one recipe.
    """
    if save is not None and len(recipes) > 1:
        raise InputError("Runs of several recipes cannot be kept in one directory; train one recipe.")
    jobs = [(value, recipe, seed) for value, recipe in recipes.items() for seed in seeds]
    if not 1 <= len(jobs) <= MAX_TRIALS:
        raise InputError(f"{len(jobs)} trainings asked for; an experiment takes 1 to {MAX_TRIALS}.")
    workers = min(workers or hardware()["cores"], len(jobs))
    if workers == 1 or choose_device().type == "cuda":
        for value, recipe, seed in jobs:
            yield _trial(value, recipe, seed, data, held_out, save)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _start_worker, (data, held_out)) as pool:
        futures = [pool.submit(_work, *job, save) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


_worker_data: tuple[Dataset, Dataset] | None = None  # of this process, set once when a worker starts


def _start_worker(data: Dataset, held_out: Dataset) -> None:
    global _worker_data
    torch.set_num_threads(1)
    _worker_data = (data, held_out)


def _work(value: Any, recipe: Recipe, seed: int, save: Path | None) -> Trial:
    if _worker_data is None:
        raise RuntimeError("this worker was never given its data")
    return _trial(value, recipe, seed, *_worker_data, save)


def _trial(value: Any, recipe: Recipe, seed: int, data: Dataset, held_out: Dataset, save: Path | None) -> Trial:
    for event in train(recipe, data, seed, test=held_out):
        if isinstance(event, TrainingEnd):
            run = event.run
            if save is not None:
                run.save(save / f"{recipe.name}-{seed}")
            return Trial(value, seed, run.test_accuracy or 0.0, run.test_loss or 0.0, run.train_seconds)
    raise RuntimeError("training ended without a run")


def _read(text: str) -> Any:
    """A value as it was typed: a whole number, a number or a word."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
