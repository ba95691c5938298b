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
MOST_PIECES = 6  # that one digit may have been cut into
WIDEST = 1.5  # of a digit's height: no digit is wider
OVERLAP = 0.5  # of the narrower one's width: ink above or below other ink belongs to it


@dataclass(frozen=True)
class Chunk:
    """A field's ink around (top, left) of the page, cut into pieces.

    `ink` uint8 (h, w); `owner` (h, w) says which piece a stroke's pixel is of, counted from the left, −1 for paper.
    """

    top: int
    left: int
    ink: Picture
    owner: Labels
    count: int
    height: float  # of the page's digits

    def box(self, first: int, last: int) -> tuple[int, int, int, int]:
        """Top, bottom, left and right of the pieces from `first` up to `last`, on the page."""
        mask = self.mask(first, last)
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        return (
            self.top + int(rows[0]),
            self.top + int(rows[-1]) + 1,
            self.left + int(columns[0]),
            self.left + int(columns[-1]) + 1,
        )

    def mask(self, first: int, last: int) -> Mask:
        """The strokes of the pieces from `first` up to `last`, (h, w)."""
        return (self.owner >= first) & (self.owner < last)

    def glyph(self, first: int, last: int) -> Picture | None:
        """The same pieces as MNIST would have them, uint8 (28, 28); `None` if there is nothing to be seen."""
        return glyph(self.ink, self.mask(first, last), self.owner >= 0)

    def candidates(self) -> list[tuple[int, int]]:
        """Neighbouring pieces, (first, last), that together are no wider than a digit."""
        columns = [np.flatnonzero((self.owner == piece).any(axis=0)) for piece in range(self.count)]
        spans = [(int(some[0]), int(some[-1]) + 1) for some in columns]
        return [
            (first, last)
            for first in range(self.count)
            for last in range(first + 1, min(self.count, first + MOST_PIECES) + 1)
            if last == first + 1
            or max(stop for _, stop in spans[first:last]) - min(start for start, _ in spans[first:last])
            <= WIDEST * self.height
        ]


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
    piece_of = np.full(int(labels.max()) + 1, -1, np.int32)
    for index, stack in enumerate(stacks):
        for part in stack:
            piece_of[part.label] = index
    owner = piece_of[labels[around]]
    mine = grown(owner >= 0, SOFT) & ((owner >= 0) | (labels[around] == 0))
    return Chunk(around[0].start, around[1].start, np.where(mine, ink[around], np.uint8(0)), owner, len(stacks), height)


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
    """The same ink with the `doubtful` pieces cut wherever digits may touch."""
    stroke = stroke_width(whole.owner >= 0)
    owner = np.full_like(whole.owner, -1)
    count = 0
    for piece in range(whole.count):
        mask = whole.owner == piece
        made = _cut(whole, mask, stroke) if piece in doubtful else [mask]
        for one in made:
            owner[one] = count
            count += 1
    return Chunk(whole.top, whole.left, whole.ink, owner, count, whole.height)


def _cut(whole: Chunk, mask: Mask, stroke: float) -> list[Mask]:
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.flatnonzero(mask.any(axis=1))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    ink = np.where(mask[box], np.maximum(whole.ink[box], 128) / 255.0, 0.0)
    paths, _ = cuts(ink, whole.height, stroke)
    place = np.zeros(ink.shape, np.int32)
    column = np.arange(ink.shape[1])
    for path in paths:
        place += column[None, :] >= path[:, None]
    made = []
    pending = np.zeros_like(mask)
    for index in range(len(paths) + 1):
        one = pending.copy()
        one[box] |= mask[box] & (place == index)
        if one.sum() < FEW * whole.height**2:
            pending = one
            continue
        made.append(one)
        pending = np.zeros_like(mask)
    if pending.any() and made:
        made[-1] = made[-1] | pending
    return made or [mask]
