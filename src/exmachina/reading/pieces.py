"""A field's ink in pieces: connected ink, and what cuts make of it, each ready for the classifier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exmachina.images.mnist import NoInk, centre, contrast, crop, scale
from exmachina.images.paper import grown
from exmachina.reading.layout import Labels, Part
from exmachina.reading.seams import cuts, stroke_width
from exmachina.reading.sheet import Mask, Picture

SOFT = 2  # pixels beside a stroke that are its edge
FEW = 0.012  # of a digit's height squared: less ink than this is no piece
WIDEST = 1.5  # of a digit's height: no digit is wider
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

    def candidates(self) -> list[tuple[int, int]]:
        """Pairs of cuts with something between them that is no wider than a digit, and neighbouring cuts."""
        found = []
        for first in range(self.count):
            for last in range(first + 1, self.count + 1):
                mask = self.mask(first, last)
                columns = np.flatnonzero(mask.any(axis=0))
                if not columns.size or mask.sum() < FEW * self.height**2:
                    continue
                if columns[-1] - columns[0] >= WIDEST * self.height:
                    if last == first + 1:
                        found.append((first, last))
                    break
                found.append((first, last))
        return found


def glyph(ink: Picture, mask: Mask, strokes: Mask) -> Picture | None:
    """Ink under `mask` with its soft edges, none of the other `strokes`, as MNIST would have it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
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
    stacks = _stacks(group)
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


def cut_further(whole: Chunk, doubtful: list[int]) -> Chunk:
    """The same ink with more cuts: wherever digits may touch in what stands between a `doubtful` cut and the next."""
    stroke = stroke_width(whole.before[-1])
    before = [whole.before[0]]
    for first in range(whole.count):
        if first in doubtful:
            before += _cut(whole, first, stroke)
        before.append(whole.before[first + 1])
    return Chunk(whole.top, whole.left, whole.ink, np.stack(before), whole.height)


def _cut(whole: Chunk, first: int, stroke: float) -> list[Mask]:
    """Which strokes stand before each further cut between `first` and the next."""
    mask = whole.mask(first, first + 1)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    ink = np.where(mask[box], np.maximum(whole.ink[box], 128) / 255.0, 0.0)
    paths, _ = cuts(ink, whole.height, stroke)
    made = []
    least = FEW * whole.height**2
    for path in paths:
        left = mask[box] & (np.arange(ink.shape[1])[None, :] < path[:, None])
        if least <= left.sum() <= mask.sum() - least:
            one = whole.before[first].copy()
            one[box] |= left
            made.append(one)
    return made
