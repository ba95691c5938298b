"""What was read on a page: fields of digits, each with its place, its probability and whether it is unsure."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Box:
    """A place in the picture as it came, in its pixels; `left` and `top` count from its upper left corner."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Glyph:
    """One digit of a field, or one sign that was no digit: then `digit` is `None`.

    `image` is what the classifier saw of it, uint8 (28, 28).
    """

    digit: int | None
    probability: float
    second: int | None  # the next likeliest digit
    unsure: bool
    box: Box
    image: NDArray[np.uint8] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Field:
    """Digits that stand together: one number, the cell of a table or the box of a form.

    `text` has a `?` for a sign that is no digit and, in an amount, a point before the cents. `row` and `column` count
    from 0 and place the field in the page's table.
    """

    text: str
    probability: float
    unsure: bool
    row: int
    column: int
    box: Box
    glyphs: tuple[Glyph, ...]


FIELDS: dict[str, type] = {  # the columns of a table of many pages, a row a field
    "path": str, "row": int, "column": int, "text": str, "probability": float, "unsure": bool,
    "left": int, "top": int, "width": int, "height": int, "problem": str,
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """All that was read in one picture of `width` × `height` pixels, line by line from left to right.

    Its table has so many `rows` and `columns`; a sudoku's has nine of each, empty cells too.
    """

    width: int
    height: int
    rows: int
    columns: int
    fields: tuple[Field, ...]

    @property
    def strings(self) -> tuple[str, ...]:
        """The text of every field."""
        return tuple(one.text for one in self.fields)

    def table(self) -> list[list[str]]:
        """The texts by row and column, empty where there is no field."""
        cells = [[""] * self.columns for _ in range(self.rows)]
        for one in self.fields:
            cells[one.row][one.column] = one.text
        return cells

    def field_rows(self, path: str) -> list[tuple[Any, ...]]:
        """The page's part of a table of many pages: a row a field, as `FIELDS` names its columns."""
        return [
            (path, one.row, one.column, one.text, one.probability, one.unsure, *astuple(one.box), None)
            for one in self.fields
        ]

    def to_json(self, *, images: bool = False) -> dict[str, Any]:
        """Plain data; with every digit's 784 pixels if `images` are wanted."""
        plain = asdict(replace(self, fields=()))
        plain["fields"] = [
            {**asdict(replace(one, glyphs=())), "glyphs": [_glyph(glyph, images) for glyph in one.glyphs]}
            for one in self.fields
        ]
        return plain


def _glyph(glyph: Glyph, images: bool) -> dict[str, Any]:
    plain = asdict(glyph)
    image = plain.pop("image")
    return {**plain, "image": image.ravel().tolist()} if images else plain
