"""Commands that use a trained network: `predict`, `export`."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from exmachina.cli.options import Index, Json, RunOption, print_json
from exmachina.errors import InputError

SITE_RUNS = ("fast", "classic", "accurate")


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(predict)
    app.command()(export)


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


def export(
    run: RunOption = "fast",
    onnx: Annotated[Path | None, typer.Option("--onnx", help="ONNX model to write.")] = None,
    keras: Annotated[Path | None, typer.Option("--keras", help="Keras model (.keras) to write.")] = None,
    site: Annotated[Path | None, typer.Option("--site", help="New folder for the lesson as plain files.")] = None,
) -> None:
    """Write a trained network in a standard format, or the lesson as plain files for any web host."""
    from exmachina.runs import Run, write_files

    if onnx is None and keras is None and site is None:
        raise InputError("Nothing to write: give --onnx FILE, --keras FILE or --site DIR.")
    if onnx is not None:
        from exmachina.runs.onnx_graph import build_onnx

        found = Run.load(run)
        write_files(onnx.parent, {onnx.name: build_onnx(found.network, found.weights)})
        print(onnx)
    if keras is not None:
        from exmachina.runs.keras_file import export_keras

        export_keras(Run.load(run), keras)
        print(keras)
    if site is not None:
        from exmachina.lesson.site import export_site

        print(export_site(site, site_runs(run)))


def site_runs(run: str) -> dict[str, str]:
    """The runs that an exported page shows, by name: the one that was asked for, and those that ship."""
    return {Path(run).name: run} | {name: name for name in SITE_RUNS if name != Path(run).name}
