"""Gradient descent on a real slice of the network's own loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from exmachina.figures.drawing.palette import Palette
from exmachina.figures.drawing.style import MARGIN, Plate, label_ends, logarithmic, look, new_figure, place
from exmachina.inspection import LossSurface, Walk

STYLES: tuple[tuple[str, tuple[int, tuple[float, ...]]], ...] = (
    ("o", (0, ())),
    ("s", (0, (4, 1.6))),
    ("^", (0, (1.2, 1.4))),
    ("D", (0, (5, 1.5, 1, 1.5))),
)
CONTOURS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)


def gradient_descent(
    surface: LossSurface,
    walks: Sequence[Walk],
    trajectory: NDArray[np.floating] | None = None,
    *,
    dark: bool = False,
) -> Plate:
    """Optimizers walking the slice from one start, and their loss, step by step.

    `trajectory` (N, 2) adds the way that the training really took, projected onto the slice.
    """
    ranked = sorted(walks, key=lambda walk: walk.losses[-1])
    title = _finding(ranked)
    below = (
        f"A flat slice of the loss over all weights, {surface.plane.description}; the loss of {surface.images} "
        "training images. The paths are computed, each step from the real gradient within the slice. "
        f"{_rates(walks)}"
    )
    width, left = 5.4, MARGIN + 0.66
    wide, high, lower = width - left - MARGIN - 0.72, 2.55, 1.1
    with look(dark) as colours:
        figure = new_figure(width, high + lower + 1.35, title, below, dark=dark)
        axes = place(figure, left, 0.05, wide, high)
        _ground(axes, surface, colours)
        curve = place(figure, left, high + 0.82, wide, lower)
        for walk, (marker, dashes) in zip(walks, STYLES, strict=False):
            line: dict[str, Any] = {"color": colours.ink, "linewidth": 1.4, "linestyle": dashes}
            mark: dict[str, Any] = {
                "marker": marker,
                "markersize": 5,
                "markeredgecolor": colours.paper,
                "markeredgewidth": 0.7,
            }
            dots: dict[str, Any] = {"color": colours.ink, "linestyle": "none", "zorder": 5, **mark}
            axes.plot(*walk.points.T, zorder=4, **line)
            axes.plot(*walk.points[::10].T, **dots)
            curve.plot(walk.losses, **line)
            curve.plot(range(0, len(walk.losses), 10), walk.losses[::10], clip_on=False, **dots)
            _name(axes, walk, [other for other in walks if other is not walk], surface, colours)
        if trajectory is not None:
            axes.plot(*np.asarray(trajectory).T, color=colours.accent, linewidth=2.2, zorder=3)
        start = surface.plane.start
        _point(axes, start, "start", colours)
        _point(axes, (0.0, 0.0), "trained", colours)
        axes.set(xlabel=f"{surface.plane.labels[0]} →\n(change of a weight, root mean square)")
        axes.set(ylabel=f"{surface.plane.labels[1]} →")
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
        axes.set(xlim=surface.first[[0, -1]], ylim=surface.second[[0, -1]])
        logarithmic(curve, np.concatenate([walk.losses for walk in walks]))
        curve.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        curve.set(xlabel="step", ylabel="loss (nats)", xlim=(0, max(len(walk.losses) for walk in walks) - 1))
        curve.grid(axis="y")
        label_ends(curve, [(walk.losses[-1], walk.optimizer, colours.ink) for walk in walks])
    return figure


def _finding(ranked: Sequence[Walk]) -> str:
    """Who is how far down at the end, the lowest first."""
    steps = len(ranked[0].losses) - 1
    (best, *others) = [f"{walk.optimizer} {walk.losses[-1]:.2g}" for walk in ranked]
    best = best.replace(" ", " is at a loss of ")
    return f"{steps} steps from the same start: {', '.join([best, *others])}"


def _rates(walks: Sequence[Walk]) -> str:
    """What each optimizer's learning rate is, for the comparison depends on it."""
    title = {"Adadelta": "Adadelta has its textbook settings", "SGD": "SGD three quarters of the largest stable rate"}
    rates = [
        title.get(walk.optimizer, f"{walk.optimizer} a rate of {walk.options['learning_rate']:g}") for walk in walks
    ]
    return ", ".join(rates) + "."


def _ground(axes: Axes, surface: LossSurface, colours: Palette) -> None:
    """The loss as pale ink with contour lines that bear their values."""
    losses = np.log10(surface.losses)
    steepest = float(np.quantile(surface.losses, 0.97))
    pale = ListedColormap(colours.amount(np.linspace(0, 0.5, 256)))
    levels = np.linspace(losses.min(), np.log10(steepest), 24)
    axes.contourf(surface.first, surface.second, losses, levels=levels, cmap=pale, extend="both")
    shown = [level for level in CONTOURS if surface.losses.min() < level < steepest]
    ink: dict[str, Any] = {"colors": [colours.muted], "linewidths": 0.6}
    lines = axes.contour(surface.first, surface.second, surface.losses, levels=shown, **ink)
    axes.clabel(lines, fmt=lambda value: f"{value:g}", fontsize=7, colors=[colours.ink])


def _name(axes: Axes, walk: Walk, others: Sequence[Walk], surface: LossSurface, colours: Palette) -> None:
    """The optimizer's name where its path is farthest from the others'."""
    size = np.array([np.ptp(surface.first), np.ptp(surface.second)])
    inside = np.all(np.abs(walk.points - [surface.first.mean(), surface.second.mean()]) < 0.42 * size, axis=1)
    inside[: len(inside) // 8] = False
    taken = np.concatenate([*(other.points for other in others), [[0.0, 0.0], surface.plane.start]]) / size
    apart = np.linalg.norm(walk.points[:, None] / size - taken, axis=2).min(axis=1)
    place_at = walk.points[int(np.where(inside, apart, -1).argmax())]
    middle = np.mean([other.points[:, 1].mean() for other in others] or [0.0])
    above = place_at[1] >= middle
    axes.annotate(
        walk.optimizer,
        place_at,
        xytext=(0, 10 if above else -10),
        textcoords="offset points",
        ha="center",
        va="bottom" if above else "top",
        size=9,
        weight="bold",
        color=colours.ink,
        zorder=7,
        path_effects=[patheffects.withStroke(linewidth=2.5, foreground=colours.paper)],
    )


def _point(axes: Axes, at: tuple[float, float], name: str, colours: Palette) -> None:
    axes.plot(
        *at,
        marker="o",
        markersize=8,
        markerfacecolor="none",
        markeredgecolor=colours.accent,
        markeredgewidth=1.8,
        zorder=6,
    )
    axes.annotate(
        name,
        at,
        xytext=(0, -9),
        textcoords="offset points",
        ha="center",
        va="top",
        size=8.5,
        color=colours.accent,
        zorder=7,
        path_effects=[patheffects.withStroke(linewidth=2.5, foreground=colours.paper)],
    )
