"""Which digits a field holds: a clear one is read as it stands, all else by what the sliding network sees along it.

A piece of ink is clear if it is narrow and the classifier and the sliding network, looking at its middle, both say the
same. What is not is spelled column by column (`spelling`), once for every number of digits that it may hold. Each
spelling says where to cut, the classifier looks at what is cut out, and the one on which both networks agree is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exmachina.classifier import Classifier, Prediction
from exmachina.images import SIDE
from exmachina.reading.layout import Mask
from exmachina.reading.pieces import Chunk, cut_between, glyph
from exmachina.reading.sliding import DIGIT, NONE, sliding, windows
from exmachina.reading.spelling import Middle, spelled

Picture = NDArray[np.uint8]
Values = NDArray[np.float64]
Run = tuple[int, int]  # the cuts at its ends

CLEAR = 0.97  # both networks are as certain of a clear piece
NARROW, WIDE = 0.3, 0.75  # of a digit's height; of the piece's own: wider than both, it may be two digits
CUT_OUT = 0.35  # how far the classifier is believed on what was cut out, against the sliding network
WHOLE = 0.8  # and on ink that no cut has touched: that is what it learned
LOOK = 1.0  # what the networks' agreement on a digit counts beside the logarithm of its spelling
CHANCE = 0.7  # and the classifier's belief that what was cut out is a digit
THROUGH = 2.0  # what a cut costs that runs through ink for a digit's height: strokes touch in places, not all along
ALONE = 3.0  # by how much less than by its best spelling a single piece may be worth as the classifier reads it
BROADEST = 1.3  # of a digit's height: no wider piece is read so
LEAST = 0.01  # no belief counts for less
CUT_LEAST = 0.1  # nor where a cut ran through ink, which may leave of any digit what looks like none
WITHIN = 0.55  # of a digit's height from a digit's middle: ink further away is a sign of its own
TALL = 0.45  # of a digit's height: lower ink that is no digit is no sign either


@dataclass(frozen=True)
class Step:
    """The ink between two cuts taken for one digit, or for a sign that is none: then `digit` is `None`."""

    first: int
    last: int
    digit: int | None
    probability: float
    second: int | None


@dataclass(frozen=True)
class _Cut:
    """Ink up to a cut that was made: `before` is all that stands before it; a digit's middle, or none for a sign."""

    before: Mask
    seen: Values | None  # (11,)
    glyph: Picture | None
    counts: bool = True  # as a sign, if it is no digit
    alone: bool = False  # a piece that was not cut, for the classifier to read
    through: float = 0.0  # of a digit's height: how much ink the cut runs through
    whole: bool = True  # no cut runs through ink of the digit


@dataclass(frozen=True)
class _Way:
    """One way to cut a run, from left to right, and the logarithm of how likely its spelling is."""

    cuts: tuple[_Cut, ...]
    worth: float


def read_chunks(classifier: Classifier, chunks: list[Chunk]) -> list[tuple[Chunk, list[Step]]]:
    """Every chunk with the cuts it needs, and its digits and signs from left to right."""
    clear = _clear(classifier, chunks)
    runs = [(index, run) for index, chunk in enumerate(chunks) for run in _runs(chunk, clear[index])]
    spellings = spelled([(_alone(chunks[index], run), chunks[index].height) for index, run in runs])
    ways = [
        [_way(chunks[index], run, middles, worth) for middles, worth in some]
        + list(_uncut(chunks[index], run, some[0][1]))
        for (index, run), some in zip(runs, spellings, strict=True)
    ]
    answers = iter(_looked_at(classifier, [cut.glyph for some in ways for way in some for cut in way.cuts]))
    best = {}
    for place, some in zip(runs, ways, strict=True):
        looked = [(way, [next(answers) for _ in way.cuts]) for way in some]
        best[place] = max(looked, key=lambda pair: _worth(*pair))
    return [
        _joined(chunk, clear[index], {run: best[place, run] for place, run in runs if place == index})
        for index, chunk in enumerate(chunks)
    ]


