"""The network's answer for one digit: how sure it is, which pixels spoke for it, what it would rather see."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exmachina.figures.drawing.numbers import number
from exmachina.figures.drawing.style import (
    MARGIN,
    NARROW,
    Plate,
    look,
    new_figure,
    note,
    place,
    scale_bar,
    show_pixels,
    show_values,
)
from exmachina.formatting import percent
from exmachina.inspection import Attribution, PreferredImage

NAMES = {
    "integrated_gradients": ("Integrated gradients", "what each pixel adds,\nagainst a black one"),
    "saliency": ("Saliency", "how steeply the logit\nfollows each pixel"),
    "occlusion": ("Occlusion", "how far the logit falls\nwith this spot black"),
}


def confidence(
    probabilities: ArrayLike, image: NDArray[np.uint8] | None = None, label: int | None = None, *, dark: bool = False
) -> Plate:
    """The probability of every digit as bars, beside the image if given; `label` is what people call it."""
    values = np.asarray(probabilities, float)
    best = int(values.argmax())
    title = f"The network reads {_article(best)} and gives it {percent(float(values[best]))}"
    if label is not None and label != best:
        title += f"; people labelled it {label}"
    picture = 1.45 if image is not None else 0.0
    left = MARGIN + (picture + 0.55 if image is not None else 0.3)
    with look(dark) as colours:
        body = 0.24 * len(values)
        figure = new_figure(NARROW, body + 0.42, title, dark=dark)
        if image is not None:
            show_pixels(place(figure, MARGIN, 0.04, picture, picture), image, colours)
            if label is not None:
                note(figure, MARGIN, 0.1 + picture, f"label {label}", size=8.5)
        axes = place(figure, left, 0, NARROW - left - MARGIN - 0.62, body)
        colour = [colours.accent if digit == best else colours.muted for digit in range(len(values))]
        axes.barh(range(len(values)), values, color=colour, height=0.62)
        axes.set(xlim=(0, 1), ylim=(len(values) - 0.5, -0.5), xticks=[0, 0.5, 1], xlabel="probability")
        axes.set_yticks(range(len(values)), [str(digit) for digit in range(len(values))])
        axes.tick_params(axis="y", length=0, labelsize=9.5, labelcolor=colours.ink)
        axes.spines["left"].set_visible(False)
        for digit, value in enumerate(values):
            right, y = NARROW - MARGIN, 0.24 * (digit + 0.5)
            chosen = digit == best
            note(
                figure,
                right,
                y,
                percent(float(value)),
                ha="right",
                va="center",
                size=8,
                weight="bold" if chosen else "normal",
                color=colours.ink if chosen else colours.muted,
            )
    return figure


def attributions(result: Mapping[str, Attribution], image: NDArray[np.uint8], *, dark: bool = False) -> Plate:
    """The image, and what each attribution method says its pixels do for one digit's logit, each on its own scale."""
    items = list(result.values())
    target = items[0].target
    side, gap = 1.45, 0.2
    width = (1 + len(items)) * (side + gap) - gap + 2 * MARGIN
    heading = f"Which pixels speak for {_article(target)}{_ways(len(items))}"
    below = "Orange-red pixels raise the digit's logit and blue ones lower it; where there is no sign, dark is much."
    if dark:
        below = below.replace("dark is much", "bright is much")
    with look(dark) as colours:
        figure = new_figure(width, side + 1.2, heading, below, dark=dark)
        show_pixels(place(figure, MARGIN, 0.25, side, side), image, colours)
        note(figure, MARGIN, 0.2, "The image", va="baseline", color=colours.ink, weight="bold")
        for i, item in enumerate(items):
            left = MARGIN + (i + 1) * (side + gap)
            title, meaning = NAMES[item.method]
            signed = item.method != "saliency"
            limit = float(np.abs(item.values).max()) or 1.0
            show_values(place(figure, left, 0.25, side, side), item.values, colours, signed=signed, limit=limit)
            note(figure, left, 0.2, title, va="baseline", color=colours.ink, weight="bold")
            note(figure, left, 0.31 + side, meaning, size=7.5)
            unit = "logit" if item.method != "saliency" else "logit per pixel"
            scale_bar(figure, left, 0.66 + side, side, limit, unit, signed=signed)
    return figure


def preferred(result: Sequence[PreferredImage], *, classes: bool = True, dark: bool = False) -> Plate:
    """Images made to please channels of a layer; with `classes`, each is what a digit's logit would like to see."""
    across = min(5, len(result))
    side, gap = 0.78, 0.1
    rows = math.ceil(len(result) / across)
    what = "each digit" if classes else f"each channel of {result[0].layer}"
    title = f"What {what} would like to see"
    below = "Drawn by climbing the gradient from a dark grey image: what the network looks for, and nothing more."
    with look(dark) as colours:
        width = max(across * (side + gap) - gap + 2 * MARGIN, NARROW)
        figure = new_figure(width, rows * (side + 0.42) + 0.02, title, below, dark=dark)
        for i, item in enumerate(result):
            left, top = MARGIN + i % across * (side + gap), i // across * (side + 0.42)
            show_pixels(place(figure, left, top + 0.2, side, side), item.image, colours)
            note(figure, left, top + 0.16, str(item.channel), va="baseline", weight="bold", color=colours.ink)
            words = f"{'logit' if classes else 'sum'} {number(item.value)}"
            note(figure, left + side, top + 0.16, words, va="baseline", ha="right", size=7)
    return figure


def _article(digit: int) -> str:
    return f"an {digit}" if digit == 8 else f"a {digit}"


def _ways(methods: int) -> str:
    return {1: "", 2: ", asked in two ways", 3: ", asked in three ways"}[methods]
