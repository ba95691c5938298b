"""The arithmetic of one neuron, with the network's own numbers: products, sums, what it sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.figures.drawing.numbers import cell_numbers, number
from exmachina.figures.drawing.style import (
    MARGIN,
    MONO,
    WIDE,
    Plate,
    look,
    new_figure,
    note,
    outline,
    place,
    scale_bar,
    show_pixels,
    show_values,
)
from exmachina.formatting import percent
from exmachina.inspection import FeatureMaps, NeuronSum, ReceptiveField

LARGEST = 7  # kernels up to this side can show their numbers


def convolution(result: NeuronSum, *, dark: bool = False) -> Plate:
    """One output of a convolution worked out: what it sees × kernel = products, added up, bias, ReLU.

    Shows the input channel that contributes most; of several channels, the others' sum is one term. Raises
    `InputError` for a neuron whose inputs are not a small square.
    """
    first = result.contributions[0]
    size = len(first.inputs)
    if size < 2 or size > LARGEST or first.inputs.shape != (size, size):
        raise InputError(f"Layer '{result.layer}' has no small kernels to write out; choose a convolution.")
    side = {2: 1.5, 3: 1.6, 4: 1.7}.get(size, 1.9)
    products = first.products.size * len(result.contributions)
    gap = 0.42
    terms = " × ".join(map(str, first.products.shape))
    title = f"{products} products, added up, give one number of {result.layer}: {number(result.value, 3)}"
    source = "what it sees" if len(result.contributions) == 1 else f"what it sees in channel {first.channel}"
    below = (
        f"The neuron at row {result.y}, column {result.x} of map {result.channel}. "
        f"The kernel slides on by {_steps(result.stride)} and the same weights give the next number."
    )
    panels = [(source, first.inputs), (f"its {terms} kernel", first.weights), ("products", first.products)]
    width = max(3 * side + 2 * gap + 2 * MARGIN, 5.4)
    lines = _sum_lines(result, 1)
    with look(dark) as colours:
        figure = new_figure(width, side + 0.78 + 0.2 * len(lines), title, below, dark=dark)
        for i, (name, values) in enumerate(panels):
            left = MARGIN + i * (side + gap)
            axes = place(figure, left, 0.25, side, side)
            limit = float(np.abs(values).max()) or 1.0
            show_values(axes, values, colours, signed=True, limit=limit)
            cell_numbers(axes, values, colours, "{:.2f}", size=7.5 if size <= 5 else 6, limit=limit)
            note(figure, left, 0.2, name, va="baseline", color=colours.ink)
            if i < 2:
                symbol = "×="[i]
                note(figure, left + side + gap / 2, 0.25 + side / 2, symbol, ha="center", va="center", size=15)
            scale_bar(figure, left, 0.25 + side - 0.08, min(side, 1.2), limit, "", signed=True)
        _write_sum(figure, 0.25 + side + 0.42, lines)
    return figure


def _steps(stride: int) -> str:
    return "one place" if stride == 1 else f"{stride} places"


def neuron(result: NeuronSum, *, shown: int = 6, dark: bool = False) -> Plate:
    """A neuron's whole sum: its input channels ranked by what they contribute, the rest, the bias, the activation."""
    top = result.contributions[:shown]
    lines = _sum_lines(result, len(top))
    height, _ = top[0].inputs.shape
    pictures = height > 1
    row = 0.62 if pictures else 0.26
    side = 0.52
    channels = len(result.contributions)
    size = max(abs(item.total) for item in result.contributions)
    first = top[0]
    kind = "channel" if pictures else "input"
    verb = "adds" if first.total >= 0 else "takes away"
    place_said = "unit" if result.kind == "Dense" else "map"
    most = number(abs(first.total), 3)
    title = f"{result.layer}, {place_said} {result.channel}: {kind} {first.channel} {verb} most, {most}"
    below = f"The {len(top)} of {channels} {kind}s that matter most to this one neuron."
    inputs = max(float(np.abs(item.inputs).max()) for item in top) or 1.0
    weights = max(float(np.abs(item.weights).max()) for item in top) or 1.0
    signed = any(bool(item.inputs.min() < 0) for item in top)
    left = MARGIN + (2.1 if pictures else 0.9)
    bars = 5.4 - MARGIN - left - 0.1
    with look(dark) as colours:
        figure = new_figure(5.4, 0.3 + row * len(top) + 0.26 + 0.2 * len(lines), title, below, dark=dark)
        if pictures:
            seen = f"sees\n{'±' if signed else '0 to'} {number(inputs)}"
            note(figure, MARGIN + 0.62, 0, seen, size=7.5, linespacing=1.3)
            note(figure, MARGIN + 0.62 + side + 0.12, 0, f"weights\n± {number(weights)}", size=7.5, linespacing=1.3)
        note(figure, left, 0 if pictures else 0.07, "adds to the sum", size=7.5)
        axes = place(figure, left, 0.3, bars, row * len(top))
        totals = [item.total for item in top]
        colour = [colours.positive if total >= 0 else colours.negative for total in totals]
        axes.barh(range(len(top)), totals, color=colour, height=0.5 if pictures else 0.62)
        low, high = min(0.0, min(totals)), max(0.0, max(totals))
        room = 0.45 * size
        axes.set(xlim=(low - (room if low < 0 else 0), high + room), ylim=(len(top) - 0.5, -0.5))
        axes.axvline(0, color=colours.muted, linewidth=0.8)
        axes.axis("off")
        for i, item in enumerate(top):
            y = 0.3 + i * row
            note(
                figure,
                MARGIN,
                y + row / 2,
                f"{kind}\n{item.channel}" if pictures else f"input {item.channel}",
                va="center",
                size=7.5,
            )
            if pictures:
                picture = place(figure, MARGIN + 0.62, y + 0.05, side, side)
                show_values(picture, item.inputs, colours, limit=inputs, signed=signed)
                picture = place(figure, MARGIN + 0.62 + side + 0.12, y + 0.05, side, side)
                show_values(picture, item.weights, colours, limit=weights, signed=True)
            words = number(item.total, 3) if item.total < 0 else f"+{number(item.total, 3)}"
            offset = 0.04 * size * (1 if item.total >= 0 else -1)
            axes.text(
                item.total + offset,
                i,
                words,
                va="center",
                ha="left" if item.total >= 0 else "right",
                size=8,
                color=colours.ink,
            )
        _write_sum(figure, 0.3 + row * len(top) + 0.14, lines)
    return figure


