"""Many figures on one page: a picture each, and a page of HTML that shows them one below the other."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from pathlib import Path

from exmachina.figures.drawing.palette import palette
from exmachina.figures.drawing.style import Plate, save
from exmachina.runs import write_files

PAGE = "figures.html"


def save_album(figures: Mapping[str, Plate], directory: str | Path, title: str) -> Iterator[Path]:
    """Write every figure as NAME.png, then `figures.html` beside them; yields each path when its file is there.

    The page needs the pictures next to it and nothing else. A figure's title, its finding, is what those hear who do
    not see it.
    """
    folder = Path(directory)
    pictures = []
    for name, figure in figures.items():
        yield save(figure, folder / f"{name}.png")
        width, height = (round(100 * inches) for inches in figure.get_size_inches())
        words = html.escape(figure.finding)
        pictures.append(f'<img src="{html.escape(name)}.png" width="{width}" height="{height}" alt="{words}">')
    colours = palette(dark=False)
    style = (
        f"body{{margin:24px auto;max-width:960px;padding:0 16px;background:{colours.paper};color:{colours.ink};"
        "font-family:system-ui,sans-serif}h1{margin-left:16px}"
        "img{display:block;max-width:100%;height:auto;margin:0 0 40px}"
    )
    page = (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{style}</style>\n<main><h1>{html.escape(title)}</h1>\n"
        + "\n".join(pictures)
        + "\n</main></html>\n"
    )
    yield write_files(folder, {PAGE: page.encode()}) / PAGE
