"""`predict`: what a trained network reads in image files, folders, archives and test images."""

from __future__ import annotations

import sys
from contextlib import nullcontext, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exmachina.cli.options import Index, Json, RunOption, print_json
from exmachina.errors import InputError

if TYPE_CHECKING:
    from exmachina.batch.predictions import FilePrediction
    from exmachina.batch.table import Table

TOLD = 20  # problems that are told one by one where a table holds them all


def predict(
    images: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Image files, folders, 'patterns/**/*.png', lists (.txt), archives (.zip, .tar …), or - for paths on "
            "standard input."
        ),
    ] = None,
    run: RunOption = "fast",
    index: Index = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Table to write, a line an image: .csv or .parquet. Stopped, it goes on when asked again."
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes that decode and normalise. Default: all cores.")
    ] = None,
    json: Json = False,
) -> None:
    """Read digits from image files, folders and what is below them, or the MNIST test set."""
    from exmachina.batch.items import find_items
    from exmachina.batch.predictions import predict_items
    from exmachina.batch.table import open_table
    from exmachina.classifier import Classifier
    from exmachina.cli.reading import progress, read_test_images, sources_of

    if not images and not index:
        raise InputError("Nothing to read: give an image file, a folder or an --index from 0 to 9999.")
    classifier = Classifier.load(run)
    unread = 0
    with open_table(out, classifier) if out is not None else nullcontext() as table:
        before = table.rows if table is not None else 0
        if before:
            print(f"{before:,} were read before; going on.", file=sys.stderr)
        done = table.take if table is not None else lambda path: False
        wanted = [number for number in index or [] if not done(f"mnist:test:{number}")]
        named = {path for path in images or [] if path.is_file()} if len(images or []) <= TOLD else set()
        items = find_items(sources_of(images or []), done)
        readings = chain(read_test_images(classifier, wanted), predict_items(classifier, items, workers))
        for reading in progress(readings, images or [], before, shown=out is not None):
            unread += bool(reading.problem)
            _tell(reading, json, table is not None, unread)
            if reading.prediction is not None and Path(reading.path) in named:
                _point_to_read(Path(reading.path))
            if table is not None:
                table.add(reading)
    if table is not None:
        unread = table.problems
        _conclude(table, json)
    if unread:
        raise typer.Exit(2)


def _point_to_read(path: Path) -> None:
    """Say so if the picture holds more digits than the one that was read."""
    from exmachina.images.files import read_image
    from exmachina.images.mnist import holds_several

    with suppress(InputError):  # a list or an archive of pictures
        if holds_several(read_image(path)):
            print(
                f"exmachina: '{path}' seems to hold several digits, and at most one of them was read; for all of them: "
                f"exmachina read '{path}'",
                file=sys.stderr,
            )


def _tell(reading: FilePrediction, json: bool, in_table: bool, unread: int) -> None:
    from exmachina.cli.reading import to_json

    if reading.problem and not (in_table and unread > TOLD):  # say so and go on: one bad file must not cost the others
        print(f"exmachina: {reading.problem}", file=sys.stderr)
    if reading.prediction is not None and json:
        print_json(to_json(reading))
    elif reading.prediction is not None and not in_table:
        print(f"{reading.path}: {reading.prediction}", flush=True)


def _conclude(table: Table, json: bool) -> None:
    if table.problems:
        what = f"{table.problems:,} of {table.rows:,} could not be read"
        print(f"{what}; the table's column 'problem' says why.", file=sys.stderr)
    if not json:
        print(table.path)
