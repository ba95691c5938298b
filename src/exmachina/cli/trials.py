"""Trials in the terminal: a line for each as it ends, and their table."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exmachina.formatting import share

if TYPE_CHECKING:
    from rich.console import Console

    from exmachina.cluster.trials import FailedTrial
    from exmachina.data import Dataset
    from exmachina.evaluation.statistics.trials import TrialRow
    from exmachina.training import Recipe
    from exmachina.training.experiment import StoppedTrial, Trial


@dataclass(frozen=True)
class Outcome:
    """What came of an experiment: a row for each value that has trainings which ended, and those stopped early.

    `ended`: nothing failed and nobody stopped it; every training came to its end or was stopped as was asked.
    """

    rows: tuple[TrialRow, ...]
    stopped: tuple[StoppedTrial, ...]
    ended: bool


def watch_trials(
    recipes: dict[Any, Recipe],
    seeds: range,
    images: Dataset,
    held_out: Dataset,
    json: bool,
    knob: str = "",
    save: Path | None = None,
    ray: str | None = None,
    stop_early: str | None = None,
) -> Outcome:
    """Train every recipe with every seed, tell of each as it ends, and print a row per recipe, on a cluster if told.

    If some did not end, or Ctrl-C stopped it, the table holds the others. `stop_early` names a scheduler of Ray Tune.
    """
    from exmachina.cli.terminal import QUIET, make_console
    from exmachina.evaluation.statistics.trials import table_of_trials
    from exmachina.training.experiment import StoppedTrial, Trial

    console = make_console(stderr=json)
    trials: list[Trial] = []
    stopped: list[StoppedTrial] = []
    total = len(recipes) * len(seeds)

    def show(trial: Trial | StoppedTrial | FailedTrial) -> None:
        what = f"{knob} {trial.value}   " if knob else ""
        if isinstance(trial, Trial):
            trials.append(trial)
            result = f"{share(trial.accuracy, 2)}"
        elif isinstance(trial, StoppedTrial):
            stopped.append(trial)
            result = f"stopped after {_epochs(trial.epochs)}, at {share(trial.accuracy, 2)}"
        else:
            print(f"exmachina: {what}seed {trial.seed} failed: {trial.reason}", file=sys.stderr)
            return
        console.print(f"  {len(trials) + len(stopped):>3}/{total}  {what}seed {trial.seed:<3} {result}", style=QUIET)

    with suppress(KeyboardInterrupt):
        _run(recipes, seeds, images, held_out, save, ray, stop_early, show)
    rows = table_of_trials(trials, [value for value in recipes if any(trial.value == value for trial in trials)])
    stopped.sort(key=lambda trial: (list(recipes).index(trial.value), trial.seed))
    _print_rows(console, rows, knob, None if stop_early is None else stopped)
    done = len(trials) + len(stopped)
    if done < total:
        print(f"exmachina: {done} of {total} trainings ended; the table holds these.", file=sys.stderr)
    return Outcome(rows, tuple(stopped), done == total)


def _run(
    recipes: dict[Any, Recipe],
    seeds: range,
    images: Dataset,
    held_out: Dataset,
    save: Path | None,
    ray: str | None,
    stop_early: str | None,
    show: Callable[[Trial | StoppedTrial | FailedTrial], None],
) -> None:
    if ray is None:
        from exmachina.training.experiment import run_trials

        for trial in run_trials(recipes, seeds, images, held_out, save=save):
            show(trial)
        return
    from exmachina.cluster import trials
    from exmachina.cluster.connection import connected
    from exmachina.cluster.tuning import check_stoppable, run_trials_stopping_early

    if stop_early is not None:
        check_stoppable(stop_early, recipes, images)
    with connected(ray):
        if stop_early is not None:
            run_trials_stopping_early(recipes, seeds, images, held_out, show, scheduler=stop_early)
            return
        for one in trials.run_trials(recipes, seeds, images, held_out, save=save):
            show(one)


def _print_rows(
    console: Console, rows: tuple[TrialRow, ...], knob: str, stopped: list[StoppedTrial] | None = None
) -> None:
    """A row a value; where trainings may be stopped early, how many were, and below the table which."""
    from rich.table import Table

    from exmachina.cli.terminal import QUIET

    table = Table(box=None, padding=(0, 2), header_style="grey58")
    for column in (knob or "recipe", "accuracy", "sd", "95% interval of the mean", "n"):
        table.add_column(column, justify="right")
    behind = Counter(trial.value for trial in stopped or ())
    if stopped is not None:
        table.add_column("stopped", justify="right")
    for row in rows:
        interval, sd = row.summary.interval, row.summary.sd
        table.add_row(
            str(row.value if knob else "as it is"),
            share(row.summary.mean, 3),
            "–" if sd is None else share(sd, 3),
            "–" if interval is None else f"{share(interval.low, 3)} to {share(interval.high, 3)}",
            str(row.summary.n),
            *([str(behind.pop(row.value, 0))] if stopped is not None else []),
        )
    for value, count in behind.items():
        table.add_row(str(value if knob else "as it is"), "–", "–", "–", "0", str(count))
    console.print(table)
    if stopped:
        console.print("  Stopped early, so without a final accuracy:", style=QUIET)
        for trial in stopped:
            what = f"{knob} {trial.value}   " if knob else ""
            after = f"after {_epochs(trial.epochs)}, at {share(trial.accuracy, 2)}"
            console.print(f"    {what}seed {trial.seed:<3} {after}", style=QUIET)
        console.print("  Means are of those that ended: where others were stopped, the better ones.", style=QUIET)


def _epochs(count: int) -> str:
    return f"{count} epoch{'s' * (count > 1)}"
