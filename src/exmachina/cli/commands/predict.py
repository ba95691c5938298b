"""`predict`: what a trained network reads in image files, folders and test images."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from exmachina.cli.options import Index, Json, RunOption, print_json
from exmachina.errors import InputError


def predict(
    images: Annotated[
        list[Path] | None, typer.Argument(help="Image files, folders of them, or - for paths on standard input.")
    ] = None,
    run: RunOption = "fast",
    index: Index = None,
    out: Annotated[Path | None, typer.Option("--out", help="Table to write: a CSV file, a line an image.")] = None,
    json: Json = False,
) -> None:
    """Read digits from image files, folders and what is below them, or the MNIST test set."""
    from exmachina.classifier import Classifier
    from exmachina.cli.reading import Reading, files_of, progress, read_files, read_test_images, table

    if not images and not index:
        raise InputError("Nothing to read: give an image file, a folder or an --index from 0 to 9999.")
    classifier = Classifier.load(run)
    readings = chain(read_test_images(classifier, index or []), read_files(classifier, files_of(images or [])))
    unread = 0

    def tell(reading: Reading) -> None:
        if reading.problem:  # say so and go on: one bad file must not cost the others
            print(f"exmachina: {reading.problem}", file=sys.stderr)
        if reading.prediction is not None and json:
            print_json(reading.to_json())
        elif reading.prediction is not None and out is None:
            print(f"{reading.path}: {reading.prediction}", flush=True)

    with table(out) if out is not None else nullcontext() as add:
        for reading in progress(readings, shown=out is not None):
            unread += bool(reading.problem)
            tell(reading)
            if add is not None:
                add(reading)
    if out is not None and not json:
        print(out)
    if unread:
        raise typer.Exit(2)
