"""Pictures as inline SVG and HTML that take their colours from the page, so that one serves light, dark and print."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from exmachina.evaluation.statistics.intervals import Interval
from exmachina.formatting import percent
from exmachina.report.markup import Html, el, join

WIDTH = 340.0  # of every chart, in its own units; the page scales it
LEAST = 0.0005  # the left end of the error ladder


@dataclass(frozen=True)
class Series:
    """A line with its name; `low` and `high` bound it, if they are known. `kind` is line, dots or both."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    ink: str = "accent"
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    kind: str = "both"


@dataclass(frozen=True)
class Axis:
    """One axis: its ends, its ticks with their labels, and what it measures."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    label: str
    log: bool = False

    def place(self, value: float) -> float:
        """0 at the low end, 1 at the high one; what lies outside is drawn at the edge."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = math.log(max(value, low)), math.log(low), math.log(high)
        return min(max((value - low) / (high - low), 0.0), 1.0)


@dataclass(frozen=True)
class Rung:
    """One line of the ladder of errors; `strong` is drawn in the accent."""

    label: str
    value: float
    low: float
    high: float
    note: str = ""
    strong: bool = False
    group: str = field(default="")


def chart(
    title: str, words: str, series: Sequence[Series], x: Axis, y: Axis, *, height: float = 250, diagonal: bool = False
) -> Html:
    """Lines over two axes; each name stands at its line's end. `words` tell the finding to those who do not see."""
    named = any(one.name for one in series)
    left, right, top, bottom = 54.0, WIDTH - (78.0 if named else 12.0), 12.0, height - 40.0

    def at(u: float, v: float) -> tuple[float, float]:
        return left + x.place(u) * (right - left), bottom - y.place(v) * (bottom - top)

    parts: list[object] = []
    for value, label in y.ticks:
        _, row = at(x.low, value)
        parts.append(el("line", x1=left, x2=right, y1=f"{row:.1f}", y2=f"{row:.1f}", class_="grid"))
        parts.append(el("text", label, x=left - 6, y=f"{row + 3.5:.1f}", text_anchor="end", class_="tick"))
    for value, label in x.ticks:
        column, _ = at(value, y.low)
        parts.append(el("line", x1=f"{column:.1f}", x2=f"{column:.1f}", y1=bottom, y2=bottom + 4, class_="axis"))
        parts.append(el("text", label, x=f"{column:.1f}", y=bottom + 16, text_anchor="middle", class_="tick"))
    parts.append(el("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="axis"))
    parts.append(el("text", x.label, x=f"{(left + right) / 2:.1f}", y=height - 6, text_anchor="middle", class_="label"))
    turned = f"translate(9 {(top + bottom) / 2:.1f}) rotate(-90)"
    parts.append(el("text", y.label, transform=turned, text_anchor="middle", class_="label"))
    if diagonal:
        (x1, y1), (x2, y2) = at(x.low, y.low), at(x.high, y.high)
        parts.append(el("line", x1=x1, y1=y1, x2=x2, y2=y2, class_="diagonal"))
    ends = []
    for one in series:
        parts += _series(one, at)
        if one.name:
            ends.append((at(one.x[-1], one.y[-1]), one.name, one.ink))
    parts += _names(ends, right + 7)
    return _svg(title, words, height, parts)


def _series(one: Series, at: Callable[[float, float], tuple[float, float]]) -> list[Html]:
    points = [at(u, v) for u, v in zip(one.x, one.y, strict=True)]
    marks: list[Html] = []
    if one.low is not None and one.high is not None:
        for u, low, high in zip(one.x, one.low, one.high, strict=True):
            (column, y1), (_, y2) = at(u, low), at(u, high)
            place = f"{column:.1f}"
            marks.append(el("line", x1=place, x2=place, y1=f"{y1:.1f}", y2=f"{y2:.1f}", class_=f"whisker {one.ink}"))
    if one.kind != "dots":
        path = " ".join(f"{u:.1f},{v:.1f}" for u, v in points)
        marks.append(el("polyline", points=path, class_=f"stroke {one.ink}"))
    if one.kind != "line":
        marks += [el("circle", cx=f"{u:.1f}", cy=f"{v:.1f}", r=2.6, class_=f"dot {one.ink}") for u, v in points]
    return marks


def _names(ends: list[tuple[tuple[float, float], str, str]], left: float) -> list[Html]:
    """Names beside the lines' ends, moved apart where two would meet."""
    placed, lowest = [], -math.inf
    for (_, row), name, ink in sorted(ends, key=lambda end: end[0][1]):
        lowest = max(row, lowest + 13)
        placed.append(el("text", name, x=left, y=f"{lowest + 4:.1f}", class_=f"name {ink}"))
    return placed


def scatter(
    title: str, words: str, points: NDArray[np.float64], labels: Sequence[int], wrong: NDArray[np.bool_]
) -> Html:
    """A map on which every image stands as its label; those that were misread are larger and in the wrong's ink."""
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points - low) / np.maximum(high - low, 1e-12)
    height = 360.0
    places = 10 + scaled * [WIDTH - 20, height - 20]
    parts = []
    for order in (False, True):  # the misread ones last, on top
        for (x, y), label, misread in zip(places, labels, wrong, strict=True):
            if bool(misread) == order:
                parts.append(el("text", label, x=f"{x:.0f}", y=f"{y:.0f}", class_="misread" if order else None))
    return _svg(title, words, height, [el("g", *parts, class_="cloud")])


def ladder(caption: str, rungs: Sequence[Rung]) -> Html:
    """Errors on one logarithmic line, from 1 in 2,000 to every one: a table that is a picture as well."""
    marks = [(0.001, "0.1"), (0.01, "1"), (0.1, "10"), (1.0, "100 %")]
    scale = join(el("i", label, style=f"left:{100 * _rung_place(value):.2f}%") for value, label in marks)
    rows: list[object] = []
    group = ""
    for rung in rungs:
        if rung.group != group:
            group = rung.group
            rows.append(el("tr", el("th", group, colspan=3, scope="colgroup"), class_="group"))
        low, high, place = (100 * _rung_place(value) for value in (rung.low, rung.high, rung.value))
        grid = [el("s", style=f"left:{100 * _rung_place(value):.2f}%") for value, _ in marks]
        bar = el("b", style=f"left:{low:.2f}%;width:{max(high - low, 0.4):.2f}%")
        dot = el("em", style=f"left:{place:.2f}%")
        name = join([rung.label, el("small", rung.note) if rung.note else Html("")])
        rows.append(
            el(
                "tr",
                el("th", name, scope="row"),
                el("td", el("div", *grid, bar, dot, class_="track", aria_hidden="true"), class_="t"),
                el("td", percent(rung.value), class_="n"),
                class_="strong" if rung.strong else None,
            )
        )
    head = el(
        "tr", el("th", "", scope="col"), el("td", el("div", scale, class_="scale"), class_="t"), el("th", "error")
    )
    return el("table", el("caption", caption), el("thead", head), el("tbody", *rows), class_="ladder")


def rung(label: str, interval: Interval, note: str = "", *, group: str = "") -> Rung:
    """A rung from an interval."""
    return Rung(label, interval.value, interval.low, interval.high, note, group=group)


def matrix(caption: str, counts: NDArray[np.int64], across: str, down: str) -> Html:
    """Counts (k, k) as a table whose cells off the diagonal darken with their number."""
    off = counts.copy()
    np.fill_diagonal(off, 0)
    most = max(int(off.max()), 1)
    head = el(
        "tr", el("th", f"{down} ↓ {across} →", scope="col"), *(el("th", k, scope="col") for k in range(len(counts)))
    )
    rows = []
    for k, row in enumerate(counts):
        cells = []
        for column, number in enumerate(row):
            share = math.sqrt(number / most) if column != k else 0.0
            shade = "own" if column == k else "deep" if share > 0.6 else "zero" if not number else None
            style = f"--s:{100 * share:.0f}%" if share else None
            cells.append(el("td", f"{number:,}" if number else "·", class_=shade, style=style))
        rows.append(el("tr", el("th", k, scope="row"), *cells))
    inner = el("table", el("caption", caption), el("thead", head), el("tbody", *rows), class_="matrix")
    return el("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)


def bar(share: float, words: str) -> Html:
    """A number in a table cell with a bar beneath it; `share` 0 … 1 of the cell."""
    return el(
        "span", words, el("u", style=f"width:{100 * min(max(share, 0), 1):.1f}%", aria_hidden="true"), class_="bar"
    )


def _rung_place(value: float) -> float:
    return (math.log10(min(max(value, LEAST), 1.0)) - math.log10(LEAST)) / -math.log10(LEAST)


def _svg(title: str, words: str, height: float, parts: Sequence[object]) -> Html:
    return el(
        "svg",
        el("title", title),
        el("desc", words),
        *parts,
        viewBox=f"0 0 {WIDTH:.0f} {height:.0f}",
        role="img",
        aria_label=f"{title}. {words}",
    )
