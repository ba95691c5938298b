"""Numbers as words, and numbers written into the cells of a picture."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from exmachina.figures.drawing.palette import Palette


def number(value: float, digits: int = 2) -> str:
    """A number for people: `digits` significant decimals, a true minus sign."""
    if value == 0:
        return "0"
    size = abs(value)
    decimals = max(0, digits - 1 - int(np.floor(np.log10(size)))) if size < 100 else 0
    return f"{value:,.{min(decimals, 4)}f}".replace("-", "−")


def cell_numbers(
    axes: Axes,
    values: ArrayLike,
    colours: Palette,
    form: str,
    *,
    size: float,
    limit: float | None = None,
    on_pixels: bool = False,
    hide_zero: bool = False,
) -> None:
    """Write every number into its cell of `show_values` (or of an image in greys, `on_pixels`).

    `form` is a format such as "{:.0f}", or ".2" for two decimals without the zero before the point.
    """
    array = np.asarray(values, float)
    top = limit if limit else float(np.nanmax(np.abs(array))) or 1.0
    for (y, x), value in np.ndenumerate(array):
        if np.isnan(value) or (hide_zero and value == 0):
            continue
        if on_pixels:
            colour = "black" if value > 0.55 * top else "white"
        else:
            colour = colours.paper if abs(value) > 0.55 * top else colours.ink
        words = form.format(value) if "{" in form else _short(value, int(form[1:]))
        words = words.replace("-", "−")
        axes.text(x, y, words, ha="center", va="center_baseline", size=size, color=colour)


def _short(value: float, decimals: int) -> str:
    """`.12`, `-.05`, `1.30`: no zero before the point, none after a minus that says nothing."""
    words = f"{value:.{decimals}f}"
    if float(words) == 0:
        return "0"
    return words.replace("0.", ".", 1) if abs(float(words)) < 1 else words
