"""`predict`: what a trained network reads in image files, folders, archives and test images."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exmachina.cli.options import Index, Json, Ray, RunOption, print_json
from exmachina.errors import InputError

if TYPE_CHECKING:
    from exmachina.batch.predictions import FilePrediction

LISTED = 20  # problems that are told one by one where a table holds them all


def predict(
    images: Annotated[
        list[str] | None,
        typer.Argument(
            help="Image files, folders, 'patterns/**/*.png', lists (.txt), archives (.zip, .tar …), or - for paths on "
            "standard input."
        ),
    ] = None,
    run: RunOption = "fast",
    index: Index = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", help="Table to write, a line an image: .csv or .parquet. Stopped, it goes on when asked again."
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes that decode and normalise. Default: all cores.")
    ] = None,
    ray: Ray = None,
    json: Json = False,
) -> None:
    """Read digits from image files, folders and what is below them, or the MNIST test set."""
    if not images and not index:
        raise InputError("Nothing to read: give an image file, a folder or an --index from 0 to 9999.")
    if ray is None:
        unread = _predict_here(run, images or [], index or [], out, workers, json)
    elif index or workers is not None or out is None or not out.rstrip("/").lower().endswith(".parquet"):
        raise InputError("--ray reads files into Parquet: give --out NAME.parquet, and neither --index nor --workers.")
    else:
        unread = _predict_on_cluster(ray, run, images or [], out, json)
    if unread:
        raise typer.Exit(2)


def _predict_here(
    run: str, images: list[str], index: list[int], out: str | None, workers: int | None, json: bool
) -> int:
    """Read with this machine's cores, and return how many pictures could not be read."""
    from exmachina.batch.items import find_items
    from exmachina.batch.predictions import predict_items
    from exmachina.batch.table import open_table
    from exmachina.classifier import Classifier
    from exmachina.cli.reading import progress, read_test_images, sources_of

    classifier = Classifier.load(run)
    unread = several = 0
    with open_table(Path(out), classifier) if out is not None else nullcontext() as table:
        before = table.rows if table is not None else 0
        if before:
            print(f"{before:,} were read before; going on.", file=sys.stderr)
        done = table.take if table is not None else lambda path: False
        wanted = [number for number in index if not done(f"mnist:test:{number}")]
        items = find_items(sources_of(images), done)
        readings = chain(read_test_images(classifier, wanted), predict_items(classifier, items, workers))
        for reading in progress(readings, images, before, shown=out is not None):
            unread += bool(reading.problem)
            several += reading.prediction is not None and reading.prediction.several
            _tell(reading, json, told_all=table is None or max(unread, several) <= LISTED, printed=table is None)
            if table is not None:
                table.add(reading)
    if table is None:
        return unread
    if several > LISTED:
        print(f"{several:,} seem to hold several digits; the table's column 'several' says which.", file=sys.stderr)
    _conclude(table.path, table.rows, table.problems, json)
    return table.problems


def _tell(reading: FilePrediction, json: bool, *, told_all: bool, printed: bool) -> None:
    from exmachina.cli.reading import to_json

    answer = reading.prediction
    if reading.problem and told_all:  # say so and go on: one bad file must not cost the others
        print(f"exmachina: {reading.problem}", file=sys.stderr)
    if answer is not None and json:
        print_json(to_json(reading))
    elif answer is not None and printed:
        print(f"{reading.path}: {replace(answer, several=False)}", flush=True)
    if answer is not None and answer.several and told_all:
        named = f"'{reading.path}'" if Path(reading.path).is_file() else "PICTURE"
        print(
            f"exmachina: '{reading.path}' seems to hold several digits, and at most one of them was read; for all of "
            f"them: exmachina read {named}",
            file=sys.stderr,
        )


def _conclude(path: str | Path, rows: int, unread: int, json: bool) -> None:
    if unread:
        what = f"{unread:,} of {rows:,} could not be read"
        print(f"{what}; the table's column 'problem' says why.", file=sys.stderr)
    if not json:
        print(path)


def _predict_on_cluster(address: str, run: str, images: list[str], out: str, json: bool) -> int:
    from exmachina.classifier import Classifier
    from exmachina.cli.reading import sources_of
    from exmachina.cluster.connection import connected
    from exmachina.cluster.predictions import predict_on_cluster

    classifier = Classifier.load(run)
    with connected(address):
        written = predict_on_cluster(classifier, sources_of(images), out)
    if json:
        print_json({"path": written.path, "rows": written.rows, "problems": written.problems})
    _conclude(written.path, written.rows, written.problems, json)
    return written.problems
