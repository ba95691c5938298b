"""Trials in the terminal: a line for each as it ends, and their table."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from exmachina.cluster.trials import FailedTrial
    from exmachina.data import Dataset
    from exmachina.evaluation.statistics.trials import TrialRow
    from exmachina.training import Recipe
    from exmachina.training.experiment import Trial


def watch_trials(
    recipes: dict[Any, Recipe],
    seeds: range,
    images: Dataset,
    held_out: Dataset,
    json: bool,
    knob: str = "",
    save: Path | None = None,
    ray: str | None = None,
) -> tuple[tuple[TrialRow, ...], bool]:
    """Train every recipe with every seed, tell of each as it ends, and print a row per recipe, on a cluster if told.

    Returns the rows and whether all trainings ended. If some did not, or Ctrl-C stopped it, the table holds the others.
    """
    from exmachina.cli.terminal import QUIET, make_console
    from exmachina.evaluation.statistics.trials import table_of_trials
    from exmachina.training.experiment import Trial

    console = make_console(stderr=json)
    trials: list[Trial] = []
    total = len(recipes) * len(seeds)
    with suppress(KeyboardInterrupt):
        for trial in _trials(recipes, seeds, images, held_out, save, ray):
            what = f"{knob} {trial.value}   " if knob else ""
            if not isinstance(trial, Trial):
                print(f"exmachina: {what}seed {trial.seed} failed: {trial.reason}", file=sys.stderr)
                continue
            trials.append(trial)
            console.print(f"  {len(trials):>3}/{total}  {what}seed {trial.seed:<3} {trial.accuracy:.2%}", style=QUIET)
    rows = table_of_trials(trials, [value for value in recipes if any(trial.value == value for trial in trials)])
    _print_rows(console, rows, knob)
    if len(trials) < total:
        print(f"exmachina: {len(trials)} of {total} trainings ended; the table holds these.", file=sys.stderr)
    return rows, len(trials) == total


def _trials(
    recipes: dict[Any, Recipe], seeds: range, images: Dataset, held_out: Dataset, save: Path | None, ray: str | None
) -> Iterator[Trial | FailedTrial]:
    if ray is None:
        from exmachina.training.experiment import run_trials

        yield from run_trials(recipes, seeds, images, held_out, save=save)
        return
    from exmachina.cluster import trials
    from exmachina.cluster.connection import connected

    with connected(ray):
        yield from trials.run_trials(recipes, seeds, images, held_out, save=save)


def _print_rows(console: Console, rows: tuple[TrialRow, ...], knob: str) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2), header_style="grey58")
    for column in (knob or "recipe", "accuracy", "sd", "95 % interval of the mean", "n"):
        table.add_column(column, justify="right")
    for row in rows:
        interval, sd = row.summary.interval, row.summary.sd
        table.add_row(
            str(row.value if knob else "as it is"),
            f"{row.summary.mean:.3%}",
            "–" if sd is None else f"{sd:.3%}",
            "–" if interval is None else f"{interval.low:.3%} to {interval.high:.3%}",
            str(row.summary.n),
        )
    console.print(table)
