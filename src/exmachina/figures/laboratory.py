"""Pictures of the laboratory: a knob over values and seeds, and accuracy over time beside the peers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from matplotlib.ticker import FuncFormatter, NullLocator

from exmachina.errors import InputError
from exmachina.evaluation.statistics.trials import TrialRow
from exmachina.figures.drawing.style import MARGIN, WIDE, Plate, look, new_figure, note, place
from exmachina.formatting import percent


class TimedRow(Protocol):
    """What `speed_figure` needs of a benchmark's row."""

    @property
    def name(self) -> str: ...
    @property
    def curve(self) -> list[tuple[float, float]]: ...  # (seconds, accuracy)
    @property
    def train_seconds(self) -> float: ...


def experiment_figure(knob: str, rows: Sequence[TrialRow], *, dark: bool = False) -> Plate:
    """Every seed's accuracy at every value of a knob, with the mean and its 95 % interval."""
    seeds = rows[0].summary.n
    below = f"Held-out accuracy of {seeds} seeds a value; bar: mean and its 95 % interval."
    with look(dark) as colours:
        figure = new_figure(WIDE, 3.0, _finding(knob, rows), below, dark=dark)
        axes = place(figure, 0.75, 0.05, WIDE - 0.75 - MARGIN, 2.4)
        for place_of, row in enumerate(rows):
            points = 100 * np.asarray(row.accuracies, float)
            spread = np.linspace(-0.08, 0.08, len(points)) if len(points) > 1 else [0.0]
            axes.plot(place_of + np.asarray(spread), points, "o", color=colours.muted, ms=3.5, alpha=0.7, mew=0)
            mean = 100 * row.summary.mean
            interval = row.summary.interval
            if interval is not None:
                axes.plot([place_of + 0.2] * 2, [100 * interval.low, 100 * interval.high], color=colours.accent, lw=2)
            axes.plot(place_of + 0.2, mean, "s", color=colours.accent, ms=6)
            axes.annotate(
                f"{mean:.2f}", (place_of + 0.2, mean), (7, 0), textcoords="offset points", va="center", size=8.5
            )
        axes.set_xticks(range(len(rows)), [str(row.value) for row in rows])
        axes.set_xlim(-0.5, len(rows) - 0.3)
        axes.set_xlabel(knob)
        axes.set_ylabel("accuracy, %")
    return figure


def _finding(knob: str, rows: Sequence[TrialRow]) -> str:
    """What the rows show, and no more: a value is best only if its interval clears every other."""
    if len(rows) == 1:
        return f"The spread over seeds: {percent(rows[0].summary.mean, 2)} on average"
    best = max(rows, key=lambda row: row.summary.mean)
    others = [row.summary.interval for row in rows if row is not best]
    own = best.summary.interval
    if own is None or any(other is None or other.high >= own.low for other in others):
        return f"No value of {knob} stands clear of the others"
    return f"{knob} {best.value} reads best: {percent(best.summary.mean, 2)}"


def speed_figure(rows: Sequence[TimedRow], *, dark: bool = False) -> Plate:
    """Test accuracy over seconds of training, both axes logarithmic: time, and the errors that are left."""
    curves = [row for row in rows if row.curve]
    if not curves:
        raise InputError("No contestant was timed with a curve; run the benchmark without --quick, or with --out.")
    quickest = min(curves, key=lambda row: row.train_seconds)
    slowest = max(curves, key=lambda row: row.train_seconds)
    title = f"{quickest.name} takes {quickest.train_seconds:.2g} s, {slowest.name} {slowest.train_seconds:.0f} s"
    below = "Test error during one training each; the clock stops to look. Above: the median of all."
    with look(dark) as colours:
        figure = new_figure(WIDE, 3.5, title, below, dark=dark)
        axes = place(figure, 0.75, 0.05, WIDE - 0.75 - MARGIN, 2.9)
        for row in curves:
            seconds, accuracy = np.array(row.curve).T
            ours = row.name in ("fast", "sprint", "classic", "accurate")
            colour = colours.accent if ours else colours.muted
            axes.plot(seconds, 100 * (1 - accuracy), "-o", color=colour, ms=3, lw=1.6 if ours else 1.1, mew=0)
            axes.annotate(
                row.name,  # where its line begins: all end close together
                (seconds[0], 100 * (1 - accuracy[0])),
                (-6, -3) if ours else (2, 6),
                textcoords="offset points",
                ha="right" if ours else "left",
                size=8.5,
                color=colour,
            )
        axes.set_xscale("log")
        axes.set_xlim(left=min(row.curve[0][0] for row in curves) / 2)
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_yticks([1, 2, 5, 10, 20, 50])
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("seconds of training")
        axes.set_ylabel("test error, %")
        axes.axhline(0.98, color=colours.hairline, lw=0.8, zorder=0)
        note(figure, 0.8, 2.55, "the tutorial's 0.98 %", size=7.5)
    return figure
