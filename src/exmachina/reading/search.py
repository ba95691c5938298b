"""Which digits a field holds: a clear one is read as it stands, all else by what the sliding network sees along it.

A piece of ink is clear if it is narrow and the classifier and the sliding network, looking at its middle, both say the
same. What is not is spelled column by column (`spelling`), once for every number of digits that it may hold. The
middles of all spellings say where cuts may be, the classifier looks at what stands between any two, and the way on
which both networks agree best is taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from exmachina.classifier import Classifier, Prediction
from exmachina.images import SIDE
from exmachina.reading.layout import Mask
from exmachina.reading.pieces import Chunk, cuts_between, glyph, inked
from exmachina.reading.sliding import DIGIT, NONE, sliding, windows
from exmachina.reading.spelling import Line, Middle, Triple, likely_triples, spelled

Picture = NDArray[np.uint8]
Values = NDArray[np.float64]
Run = tuple[int, int]  # the cuts at its ends

CLEAR = 0.97  # both networks are as certain of a clear piece
NARROW, WIDE = 0.3, 0.75  # of a digit's height; of the piece's own: wider than both, it may be two digits
CUT_OUT = 0.35  # how far the classifier is believed on what was cut out, against the sliding network
WHOLE = 0.8  # and on ink that no cut has touched: that is what it learned
LOOK = 1.0  # what the networks' agreement on a digit counts beside the logarithm of its spelling
CHANCE = 0.5  # and the classifier's belief that what was cut out is a digit
THROUGH = 2.0  # what a cut costs that runs through ink for a digit's height: strokes touch in places, not all along
ALONE = 3.0  # by how much less than by its best spelling a single piece may be worth as the classifier reads it
CORE = 0.7  # of its width: the part of a single piece in which there is no other digit's middle
BROADEST = 1.3  # of a digit's height: no wider piece is read so
INSIDE = 3.0  # what a sign inside a number costs
LEAST = 0.01  # no belief counts for less
CUT_LEAST = 0.1  # nor where a cut ran through ink, which may leave of any digit what looks like none
SMALL = 0.6  # of a digit's height: lower and narrower ink that was cut off is a stroke's end
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


Pair = tuple[int, int]
Between = tuple[Triple, Pair]  # three middles, and the numbers of the cuts between them
Read = list[tuple["_Cut", Step | None]]  # cuts from left to right, each with the digit before it


@dataclass(frozen=True)
class _Cut:
    """Between two middles: all that stands before its left end, and its right one; between them is a sign or nothing.

    `through` is how much ink it runs through, of a digit's height; a sign may count, and be `inside` a number.
    """

    end: Mask
    start: Mask
    through: float = 0.0
    sign: Picture | None = None
    counts: bool = False  # it is as large as a digit
    inside: bool = False  # there is ink on either side


@dataclass(frozen=True)
class _Run:
    """Pieces side by side of which none is clear, and every way that is looked at to spell them, to be joined.

    `middles` have `None` at both ends. A cut stands between two of them, a digit's glyph between the three of a triple.
    """

    middles: list[Middle | None]
    cuts: dict[Pair, list[_Cut]]
    cut_out: dict[Between, bytes]  # by name, the same where the ink is the same
    glyphs: dict[bytes, Picture | None]
    line: Line


def read_chunks(classifier: Classifier, chunks: list[Chunk]) -> list[tuple[Chunk, list[Step]]]:
    """Every chunk with the cuts it needs, and its digits and signs from left to right."""
    clear = _clear(classifier, chunks)
    places = [(index, run) for index, chunk in enumerate(chunks) for run in _runs(chunk, clear[index])]
    lines = spelled([(_alone(chunks[index], run), chunks[index].height) for index, run in places])
    runs = [_run(chunks[index], run, line) for (index, run), line in zip(places, lines, strict=True)]
    looks = [look for run in runs for look in (*run.glyphs.values(), *(some[0].sign for some in run.cuts.values()))]
    answers = iter(_looked_at(classifier, looks))
    best: list[dict[int, Read]] = [{} for _ in chunks]
    for (index, (first, _)), run in zip(places, runs, strict=True):
        digits = {name: next(answers) for name in run.glyphs}
        signs = {pair: next(answers) for pair in run.cuts}
        best[index][first] = _best(run, digits, signs)
    return [_joined(chunk, clear[index], best[index]) for index, chunk in enumerate(chunks)]


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


def _run(chunk: Chunk, run: Run, line: Line) -> _Run:
    """All that is to be looked at: what the line may spell, and pieces that the classifier may read as they stand."""
    some = sorted((*line.middles, *_pieces(chunk, run, line)), key=lambda one: (one.first, one.last))
    middles = [None, *some, None]
    triples = likely_triples(line, middles)
    pairs = {(0, len(middles) - 1)} | {pair for triple in triples for pair in itertools.pairwise(triple)}
    cuts = {(left, right): _cuts(chunk, run, middles[left], middles[right]) for left, right in sorted(pairs)}
    cut_out, glyphs = {}, {}
    for triple in triples:
        for (i, ahead), (j, behind) in itertools.product(enumerate(cuts[triple[:2]]), enumerate(cuts[triple[1:]])):
            mask = behind.end & ~ahead.start
            cut_out[triple, (i, j)] = name = mask.tobytes()
            if name not in glyphs:
                least = SMALL * chunk.height if ahead.through or behind.through else 0.0
                glyphs[name] = glyph(chunk.ink, mask, chunk.before[-1], least)
    return _Run(middles, cuts, cut_out, glyphs, line)


def _pieces(chunk: Chunk, run: Run, line: Line) -> Iterator[Middle]:
    """Each piece as a digit that is whole, if it is not too wide or low for that."""
    for piece in range(*run):
        top, bottom, left, right = chunk.box(piece, piece + 1)
        if right - left <= BROADEST * chunk.height and bottom - top >= TALL * chunk.height:
            middle = (left + right) / 2 - chunk.left
            reach = CORE * (right - left) / 2
            ends = ((middle - reach) * DIGIT / chunk.height, (middle + reach) * DIGIT / chunk.height)
            first = min(int(ends[0]), len(line.logs) - 1)
            last = max(first + 1, int(ends[1]))
            yield Middle(middle, first, last, line.at_best(first, last) - ALONE, piece=piece)


def _cuts(chunk: Chunk, run: Run, left: Middle | None, right: Middle | None) -> list[_Cut]:
    """The cuts between two middles, or a middle and an end: around a sign, if one stands there, or through ink."""
    first = run[0] if left is None or left.piece is None else left.piece + 1
    last = run[1] if right is None or right.piece is None else right.piece
    signs = [piece for piece in range(first, last) if _is_apart(chunk, piece, left, right)]
    if signs:
        start = signs[-1] + 1 if right else run[1]
        end = signs[0] if left else run[0]
        top, bottom, first, last = chunk.box(end, start)
        picture = chunk.glyph(end, start) if max(bottom - top, last - first) >= TALL * chunk.height else None
        counts, inside = picture is not None, end > 0 and start < chunk.count
        return [_Cut(chunk.before[end], chunk.before[start], sign=picture, counts=counts, inside=inside)]
    if left is None or (right and right.piece is not None):
        place = run[0] if left is None else last
    elif right is None or left.piece is not None:
        place = run[1] if right is None else first
    else:
        return [_Cut(end, end, inked(chunk, end)) for end in cuts_between(chunk, run, left.column, right.column)]
    return [_Cut(chunk.before[place], chunk.before[place])]


def _is_apart(chunk: Chunk, piece: int, left: Middle | None, right: Middle | None) -> bool:
    """Is a piece between two middles too far from both to belong to one?"""
    box = chunk.box(piece, piece + 1)
    first, last = box[2] - chunk.left, box[3] - chunk.left
    middle = (first + last) / 2
    return all(
        one is None or (side * (middle - one.column) > WITHIN * chunk.height and not first <= one.column <= last)
        for one, side in ((left, 1), (right, -1))
    )


def _looked_at(classifier: Classifier, glyphs: list[Picture | None]) -> list[Prediction | None]:
    """What the classifier reads in each, all of them at once."""
    inked = [one for one in glyphs if one is not None]
    answers = iter(classifier.predict_prepared(np.stack(inked)) if inked else [])
    return [None if one is None else next(answers) for one in glyphs]


def _best(run: _Run, digits: dict[bytes, Prediction | None], signs: dict[Pair, Prediction | None]) -> Read:
    """The likeliest way through the run (Viterbi, 1967): its cuts, with the digit before each but the first."""
    last = len(run.middles) - 1
    worths: dict[tuple[Pair, int], float] = {}
    for pair, cuts in run.cuts.items():
        worth = run.line.none(*(run.middles[end] for end in pair)) + _sign_worth(cuts[0], signs[pair])
        worths.update({(pair, number): worth - THROUGH * cut.through for number, cut in enumerate(cuts)})
    best: dict[tuple[Pair, int], tuple[float, Read]] = {
        (pair, number): (worth, [(run.cuts[pair][number], None)])
        for (pair, number), worth in worths.items()
        if pair[0] == 0
    }
    for (triple, (i, j)), name in sorted(run.cut_out.items(), key=lambda item: item[0][0][1]):
        before, after = (triple[:2], i), (triple[1:], j)
        middle = run.middles[triple[1]]
        if middle is None or before not in best:
            continue
        cut = run.cuts[triple[1:]][j]
        whole = not (run.cuts[triple[:2]][i].through or cut.through)
        worth = best[before][0] + middle.worth + _worth(middle, digits[name], whole=whole) + worths[after]
        if after not in best or worth > best[after][0]:
            best[after] = worth, [*best[before][1], (cut, _judged(middle, digits[name], whole=whole))]
    return max((one for (pair, _), one in best.items() if pair[1] == last), key=lambda one: one[0])[1]


def _sign_worth(cut: _Cut, answer: Prediction | None) -> float:
    """What looks like a digit is hardly a sign, and inside numbers signs are rare."""
    digit = 0.0 if answer is None or answer.is_digit is None else answer.probability * answer.is_digit
    return cut.counts * (float(np.log(max(1 - digit, LEAST))) - INSIDE * cut.inside)


def _worth(middle: Middle, answer: Prediction | None, *, whole: bool) -> float:
    """The logarithm of how far the classifier agrees that what was cut out is a digit, and which."""
    if middle.seen is None:
        chance = 0.0 if answer is None else answer.probability * (answer.is_digit or 0.0)
        return float(np.log(max(chance, LEAST)))
    least = LEAST if whole else CUT_LEAST
    probabilities = np.zeros(NONE) if answer is None else np.array(answer.probabilities)
    agreed = float(np.sqrt(probabilities * middle.seen[:NONE] / max(middle.seen[:NONE].sum(), 1e-9)).sum())
    is_digit = 0.0 if answer is None else 1.0 if answer.is_digit is None else answer.is_digit
    return float(LOOK * np.log(max(agreed, least)) + CHANCE * np.log(max(is_digit, least)))


def _joined(chunk: Chunk, clear: list[Step | None], runs: dict[int, Read]) -> tuple[Chunk, list[Step]]:
    """The chunk with the cuts that were chosen."""
    before, steps = [chunk.before[0]], []

    def up_to(end: Mask, step: Step | None) -> None:
        if (end & ~before[-1]).any():
            before.append(end | before[-1])
            if step is not None:
                steps.append(replace(step, first=len(before) - 2, last=len(before) - 1))

    for piece, alone in enumerate(clear):
        if alone is not None:
            up_to(chunk.before[piece + 1], alone)
        for cut, step in runs.get(piece, ()):
            up_to(cut.end, step)
            up_to(cut.start, Step(0, 0, None, 0.0, None) if cut.counts else None)
    return Chunk(chunk.top, chunk.left, chunk.ink, np.stack(before), chunk.height), steps


def _judged(middle: Middle, answer: Prediction | None, *, whole: bool) -> Step | None:
    if middle.seen is None:
        if answer is None:
            return None
        digits = np.array(answer.probabilities)
        return _step(0, 0, digits, np.append(digits, 0.0))
    digits = middle.seen[:NONE] + 1e-6
    # What a cut ran through is no longer the digit; of whole ink that is hardly a digit it still says which.
    if answer is not None and (whole or not answer.rejected):
        belief = WHOLE if whole else CUT_OUT
        digits = digits ** (1 - belief) * (np.array(answer.probabilities) + 1e-6) ** belief
    return _step(0, 0, digits, middle.seen)


def _step(first: int, last: int, digits: Values, seen: Values) -> Step:
    second, digit = np.argsort(digits)[-2:]
    return Step(first, last, int(digit), float(digits[digit] / digits.sum() * (1 - seen[NONE])), int(second))
