"""A table of trials: one row a value, with every seed's accuracy, their mean, spread and interval."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from exmachina.evaluation.statistics.intervals import SeedSummary, over_seeds
from exmachina.training.experiment import Trial


@dataclass(frozen=True)
class TrialRow:
    """The trials with one value of the knob, by seed; accuracies are fractions."""

    value: Any
    summary: SeedSummary
    accuracies: tuple[float, ...]
    seeds: tuple[int, ...]
    train_seconds: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """The row as `experiment --json` and `train --seeds --json` tell it."""
        interval = self.summary.interval
        return {
            "value": self.value,
            "n": self.summary.n,
            "accuracy_mean": self.summary.mean,
            "accuracy_sd": self.summary.sd,
            "accuracy_interval": None if interval is None else [interval.low, interval.high],
            "accuracies": list(self.accuracies),
            "seeds": list(self.seeds),
            "train_seconds": list(self.train_seconds),
        }


def table_of_trials(trials: Iterable[Trial], values: Iterable[Any]) -> tuple[TrialRow, ...]:
    """A row for each of `values`, in their order, whatever the order in which the trials ended."""
    known = list(trials)
    rows = []
    for value in values:
        own = sorted((trial for trial in known if trial.value == value), key=lambda trial: trial.seed)
        accuracies = tuple(trial.accuracy for trial in own)
        seeds, seconds = tuple(trial.seed for trial in own), tuple(trial.seconds for trial in own)
        rows.append(TrialRow(value, over_seeds(accuracies), accuracies, seeds, seconds))
    return tuple(rows)
