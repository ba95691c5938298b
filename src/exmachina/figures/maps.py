"""Kernels and feature maps, every one on a scale whose legend is in sight."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from exmachina.figures.drawing.numbers import cell_numbers, number
from exmachina.figures.drawing.style import (
    MARGIN,
    WIDE,
    Plate,
    bare,
    look,
    new_figure,
    note,
    place,
    scale_bar,
    show_values,
    stage,
    tile,
)
from exmachina.inspection import FeatureMaps, Kernels

COLUMNS = 8
STRONGEST = 8  # maps of a layer in the overview
TALLEST = 9.0  # inches of a kernel matrix
LEGIBLE = 0.32  # inches of a cell that can hold a number; four kernels of 5 × 5 lie side by side


def kernels(layer_kernels: Kernels, *, dark: bool = False) -> Plate:
    """The kernels of one convolution on one scale around zero.

    Kernels of one channel up to 5 × 5 show their numbers; those of several channels become a matrix, filters down
    and channels across.
    """
    filters, channels, size, _ = layer_kernels.values.shape
    limit = float(np.abs(layer_kernels.values).max()) or 1.0
    if channels > 1:
        return _kernel_matrix(layer_kernels, limit, dark)
    numbers = size <= 5
    room = WIDE - 2 * MARGIN + 0.13
    across = _columns(filters, room / (size * (LEGIBLE if numbers else 0.14) + 0.13))
    side = min(size * (LEGIBLE if numbers else 0.14), room / across - 0.13)
    pitch_x, pitch_y = side + 0.13, side + 0.3
    width = max(across * pitch_x - 0.13 + 2 * MARGIN, 4.0)
    body = math.ceil(filters / across) * pitch_y
    title = f"{layer_kernels.layer} looks for {filters} small patterns, each a {size} × {size} kernel"
    below = "Orange-red weights want ink, blue ones want none; the kernel answers most to what matches both."
    with look(dark) as colours:
        figure = new_figure(width, body + 0.55, title, below, dark=dark)
        canvas = stage(figure)
        for i in range(filters):
            left, top = MARGIN + i % across * pitch_x, i // across * pitch_y
            tile(canvas, left, top + 0.18, side, side, layer_kernels.values[i, 0], colours, limit=limit, signed=True)
            if numbers:
                ratio = side / (size * LEGIBLE)
                corner = left, top + 0.18, side / size
                cell_numbers(
                    canvas, layer_kernels.values[i, 0], colours, "{:.2f}", size=6.5 * ratio, limit=limit, grid=corner
                )
            note(figure, left, top + 0.15, str(i), va="baseline", size=7.5)
            bias = f"bias {number(float(layer_kernels.bias[i]))}"
            note(figure, left + side, top + 0.15, bias, va="baseline", ha="right", size=6.5 if side > 1.2 else 6)
        scale_bar(figure, MARGIN, body + 0.02, 2.4, limit, "weight", signed=True)
    return figure


def _columns(count: int, fitting: float) -> int:
    """So many columns that no row is left short: as many as fit, or a few more and smaller, or else fewer."""
    most = max(1, min(count, int(fitting)))
    divisors = [columns for columns in range(1, count + 1) if count % columns == 0]
    good = [columns for columns in divisors if most <= columns <= 1.35 * fitting]
    fewer = max(columns for columns in divisors if columns <= most)
    return good[0] if good else fewer if 2 * fewer > most else most


def _kernel_matrix(layer_kernels: Kernels, limit: float, dark: bool) -> Plate:
    filters, channels, size, _ = layer_kernels.values.shape
    side = max(0.04, min(0.22, (WIDE - 2 * MARGIN - 0.35) / channels - 0.03, TALLEST / filters - 0.03))
    pitch = side + 0.03
    width, body = max(channels * pitch + 2 * MARGIN + 0.35, 4.0), filters * pitch + 0.3
    title = f"{layer_kernels.layer} has {filters} kernels, each {size} × {size} for every one of {channels} channels"
    with look(dark) as colours:
        figure = new_figure(width, body + 0.6, title, f"A row is one kernel: {channels} slices added up.", dark=dark)
        canvas = np.full((filters * (size + 1) - 1, channels * (size + 1) - 1), np.nan)
        for i in range(filters):
            for j in range(channels):
                canvas[i * (size + 1) :, j * (size + 1) :][:size, :size] = layer_kernels.values[i, j]
        axes = place(figure, MARGIN + 0.35, 0.25, channels * pitch - 0.03, filters * pitch - 0.03)
        axes.imshow(canvas, cmap=colours.signed, vmin=-limit, vmax=limit, aspect="auto")
        bare(axes, colours, frame=False)
        every = 1 if pitch > 0.2 else 2 if pitch > 0.12 else 8
        for i in range(0, filters, every):
            top = 0.25 + i * pitch + side / 2
            note(figure, MARGIN + 0.28, top, str(i), ha="right", va="center", size=6.5)
        for j in range(0, channels, every):
            note(figure, MARGIN + 0.35 + j * pitch + side / 2, 0.2, str(j), ha="center", va="baseline", size=6.5)
        scale_bar(figure, MARGIN + 0.35, body + 0.06, 2.4, limit, "weight", signed=True)
    return figure


def feature_maps(
    maps: FeatureMaps, *, dead: NDArray[np.bool_] | None = None, columns: int | None = None, dark: bool = False
) -> Plate:
    """Every channel of one layer for one digit, after its activation, on one scale.

    A channel that is zero everywhere is crossed out: "silent" for this digit, "dead" if `dead` says that it is so
    for all. Rows of units become cells with their numbers (above 256 of them without), `columns` to a line.
    """
    if maps.values.ndim == 1:
        return _units(maps, columns, dark)
    channels, height, width = maps.values.shape
    across = min(columns or COLUMNS, channels)
    side = min(1.1, (WIDE - 2 * MARGIN) / across - 0.08)
    pitch_x, pitch_y = side + 0.08, side * height / width + 0.22
    limit = float(np.abs(maps.values).max()) or 1.0
    body = math.ceil(channels / across) * pitch_y
    silent = maps.silent
    quiet = f", {silent.sum()} of them silent" if silent.any() else ""
    title = f"{maps.layer}: {channels} maps of {height} × {width} for this digit{quiet}"
    with look(dark) as colours:
        total = max(across * pitch_x - 0.08 + 2 * MARGIN, 4.0)
        figure = new_figure(total, body + 0.55, title, dark=dark)
        canvas = stage(figure)
        for i in range(channels):
            left, top = MARGIN + i % across * pitch_x, i // across * pitch_y
            high = side * height / width
            tile(canvas, left, top + 0.16, side, high, maps.values[i], colours, limit=limit, signed=maps.signed)
            note(figure, left, top + 0.145, str(i), va="baseline", size=7)
            if silent[i]:
                canvas.plot([left, left + side], [top + 0.16, top + 0.16 + high], color=colours.hairline, linewidth=0.8)
                canvas.plot([left, left + side], [top + 0.16 + high, top + 0.16], color=colours.hairline, linewidth=0.8)
                words = "dead" if dead is not None and dead[i] else "silent"
                note(figure, left + side, top + 0.145, words, va="baseline", ha="right", size=7)
        label = "activation after ReLU" if maps.activation == "relu" else "activation"
        scale_bar(figure, MARGIN, body + 0.02, 2.4, limit, label, signed=maps.signed)
    return figure


def _units(maps: FeatureMaps, columns: int | None, dark: bool) -> Plate:
    units = len(maps.values)
    numbers = units <= 256
    across = min(units, columns or (16 if numbers else 100))
    rows = math.ceil(units / across)
    cell_x = (WIDE - 2 * MARGIN) / across
    cell_y = min(cell_x, 0.42) if numbers else max(0.02, min(cell_x, 6 / rows))
    limit = float(np.abs(maps.values).max()) or 1.0
    grid = np.full(rows * across, np.nan)
    grid[:units] = maps.values
    active = int((maps.values != 0).sum())
    title = f"{maps.layer}: {active:,} of {units:,} units answer to this digit"
    if maps.activation == "softmax":
        title = f"{maps.layer}: the probabilities of {units} digits add up to 1"
    below = f"{across} units to a line, from left to right and top to bottom."
    if maps.kind == "Flatten" and columns:
        below = f"Every line holds {columns} values: map after map, row after row."
    softmax = maps.activation == "softmax"
    limit = 1.0 if softmax else limit
    names = 0.2 if softmax else 0.0
    with look(dark) as colours:
        figure = new_figure(WIDE, rows * cell_y + names + 0.6, title, below if rows > 1 else "", dark=dark)
        axes = place(figure, MARGIN, 0.03 + names, across * cell_x, rows * cell_y)
        show_values(axes, grid.reshape(rows, across), colours, limit=limit, signed=maps.signed)
        axes.set_aspect("auto")
        if numbers:
            form = "{:.3f}" if softmax else "{:.1f}"
            cell_numbers(axes, grid.reshape(rows, across), colours, form, size=7.5, limit=limit, hide_zero=units > 10)
        for digit in range(units if softmax else 0):
            note(figure, MARGIN + (digit + 0.5) * cell_x, 0.17, str(digit), ha="center", va="baseline", weight="bold")
        scale_bar(
            figure,
            MARGIN,
            rows * cell_y + names + 0.08,
            2.4,
            limit,
            "probability" if softmax else "activation",
            signed=maps.signed,
        )
    return figure


def feature_overview(maps: Mapping[str, FeatureMaps], image: NDArray[np.uint8], *, dark: bool = False) -> Plate:
    """One digit on its way through every layer: the strongest maps of each, then the units, then the answer.

    Layers that change no value (flatten, dropout) are left out.
    """
    shown = [item for item in maps.values() if item.kind not in ("Flatten", "Dropout")]
    rows = [item for item in shown if item.values.ndim == 3]
    strips = [item for item in shown if item.values.ndim == 1]
    label, cell = 1.3, (WIDE - 2 * MARGIN - 1.3) / STRONGEST
    row, strip = cell + 0.14, 0.58
    answer = strips[-1].values
    title = f"From pixels to the answer: {int(answer.argmax())}"
    below = (
        f"The {STRONGEST} maps of each layer that stand out most from their own background, the first of them most. "
        "Each row's scale runs from nothing to its own largest value, given on the left."
    )
    body = row * (1 + len(rows)) + strip * len(strips) + 0.1
    with look(dark) as colours:
        figure = new_figure(WIDE, body, title, below, dark=dark)
        canvas = stage(figure)
        tile(canvas, MARGIN + label, 0, cell - 0.06, cell - 0.06, image, colours)
        _row_label(figure, 0, "the image", "28 × 28 pixels", "")
        for i, item in enumerate(rows):
            top = (i + 1) * row
            channels, height, width = item.values.shape
            limit = float(np.abs(item.values).max()) or 1.0
            range_said = f"{'±' if item.signed else '0 to'} {number(limit)}"
            _row_label(figure, top, item.layer, f"{channels} × {height} × {width}", range_said)
            for j, channel in enumerate(item.strongest()[:STRONGEST]):
                left, values = MARGIN + label + j * cell, item.values[channel]
                tile(canvas, left, top, cell - 0.06, cell - 0.06, values, colours, limit=limit, signed=item.signed)
        for i, item in enumerate(strips):
            top = (1 + len(rows)) * row + i * strip
            units = len(item.values)
            last = item is strips[-1]
            limit = float(np.abs(item.values).max()) or 1.0
            range_said = "" if last else f"{'±' if item.signed else '0 to'} {number(limit)}"
            _row_label(figure, top, item.layer, f"{units} units" if not last else "probabilities", range_said)
            left, wide = MARGIN + label, STRONGEST * cell - 0.06
            tile(canvas, left, top, wide, 0.26, item.values[None], colours, limit=limit, signed=item.signed)
            if last:
                for digit, value in enumerate(item.values):
                    centre = MARGIN + label + (digit + 0.5) * (STRONGEST * cell - 0.06) / units
                    best = digit == int(item.values.argmax())
                    words = f"{digit}\n{value:.2f}"
                    note(figure, centre, top + 0.29, words, ha="center", size=7.5, weight="bold" if best else "normal")
    return figure


def _row_label(figure: Plate, top: float, name: str, shape: str, scale: str) -> None:
    note(figure, MARGIN, top, name, weight="bold", color=figure.palette.ink, size=9)
    note(figure, MARGIN, top + 0.18, f"{shape}\n{scale}", size=7.5)
