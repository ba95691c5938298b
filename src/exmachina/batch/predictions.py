"""What a network reads in many pictures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exmachina.batch.items import Item, Source, find_items
from exmachina.batch.pool import Prepared, prepare_all
from exmachina.classifier import Classifier, Prediction


@dataclass(frozen=True)
class FilePrediction:
    """What was read where, or why nothing was: then there is a `problem`, and for a blank picture a prediction too."""

    path: str
    prediction: Prediction | None
    problem: str = ""
    label: int | None = None


def predict_many(
    paths: Source | Iterable[Source], run: str | Path | Classifier = "fast", *, workers: int | None = None
) -> Iterator[FilePrediction]:
    """Read every picture of files, folders, patterns, lists and archives, in order and as they are asked for.

    `run` is a classifier, a run directory or a recipe whose weights ship with the package. `workers` processes, as
    many as cores unless told, decode and normalise; memory does not grow with the number of pictures. A picture that
    cannot be read has a `problem` and costs none of the others.
    """
    classifier = run if isinstance(run, Classifier) else Classifier.load(run)
    sources = [paths] if isinstance(paths, str | os.PathLike | Item) else paths
    return predict_items(classifier, find_items(sources), workers)


def predict_items(
    classifier: Classifier, items: Iterable[Item], workers: int | None = None
) -> Iterator[FilePrediction]:
    """The same for pictures that were found already."""
    for some, prepared in prepare_all(items, workers):
        yield from predict_prepared_items(classifier, some, prepared)


def predict_prepared_items(
    classifier: Classifier, items: Sequence[Item], prepared: Prepared
) -> Iterator[FilePrediction]:
    """The same for pictures that are `prepared` already."""
    answers = iter(classifier.predict_prepared(prepared.images) if len(prepared.images) else ())
    for place, item in enumerate(items):
        if place not in prepared.problems:
            yield FilePrediction(item.path, next(answers))
        else:
            problem, is_blank = prepared.problems[place]
            yield FilePrediction(item.path, classifier.blank if is_blank else None, problem)
