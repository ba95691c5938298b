"""Reading many pictures for `predict`: from files, folders, standard input and the test set, into lines or a table."""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exmachina.classifier import Classifier, Prediction
from exmachina.errors import InputError
from exmachina.images.files import list_images
from exmachina.images.mnist import NoInk
from exmachina.runs import check_writable

TOGETHER = 256  # pictures that are prepared side by side and then read at once
COLUMNS = ("path", "digit", "probability", "rejected", "problem")


@dataclass(frozen=True)
class Reading:
    """What was read where, or why nothing was: then there is a problem, and for a blank picture an answer beside it."""

    path: str
    prediction: Prediction | None
    problem: str = ""
    label: int | None = None

    def to_json(self) -> dict[str, object]:
        """The line of `predict --json`, for a picture that could be opened."""
        assert self.prediction is not None
        answer = self.prediction
        label = {} if self.label is None else {"label": self.label}
        return {
            "path": self.path,
            **label,
            "digit": answer.digit,
            "probability": answer.probability,
            "probabilities": list(answer.probabilities),
            "rejected": answer.rejected,
            "verdict": answer.verdict,
            "is_digit": answer.is_digit,
        }

    def row(self) -> list[object]:
        """The line of a table."""
        if self.prediction is None:
            return [self.path, "", "", "", self.problem]
        digit = "" if self.prediction.digit is None else self.prediction.digit
        return [self.path, digit, self.prediction.probability, self.prediction.rejected, self.problem]


def read_test_images(classifier: Classifier, indices: list[int]) -> Iterator[Reading]:
    """Test images of MNIST by their indices."""
    from exmachina.data import load_mnist_split

    test = load_mnist_split("test")
    for index in indices:
        if not 0 <= index < len(test):
            raise InputError(f"Index {index} is out of range; the test images run from 0 to {len(test) - 1}.")
    for index in indices:
        prediction = classifier.predict(test.images[index], prepared=True)
        yield Reading(f"mnist:test:{index}", prediction, label=int(test.labels[index]))


def read_files(classifier: Classifier, files: Iterable[Path]) -> Iterator[Reading]:
    """Picture files, in their order; one that cannot be read costs none of the others."""
    remaining = iter(files)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        while some := list(islice(remaining, TOGETHER)):
            prepared = list(pool.map(lambda path: _prepared(classifier, path), some))
            images = [image for image in prepared if isinstance(image, np.ndarray)]
            answers = iter(classifier.predict_prepared(np.stack(images)) if images else ())
            for path, image in zip(some, prepared, strict=True):
                if isinstance(image, np.ndarray):
                    yield Reading(str(path), next(answers))
                elif isinstance(image, NoInk):
                    blank = Prediction(None, 0.0, (0.0,) * classifier.network.classes, rejected=True)
                    yield Reading(str(path), blank, f"'{path}' is blank; there is no digit to read.")
                else:
                    yield Reading(str(path), None, str(image))


def _prepared(classifier: Classifier, path: Path) -> NDArray[np.uint8] | InputError:
    try:
        return classifier.prepare(path)
    except InputError as error:
        return error


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are; of a folder, all pictures in it and below; for `-`, what standard input names, a line each."""
    for path in paths:
        if str(path) == "-":
            yield from (Path(line.rstrip("\n")) for line in sys.stdin if line.strip())
        elif path.is_dir():
            yield from list_images(path, below=True)
        else:
            yield path


def progress(readings: Iterable[Reading], *, shown: bool) -> Iterator[Reading]:
    """The same readings; on a terminal, how many there were so far is told on standard error, a few times a second."""
    if not shown or not sys.stderr.isatty():
        yield from readings
        return
    told = 0.0
    for count, reading in enumerate(readings, 1):
        yield reading
        if time.monotonic() - told > 0.2:
            told = time.monotonic()
            print(f"\r{count:,} read", end="", file=sys.stderr, flush=True)
    print("\r\x1b[K", end="", file=sys.stderr, flush=True)


@contextmanager
def table(path: Path) -> Iterator[Callable[[Reading], None]]:
    """A CSV file to which readings are added by calling what is given; it appears whole or not at all."""
    if path.suffix.lower() != ".csv":
        raise InputError(f"A table is written as CSV; name a file that ends in .csv, not '{path}'.")
    check_writable(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file)
            lines.writerow(COLUMNS)
            yield lambda reading: lines.writerow(reading.row())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
