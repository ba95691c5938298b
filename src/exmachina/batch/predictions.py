"""What a network reads in many pictures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from exmachina.batch.items import Item, Source, find_items
from exmachina.batch.pool import Prepared, blank_line, prepare_all
from exmachina.classifier import Classifier, Prediction
from exmachina.images.cut import Cut


@dataclass(frozen=True)
class FilePrediction:
    """What was read where, or why nothing was: then there is a `problem`, and for a blank picture a prediction too.

    Of a picture that seems to hold more digits than the one that was read, `prediction.several` is true.
    """

    path: str
    prediction: Prediction | None
    problem: str = ""
    label: int | None = None

    @property
    def row(self) -> tuple[str, int | None, float | None, bool | None, bool | None, str]:
        """Path, digit, probability, rejected, several, problem, as tables have them; `None` for what was not read."""
        answer = self.prediction
        if answer is None:
            return self.path, None, None, None, None, self.problem
        return self.path, answer.digit, answer.probability, answer.rejected, answer.several, self.problem


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
    places = [place for place in range(len(items)) if place not in prepared.problems]
    cuts = [
        Cut(image if image.any() else None, place in prepared.several, prepared.again.get(place))
        for place, image in zip(places, prepared.images, strict=True)
    ]
    answers = iter(classifier.predict_cuts(cuts))
    for place, item in enumerate(items):
        problem, is_blank = prepared.problems.get(place, ("", False))
        answer = next(answers)[1] if not problem else classifier.blank if is_blank else None
        if is_blank and place in prepared.several:
            answer = replace(classifier.blank, several=True)
        if answer is not None and answer.digit is None:
            problem = blank_line(item)
        yield FilePrediction(item.path, answer, problem)
