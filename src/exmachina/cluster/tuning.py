"""An experiment on a cluster that stops what looks hopeless: Ray Tune's scheduler decides, after every epoch.

ASHA (Li et al. 2020, https://arxiv.org/abs/1810.05934) asks at certain epochs whether a training is among the best that
have come so far, and goes on with those alone.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from exmachina.cluster.connection import load_ray
from exmachina.cluster.trials import RETRIES, FailedTrial, check_trainable
from exmachina.data import Dataset
from exmachina.engine import training_steps
from exmachina.errors import InputError
from exmachina.training import Recipe
from exmachina.training.events import EpochEnd
from exmachina.training.experiment import Job, StoppedTrial, Trial, list_jobs, train_job

SCHEDULERS = ("asha",)
METRIC = "held_out_accuracy"
QUIET = {  # as variables of the environment, for these cannot be said otherwise
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # no tables and event files beside what is asked for
    "RAY_AIR_NEW_OUTPUT": "0",  # its other way of telling has headings that no setting turns off
}

Report = Callable[[Trial | StoppedTrial | FailedTrial], None]


def run_trials_stopping_early(
    recipes: dict[Any, Recipe],
    seeds: Sequence[int],
    data: Dataset,
    held_out: Dataset,
    report: Report,
    *,
    scheduler: str = "asha",
    retries: int = RETRIES,
) -> None:
    """Train every recipe with every seed, one core each, and say of each what came of it as soon as it is known.

    After each epoch but the last a training tells its accuracy on `held_out`, and the scheduler may stop it. Those that
    end have the accuracies that `trials.run_trials` gives; which do depends on who comes first. Ctrl-C stops the rest.
    """
    load_ray()
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # what fails or is left is told by us
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler

    jobs = list_jobs(recipes, seeds)
    for recipe in recipes.values():
        check_trainable(recipe, data, held_out)
    check_stoppable(scheduler, recipes, data)
    trainable = tune.with_resources(tune.with_parameters(_train, jobs=jobs, data=data, held_out=held_out), {"cpu": 1})
    with TemporaryDirectory() as folder, patch.dict(os.environ, QUIET), _own_signals():
        tune.Tuner(
            trainable,
            param_space={"job": tune.grid_search(list(range(len(jobs))))},
            tune_config=tune.TuneConfig(
                scheduler=ASHAScheduler(
                    time_attr="epoch",
                    metric=METRIC,
                    mode="max",
                    max_t=max(epochs_of(recipe, len(data)) for recipe in recipes.values()),
                    stop_last_trials=False,  # whoever comes to the end has come to the end
                )
            ),
            run_config=tune.RunConfig(
                name="experiment",
                storage_path=folder,
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=retries),
                callbacks=[_listener(jobs, report)],
            ),
        ).fit()


@contextmanager
def _own_signals() -> Iterator[None]:
    """Tune listens for Ctrl-C, and goes on listening when it has ended; from then on it is again as it was."""
    handlers = {
        number: signal.getsignal(number) for number in (signal.SIGINT, getattr(signal, "SIGUSR1", None)) if number
    }
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                signal.signal(number, handler)


def check_stoppable(scheduler: str, recipes: dict[Any, Recipe], data: Dataset) -> None:
    """Raise `InputError` for a scheduler that there is not, and for a recipe without an epoch's end on its way."""
    if scheduler not in SCHEDULERS:
        raise InputError(f"Nothing stops trainings early by the name '{scheduler}'. Choose: {', '.join(SCHEDULERS)}.")
    for recipe in recipes.values():
        if epochs_of(recipe, len(data)) < 2:
            raise InputError(
                f"Recipe '{recipe.name}' with {recipe.epochs:g} epochs has no epoch's end before its own, where a "
                "training is stopped early; vary one of more than an epoch, or leave out --stop-early."
            )


def epochs_of(recipe: Recipe, images: int) -> int:
    """How many epochs a training tells of; the last may be a part of one."""
    steps_per_epoch = -(-images // recipe.batch_size)
    return -(-training_steps(recipe.epochs, steps_per_epoch) // steps_per_epoch)


def _train(config: dict[str, int], jobs: list[Job], data: Dataset, held_out: Dataset) -> None:
    """One training on a core of the cluster, which tells Tune how it does."""
    from ray import tune

    job = jobs[config["job"]]
    epochs = epochs_of(job.recipe, len(data))

    def report_epoch(end: EpochEnd) -> None:
        if end.epoch < epochs:
            tune.report({"epoch": end.epoch, METRIC: end.validation_accuracy})

    done = train_job(job, data, held_out, threads=1, at_epoch=report_epoch)
    assert done is not None  # nobody told it to stop
    trial, _ = done
    tune.report(
        {
            "epoch": epochs,
            METRIC: trial.accuracy,
            "accuracy": trial.accuracy,
            "loss": trial.loss,
            "seconds": trial.seconds,
        }
    )


def _listener(jobs: list[Job], report: Report) -> Any:
    from ray import tune

    class Listener(tune.Callback):
        """Hears from Tune which training came to an end, and how."""

        jobs: list[Job]
        report: Report

        def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **more: Any) -> None:
            job, last = self.jobs[trial.config["job"]], trial.last_result
            if "accuracy" in last:
                self.report(Trial(job.value, job.seed, last["accuracy"], last["loss"], last["seconds"]))
            else:
                self.report(StoppedTrial(job.value, job.seed, last["epoch"], last[METRIC]))

        def on_trial_error(self, iteration: int, trials: Any, trial: Any, **more: Any) -> None:
            job, why = self.jobs[trial.config["job"]], trial.get_error()
            self.report(FailedTrial(job.value, job.seed, " ".join(str(why).split())))

        def __getstate__(self) -> dict[str, Any]:
            return {}  # Tune writes down what it was begun with, and whoever listens cannot be

    listener = Listener()
    listener.jobs, listener.report = jobs, report
    return listener
