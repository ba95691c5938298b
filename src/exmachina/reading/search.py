"""Which pieces are digits: dynamic programming over what two networks say of every piece of ink between two cuts.

A reading of a field is a way from its first cut to its last. Each step takes the ink between two cuts for one digit, or
for a sign that is none. A way is worth the sum of its steps' odds: the logarithm of how much likelier the ink is one
whole digit than that it is not (`segments`), and of the digit's own probability (the classifier). Ink between two cuts
that are no step of the best way needs no worth of its own: the odds count what speaks against it already.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exmachina.classifier import Classifier
from exmachina.reading.pieces import Chunk
from exmachina.reading.segments import NONE, in_context, segments

Values = NDArray[np.float64]
Group = tuple[int, int]

NO_DIGIT = -9.0  # the worth of a step over a sign that is no digit
IMPOSSIBLE = -20.0
LEAST = 0.02  # less likely a whole digit: the classifier is not asked
FLOOR = 3e-4  # the network for pieces is no surer than this, either way
EACH = 2.0  # what every digit is worth by itself: two that are likely win over one that swallows a neighbour
REJECTED = 2.0  # what it costs that the classifier is less certain than its threshold


@dataclass(frozen=True)
class Step:
    """The ink between two cuts taken for one digit, or for none: then `digit` is `None`."""

    first: int
    last: int
    digit: int | None
    probability: float
    second: int | None


@dataclass(frozen=True)
class Scores:
    """What the networks say of the ink between pairs of cuts.

    `whole` (n,) is the probability that it is one whole digit, `worth` (n,) what a step is worth in the search, and
    `probabilities` (n, 10) are the digits'.
    """

    groups: tuple[Group, ...]
    whole: Values
    worth: Values
    probabilities: Values


def score(classifier: Classifier, chunks: list[Chunk], groups: list[list[Group]]) -> list[Scores]:
    """The scores of each chunk's groups, all of them read at once."""
    places = [(index, number) for index, some in enumerate(groups) for number in range(len(some))]
    told = np.zeros((len(places), NONE + 1))
    if places:
        told = (
            segments()
            .probabilities(np.stack([in_context(chunks[i], *groups[i][n]) for i, n in places]))
            .astype(np.float64)
        )
    whole = 1 - told[:, NONE]
    worth = np.full(len(places), IMPOSSIBLE)
    probabilities = told[:, :NONE] / np.maximum(whole, 1e-9)[:, None]
    glyphs, asked = [], []
    for place in np.flatnonzero(whole >= LEAST):
        index, number = places[place]
        glyph = chunks[index].glyph(*groups[index][number])
        if glyph is not None:
            glyphs.append(glyph)
            asked.append(place)
    for place, answer in zip(asked, classifier.predict_prepared(np.stack(glyphs)) if glyphs else [], strict=True):
        both = np.sqrt(np.array(answer.probabilities) * probabilities[place]) + 1e-6
        probabilities[place] = both / both.sum()
        odds = np.log(whole[place] + FLOOR) - np.log(1 - whole[place] + FLOOR)
        # Whether the ink is a whole digit has been told above, in its context: the rejector need not say it again.
        doubted = answer.probability < (classifier.rejection_threshold or 0)
        worth[place] = EACH + odds + np.log(both.max()) - REJECTED * doubted
    ends = np.cumsum([0, *map(len, groups)])
    return [
        Scores(tuple(some), whole[start:stop], worth[start:stop], probabilities[start:stop])
        for some, start, stop in zip(groups, ends[:-1], ends[1:], strict=True)
    ]


def best(count: int, scores: Scores) -> list[Step]:
    """The way of the greatest worth from the first cut to that numbered `count`."""
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
        steps.append(_step(first, end, taken, scores))
        end = first
    return steps[::-1]


def _step(first: int, last: int, taken: int | None, scores: Scores) -> Step:
    if taken is None:
        return Step(first, last, None, 0.0, None)
    probabilities = scores.probabilities[taken]
    second, digit = np.argsort(probabilities)[-2:]
    return Step(first, last, int(digit), float(probabilities[digit] * scores.whole[taken]), int(second))
