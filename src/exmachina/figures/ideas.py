"""ReLU, softmax, dropout and cross-entropy, each at work on the network's own numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from numpy.typing import ArrayLike, NDArray

from exmachina.errors import InputError
from exmachina.figures.drawing.numbers import number
from exmachina.figures.drawing.style import (
    MARGIN,
    NARROW,
    WIDE,
    Plate,
    look,
    new_figure,
    note,
    place,
    scale_bar,
    show_values,
)
from exmachina.formatting import percent

LOWEST = 1e-3  # probability at the left end of the cross-entropy curve


def relu(sums: NDArray[np.floating], layer: str, *, dark: bool = False) -> Plate:
    """ReLU on one layer's real sums for one digit: the curve over their histogram, and one map before and after.

    `sums` are the layer's values before ReLU, maps (C, H, W) or units (N,): see `inspection.before_activation`.
    """
    values = np.asarray(sums, float)
    off = float((values <= 0).mean())
    title = f"ReLU sets {percent(off, 0)} of {layer}'s sums to zero for this digit"
    below = "ReLU(z) = max(0, z): what is below zero becomes zero, and everything else passes unchanged."
    maps = values.ndim == 3
    side = 1.25
    with look(dark) as colours:
        width = WIDE if maps else NARROW
        figure = new_figure(width, 2.6, title, below, dark=dark)
        axes = place(figure, MARGIN + 0.45, 0.12, 3.1, 1.85)
        limit = float(np.quantile(np.abs(values), 0.995)) or 1.0
        bins = np.linspace(-limit, limit, 41)
        counts, _ = np.histogram(np.clip(values, -limit, limit), bins)
        centres = (bins[1:] + bins[:-1]) / 2
        colour = [colours.negative if centre < 0 else colours.positive for centre in centres]
        axes.bar(centres, counts / counts.max() * limit * 0.9, width=bins[1] - bins[0], color=colour, alpha=0.45)
        z = np.array([-limit, 0, limit])
        axes.plot(z, np.maximum(z, 0), color=colours.ink, linewidth=2.2, clip_on=False)
        axes.set(xlim=(-limit, limit), ylim=(-0.03 * limit, limit), xlabel=f"z, a sum in {layer}", ylabel="ReLU(z)")
        axes.text(
            -0.97 * limit,
            0.93 * limit,
            f"{(values <= 0).sum():,} sums\nbecome 0",
            va="top",
            size=8.5,
            color=colours.negative,
        )
        axes.text(
            0.2 * limit, 0.93 * limit, f"{(values > 0).sum():,}\npass", va="top", size=8.5, color=colours.positive
        )
        axes.text(-0.97 * limit, 0.5 * limit, "bars: how many\nsums lie there", va="top", size=7.5, color=colours.muted)
        if maps:
            best = int(np.maximum(values, 0).reshape(len(values), -1).mean(axis=1).argmax())
            top = float(np.abs(values[best]).max())
            for i, (name, shown) in enumerate((("before", values[best]), ("after", np.maximum(values[best], 0)))):
                left = MARGIN + 3.85 + i * (side + 0.25)
                show_values(place(figure, left, 0.35, side, side), shown, colours, limit=top, signed=i == 0)
                note(figure, left, 0.3, f"map {best} {name}", va="baseline", color=colours.ink)
                scale_bar(figure, left, 0.42 + side, side, top, "", signed=i == 0)
    return figure


def softmax(logits: ArrayLike, *, dark: bool = False) -> Plate:
    """Softmax worked out on ten logits, and what the logistic sigmoid would make of them instead."""
    z = np.asarray(logits, float)
    exponentials = np.exp(z - z.max())  # over the largest, so that nothing overflows
    p = exponentials / exponentials.sum()
    sigmoid = 1 / (1 + np.exp(-z))
    best = int(p.argmax())
    title = f"Ten logits become ten shares of 1; the {best} takes {_share(p[best])}"
    row, top = 0.235, 0.32
    columns = [0.42, 1.95, 3.2, 4.4]  # right edges of the columns, in inches after the margin
    with look(dark) as colours:
        figure = new_figure(5.4, top + row * len(z) + 1.2, title, dark=dark)
        heads = ["digit", "logit $z_i$", "$e^{z_i}$", "softmax", "sigmoid"]
        edges = [*columns, 5.4 - 2 * MARGIN]
        for head, edge in zip(heads, edges, strict=True):
            ink = colours.muted if head == "sigmoid" else colours.ink
            note(figure, MARGIN + edge, top - 0.12, head, ha="right", va="baseline", color=ink)
        axes = place(figure, MARGIN + 0.55, top, 0.85, row * len(z))
        size = float(np.abs(z).max()) or 1.0
        axes.barh(range(len(z)), z, color=[colours.negative if v < 0 else colours.positive for v in z], height=0.5)
        axes.set(xlim=(-size, size), ylim=(len(z) - 0.5, -0.5))
        axes.axvline(0, color=colours.muted, linewidth=0.7)
        axes.axis("off")
        axes = place(figure, MARGIN + 3.33, top, 0.42, row * len(z))
        axes.barh(range(len(z)), p, color=colours.accent, height=0.5)
        axes.set(xlim=(0, 1), ylim=(len(z) - 0.5, -0.5))
        axes.axis("off")
        for i in range(len(z)):
            y = top + (i + 0.5) * row
            cells = [
                str(i),
                f"{z[i]:.2f}".replace("-", "−"),
                _scientific(math.exp(z[i])),
                _share(p[i]),
                f"{sigmoid[i]:.4f}",
            ]
            for j, (cell, edge) in enumerate(zip(cells, edges, strict=True)):
                weight = "bold" if i == best and j < 4 else "normal"
                ink = colours.muted if j == 4 else colours.ink
                note(figure, MARGIN + edge, y, cell, ha="right", va="center", size=8.5, weight=weight, color=ink)
        bottom = top + row * len(z)
        line = place(figure, MARGIN, bottom + 0.03, 5.4 - 2 * MARGIN, 0.01)
        line.axhline(0, color=colours.muted, linewidth=0.8)
        line.axis("off")
        sums = ["sum", "", _scientific(float(np.exp(z).sum())), "1", f"{sigmoid.sum():.4f}"]
        for j, (cell, edge) in enumerate(zip(sums, edges, strict=True)):
            ink = colours.muted if j == 4 else colours.ink
            note(
                figure, MARGIN + edge, bottom + 0.17, cell, ha="right", va="center", size=8.5, weight="bold", color=ink
            )
        formula = r"$\mathrm{softmax}(z)_i \;=\; \frac{e^{z_i}}{e^{z_0} + e^{z_1} + \cdots + e^{z_9}}$"
        note(figure, MARGIN, bottom + 0.42, formula, size=12, color=colours.ink)
        words = (
            "Often taken for it: the logistic sigmoid\n"
            r"$1\,/\,(1 + e^{-z})$ looks at one logit alone. Its ten"
            f"\nanswers add up to {sigmoid.sum():.2f} here, not to 1."
        )
        note(figure, 5.4 - MARGIN, bottom + 0.42, words, size=7.8, ha="right", multialignment="left")
        note(figure, MARGIN, bottom + 0.86, "Each digit's share of all ten.", size=7.8)
    return figure


def dropout(
    values: NDArray[np.floating], rate: float, layer: str, *, draws: int = 2, seed: int = 0, dark: bool = False
) -> Plate:
    """Dropout acting on one layer's real values for one digit: all of them, then `draws` random halves (or so).

    `values` (units,) or maps (C, H, W), of which the strongest is shown; `rate` is the share set to zero, and the
    rest is scaled up by 1 / (1 - rate), as in training.
    """
    if not 0 < rate < 1:
        raise InputError(f"A dropout rate of {rate} leaves nothing to see; choose one between 0 and 1.")
    array = np.asarray(values, float)
    if array.ndim == 3:
        array = array[np.abs(array).mean(axis=(1, 2)).argmax()]
    generator = np.random.default_rng(seed)
    kept = generator.random((draws, *array.shape)) >= rate
    dropped = np.where(kept, array / (1 - rate), 0.0)
    pictures = [_square(array), *(_square(item) for item in dropped)]
    masks = [None, *(_square(item.astype(float)) for item in kept)]
    limit = float(max(picture.max() for picture in pictures)) or 1.0
    signed = bool(array.min() < 0)
    title = (
        f"Dropout silences {percent(rate, 0 if round(100 * rate, 9).is_integer() else 1)} of {layer}, others each time"
    )
    below = (
        f"A cross marks what is dropped; what stays is multiplied by {1 / (1 - rate):.3g}, so that the sum stays "
        "about the same. Only training does this."
    )
    side, gap = 1.62, 0.25
    width = len(pictures) * (side + gap) - gap + 2 * MARGIN
    height = side * pictures[0].shape[0] / pictures[0].shape[1]
    with look(dark) as colours:
        figure = new_figure(width, height + 0.98, title, below, dark=dark)
        for i, (picture, mask) in enumerate(zip(pictures, masks, strict=True)):
            left = MARGIN + i * (side + gap)
            axes = place(figure, left, 0.25, side, height)
            show_values(axes, picture, colours, limit=limit, signed=signed)
            name = "all" if i == 0 else f"random draw {i}"
            note(figure, left, 0.2, name, va="baseline", color=colours.ink, weight="bold")
            total = array.sum() if i == 0 else dropped[i - 1].sum()
            note(figure, left, 0.3 + height, f"sum {number(float(total), 3)}", size=8)
            if mask is not None:
                rows, columns = np.nonzero(mask == 0)
                points = (72 * side / picture.shape[1]) ** 2 * 0.22
                axes.scatter(columns, rows, marker="x", s=points, color=colours.muted, linewidth=0.6)
        label = "value" if not signed else "value, either sign"
        scale_bar(figure, MARGIN, height + 0.5, 1.62, limit, label, signed=signed)
    return figure


def cross_entropy(
    images: NDArray[np.uint8], labels: Sequence[int], probabilities: Sequence[float], *, dark: bool = False
) -> Plate:
    """The loss -ln p over the probability of the right digit, with real images at their places on the curve.

    `probabilities` are what the network gave each image's label, as few as can be told apart (about 3 to 6).
    """
    p = np.clip(np.asarray(probabilities, float), LOWEST, 1)
    losses = -np.log(p)
    worst = int(losses.argmax())
    title = (
        f"The less the right digit gets, the more it costs: p\u00a0=\u00a0{_share(p[worst])} costs {losses[worst]:.1f}"
    )
    below = "Cross-entropy is −ln p, with p the probability that the network gives to what people say it is."
    with look(dark) as colours:
        figure = new_figure(NARROW + 0.4, 3.15, title, below, dark=dark)
        axes = place(figure, MARGIN + 0.45, 0.1, NARROW + 0.4 - 2 * MARGIN - 0.5, 2.6)
        x = np.geomspace(LOWEST, 1, 400)
        axes.plot(x, -np.log(x), color=colours.ink, linewidth=1.8, clip_on=False)
        top = -math.log(LOWEST) + 0.3
        axes.set(xlim=(0, 1), ylim=(0, top), xlabel="p, the probability of the right digit", ylabel="loss −ln p (nats)")
        for image, label, chance, loss, (bx, by) in zip(images, labels, p, losses, _spread(losses, top), strict=True):
            axes.plot([chance], [loss], "o", color=colours.accent, markersize=5, clip_on=False, zorder=5)
            box = AnnotationBbox(
                OffsetImage(image, cmap=colours.pixels, zoom=1.2, clim=(0, 255), interpolation="nearest"),
                (chance, loss),
                xybox=(bx, by),
                frameon=False,
                pad=0,
                arrowprops={
                    "arrowstyle": "-",
                    "color": colours.muted,
                    "linewidth": 0.7,
                    "relpos": (0, 0.5) if chance < bx else (0.5, 0),
                },
                annotation_clip=False,
            )
            axes.add_artist(box)
            words = f"{label}: p = {_share(chance)}\nloss {loss:.2f}"
            axes.text(bx + 0.062, by, words, va="center", size=8, color=colours.ink, linespacing=1.35)
    return figure


def _spread(losses: NDArray[np.float64], top: float) -> list[tuple[float, float]]:
    """Places for the pictures, above the curve and down to the right in the order of their losses."""
    ranks = np.argsort(np.argsort(-losses, kind="stable"))
    steps = ranks / max(len(losses) - 1, 1)
    return [(0.13 + 0.57 * step, top * (0.91 - 0.71 * step)) for step in steps.tolist()]


def _square(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A map as it is, or units in lines of about equal number."""
    if values.ndim == 2:
        return values
    columns = math.ceil(math.sqrt(len(values)))
    grid = np.zeros(math.ceil(len(values) / columns) * columns)
    grid[: len(values)] = values
    return grid.reshape(-1, columns)


def _share(value: float) -> str:
    if 0.99995 <= value < 1:
        return "> 0.9999"
    if 0 < value < 0.0001:
        return "< 0.0001"
    return f"{value:.4f}"


def _scientific(value: float) -> str:
    """Three figures, and a power of ten where there would be more digits."""
    if 0.01 <= value < 1000:
        return f"{value:.3g}"
    power = math.floor(math.log10(value))
    exponent = f"{power}".replace("-", "−")
    return rf"{value / 10**power:.2f} × $10^{{{exponent}}}$"
