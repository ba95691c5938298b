"""A field's ink in pieces: connected ink, and what cuts make of it, each ready for the classifier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exmachina.images.materials import grown
from exmachina.images.mnist import NoInk, centre, contrast, crop, scale
from exmachina.reading.layout import Labels, Part
from exmachina.reading.sheet import Mask, Picture, Values

Path = NDArray[np.intp]

SOFT = 2  # pixels beside a stroke that are its edge
BEYOND = 0.15  # of a digit's height: how far past the middle of a digit a cut may stray, as those lean
ASIDE = 0.05  # what a pixel's step to the side costs, in pixels of ink
PULL = 0.3  # what a row costs at the digits' middles, falling to none half way between them
NARROW = 0.05  # of a digit's height: where a row of a nearly upright cut costs as much
BESIDE = (-0.1, 0.1)  # of a digit's height from half way: where nearly upright cuts stand
BAR, NEAR = 0.3, 0.25  # of a digit's height: a five's bar is as low at most, and as near to the five it has come off
OVERLAP = 0.5  # of the narrower one's width: ink above or below other ink belongs to it


@dataclass(frozen=True)
class Chunk:
    """A field's ink, uint8 (h, w), from (top, left) of the page on, and where it may be cut.

    `before` (n, h, w) says for each cut, from left to right, which strokes stand before it; the first cut has none
    before it and the last one all.
    """

    top: int
    left: int
    ink: Picture
    before: Mask
    height: float  # of the page's digits

    @property
    def count(self) -> int:
        """The number of the last cut."""
        return len(self.before) - 1

    def mask(self, first: int, last: int) -> Mask:
        """The strokes between two cuts, (h, w)."""
        mask: Mask = self.before[last] & ~self.before[first]
        return mask

    def box(self, first: int, last: int) -> tuple[int, int, int, int]:
        """Top, bottom, left and right of the strokes between two cuts, on the page."""
        mask = self.mask(first, last)
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        return (
            self.top + int(rows[0]),
            self.top + int(rows[-1]) + 1,
            self.left + int(columns[0]),
            self.left + int(columns[-1]) + 1,
        )

    def glyph(self, first: int, last: int) -> Picture | None:
        """The same strokes as MNIST would have them, uint8 (28, 28); `None` if there is nothing to be seen."""
        return glyph(self.ink, self.mask(first, last), self.before[-1])

    def soft(self, first: int, last: int) -> Mask:
        """The same strokes with their soft edges, none of the others."""
        own = self.mask(first, last)
        soft: Mask = grown(own, SOFT) & (own | ~self.before[-1])
        return soft


def glyph(ink: Picture, mask: Mask, strokes: Mask, least: float = 0.0) -> Picture | None:
    """Ink under `mask` with its soft edges, none of the other `strokes`, as MNIST would have it.

    `None` if there is nothing to be seen, or nothing as high or wide as `least`.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size or max(np.ptp(rows), np.ptp(columns)) + 1 < least:
        return None
    around = (
        slice(max(0, rows[0] - SOFT), rows[-1] + 1 + SOFT),
        slice(max(0, columns[0] - SOFT), columns[-1] + 1 + SOFT),
    )
    own = mask[around]
    picture = np.where(grown(own, SOFT) & (own | ~strokes[around]), ink[around], np.uint8(0))
    try:
        return centre(contrast(scale(crop(contrast(picture, 0))), 0))
    except NoInk:
        return None


def chunk(ink: Picture, labels: Labels, group: list[Part], height: float) -> Chunk:
    """The ink of one field; parts that stand above one another are one piece."""
    top, left = min(part.top for part in group), min(part.left for part in group)
    bottom, right = max(part.bottom for part in group), max(part.right for part in group)
    around = slice(max(0, top - SOFT), bottom + SOFT), slice(max(0, left - SOFT), right + SOFT)
    stacks = _with_bars(_stacks(group), height)
    place = np.full(int(labels.max()) + 1, len(stacks) + 1, np.int32)
    for index, stack in enumerate(stacks):
        for part in stack:
            place[part.label] = index
    places = place[labels[around]]
    strokes = places < len(stacks)
    before = np.stack([places < index for index in range(len(stacks))] + [strokes])
    mine = grown(strokes, SOFT) & (strokes | (labels[around] == 0))
    return Chunk(around[0].start, around[1].start, np.where(mine, ink[around], np.uint8(0)), before, height)


