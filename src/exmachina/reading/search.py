"""Which pieces are digits: dynamic programming over what the classifier says of every group of neighbouring pieces.

A reading of a field is a way through its pieces from left to right. Each step takes a group of them for one digit, or
for a sign that is none. A way is worth the sum of its steps' odds: the logarithm of how much likelier the group is one
whole digit than that it is not, and of the digit's own probability. Groups that are no step of the best way need
no worth of their own, as the odds count them already (they are what was rejected).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exmachina.classifier import Classifier
from exmachina.reading.pieces import Chunk

Values = NDArray[np.float64]

NO_DIGIT = -7.0  # the worth of a step over a sign that is no digit
SURE = 0.9  # less is unsure
CERTAIN = 0.97  # a piece that is read so is not cut
SMALL = 0.55  # of the usual height: lower ink is seldom a whole digit
REJECTED = 3.0  # what it costs, as a logarithm of odds, that the classifier rejects the group


@dataclass(frozen=True)
class Step:
    """Pieces from `first` up to `last` taken for one digit, or none: `digit` is `None`."""

    first: int
    last: int
    digit: int | None
    probability: float
    second: int | None


@dataclass(frozen=True)
class Scores:
    """What the classifier says of groups of pieces: worth (n,) and probabilities (n, classes), by group."""

    groups: tuple[tuple[int, int], ...]
    worth: Values
    probabilities: Values


def score(classifier: Classifier, chunks: list[Chunk], groups: list[list[tuple[int, int]]]) -> list[Scores]:
    """The scores of each chunk's groups, all of them read at once."""
    glyphs, places = [], []
    for index, (chunk, some) in enumerate(zip(chunks, groups, strict=True)):
        for number, group in enumerate(some):
            picture = chunk.glyph(*group)
            if picture is not None:
                glyphs.append(picture)
                places.append((index, number))
    worth = [np.full(len(some), -20.0) for some in groups]
    probabilities = [np.zeros((len(some), classifier.network.classes)) for some in groups]
    answers = classifier.predict_prepared(np.stack(glyphs)) if glyphs else []
    for (index, number), answer in zip(places, answers, strict=True):
        chunk, group = chunks[index], groups[index][number]
        probabilities[index][number] = answer.probabilities
        worth[index][number] = _worth(chunk, group, answer.probability, answer.rejected)
    return [Scores(tuple(some), worth[i], probabilities[i]) for i, some in enumerate(groups)]


def _worth(chunk: Chunk, group: tuple[int, int], probability: float, rejected: bool) -> float:
    top, bottom, left, right = chunk.box(*group)
    height, width = (bottom - top) / chunk.height, (right - left) / chunk.height
    odds = np.log(max(probability, 1e-4)) - np.log(max(1 - probability, 2e-3))
    odds -= REJECTED * rejected
    odds -= 8.0 * max(0.0, SMALL - height) / SMALL
    odds -= 6.0 * max(0.0, width - 1.0)
    return float(odds)


def best(count: int, scores: Scores) -> list[Step]:
    """The way of the greatest worth through `count` pieces."""
    total = np.full(count + 1, -np.inf)
    total[0] = 0.0
    came: list[tuple[int, int | None]] = [(0, None)] * (count + 1)
    by_end: dict[int, list[int]] = {}
    for number, (_, last) in enumerate(scores.groups):
        by_end.setdefault(last, []).append(number)
    for end in range(1, count + 1):
        for number in by_end.get(end, []):
            first = scores.groups[number][0]
            for worth, chosen in ((scores.worth[number], number), (NO_DIGIT, None)):
                if total[first] + worth > total[end]:
                    total[end] = total[first] + worth
                    came[end] = (first, chosen)
    steps = []
    end = count
    while end > 0:
        first, taken = came[end]
        steps.append(_step(first, end, None if taken is None else scores.probabilities[taken]))
        end = first
    return steps[::-1]


def _step(first: int, last: int, probabilities: Values | None) -> Step:
    if probabilities is None:
        return Step(first, last, None, 0.0, None)
    second, digit = np.argsort(probabilities)[-2:]
    return Step(first, last, int(digit), float(probabilities[digit]), int(second))
