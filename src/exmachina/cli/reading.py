"""Reading many pictures for `predict`: what is to be read, what is told of it, and how far it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from exmachina.batch.items import Item, Source, count_items
from exmachina.batch.predictions import FilePrediction
from exmachina.classifier import Classifier
from exmachina.errors import InputError


def to_json(reading: FilePrediction) -> dict[str, object]:
    """The line of `predict --json`, for a picture that could be opened."""
    assert reading.prediction is not None
    label = {} if reading.label is None else {"label": reading.label}
    return {"path": reading.path, **label, **reading.prediction.to_json()}


def read_test_images(classifier: Classifier, indices: list[int]) -> Iterator[FilePrediction]:
    """Test images of MNIST by their indices."""
    from exmachina.data import load_mnist_split

    test = load_mnist_split("test")
    for index in indices:
        if not 0 <= index < len(test):
            raise InputError(f"Index {index} is out of range; the test images run from 0 to {len(test) - 1}.")
    for index in indices:
        prediction = classifier.predict(test.images[index], prepared=True)
        yield FilePrediction(f"mnist:test:{index}", prediction, label=int(test.labels[index]))


def sources_of(paths: Iterable[str]) -> Iterator[Source]:
    """What was named; for `-`, what standard input names, a line each."""
    for path in paths:
        if path == "-":
            yield from (Item(line.rstrip("\r\n")) for line in sys.stdin if line.strip())
        else:
            yield path


def progress(
    readings: Iterable[FilePrediction], paths: list[str], before: int, *, shown: bool
) -> Iterator[FilePrediction]:
    """The same readings; on a terminal with a bar, their rate and the time left, after so many read `before`."""
    if not shown or not sys.stderr.isatty():
        yield from readings
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn

    class Rate(TextColumn):
        def render(self, task: Task) -> Any:
            self.text_format = "" if task.speed is None else f"{task.speed:,.0f}/s"
            return super().render(task)

    total = None if any(path == "-" for path in paths) else count_items(paths)
    columns = BarColumn(), MofNCompleteColumn(), TextColumn("read,"), Rate(""), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=4) as bar:
        task = bar.add_task("", total=total, completed=before)
        shown_at = time.monotonic()
        for count, reading in enumerate(readings, before + 1):
            yield reading
            if time.monotonic() - shown_at > 0.1:
                shown_at = time.monotonic()
                bar.update(task, completed=count)
