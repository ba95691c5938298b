"""`predict`: what a trained network reads in image files, folders and test images."""

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
