"""Learning and its result: the curve of a training, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from exmachina.errors import InputError
from exmachina.figures.drawing.style import (
    MARGIN,
    NARROW,
    Plate,
    label_ends,
    logarithmic,
    look,
    new_figure,
    note,
    place,
    show_values,
)
from exmachina.formatting import percent

SMOOTHING = 0.06  # of all steps: the window of the running mean
Epochs = list[tuple[int, Mapping[str, Any]]]  # each with the step it ended at


def training_curve(
    history: Sequence[Mapping[str, Any]],
    step_losses: ArrayLike | None = None,
    *,
    test_accuracy: float | None = None,
    dark: bool = False,
) -> Plate:
    """Loss, and accuracy below it, as a network learns.

    `history` are a run's epochs (`run.history`); `step_losses` the loss of every step from the first
    (`StepEnd.loss`), drawn as a thin line with its running mean. `test_accuracy` is marked where it was measured.
    """
    losses = np.asarray([] if step_losses is None else step_losses, float)
    if not history and not len(losses):
        raise InputError("There is nothing to draw yet: no epoch and no step; train first.")
    epochs = [(int(item["step"]), item) for item in history]
    steps = max(len(losses), epochs[-1][0] if epochs else 0)
    first, last = _ends(losses, epochs)
    title = f"The loss falls from {first:.2f} to {last:.3f} in {steps:,} steps"
    if not len(losses) and len(epochs) == 1:
        title = f"The mean loss of {steps:,} steps is {last:.3f}"
    if test_accuracy is not None:
        title += f"; {percent(test_accuracy)} of the test digits are read right"
    accuracies = bool(epochs)
    left, wide = MARGIN + 0.52, NARROW - 2 * MARGIN - 0.52 - 0.75
    upper, lower = 1.7, 1.15
    with look(dark) as colours:
        figure = new_figure(NARROW, upper + (lower + 0.25 if accuracies else 0) + 0.5, title, dark=dark)
        axes = place(figure, left, 0.05, wide, upper)
        logarithmic(axes, [*losses, *(item["loss"] for _, item in epochs)])
        axes.set(xlim=(0, steps * 1.01), ylabel="loss (nats)")
        axes.grid(axis="y")
        ends = []
        if len(losses):
            axes.plot(np.arange(1, len(losses) + 1), losses, color=colours.hairline, linewidth=0.8)
            smooth = running_mean(losses)
            axes.plot(np.arange(1, len(losses) + 1), smooth, color=colours.ink, linewidth=1.6)
            ends.append((smooth[-1], "batches", colours.ink))
        if not len(losses) or len(epochs) > 1:
            ends += _series(axes, epochs, "loss", "epochs" if len(losses) else "training", colours.accent, "o")
        ends += _series(axes, epochs, "validation_loss", "validation", colours.positive, "s")
        label_ends(axes, ends)
        if accuracies:
            axes.tick_params(labelbottom=False)
            axes = place(figure, left, 0.05 + upper + 0.2, wide, lower)
            ends = _series(axes, epochs, "accuracy", "training", colours.accent, "o", factor=100)
            ends += _series(axes, epochs, "validation_accuracy", "validation", colours.positive, "s", factor=100)
            if test_accuracy is not None:
                axes.plot([steps], [100 * test_accuracy], marker="D", color=colours.ink, markersize=4.5, clip_on=False)
                ends.append((100 * test_accuracy, "test", colours.ink))
            low = min(axes.get_ylim()[0], 95)
            axes.set(xlim=(0, steps * 1.01), ylim=(low - 0.03 * (100 - low), 100), ylabel="accuracy (%)")
            axes.yaxis.set_major_locator(MaxNLocator(4))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.grid(axis="y")
            label_ends(axes, ends)
        axes.set_xlabel("step")
    return figure


def _series(
    axes: Axes, epochs: Epochs, name: str, label: str, colour: str, marker: str, *, factor: float = 1
) -> list[tuple[float, str, str]]:
    points = [(step, item[name] * factor) for step, item in epochs if item.get(name) is not None]
    if not points:
        return []
    x, y = zip(*points, strict=True)
    axes.plot(x, y, color=colour, marker=marker, markersize=4.5, linewidth=1.2, clip_on=False)
    return [(y[-1], label, colour)]


def running_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the steps around each (6 % of all), fewer at both ends so that nothing is made up."""
    reach = round(SMOOTHING * len(values) / 2)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    starts, ends = np.maximum(0, places - reach), np.minimum(len(values), places + reach + 1)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts))


def _ends(losses: NDArray[np.float64], epochs: Epochs) -> tuple[float, float]:
    if len(losses):
        return float(losses[0]), float(running_mean(losses)[-1])
    return float(epochs[0][1]["loss"]), float(epochs[-1][1]["loss"])


def confusion_matrix(labels: NDArray[np.integer], read: NDArray[np.integer], *, dark: bool = False) -> Plate:
    """How often each digit (rows) was read as each (columns): counts, mistakes coloured by their number.

    `labels` and `read` are (N,) digits. The diagonal, all that is right, stays without colour.
    """
    matrix = np.zeros((10, 10), int)
    np.add.at(matrix, (np.asarray(labels, int), np.asarray(read, int)), 1)
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    mistakes = int(wrong.sum())
    y, x = np.unravel_index(int(wrong.argmax()), wrong.shape)
    title = f"{mistakes:,} of {len(labels):,} digits are misread"
    if mistakes:
        title += f"; most often a {y} as a {x} ({_times(int(wrong[y, x]))})"
    cell = 0.36
    with look(dark) as colours:
        figure = new_figure(NARROW, 10 * cell + 0.55, title, dark=dark)
        left = MARGIN + 0.5
        axes = place(figure, left, 0.42, 10 * cell, 10 * cell)
        limit = max(int(wrong.max()), 1)
        show_values(axes, wrong, colours, limit=limit * 1.15)
        axes.set_xticks(range(10), [str(digit) for digit in range(10)])
        axes.set_yticks(range(10), [str(digit) for digit in range(10)])
        axes.tick_params(
            length=0, labelsize=9, labelcolor=colours.ink, top=False, labeltop=True, labelbottom=False, pad=3
        )
        for (row, column), count in np.ndenumerate(matrix):
            if row == column:
                axes.text(column, row, f"{count:,}", ha="center", va="center_baseline", size=7.5, color=colours.muted)
            elif count:
                strong = count > 0.55 * limit
                colour = colours.paper if strong else colours.ink
                axes.text(
                    column, row, str(count), ha="center", va="center_baseline", size=8.5, color=colour, weight="bold"
                )
        note(figure, left, 0.12, "read as", va="baseline", size=8.5)
        note(figure, MARGIN, 0.42 + 5 * cell, "label", va="center", size=8.5)
    return figure


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