def _stacks(group: list[Part]) -> list[list[Part]]:
    """Parts of which one stands above the other, together; the stacks from left to right."""
    stacks: list[list[Part]] = []
    for part in sorted(group, key=lambda part: -part.area):
        for stack in stacks:
            left, right = min(one.left for one in stack), max(one.right for one in stack)
            shared = min(part.right, right) - max(part.left, left)
            if shared >= OVERLAP * min(part.width, right - left):
                stack.append(part)
                break
        else:
            stacks.append([part])
    return sorted(stacks, key=lambda stack: min(one.left for one in stack) + max(one.right for one in stack))


def _with_bars(stacks: list[list[Part]], height: float) -> list[list[Part]]:
    """The stacks, each with the bar at the upper right that has come off it, as fives' do."""
    joined: list[list[Part]] = []
    for stack in stacks:
        top, bottom = min(part.top for part in stack), max(part.bottom for part in stack)
        if joined and bottom - top <= BAR * height:
            body = joined[-1]
            middle = (min(part.top for part in body) + max(part.bottom for part in body)) / 2
            if (
                bottom <= middle
                and min(part.left for part in stack) - max(part.right for part in body) <= NEAR * height
            ):
                body.extend(stack)
                continue
        joined.append(list(stack))
    return joined


def cuts_between(whole: Chunk, run: tuple[int, int], left: float, right: float) -> list[Mask]:
    """Which strokes stand before a cut between two digits whose middles stand in the ink between two cuts.

    The first cut runs through as little ink as it can. Where it runs through some there are others: nearly upright ones
    side by side, as the least ink is at a nought's top and bottom, and not where a bar leans on its side.
    """
    mask = whole.mask(*run)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    ink = np.where(mask[box], np.maximum(whole.ink[box], 128) / 255.0, 0.0)
    ends = left - columns[0], right - columns[0]
    middles, halves = np.array([sum(ends) / 2]), np.array([max(1.0, (right - left) / 2)])
    paths = between(ink, *ends, whole.height, middles, halves)
    if (ink[np.arange(len(ink)), np.clip(paths[0], 0, ink.shape[1] - 1)] > 0).any():
        middles = middles + np.array(BESIDE) * whole.height
        upright = between(ink, *ends, whole.height, middles, np.full(len(BESIDE), NARROW * whole.height))
        paths = np.concatenate([paths, upright])
    made: list[Mask] = []
    for path in paths:
        before = whole.before[run[0]].copy()
        before[box] |= mask[box] & (np.arange(ink.shape[1])[None, :] < path[:, None])
        if not any((before == other).all() for other in made):
            made.append(before)
    return made


def inked(whole: Chunk, before: Mask) -> float:
    """In how many rows ink goes on behind a cut, as a share of a digit's height."""
    behind = whole.before[-1] & ~before
    return float((before[:, :-1] & behind[:, 1:]).any(axis=1).sum() / whole.height)


def between(ink: Values, left: float, right: float, height: float, middles: Values, halves: Values) -> Path:
    """The cheapest ways down ink (h, w) between two digits whose middles are columns `left` and `right`, (n, h).

    Each is told as the first column right of it in every row. A row costs `PULL` where it is one of `halves` (n,) away
    from the one of `middles` (n,).
    """
    rows, width = ink.shape
    start, stop = int(left - BEYOND * height), max(int(right + BEYOND * height) + 1, int(left) + 2)
    columns = np.arange(start, stop)
    on = (columns >= 0) & (columns < width)
    crossed = np.where(on, ink[:, np.clip(columns, 0, width - 1)], 0.0)
    away = PULL * ((columns - middles[:, None]) / halves[:, None]) ** 2
    came = np.zeros((rows, *away.shape), np.int8)
    total = np.pad(crossed[0] + away, ((0, 0), (1, 1)), constant_values=np.inf)  # with nothing beyond either end
    for row in range(1, rows):
        from_left, from_right = total[:, :-2] + ASIDE, total[:, 2:] + ASIDE
        aside = np.minimum(from_left, from_right)
        strays = aside < total[:, 1:-1]
        came[row] = np.where(strays, np.where(from_left <= from_right, -1, 1), 0)
        total[:, 1:-1] = np.where(strays, aside, total[:, 1:-1]) + crossed[row] + away
    paths = np.empty((len(middles), rows), np.intp)
    places, each = total[:, 1:-1].argmin(axis=1), np.arange(len(middles))
    for row in range(rows - 1, -1, -1):
        paths[:, row] = columns[places]
        places = places + came[row, each, places]
    return paths
