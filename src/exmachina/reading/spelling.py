"""Spelling a line: from what the sliding network sees at every column to digits and their middles (Viterbi, 1967)."""

from __future__ import annotations

import itertools
import math
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
KEPT = 3.5  # nor a digit between two others, in what is joined of several spellings
NARROWEST = 4  # columns of a digit, on average, at least


@dataclass(frozen=True)
class Middle:
    """Where a digit may have its middle: a column of the ink, and the columns [first, last) of the line it is seen at.

    `seen` (11,) is what the sliding network thinks there, `digit` what it names. Where it was not asked, and the
    classifier reads a piece of the ink as it stands, they are `None` and `piece` is its number.
    """

    column: float
    first: int
    last: int
    worth: float  # a logarithm
    seen: Values | None = None
    digit: int | None = None
    piece: int | None = None


@dataclass(frozen=True)
class Line:
    """What the sliding network sees along ink, logarithms (n, 11), and the middles of all that it may spell."""

    logs: Values
    middles: tuple[Middle, ...]

    def none(self, left: Middle | None, right: Middle | None) -> float:
        """What it is worth that there is no digit between two middles, or a middle and an end; -inf if they overlap."""
        first, last = left.last if left else 0, right.first if right else len(self.logs)
        alike = left and right and left.digit is not None and left.digit == right.digit
        if last < first + bool(alike):  # between two digits alike there is a column of none
            return -math.inf
        return float(self.logs[first:last, NONE].sum())

    def at_best(self, first: int, last: int) -> float:
        """What any spelling of some columns may be worth."""
        return float(self.logs[first:last].max(axis=1).sum())


Triple = tuple[int, int, int]


def spelled(lines: Sequence[tuple[NDArray[np.uint8], float]]) -> list[Line]:
    """Each ink and the height of its digits as a line, with the middles of its likeliest spellings.

    There is a spelling for every number of digits, unless it is much less likely than another.
    """
    slid = [windows(ink, height) for ink, height in lines]
    if not any(len(pictures) for pictures, _ in slid):
        return [Line(np.zeros((0, NONE + 1)), ()) for _ in lines]
    probabilities = sliding().probabilities(np.concatenate([pictures for pictures, _ in slid])).astype(np.float64)
    length = max(int(places[-1]) + 1 for _, places in slid if len(places))
    seen = np.zeros((len(lines), length, NONE + 1))
    seen[:, :, NONE] = 1
    ends = np.cumsum([len(pictures) for pictures, _ in slid])
    for index, (end, (pictures, places)) in enumerate(zip(ends, slid, strict=True)):
        seen[index, places] = probabilities[end - len(pictures) : end]
    logs = np.log(np.maximum(seen, FLOOR))
    classes, worths = spelling(logs, min(MOST, 1 + length // NARROWEST))
    some = []
    for index, (_, height) in enumerate(lines):
        good = np.flatnonzero(worths[index] >= worths[index].max() - MARGIN)
        middles = {
            (one.first, one.last, one.digit): one
            for count in good
            for one in _middles(classes[index, count], seen[index], logs[index], height)
        }
        some.append(Line(logs[index], tuple(middles.values())))
    return some


def _middles(classes: Classes, seen: Values, logs: Values, height: float) -> Iterator[Middle]:
    edges = np.flatnonzero(np.diff(classes, prepend=NONE, append=NONE))
    for first, last in itertools.pairwise(edges):
        digit = int(classes[first])
        if digit != NONE:
            weights = seen[first:last, digit]
            column = (float(weights @ np.arange(first, last) / weights.sum()) + 0.5) * height / DIGIT
            thinks = weights @ seen[first:last] / weights.sum()
            worth = float(logs[first:last, digit].sum()) + START
            yield Middle(column, int(first), int(last), worth, thinks, digit)


def likely_triples(line: Line, middles: Sequence[Middle | None]) -> list[Triple]:
    """Every middle with the ones before and behind it in spellings not much less likely than the best.

    `middles` are in order of their columns and have `None` at both ends. A line without a digit has none.
    """
    count = len(middles)
    between = np.full((count, count), -np.inf)
    for left, right in itertools.combinations(range(count), 2):
        between[left, right] = line.none(middles[left], middles[right])
    own = np.array([one.worth if one else 0.0 for one in middles])
    upto, onwards = np.full(count, -np.inf), np.full(count, -np.inf)
    upto[0], onwards[-1] = 0.0, 0.0
    for index in range(1, count):
        upto[index] = (upto[:index] + between[:index, index]).max() + own[index]
        back = count - 1 - index
        onwards[back] = (onwards[back + 1 :] + between[back, back + 1 :]).max() + own[back]
    least = onwards[0] - KEPT
    return [
        (left, index, right)
        for index in range(1, count - 1)
        for left in range(index)
        for right in range(index + 1, count)
        if upto[left] + between[left, index] + own[index] + between[index, right] + onwards[right] >= least
    ]


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