def _sum_lines(result: NeuronSum, shown: int) -> list[tuple[str, str]]:
    """The whole sum as lines of words and numbers that line up at the point."""
    top = result.contributions[:shown]
    rest = len(result.contributions) - shown
    lines = [("sum of the products" if shown == 1 else f"these {shown} add", sum(item.total for item in top))]
    if rest > 0:
        lines.append((f"the other {rest} add", result.rest(shown)))
    lines.append(("bias", result.bias))
    if (result.factor, result.shift) != (1.0, 0.0):
        lines.append((f"batch norm: all that × {number(result.factor, 4)}, and", result.shift))
    written = [(words, _term(value, "+" if i else "")) for i, (words, value) in enumerate(lines)]
    if result.activation == "relu":
        written.append(("together", _term(result.before_activation, "=")))
        written.append(("after ReLU, as the network has it", _term(result.value, "=")))
    else:
        name = "its logit" if result.activation == "softmax" else "together"
        written.append((f"{name}, as the network has it", _term(result.value, "=")))
    return written


def _term(value: float, sign: str) -> str:
    """A number behind its sign: `+ 0.1234`, `− 0.1234` or `= −0.1234`."""
    if value < 0:
        sign = "= −" if sign == "=" else "−"
    return f"{sign} {abs(value):8.4f}" if sign != "= −" else f"= −{abs(value):7.4f}"


def _write_sum(figure: Plate, top: float, lines: list[tuple[str, str]]) -> None:
    for i, (words, value) in enumerate(lines):
        y, last = top + 0.2 * i, i == len(lines) - 1
        type_: dict[str, Any] = {"size": 8.5, "color": figure.palette.ink, "weight": "bold" if last else "normal"}
        type_["va"] = "baseline"  # words with and without descenders stand on one line with their number
        note(figure, MARGIN, y + 0.12, words, **type_)
        note(figure, MARGIN + 3.6, y + 0.12, value, family=MONO, ha="right", **type_)


def receptive_field(
    field: ReceptiveField,
    maps: Mapping[str, FeatureMaps],
    image: NDArray[np.uint8],
    *,
    channel: int | None = None,
    dark: bool = False,
) -> Plate:
    """What one neuron depends on, traced back through every layer to the pixels.

    `maps` are of `image`, uint8 (28, 28); `channel` is the neuron's map, else its layer's strongest.
    """
    stops = [(name, box) for name, box in field.boxes.items() if maps[name].kind != "Dropout"]
    pixels = field.pixels
    pictures = 1 + len(stops)
    side = min(1.5, (WIDE - 2 * MARGIN + 0.18) / pictures - 0.18)
    width = max(pictures * (side + 0.18) - 0.18 + 2 * MARGIN, 4.0)
    area = pixels.height * pixels.width
    share = f"{percent(area / image.size, 0)} of the image"
    title = f"One neuron of {field.layer} sees {pixels.height} × {pixels.width} pixels, {share}"
    below = f"The neuron at row {field.y}, column {field.x}, and in each layer before it everything that it depends on."
    with look(dark) as colours:
        figure = new_figure(width, side + 0.55, title, below, dark=dark)
        shown = [("image", pixels, None), *((name, box, maps[name]) for name, box in stops)]
        for i, (name, box, item) in enumerate(shown):
            left = MARGIN + i * (side + 0.18)
            axes = place(figure, left, 0.25, side, side)
            if item is None:
                show_pixels(axes, image, colours)
            else:
                own = channel if name == field.layer and channel is not None else int(item.strongest()[0])
                show_values(axes, item.values[own], colours, signed=item.signed)
            outline(axes, box.left, box.top, box.width, box.height, colours)
            note(figure, left, 0.2, name, va="baseline", color=colours.ink, weight="bold")
            note(figure, left, 0.3 + side, f"{box.height} × {box.width}", size=8)
    return figure
