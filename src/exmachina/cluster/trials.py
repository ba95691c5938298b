"""An experiment on a cluster: the same recipes, seeds and accuracies as on one machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exmachina.cluster.connection import load_ray
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.training import Recipe
from exmachina.training.experiment import Job, Trial, keep_run, list_jobs, train_job
from exmachina.training.learner import choose_backend
from exmachina.training.loop import check_data

RETRIES = 5  # of a training whose machine or process died


@dataclass(frozen=True)
class FailedTrial:
    """A training that did not end however often it was tried, and why."""

    value: Any
    seed: int
    reason: str


def run_trials(
    recipes: dict[Any, Recipe],
    seeds: Sequence[int],
    data: Dataset,
    held_out: Dataset,
    *,
    save: Path | None = None,
) -> Iterator[Trial | FailedTrial]:
    """Train every recipe with every seed, one core each, and yield each trial as it ends.

    What `training.experiment.run_trials` does, on a cluster that one is connected to. A training whose machine dies is
    done anew elsewhere, from the same seed; what cannot be done is told and costs none of the others. `save` is a
    directory of this machine.
    """
    library = load_ray()
    jobs = list_jobs(recipes, seeds, save)
    for recipe in recipes.values():
        check_trainable(recipe, data, held_out)
    task = library.remote(num_cpus=1, max_retries=RETRIES)(_train)
    parts = library.put(data), library.put(held_out)  # once for all, not with every task
    waiting = {task.remote(job, *parts): job for job in jobs}
    try:
        while waiting:
            (done,), _ = library.wait(list(waiting), num_returns=1)
            job = waiting.pop(done)
            try:
                trial, run = library.get(done)
            except library.exceptions.RayError as error:
                if isinstance(error, InputError):  # what is wrong with the recipe is wrong everywhere
                    raise InputError(str(getattr(error, "cause", error))) from None
                yield FailedTrial(job.value, job.seed, " ".join(str(error).split()))
                continue
            keep_run(run, job, save)
            yield trial
    finally:
        for reference in waiting:
            library.cancel(reference, force=True)


def check_trainable(recipe: Recipe, data: Dataset, held_out: Dataset) -> None:
    """Raise `InputError`, before anything is sent anywhere, for what would go wrong everywhere."""
    if choose_backend(recipe) != "engine":
        raise InputError("A cluster trains on the engine; leave out --precision bf16.")
    for part in (data, held_out):
        check_data(part, recipe.network)


def _train(job: Job, data: Dataset, held_out: Dataset) -> Any:
    return train_job(job, data, held_out, threads=1)
