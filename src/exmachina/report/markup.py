"""HTML from small functions. Text is escaped on its way in; only what these functions made passes as it is."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

NEGATIVE, POSITIVE = (0x4C, 0x8C, 0xC8), (0xE0, 0x7A, 0x4A)  # of the diverging scale; they show on both papers
VOID = {"img", "br", "hr", "meta", "input"}
EMPTY = VOID | {"line", "rect", "circle", "path", "polyline"}


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Html:
    """`value` as HTML: escaped, unless it is HTML already."""
    return value if isinstance(value, Html) else Html(html.escape(str(value), quote=False))


def el(tag: str, *children: object, **attributes: object) -> Html:
    """One element. A trailing underscore is dropped from an attribute's name, other ones become hyphens."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in EMPTY:
        return Html(f"<{tag}{written}>" if tag in VOID else f"<{tag}{written}/>")
    return Html(f"<{tag}{written}>{join(children)}</{tag}>")


def join(parts: Iterable[object]) -> Html:
    """Several pieces one after the other."""
    return Html("".join(text(part) for part in parts))


def para(*children: object) -> Html:
    """A paragraph."""
    return el("p", *children)


WIDE = 6  # columns: from here on a table's rows become blocks where it is narrow, unless they are tight


def table(
    caption: object, head: Sequence[object], rows: Iterable[Sequence[object]], *, class_: str = "", texts: int = 1
) -> Html:
    """A table whose first column names the rows and whose other columns, after `texts` columns, are numbers.

    A wide one folds where the page is narrow: its cells carry their column's name, and roles, for a row that is
    laid out as a block is no row to some screen readers. One of class `tight` has numbers short enough to stay.
    """
    fold = len(head) >= WIDE and "tight" not in class_.split()

    def cell(tag: str, content: object, i: int, **attributes: str) -> Html:
        if fold:
            attributes |= {"role": "rowheader" if i == 0 else "cell"}
            attributes |= {"data_head": str(head[i])} if head[i] else {}
        return el(tag, content, class_="n" if i >= max(texts, 1) else None, **attributes)

    header = el("tr", *(el("th", cell, scope="col", class_="n" if i >= texts else None) for i, cell in enumerate(head)))
    body = [
        el(
            "tr",
            *(cell("th", one, 0, scope="row") if i == 0 else cell("td", one, i) for i, one in enumerate(row)),
            role="row" if fold else None,
        )
        for row in rows
    ]
    inner = el(
        "table",
        el("caption", caption),
        el("thead", header),
        el("tbody", *body, role="rowgroup" if fold else None),
        class_=f"{class_} folds".strip() if fold else class_ or None,
        role="table" if fold else None,
    )
    return el("div", inner, class_="scroll", tabindex="0", role="region", aria_label=_plain(caption))


def digit(image: NDArray[np.uint8], words: str, *, size: int = 56) -> Html:
    """An image uint8 (28, 28) in greys, with `words` for those who do not see it."""
    return el("img", src=_png(Image.fromarray(image)), width=size, height=size, alt=words, class_="digit")


def signed(values: NDArray[np.floating], words: str, *, size: int = 56) -> Html:
    """Signed values (28, 28): blue below zero, orange above, the paper at zero."""
    strength = np.abs(values)
    largest = float(np.quantile(strength, 0.985)) or float(strength.max()) or 1.0
    strength = np.minimum(strength / largest, 1)
    rgba = np.empty((*values.shape, 4), np.uint8)
    rgba[..., :3] = np.where((values < 0)[..., None], NEGATIVE, POSITIVE)
    rgba[..., 3] = np.rint(strength * 15) * 17
    return el("img", src=_png(Image.fromarray(rgba)), width=size, height=size, alt=words, class_="digit map")


@dataclass(frozen=True)
class Margin:
    """The notes of every section: three in the margin, and `plain`, the finding without a word of statistics."""

    means: object
    computed: object
    change: object
    plain: object = ""


@dataclass(frozen=True)
class Section:
    """What a section says: its finding in a sentence or two, figures and tables, and the notes in the margin."""

    finding: object
    body: Sequence[object]
    margin: Margin


def section(key: str, number: int, title: str, content: Section) -> Html:
    """A section: its finding first, then figures and tables, with the notes in the margin."""
    margin = content.margin
    written = (
        el("h3", "What this means"),
        el("p", margin.means),
        el("h3", "How it is computed"),
        el("p", margin.computed),
        el("h3", "What would change my mind"),
        el("p", margin.change),
    )
    # Beside the text they are open, and nothing says that they fold; under it, on a phone, the script folds them.
    folded = el("details", el("summary", "What this means, and how it is computed"), *written, open="")
    notes = el("aside", folded, aria_label=f"Notes on: {title}")
    heading = el("h2", el("span", f"{number}", class_="no"), title, id_=f"{key}-title")
    plain = el("p", el("strong", "In plain words. "), margin.plain, class_="plain")
    main = el("div", heading, plain, el("p", content.finding, class_="finding"), *content.body, class_="main")
    return el("section", main, notes, id_=key, aria_labelledby=f"{key}-title")


def figure(picture: object, caption: object) -> Html:
    """A picture and what it shows."""
    return el("figure", picture, el("figcaption", caption))


def details(summary: str, *body: object) -> Html:
    """Something to unfold; printed unfolded."""
    return el("details", el("summary", summary), *body)


def absent(reason: str, name: str = "Not measured") -> Html:
    """What is not known, and why."""
    return el("p", el("strong", f"{name}: "), reason.rstrip("."), ".", class_="absent")


def _png(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=False, compress_level=9)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _plain(value: object) -> str:
    return html.unescape(str(value)) if not isinstance(value, Html) else "Table"
