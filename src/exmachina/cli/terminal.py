"""Pictures for a terminal 80 columns wide: digits in half blocks, curves, tables; plain when piped."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exmachina.formatting import share

WIDTH = 80
ACCENT = "bold dark_cyan"
QUIET = "grey58"
RAMP = " .:-=+*#%@"  # ink from none to full where there is no colour
BLOCKS = " ▁▂▃▄▅▆▇█"
ACROSS, HEIGHT = 60, 6  # characters of a curve
BAR = 40  # of a bar


def make_console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A console no wider than 80 columns; a quiet one says nothing."""
    console = Console(stderr=stderr, quiet=quiet, highlight=False, soft_wrap=False)
    if console.width > WIDTH or not console.is_terminal:
        console.width = WIDTH
    return console


def heading(console: Console, number: int, title: str, text: str) -> None:
    """A chapter's title and its opening words."""
    console.print()
    console.print(Text.assemble((f"{number}  ", QUIET), (title, ACCENT)))
    console.print(text, width=72)
    console.print()


def digit_lines(image: NDArray[np.uint8], *, colour: bool) -> list[Text]:
    """An image uint8 (28, 28) as 14 lines of 28 characters, each character two pixels."""
    if not colour:
        shades = image.reshape(14, 2, 28).max(axis=1).astype(int) * (len(RAMP) - 1) // 255
        return [Text("".join(RAMP[shade] for shade in row)) for row in shades]
    lines = []
    for above, below in image.reshape(14, 2, 28):
        line = Text()
        for top, bottom in zip(above, below, strict=True):
            line.append("▀", style=f"rgb({top},{top},{top}) on rgb({bottom},{bottom},{bottom})")
        lines.append(line)
    return lines


def digits(console: Console, images: NDArray[np.uint8], captions: Sequence[str]) -> Table:
    """Images side by side, two to a row, each over its caption."""
    colour = console.color_system is not None
    table = Table.grid(padding=(0, 4))
    pairs = list(zip(images, captions, strict=True))
    for start in range(0, len(pairs), 2):
        row = pairs[start : start + 2]
        table.add_row(*(Text("\n").join(digit_lines(image, colour=colour)) for image, _ in row))
        table.add_row(*(Text(f"{caption}\n", style=QUIET) for _, caption in row))
    return table


def curve(values: Sequence[float], *, low: float = 0.0, high: float = 1.0) -> Text:
    """A curve in block characters, filled below; the newest value is at the right."""
    if not values:
        return Text("\n" * (HEIGHT - 1))
    edges = np.linspace(0, len(values), min(ACROSS, len(values)) + 1).astype(int)
    means = [float(np.mean(values[start:end])) for start, end in pairwise(edges)]
    levels = [min(max((value - low) / (high - low), 0.0), 1.0) * HEIGHT * 8 for value in means]
    lines = []
    for line in range(HEIGHT - 1, -1, -1):
        lines.append("".join(BLOCKS[int(min(max(level - 8 * line, 0), 8))] for level in levels))
    return Text("\n".join(lines), style="dark_cyan")


def probability_bars(probabilities: Sequence[float]) -> Text:
    """Ten bars, one a digit, the largest in the accent colour."""
    best = int(np.argmax(probabilities))
    text = Text()
    for digit, probability in enumerate(probabilities):
        full, eighths = divmod(round(probability * BAR * 8), 8)
        bar = "█" * full + ("▏▎▍▌▋▊▉"[eighths - 1] if eighths else "")
        text.append(f"  {digit}  {bar:<{BAR}} {share(probability):>8}\n", style=ACCENT if digit == best else QUIET)
    return text
