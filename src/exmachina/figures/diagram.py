"""A network from left to right: every layer with its shape, its parameters and, given a digit, a map of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from exmachina.figures.drawing.palette import Palette
from exmachina.figures.drawing.style import MARGIN, Plate, look, new_figure, note, place
from exmachina.formatting import percent
from exmachina.inspection import FeatureMaps
from exmachina.networks import Conv, Dense, Dropout, Flatten, MaxPool, Network
from exmachina.networks.layers import Step

STAGE = 1.75  # inches of the drawing above the labels
PITCH = 1.14
THIN = 0.9  # pitch of a layer that keeps or merely rearranges its input
SHEETS = 5


def network_diagram(
    network: Network,
    maps: Mapping[str, FeatureMaps] | None = None,
    image: NDArray[np.uint8] | None = None,
    *,
    dark: bool = False,
) -> Plate:
    """Layers as stacks of maps or columns of units, from the image to the probabilities.

    With `maps` and `image`, each stack shows its strongest map for that digit.
    """
    steps = list(network.steps())
    widths = [PITCH] + [THIN if isinstance(s.layer, Dropout | Flatten) else PITCH for s in steps]
    width = max(sum(widths) + 2 * MARGIN, 4.6)
    most = max(steps, key=lambda step: step.parameters)
    share = most.parameters / network.parameters
    title = f"'{network.name}' has {network.parameters:,} parameters, {percent(share, 0)} of them in {most.layer.name}"
    with look(dark) as colours:
        figure = new_figure(width, STAGE + 1.0, title, dark=dark)
        stage = place(figure, MARGIN, 0, width - 2 * MARGIN, STAGE)
        stage.set(xlim=(0, width - 2 * MARGIN), ylim=(STAGE, 0))
        stage.axis("off")
        side, left = network.input_shape[1], 0.0
        stage.plot([0, sum(widths[:-1])], [STAGE / 2] * 2, color=colours.hairline, linewidth=0.8, zorder=0)
        _stack(stage, left, network.input_shape, side, colours, image, pixels=True)
        _label(figure, left, "image", " × ".join(map(str, network.input_shape)))
        for step, before in zip(steps, widths[:-1], strict=True):
            left += before
            shape = step.output_shape
            if isinstance(step.layer, Dropout | Flatten):
                stage.plot(
                    [left + 0.01] * 2, [0.35, STAGE - 0.35], color=colours.muted, linewidth=1, linestyle=(0, (2, 2))
                )
            elif len(shape) == 3:
                strongest = _strongest(maps, step)
                _stack(stage, left, shape, side, colours, strongest)
            else:
                _column(stage, left, shape[0], colours, maps[step.layer.name].values if maps else None)
            facts = [_what(step), " × ".join(f"{n:,}" for n in shape)]
            _label(
                figure,
                left,
                step.layer.name,
                *facts,
                *([f"{step.parameters:,} parameters"] if step.parameters else []),
            )
    return figure


def _strongest(maps: Mapping[str, FeatureMaps] | None, step: Step) -> NDArray[np.float32] | None:
    if maps is None:
        return None
    result = maps[step.layer.name]
    strongest: NDArray[np.float32] = result.values[result.strongest()[0]]
    return strongest


def _stack(
    stage: Axes,
    left: float,
    shape: tuple[int, ...],
    largest: int,
    colours: Palette,
    front: NDArray[np.generic] | None,
    *,
    pixels: bool = False,
) -> None:
    """Sheets one behind the other, as many as the square root of the channels says, the front one filled."""
    side = 0.86 * math.sqrt(shape[1] / largest)  # by the root, or the last maps would be specks
    sheets = min(SHEETS, max(1, round(math.sqrt(shape[0]))))
    top = STAGE / 2 - side / 2
    for i in reversed(range(sheets)):
        x, y = left + i * 0.045, top - i * 0.045
        stage.add_patch(Rectangle((x, y), side, side, facecolor=colours.paper, edgecolor=colours.muted, linewidth=0.7))
    if front is not None:
        box = (left, left + side, top + side, top)
        values = np.asarray(front, float)
        limit = 255.0 if pixels else float(np.abs(values).max()) or 1.0
        signed = bool(values.min() < 0)
        scale = colours.pixels if pixels else colours.signed if signed else colours.amount
        stage.imshow(values, extent=box, cmap=scale, vmin=-limit if signed else 0, vmax=limit, zorder=3, aspect="auto")
        outline = Rectangle((left, top), side, side, fill=False, edgecolor=colours.muted, linewidth=0.7, zorder=4)
        stage.add_patch(outline)


def _column(stage: Axes, left: float, units: int, colours: Palette, values: NDArray[np.float32] | None) -> None:
    """A row of units standing up, its height by the logarithm of their number."""
    height = 1.3 if units <= 10 else min(STAGE - 0.1, 0.22 * math.log2(units))
    top, wide = STAGE / 2 - height / 2, 0.16
    if values is not None:
        limit = float(np.abs(values).max()) or 1.0
        signed = bool(values.min() < 0)
        scale = colours.signed if signed else colours.amount
        box = (left, left + wide, top + height, top)
        stage.imshow(
            values[:, None], extent=box, cmap=scale, vmin=-limit if signed else 0, vmax=limit, aspect="auto", zorder=3
        )
        if units <= 10:
            for i, value in enumerate(values):
                best = value == values.max()
                y = top + (i + 0.5) * height / units
                weight = "bold" if best else "normal"
                stage.text(
                    left + wide + 0.06,
                    y,
                    str(i),
                    size=8,
                    va="center",
                    weight=weight,
                    color=colours.ink if best else colours.muted,
                )
    box_ink: dict[str, Any] = {"edgecolor": colours.muted, "linewidth": 0.7}
    stage.add_patch(Rectangle((left, top), wide, height, facecolor=colours.paper, zorder=2, **box_ink))
    stage.add_patch(Rectangle((left, top), wide, height, fill=False, zorder=4, **box_ink))


def _label(figure: Plate, left: float, name: str, *facts: str) -> None:
    x = MARGIN + left
    note(figure, x, STAGE + 0.15, name, weight="bold", color=figure.palette.ink, size=8.5, va="baseline")
    for i, fact in enumerate(facts):
        note(figure, x, STAGE + 0.31 + 0.14 * i, fact, size=7.2, va="baseline")


def _what(step: Step) -> str:
    layer = step.layer
    relu = " + ReLU" if layer.activation == "relu" else ""
    if isinstance(layer, Conv):
        return f"conv {layer.kernel} × {layer.kernel}{relu}"
    if isinstance(layer, MaxPool):
        return f"max-pool {layer.size} × {layer.size}"
    if isinstance(layer, Dropout):
        return f"dropout {layer.rate:g}"
    if isinstance(layer, Dense):
        return f"dense{relu}" if layer.activation != "softmax" else "dense + softmax"
    return {"Flatten": "flatten", "BatchNormalization": f"batch norm{relu}"}.get(layer.kind, layer.kind)
