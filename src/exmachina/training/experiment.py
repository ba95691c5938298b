"""Many trainings at once: a recipe over seeds, or one knob over values and seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from typing import Any

from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.runs import Run, hardware
from exmachina.training.events import EpochEnd, TrainingEnd
from exmachina.training.learner import choose_backend
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


@dataclass(frozen=True)
class StoppedTrial:
    """A training that was stopped early: no final accuracy, only what it had reached after so many epochs."""

    value: Any
    seed: int
    epochs: int
    accuracy: float

    def to_json(self) -> dict[str, Any]:
        """As `experiment --json` tells it; null stands for the accuracy that it never came to."""
        return {
            "value": self.value,
            "seed": self.seed,
            "accuracy": None,
            "stopped_after_epochs": self.epochs,
            "accuracy_then": self.accuracy,
        }


def variations(recipe: Recipe, knob: str, values: Sequence[str]) -> dict[Any, Recipe]:
    """The recipe once for each value of one knob, as `Recipe.replace` turns it; values are read as numbers or words.

    Raises `InputError` on an unknown knob or a value that does not fit.
    """
    if not values:
        raise InputError(f"No values for '{knob}'; say for example --vary learning_rate=0.003,0.01,0.03.")
    return {value: recipe.replace(**{knob: value}) for value in map(_read, values)}


@dataclass(frozen=True)
class Job:
    """A training to be done: one value's recipe with one seed."""

    value: Any
    recipe: Recipe
    seed: int


def list_jobs(recipes: dict[Any, Recipe], seeds: Sequence[int], save: Path | None = None) -> list[Job]:
    """Every recipe with every seed. Raises `InputError` if these are too many, or cannot be kept in `save`."""
    if save is not None and len(recipes) > 1:
        raise InputError("Runs of several recipes cannot be kept in one directory; train one recipe.")
    jobs = [Job(value, recipe, seed) for value, recipe in recipes.items() for seed in seeds]
    if not 1 <= len(jobs) <= MAX_TRIALS:
        raise InputError(f"{len(jobs)} trainings asked for; an experiment takes 1 to {MAX_TRIALS}.")
    return jobs


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

    `workers` trainings, as many as cores unless told, go side by side with one thread each: two small networks on a
    core each waste less than one network on both. On PyTorch they go one after another. `save` is a directory that
    keeps each run as RECIPE-SEED; it takes one recipe.
    """
    jobs = list_jobs(recipes, seeds, save)
    side_by_side = all(choose_backend(recipe) == "engine" for recipe in recipes.values())
    workers = min(workers or hardware()["cores"], len(jobs)) if side_by_side else 1
    threads = 1 if workers > 1 else None
    stop = Flag()
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(_unless_stopped, job, data, held_out, save, threads, stop) for job in jobs]
        try:
            for future in as_completed(futures):
                trial = future.result()
                if trial is not None:
                    yield trial
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def train_job(
    job: Job,
    data: Dataset,
    held_out: Dataset,
    threads: int | None,
    stop: Flag | None = None,
    at_epoch: Callable[[EpochEnd], None] | None = None,
) -> tuple[Trial, Run] | None:
    """One training to its end, or `None` if it was told to stop.

    `at_epoch` is told of each epoch, with the accuracy on the held-out images so far.
    """
    validation = held_out if at_epoch is not None else None
    for event in train(job.recipe, data, job.seed, validation=validation, test=held_out, threads=threads):
        if stop is not None and stop.is_set():
            return None
        if isinstance(event, EpochEnd) and at_epoch is not None:
            at_epoch(event)
        if isinstance(event, TrainingEnd):
            run = event.run
            if run.test_accuracy is None or run.test_loss is None:
                raise InputError(f"'{held_out.name}' holds no images to judge by.")
            return Trial(job.value, job.seed, run.test_accuracy, run.test_loss, run.train_seconds), run
    raise RuntimeError("training ended without a run")


def keep_run(run: Run, job: Job, save: Path | None) -> None:
    """Save a run as RECIPE-SEED in the directory `save`, if there is one."""
    if save is not None:
        run.save(save / f"{job.recipe.name}-{job.seed}")


def _unless_stopped(
    job: Job, data: Dataset, held_out: Dataset, save: Path | None, threads: int | None, stop: Flag
) -> Trial | None:
    done = train_job(job, data, held_out, threads, stop)
    if done is None:
        return None
    trial, run = done
    keep_run(run, job, save)
    return trial


def _read(text: str) -> Any:
    """A value as it was typed: a whole number, a number or a word."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
