"""One palette for every figure, and how a figure begins and is kept."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from exmachina.errors import InputError
from exmachina.figures.drawing.numbers import number
from exmachina.figures.drawing.palette import Palette, palette
from exmachina.runs import write_files

STYLE = Path(__file__).parent / "exmachina.mplstyle"
SUFFIXES = (".pdf", ".png", ".svg")
WIDE = 7.2  # inches: a full column
NARROW = 4.6  # inches: still readable at half a column
MARGIN = 0.16
PNG_LEVEL = 3  # of zlib: a tenth larger than at 6, in two thirds of the time
MONO = "DejaVu Sans Mono"


@contextmanager
def look(dark: bool = False) -> Iterator[Palette]:
    """Draw in our style: matplotlib's defaults, then ours, whatever the user's own settings; restored after."""
    colours = palette(dark)
    with mpl.rc_context():
        defaults = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")}
        settings: Any = {**defaults, **mpl.rc_params_from_file(STYLE, use_default_template=False)}
        mpl.rcParams.update(settings)
        if dark:
            settings = _dark_settings(colours)
            mpl.rcParams.update(settings)
        yield colours


class Plate(Figure):
    """A matplotlib figure that a notebook shows by itself, whether or not pyplot is loaded.

    `top` is where its body begins, below the title, in inches from the upper edge; `finding` is its title.
    """

    finding: str
    palette: Palette
    top: float

    def _repr_png_(self) -> bytes:
        return render(self, "png", dpi=150)


def new_figure(width: float, height: float, title: str, below: str = "", *, dark: bool = False) -> Plate:
    """An empty figure, `width` inches wide, that belongs to no window. Call it inside `look(dark)`.

    The title says the finding, at the top left; `below` adds what one must know to read the figure. Both are
    broken into lines. `height` inches of body follow them, where `place` and `note` measure from.
    """
    heading = broken(title, width - 2 * MARGIN, 11, "bold")
    lines = broken(below, width - 2 * MARGIN, 8.5)
    top = MARGIN + 0.2 * len(heading) + (0.06 + 0.165 * len(lines) if lines else 0) + 0.12
    figure = Plate(figsize=(width, top + height))
    FigureCanvasAgg(figure)
    figure.finding, figure.palette, figure.top = title, palette(dark), 0.0
    note(figure, MARGIN, MARGIN, "\n".join(heading), size=11, weight="bold", color=figure.palette.ink, linespacing=1.3)
    note(figure, MARGIN, MARGIN + 0.2 * len(heading) + 0.06, "\n".join(lines), linespacing=1.4)
    figure.top = top
    return figure


def broken(words: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """`words` broken into lines of at most `width` inches, at their real width in our font (72 points an inch).

    A no-break space keeps two words together.
    """
    font = FontProperties(family="DejaVu Sans", weight=weight, size=size)
    lines: list[str] = []
    for word in words.split(" ") if words else []:
        longer = f"{lines[-1]} {word}" if lines else word
        if (
            lines and text_to_path.get_text_width_height_descent(longer, font, ismath=False)[0] <= 70 * width
        ):  # hinting may widen a line
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def place(figure: Plate, left: float, top: float, width: float, height: float) -> Axes:
    """Axes by inches from the top left corner of the figure's body."""
    w, h = figure.get_size_inches()
    return figure.add_axes((left / w, 1 - (figure.top + top + height) / h, width / w, height / h))


def note(figure: Plate, left: float, top: float, words: str, **options: Any) -> None:
    """Text by inches from the top left corner of the figure's body."""
    w, h = figure.get_size_inches()
    settings = {"va": "top", "ha": "left", "size": 8.5, "color": figure.palette.muted, "linespacing": 1.4, **options}
    figure.text(left / w, 1 - (figure.top + top) / h, words, **settings)


def stage(figure: Plate) -> Axes:
    """One invisible canvas over the whole body, in inches from its top left corner, for `tile`.

    A hundred maps as tiles of one canvas take a tenth of the time that a hundred axes do.
    """
    w, h = figure.get_size_inches()
    axes = place(figure, 0, 0, w, h - figure.top)
    axes.set(xlim=(0, w), ylim=(h - figure.top, 0))
    axes.axis("off")
    return axes


def tile(
    canvas: Axes,
    left: float,
    top: float,
    width: float,
    height: float,
    values: NDArray[Any],
    colours: Palette,
    *,
    limit: float | None = None,
    signed: bool | None = None,
) -> None:
    """A matrix on a `stage`, as `show_values` draws it; uint8 is taken for pixels and drawn in greys."""
    pixels = values.dtype == np.uint8
    is_signed = bool(values.min() < 0) if signed is None else signed
    top_value = 255.0 if pixels else limit if limit else float(np.abs(values).max()) or 1.0
    scale = colours.pixels if pixels else colours.signed if is_signed else colours.amount
    image = AxesImage(
        canvas,
        cmap=scale,
        norm=Normalize(-top_value if is_signed else 0, top_value),
        extent=(left, left + width, top + height, top),
    )
    image.set_data(values)
    canvas.add_image(image)
    canvas.add_patch(
        Rectangle(
            (left, top), width, height, fill=False, edgecolor=colours.hairline, linewidth=0.6, zorder=2, clip_on=False
        )
    )


def show_values(
    axes: Axes, values: ArrayLike, colours: Palette, *, limit: float | None = None, signed: bool | None = None
) -> None:
    """A matrix as coloured cells on the scale for its kind; `limit` is the value of the strongest colour."""
    array = np.asarray(values, float)
    is_signed = bool(array.min() < 0) if signed is None else signed
    top = limit if limit else float(np.abs(array).max()) or 1.0
    bottom = -top if is_signed else 0.0
    axes.imshow(array, cmap=colours.signed if is_signed else colours.amount, vmin=bottom, vmax=top)
    bare(axes, colours)