def _clear(classifier: Classifier, chunks: list[Chunk]) -> list[list[Step | None]]:
    """Each piece's digit, where it is clear, chunk by chunk."""
    places = [(chunk, piece) for chunk in chunks for piece in range(chunk.count)]
    seen = [_middle_window(chunk, piece) for chunk, piece in places]
    slid = iter(sliding().probabilities(np.stack(seen)).astype(np.float64) if seen else ())
    answers = iter(_looked_at(classifier, [chunk.glyph(piece, piece + 1) for chunk, piece in places]))
    return [[_if_clear(chunk, piece, next(slid), next(answers)) for piece in range(chunk.count)] for chunk in chunks]


def _if_clear(chunk: Chunk, piece: int, seen: Values, answer: Prediction | None) -> Step | None:
    top, bottom, left, right = chunk.box(piece, piece + 1)
    narrow = right - left <= max(NARROW * chunk.height, WIDE * (bottom - top)) and bottom - top >= TALL * chunk.height
    if answer is None or answer.rejected or not narrow or answer.digit != seen.argmax():
        return None
    if min(answer.probability, seen.max()) < CLEAR:
        return None
    return _step(piece, piece + 1, np.sqrt(np.array(answer.probabilities) * seen[:NONE]), seen)


def _middle_window(chunk: Chunk, piece: int) -> Picture:
    _, _, left, right = chunk.box(piece, piece + 1)
    pictures, places = windows(_alone(chunk, (piece, piece + 1)), chunk.height)
    if not len(pictures):
        return np.zeros((SIDE, SIDE), np.uint8)
    middle = ((left + right) / 2 - chunk.left) * DIGIT / chunk.height - 0.5
    nearest: Picture = pictures[np.abs(places - middle).argmin()]
    return nearest


def _runs(chunk: Chunk, clear: list[Step | None]) -> Iterator[Run]:
    """Pieces side by side of which none is clear."""
    start = 0
    for piece in range(chunk.count + 1):
        if piece == chunk.count or clear[piece] is not None:
            if start < piece:
                yield start, piece
            start = piece + 1


def _alone(chunk: Chunk, run: Run) -> Picture:
    return np.where(chunk.soft(*run), chunk.ink, np.uint8(0))


def _way(chunk: Chunk, run: Run, middles: list[Middle], worth: float) -> _Way:
    """The run cut between the middles, and signs that are too far from all of them apart."""
    made: list[_Cut] = []
    before, began = chunk.before[run[0]], 0.0
    for part, mine in _explained(chunk, run, middles):
        ends = [*cut_between(chunk, part, [middle.column for middle in mine]), chunk.before[part[1]]]
        for number, end in enumerate(ends):
            seen = mine[number].seen if mine else None
            through = _through(chunk, end)
            picture = glyph(chunk.ink, end & ~before, chunk.before[-1])
            whole = not (began or through)
            made.append(_Cut(end, seen, picture, _is_sign(chunk, part), through=through, whole=whole))
            before, began = end, through
    return _Way(tuple(made), worth)


def _through(chunk: Chunk, end: Mask) -> float:
    """In how many rows ink goes on behind a cut, as a share of a digit's height."""
    behind = chunk.before[-1] & ~end
    return float((end[:, :-1] & behind[:, 1:]).any(axis=1).sum() / chunk.height)


def _uncut(chunk: Chunk, run: Run, worth: float) -> Iterator[_Way]:
    """A single piece as the classifier reads it, if it is not too wide for that."""
    top, bottom, left, right = chunk.box(*run)
    if run[1] == run[0] + 1 and right - left <= BROADEST * chunk.height and bottom - top >= TALL * chunk.height:
        cut = _Cut(chunk.before[run[1]], None, chunk.glyph(*run), alone=True)
        yield _Way((cut,), worth - ALONE)


def _is_sign(chunk: Chunk, part: Run) -> bool:
    top, bottom, left, right = chunk.box(*part)
    return max(bottom - top, right - left) >= TALL * chunk.height


