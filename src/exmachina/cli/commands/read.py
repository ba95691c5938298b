"""`read`: every digit on whole pages: photographs, scans, tables, forms."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exmachina.cli.options import Json, Ray, RunOption, print_json
from exmachina.cli.pages import read_into
from exmachina.errors import InputError
from exmachina.formatting import percent

if TYPE_CHECKING:
    from exmachina.reading import Page


def read(
    pages: Annotated[
        list[str],
        typer.Argument(help="Pictures of pages: PNG or JPEG files; with --out folders, patterns, lists, archives too."),
    ],
    run: RunOption = "accurate",
    fields: Annotated[bool, typer.Option("--fields", help="A line a field, with its place and probability.")] = False,
    overlay: Annotated[
        Path | None, typer.Option("--overlay", help="PNG to write: the page with what was read drawn on it.")
    ] = None,
    table: Annotated[Path | None, typer.Option("--csv", help="CSV to write: the page's rows and columns.")] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", help="Table of many pages to write, a line a field: .csv or .parquet. Stopped, it goes on."
        ),
    ] = None,
    ray: Ray = None,
    json: Json = False,
) -> None:
    """Read all digits on whole pages, by line and column: photographs, scans, tables, forms."""
    if out is not None:
        if fields or overlay or table:
            raise InputError("--out writes one table of all pages; leave out --fields, --overlay and --csv.")
        if read_into(out, run, pages, ray, json):
            raise typer.Exit(2)
    elif ray is not None:
        raise InputError("--ray reads pages into Parquet: give --out NAME.parquet.")
    else:
        _read_each([Path(page) for page in pages], run, fields, overlay, table, json)


def _read_each(pages: list[Path], run: str, fields: bool, overlay: Path | None, table: Path | None, json: bool) -> None:
    from exmachina.classifier import Classifier
    from exmachina.images.files import read_image
    from exmachina.reading.overlay import overlay as draw
    from exmachina.reading.pages import read_picture

    _check_outputs(pages, overlay, table)
    classifier = Classifier.load(run)
    rows: list[list[str]] = []
    unread = 0
    for path in pages:
        try:
            picture = read_image(path)
            page = read_picture(picture, classifier)
        except InputError as error:  # say so and go on: one bad page must not cost the others
            unread += 1
            where = "" if str(path) in str(error) else f"'{path}': "
            print(f"exmachina: {where}{error}", file=sys.stderr)
            continue
        rows += [[str(path), *row] if len(pages) > 1 else row for row in page.table()]
        if overlay is not None:
            draw(picture, page).save(overlay, "PNG")
        if json:
            print_json({"path": str(path), **page.to_json()})
        elif fields:
            _print_fields(page)
        else:
            _print_rows(path, page, several=len(pages) > 1)
    if table is not None and rows:
        with table.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    if unread:
        raise typer.Exit(2)


def _check_outputs(pages: list[Path], overlay: Path | None, table: Path | None) -> None:
    if overlay is not None and (len(pages) > 1 or overlay.suffix.lower() != ".png"):
        raise InputError(
            f"An overlay is one page as a PNG; name one page and a file that ends in .png, not '{overlay}'."
        )
    if table is not None and table.suffix.lower() != ".csv":
        raise InputError(f"A table is written as CSV; name a file that ends in .csv, not '{table}'.")
    for file in (overlay, table):
        if file is not None and not file.absolute().parent.is_dir():
            raise InputError(f"'{file.parent}' is no folder to write to; make it first.")


def _print_rows(path: Path, page: Page, *, several: bool) -> None:
    """The page as it stands, a line a row; then what should be looked at again."""
    if several:
        print(f"{path}:")
    for row in page.table():
        print("  ".join(text for text in row if text))
    unsure = [f"{field.text} ({percent(field.probability)})" for field in page.fields if field.unsure]
    if unsure:
        print(f"exmachina: unsure of {len(unsure)} of {len(page.fields)}: {', '.join(unsure[:8])}", file=sys.stderr)


def _print_fields(page: Page) -> None:
    for field in page.fields:
        box = field.box
        doubt = " unsure" if field.unsure else ""
        print(
            f"row {field.row} column {field.column}: {field.text} ({percent(field.probability)}{doubt}) "
            f"at {box.left},{box.top} {box.width}×{box.height}"
        )
