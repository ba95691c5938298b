"""Commands that use a trained network: `predict`, `export`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exmachina.cli.options import Index, Json, RunOption, print_json
from exmachina.errors import InputError

if TYPE_CHECKING:
    from exmachina.classifier import Classifier, Prediction

SITE_RUNS = ("fast", "classic", "accurate")


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(predict)
    app.command()(export)


def predict(
    images: Annotated[list[Path] | None, typer.Argument(help="Image files or folders of them.")] = None,
    run: RunOption = "fast",
    index: Index = None,
    json: Json = False,
) -> None:
    """Read digits from image files, folders of them, or the MNIST test set."""
    from exmachina.classifier import Classifier

    if not images and not index:
        raise InputError("Nothing to read: give an image file, a folder or an --index from 0 to 9999.")
    classifier = Classifier.load(run)
    unread = 0
    for path, label, prediction in _predictions(classifier, images or [], index or []):
        if isinstance(prediction, InputError):  # say so and go on: one bad file must not cost the others
            print(f"exmachina: {prediction}", file=sys.stderr)
            unread += 1
            continue
        if prediction.digit is None:
            print(f"exmachina: '{path}' is blank; there is no digit to read.", file=sys.stderr)
            unread += 1
        if json:
            line: dict[str, object] = {"path": path}
            if label is not None:
                line["label"] = label
            line["digit"] = prediction.digit
            line["probability"] = prediction.probability
            line["probabilities"] = list(prediction.probabilities)
            line["rejected"] = prediction.rejected
            print_json(line)
        else:
            print(f"{path}: {prediction}", flush=True)
    if unread:
        raise typer.Exit(2)


def _predictions(
    classifier: Classifier, paths: list[Path], indices: list[int]
) -> Iterator[tuple[str, int | None, Prediction | InputError]]:
    """Where each image came from, its label if it is known, and what the network reads in it or why it cannot."""
    from exmachina.images.files import list_images

    if indices:
        from exmachina.data import load_mnist_split

        test = load_mnist_split("test")
        for index in indices:
            if not 0 <= index < len(test):
                raise InputError(f"Index {index} is out of range; the test images run from 0 to {len(test) - 1}.")
        for index in indices:
            yield f"mnist:test:{index}", int(test.labels[index]), classifier.predict(test.images[index])
    for path in paths:
        for file in list_images(path) if path.is_dir() else [path]:
            try:
                yield str(file), None, classifier.predict(file)
            except InputError as error:
                yield str(file), None, error


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