def _explained(chunk: Chunk, run: Run, middles: list[Middle]) -> Iterator[tuple[Run, list[Middle]]]:
    """The run in parts: each with its digits, or signs that are too far from all of them to belong to one."""
    reach = WITHIN * chunk.height
    boxes = [chunk.box(piece, piece + 1)[2:] for piece in range(*run)]
    centres = [(left + right) / 2 - chunk.left for left, right in boxes]
    holds = [
        any(
            left - chunk.left <= one.column <= right - chunk.left or abs(centre - one.column) <= reach
            for one in middles
        )
        for (left, right), centre in zip(boxes, centres, strict=True)
    ]
    groups: list[list[int]] = []
    for number, some in enumerate(holds):
        if groups and holds[groups[-1][-1]] == some:
            groups[-1].append(number)
        else:
            groups.append([number])
    owner = [
        min(range(len(boxes)), key=lambda n: (not holds[n], _away(one.column + chunk.left, boxes[n])))
        for one in middles
    ]
    for group in groups:
        mine = [one for one, number in zip(middles, owner, strict=True) if number in group]
        yield (run[0] + group[0], run[0] + group[-1] + 1), mine


def _away(column: float, box: tuple[int, int]) -> float:
    return max(0.0, box[0] - column, column - box[1])


def _looked_at(classifier: Classifier, glyphs: list[Picture | None]) -> list[Prediction | None]:
    """What the classifier reads in each, all of them at once."""
    inked = [one for one in glyphs if one is not None]
    answers = iter(classifier.predict_prepared(np.stack(inked)) if inked else [])
    return [None if one is None else next(answers) for one in glyphs]


def _worth(way: _Way, answers: list[Prediction | None]) -> float:
    worth = way.worth - THROUGH * sum(cut.through for cut in way.cuts)
    for cut, answer in zip(way.cuts, answers, strict=True):
        if cut.alone:
            chance = 0.0 if answer is None else answer.probability * (answer.is_digit or 0.0)
            worth += np.log(max(chance, LEAST))
        elif cut.seen is not None:
            probabilities = np.zeros(NONE) if answer is None else np.array(answer.probabilities)
            agreed = float(np.sqrt(probabilities * cut.seen[:NONE] / max(cut.seen[:NONE].sum(), 1e-9)).sum())
            least = LEAST if cut.whole else CUT_LEAST
            worth += LOOK * np.log(max(agreed, least))
            if answer is None:
                worth += CHANCE * np.log(least)
            elif answer.is_digit is not None:
                worth += CHANCE * np.log(max(answer.is_digit, least))
    return worth


def _joined(
    chunk: Chunk, clear: list[Step | None], runs: dict[Run, tuple[_Way, list[Prediction | None]]]
) -> tuple[Chunk, list[Step]]:
    """The chunk with the cuts that were chosen."""
    before, steps = [chunk.before[0]], []
    starts = {run[0]: run for run in runs}
    for piece, alone in enumerate(clear):
        if alone is not None:
            before.append(chunk.before[piece + 1])
            steps.append(Step(len(before) - 2, len(before) - 1, alone.digit, alone.probability, alone.second))
        elif piece in starts:
            way, answers = runs[starts[piece]]
            for cut, answer in zip(way.cuts, answers, strict=True):
                before.append(cut.before)
                if cut.alone and answer is not None:
                    seen = np.append(np.array(answer.probabilities), 0.0)
                    steps.append(_step(len(before) - 2, len(before) - 1, seen[:NONE], seen))
                elif cut.seen is not None:
                    steps.append(_judged(len(before) - 2, cut.seen, answer, whole=cut.whole))
                elif cut.counts:
                    steps.append(Step(len(before) - 2, len(before) - 1, None, 0.0, None))
    return Chunk(chunk.top, chunk.left, chunk.ink, np.stack(before), chunk.height), steps


def _judged(first: int, seen: Values, answer: Prediction | None, *, whole: bool) -> Step:
    digits = seen[:NONE] + 1e-6
    # What a cut ran through is no longer the digit; of whole ink that is hardly a digit it still says which.
    if answer is not None and (whole or not answer.rejected):
        belief = WHOLE if whole else CUT_OUT
        digits = digits ** (1 - belief) * (np.array(answer.probabilities) + 1e-6) ** belief
    return _step(first, first + 1, digits, seen)


def _step(first: int, last: int, digits: Values, seen: Values) -> Step:
    second, digit = np.argsort(digits)[-2:]
    return Step(first, last, int(digit), float(digits[digit] / digits.sum() * (1 - seen[NONE])), int(second))
