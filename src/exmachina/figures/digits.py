"""Digits as they are: grids, the gallery of mistakes, and what preprocessing does to one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from exmachina.data import one_hot, scale
from exmachina.errors import InputError
from exmachina.figures.drawing.numbers import cell_numbers
from exmachina.figures.drawing.style import (
    MARGIN,
    NARROW,
    WIDE,
    Plate,
    bare,
    look,
    new_figure,
    note,
    outline,
    place,
    show_pixels,
    show_values,
    stage,
    tile,
)
from exmachina.formatting import percent
from exmachina.networks import Network

MOST = 400  # digits in one figure
CROP = 5


def digits_grid(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer] | None = None,
    indices: Sequence[int] | None = None,
    *,
    dark: bool = False,
) -> Plate:
    """Images uint8 (N, 28, 28) in a nearly square grid, each with its label and its `indices` number.

    Raises `InputError` for no images, more than 400, or labels and indices that do not match them.
    """
    count = len(images)
    if not 0 < count <= MOST:
        raise InputError(f"Cannot draw {count} digits in one figure; choose 1 to {MOST}.")
    for name, values in (("labels", labels), ("indices", indices)):
        if values is not None and len(values) != count:
            raise InputError(f"{count} images need {count} {name}, not {len(values)}.")
    across = math.ceil(math.sqrt(count))
    cell = min(1.5, max(0.45, (WIDE - 2 * MARGIN) / across - 0.14))
    captions = 0.22 if labels is not None or indices is not None else 0.0
    pitch_x, pitch_y = cell + 0.14, cell + captions + 0.12
    width = max(across * pitch_x - 0.14 + 2 * MARGIN, 3.0)
    heading = "What people wrote, and meant" if labels is not None else "What people wrote"
    with look(dark) as colours:
        figure = new_figure(width, math.ceil(count / across) * pitch_y + 0.06, heading, dark=dark)
        canvas = stage(figure)
        for i, image in enumerate(images):
            left, top = MARGIN + i % across * pitch_x, i // across * pitch_y
            tile(canvas, left, top + captions, cell, cell, image, colours)
            size = 9.5 if cell > 0.7 else 7.5
            if labels is not None:
                note(
                    figure, left, top + 0.19, str(labels[i]), va="baseline", color=colours.ink, weight="bold", size=size
                )
            if indices is not None:
                words = f"image {indices[i]}" if cell > 0.9 else str(indices[i])
                note(figure, left + cell, top + 0.18, words, va="baseline", ha="right", size=size - 2)
    return figure


def mistakes(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    *,
    count: int = 12,
    dark: bool = False,
) -> Plate:
    """The digits that a network misreads, the most confident mistakes first.

    `images` uint8 (N, 28, 28), `labels` (N,), `probabilities` (N, classes).
    """
    read = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(read != labels)
    wrong = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]
    shown, across, cell = wrong[:count], 4, 0.92
    pitch_x, pitch_y = (NARROW - 2 * MARGIN + 0.18) / across, cell + 0.52
    if len(wrong) == 0:
        title = f"The network reads all {len(labels):,} digits as people labelled them"
    else:
        which = "these with the most confidence" if len(wrong) > count else "all of them are here"
        title = f"The network misreads {len(wrong):,} of {len(labels):,} digits, {which}"
    with look(dark) as colours:
        height = math.ceil(len(shown) / across) * pitch_y + 0.02
        figure = new_figure(NARROW, height, title, dark=dark)
        canvas = stage(figure)
        for i, index in enumerate(shown):
            left, top = MARGIN + i % across * pitch_x, i // across * pitch_y
            tile(canvas, left, top, cell, cell, images[index], colours)
            words = f"{labels[index]}, read as {read[index]}"
            note(figure, left, top + cell + 0.05, words, color=colours.ink, weight="bold", size=8.5)
            sure = percent(float(probabilities[index].max()))
            note(figure, left, top + cell + 0.21, f"sure to {sure}", size=7.5)
    return figure


def preprocessing(image: NDArray[np.uint8], label: int, network: Network | None = None, *, dark: bool = False) -> Plate:
    """What happens to one image and its label before the network sees them, with the numbers of a 5 × 5 corner."""
    y, x = _liveliest(image)
    crop = image[y : y + CROP, x : x + CROP]
    scaled = scale(crop)
    panels = [("as stored: 0 to 255", crop.astype(float), "{:.0f}"), ("divided by 255: 0 to 1", scaled, "{:.2f}")]
    standardizes = network is not None and (network.mean != 0 or network.std != 1)
    if network is not None and standardizes:
        standard = (scaled - network.mean) / network.std
        panels.append((f"− {network.mean:g}, then ÷ {network.std:g}", standard, "{:.1f}"))
    side, gap = 1.62, 0.2
    width = 2 * MARGIN + (1 + len(panels)) * side + len(panels) * gap
    steps = "scaling and centring change" if standardizes else "scaling changes"
    title = f"Preprocessing: {steps} the numbers, not the picture"
    below = (
        "Gradient descent takes one step size for all weights, so inputs of about the same, small size let every "
        "weight learn at a similar pace."
    )
    with look(dark) as colours:
        figure = new_figure(width, side + 1.42, title, below, dark=dark)
        axes = place(figure, MARGIN, 0.25, side, side)
        show_pixels(axes, image, colours)
        outline(axes, x, y, CROP, CROP, colours)
        note(figure, MARGIN, 0.2, "28 × 28 pixels", va="baseline", color=colours.ink)
        for i, (name, values, form) in enumerate(panels):
            left = MARGIN + (i + 1) * (side + gap)
            axes = place(figure, left, 0.25, side, side)
            if values.min() < 0:
                show_values(axes, values, colours)
            else:
                axes.imshow(values, cmap=colours.pixels, vmin=0, vmax=255 if i == 0 else 1)
                bare(axes, colours)
            cell_numbers(axes, values, colours, form, size=7.5, on_pixels=bool(values.min() >= 0))
            note(figure, left, 0.2, name, va="baseline", color=colours.ink)
        top, cell = side + 0.66, 0.36
        vector = one_hot(np.array([label]))
        note(figure, MARGIN, top - 0.06, f"the label {label} as a one-hot vector", va="baseline", color=colours.ink)
        axes = place(figure, MARGIN, top, 10 * cell, cell)
        show_values(axes, vector, colours, limit=1)
        cell_numbers(axes, vector, colours, "{:.0f}", size=9)
        for digit in range(10):
            note(figure, MARGIN + (digit + 0.5) * cell, top + cell + 0.04, str(digit), ha="center", size=7.5)
        words = "one place for each digit:\nno digit is nearer than another"
        note(figure, MARGIN + 10 * cell + 0.15, top + cell / 2, words, va="center", size=7.5)
    return figure


def _liveliest(image: NDArray[np.uint8]) -> tuple[int, int]:
    """Top left corner of the 5 × 5 square whose values differ most."""
    windows = np.lib.stride_tricks.sliding_window_view(image.astype(float), (CROP, CROP))
    spread = windows.std(axis=(2, 3))
    y, x = np.unravel_index(int(spread.argmax()), spread.shape)
    return int(y), int(x)