def show_pixels(axes: Axes, image: NDArray[Any], colours: Palette) -> None:
    """An image in greys: uint8, or floats in [0, 1]."""
    axes.imshow(image, cmap=colours.pixels, vmin=0, vmax=255 if image.dtype == np.uint8 else 1)
    bare(axes, colours)


def outline(axes: Axes, left: float, top: float, width: float, height: float, colours: Palette) -> None:
    """A rectangle around cells of an image that can be seen on any ground: ink between two lines of paper."""
    halo = [patheffects.Stroke(linewidth=3.2, foreground=colours.paper), patheffects.Normal()]
    box = Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor=colours.ink, linewidth=1.4)
    box.set(path_effects=halo, clip_on=False, zorder=5)
    axes.add_patch(box)


def bare(axes: Axes, colours: Palette, *, frame: bool = True) -> None:
    """No ticks; a hairline around."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(frame)
        spine.set_color(colours.hairline)
        spine.set_linewidth(0.6)


def scale_bar(figure: Plate, left: float, top: float, width: float, limit: float, label: str, *, signed: bool) -> Axes:
    """The legend of a colour scale, lying flat, its label above and its ends below. 0.45 inches high in all."""
    colours = figure.palette
    axes = place(figure, left, top + 0.17, width, 0.1)
    mappable = ScalarMappable(Normalize(-limit if signed else 0, limit), colours.signed if signed else colours.amount)
    bar: Any = figure.colorbar(mappable, cax=axes, orientation="horizontal")
    bar.outline.set_edgecolor(colours.hairline)
    bar.outline.set_linewidth(0.6)
    ticks = [-limit, 0, limit] if signed else [0, limit]
    bar.set_ticks(ticks, labels=[number(tick) for tick in ticks])
    axes.tick_params(length=0, pad=2, labelsize=7.5)
    sides: list[Literal["left", "center", "right"]] = ["left", "center", "right"] if signed else ["left", "right"]
    for text, side in zip(axes.get_xticklabels(), sides, strict=True):
        text.set_horizontalalignment(side)
    note(figure, left, top + 0.13, label, va="baseline", size=7.5)
    return axes


def logarithmic(axes: Axes, values: ArrayLike) -> None:
    """A logarithmic y axis whose ticks are plain numbers, closer together where `values` span little."""
    array = np.asarray(values, float)
    axes.set_yscale("log")
    subs = (1, 2, 5) if array.max() < 20 * array.min() else (1,)
    axes.yaxis.set_major_locator(LogLocator(subs=subs))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def label_ends(axes: Axes, ends: list[tuple[float, str, str]]) -> None:
    """A name beside each line's end, moved apart where two would meet."""
    axes.get_ylim()  # the limits are settled only when asked for
    height = axes.get_window_extent().height / axes.figure.dpi
    apart = 0.17 / height
    inverse = axes.transData + axes.transAxes.inverted()
    places = sorted((float(inverse.transform((1, value))[1]), label, colour) for value, label, colour in ends)
    heights: list[float] = []
    for wanted, _, _ in places:
        heights.append(max(wanted, heights[-1] + apart) if heights else wanted)
    pushed = (
        float(np.mean([height - wanted for height, (wanted, _, _) in zip(heights, places, strict=True)]))
        if places
        else 0.0
    )
    for height, (_, label, colour) in zip(heights, places, strict=True):
        axes.text(1.04, height - pushed, label, transform=axes.transAxes, va="center", size=8, color=colour)


def render(figure: Figure, kind: str, *, dpi: float | None = None) -> bytes:
    """The figure as the bytes of a PNG, SVG or PDF, the same bytes every time."""
    buffer = io.BytesIO()
    with look():
        if kind == "png":
            _write_png(figure, buffer, dpi or figure.dpi)
        else:
            metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
            colour = figure.get_facecolor()
            figure.savefig(buffer, format=kind, dpi=dpi or "figure", facecolor=colour, metadata=metadata)
    return buffer.getvalue()


def _write_png(figure: Figure, buffer: io.BytesIO, dpi: float) -> None:
    """Without matplotlib's transparency, which says 255 everywhere and takes as long to pack as the colours do."""
    canvas: Any = FigureCanvasAgg(figure)
    before = figure.dpi
    figure.dpi = dpi
    try:
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]
    finally:
        figure.dpi = before
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "png", dpi=(dpi, dpi), compress_level=PNG_LEVEL)


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as .png (200 dots per inch), .svg or .pdf, whole or not at all, and return its path.

    Missing folders are made. Raises `InputError` for another suffix or a place that cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in SUFFIXES:
        raise InputError(f"Cannot write '{path}' as a figure; let its name end in one of: {', '.join(SUFFIXES)}.")
    if target.is_dir():
        raise InputError(f"'{path}' is a folder; give the name of a file.")
    content = render(figure, target.suffix.lower()[1:], dpi=200)
    write_files(target.parent, {target.name: content})
    return target


def _dark_settings(colours: Palette) -> dict[str, Any]:
    names = ("figure.facecolor", "figure.edgecolor", "savefig.facecolor", "axes.facecolor")
    settings = dict.fromkeys(names, colours.paper)
    settings |= dict.fromkeys(("text.color", "axes.titlecolor"), colours.ink)
    settings |= dict.fromkeys(("axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"), colours.muted)
    settings |= dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), "#6A655C")
    return settings | {"grid.color": "#2A2825"}
