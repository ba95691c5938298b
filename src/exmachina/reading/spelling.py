"""Spelling a line: from what the sliding network sees at every column to digits and their middles (Viterbi, 1967)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exmachina.reading.sliding import DIGIT, NONE, sliding, windows

Values = NDArray[np.float64]
Classes = NDArray[np.intp]

START = 0.0  # what a digit is worth by itself, a logarithm
FLOOR = 1e-4  # the network is never surer that a place is not so
MOST = 12  # digits in a run at most
MARGIN = 5.0  # spellings whose logarithm is lower by more are not looked at
NARROWEST = 4  # columns of a digit, on average, at least


@dataclass(frozen=True)
class Middle:
    """A digit's middle: its column in the ink, and what the sliding network thinks there, (11,)."""

    column: float
    seen: Values


Spelling = tuple[list[Middle], float]


def spelled(lines: Sequence[tuple[NDArray[np.uint8], float]]) -> list[list[Spelling]]:
    """For each ink and the height of its digits, how it may be spelled: middles and the logarithm of the likelihood.

    At least one spelling each, the likeliest first, no two with the same number of digits.
    """
    slid = [windows(ink, height) for ink, height in lines]
    if not any(len(pictures) for pictures, _ in slid):
        return [[([], 0.0)] for _ in lines]
    probabilities = sliding().probabilities(np.concatenate([pictures for pictures, _ in slid])).astype(np.float64)
    length = max(int(places[-1]) + 1 for _, places in slid if len(places))
    seen = np.zeros((len(lines), length, NONE + 1))
    seen[:, :, NONE] = 1
    ends = np.cumsum([len(pictures) for pictures, _ in slid])
    for index, (end, (pictures, places)) in enumerate(zip(ends, slid, strict=True)):
        seen[index, places] = probabilities[end - len(pictures) : end]
    classes, worths = spelling(np.log(np.maximum(seen, FLOOR)), min(MOST, 1 + length // NARROWEST))
    spellings = []
    for index, (_, height) in enumerate(lines):
        order = np.argsort(-worths[index])
        good = [count for count in order if worths[index, count] >= worths[index].max() - MARGIN]
        some = [
            (list(_middles(classes[index, count], seen[index], height)), float(worths[index, count])) for count in good
        ]
        spellings.append(some)
    return spellings


def _middles(classes: Classes, seen: Values, height: float) -> Iterator[Middle]:
    edges = np.flatnonzero(np.diff(classes, prepend=NONE, append=NONE))
    for first, last in itertools.pairwise(edges):
        if classes[first] != NONE:
            weights = seen[first:last, classes[first]]
            column = float(weights @ np.arange(first, last) / weights.sum())
            yield Middle((column + 0.5) * height / DIGIT, weights @ seen[first:last] / weights.sum())


def spelling(logs: Values, most: int) -> tuple[Classes, Values]:
    """For every number of digits from 0 to `most` the likeliest class of every column, (R, most + 1, n), and its worth.

    `logs` (R, n, 11) are logarithms of probabilities. Between two digits alike there is a column of none; each digit
    costs `START` to begin.
    """
    runs, length, classes = logs.shape
    shape = (runs, most + 1, classes)
    came = np.zeros((length, *shape), np.int8)
    began = np.zeros((length, *shape), bool)
    total = np.full(shape, -np.inf)
    total[:, 0, NONE] = 0.0
    for column in range(length):
        best, most_worth, other, other_worth = _two_best(total)
        # A digit begins after the best of all other classes, with one digit less; none follows anything.
        source = np.repeat(best[..., None], classes, axis=-1)
        worth = np.repeat(most_worth[..., None], classes, axis=-1)
        np.put_along_axis(source, best[..., None], other[..., None], axis=-1)
        np.put_along_axis(worth, best[..., None], other_worth[..., None], axis=-1)
        begin, origin = np.full(shape, -np.inf), np.zeros(shape, np.intp)
        begin[:, 1:, :NONE], origin[:, 1:, :NONE] = worth[:, :-1, :NONE] + START, source[:, :-1, :NONE]
        begin[..., NONE], origin[..., NONE] = most_worth, best
        stays = total >= begin
        came[column] = np.where(stays, np.arange(classes), origin)
        began[column] = ~stays
        total = np.where(stays, total, begin) + logs[:, None, column]
    return _traced(came, began, total), total.max(axis=2)


def _two_best(total: Values) -> tuple[Classes, Values, Classes, Values]:
    best = total.argmax(axis=-1)
    worth = np.take_along_axis(total, best[..., None], -1)[..., 0]
    rest = total.copy()
    np.put_along_axis(rest, best[..., None], -np.inf, -1)
    other = rest.argmax(axis=-1)
    return best, worth, other, np.take_along_axis(rest, other[..., None], -1)[..., 0]


def _traced(came: NDArray[np.int8], began: NDArray[np.bool_], total: Values) -> Classes:
    length, runs, counts, _ = came.shape
    classes = np.empty((runs, counts, length), np.intp)
    rows = np.arange(runs)[:, None]
    count = np.repeat(np.arange(counts)[None], runs, axis=0)
    now = total.argmax(axis=2)
    for column in range(length - 1, -1, -1):
        classes[..., column] = now
        fewer = began[column, rows, count, now] & (now != NONE)
        now = came[column, rows, count, now].astype(np.intp)
        count = count - fewer
    return classes
