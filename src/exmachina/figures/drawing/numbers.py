"""Numbers as words, and numbers written into the cells of a picture."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D
from numpy.typing import ArrayLike

from exmachina.figures.drawing.palette import Palette

DIGIT_HEIGHT = 0.729  # of the size of DejaVu Sans


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
    grid: tuple[float, float, float] = (-0.5, -0.5, 1.0),
) -> None:
    """Write every number into its cell of `show_values` (or of an image in greys, `on_pixels`).

    `form` is a format such as "{:.2f}"; zero is "0". `grid` says where the cells of a `tile` are: left, top
    and the side of a cell. The words are the label of what is drawn.
    """
    first, top_edge, side = grid
    array = np.asarray(values, float)
    top = limit if limit else float(np.nanmax(np.abs(array))) or 1.0
    axes.apply_aspect()  # now the axes are as large as they will be drawn
    box, to_points = axes.get_window_extent(), 72 / axes.figure.dpi
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    point = Affine2D().scale((right - left) / (box.width * to_points), (high - low) / (box.height * to_points))
    written: dict[str, list[tuple[str, Path]]] = {}
    for (y, x), value in np.ndenumerate(array):
        if np.isnan(value) or (hide_zero and value == 0):
            continue
        if on_pixels:
            colour = "black" if value > 0.55 * top else "white"
        else:
            colour = colours.paper if abs(value) > 0.55 * top else colours.ink
        words = form.format(value).replace("-", "−")
        words = words if words.strip("−0.") else "0"
        path = _shape(words, size)
        at = Affine2D().translate(first + (x + 0.5) * side, top_edge + (y + 0.5) * side)
        written.setdefault(colour, []).append((words, path.transformed(point + at)))
    for colour, some in written.items():  # as texts each would be laid out by itself, a millisecond a number
        outlines = Path.make_compound_path(*(path for _, path in some))
        axes.add_artist(PathPatch(outlines, facecolor=colour, linewidth=0, label=" ".join(words for words, _ in some)))


@lru_cache(4096)
def _shape(words: str, size: float) -> Path:
    """Words as an outline in points, about the middle of their width and of a digit's height."""
    path = TextPath((0, 0), words, size=size)
    across = path.vertices[:, 0]
    return path.transformed(Affine2D().translate(-(across.min() + across.max()) / 2, -DIGIT_HEIGHT / 2 * size))
