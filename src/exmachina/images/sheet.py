"""A sheet or a slate on a desk: what is around it is neither paper nor ink, and goes before those are told apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exmachina.images.clean import SMALL
from exmachina.images.materials import FAINT, Mask, Picture, boxes, brighter, grown, ring
from exmachina.images.paper import judged, median

WRITING = 10  # times as long as the widest stroke is the picture
SHEET = (0.08, 0.95)  # of the picture: the least and the most that a sheet lying in it takes up
NARROWEST = 1 / 6  # of the picture's longer side
PAPER = 0.75  # of the sheet, at least; the rest is strong ink
JOINT = 5  # pixels: what is joined to the sheet by less is no part of it
CONVEX = 0.98  # of its rows and columns, each from its first pixel to its last
STRAIGHT = (0.83, 0.93)  # of the smallest rectangle around it: seen aslant it fills more, an ellipse less; as a strip
DIRECTIONS = 28  # to either side of level in which that rectangle is looked for
STRAY = 0.2  # of a sheet that its picture cuts: so much may be as bright elsewhere
AROUND = 3  # pixels that a frame is wide, at least
APART = 40  # levels between sheet and what is around it
UNEVEN = 0.15  # of the sheet is farther than `FAINT` of that, and `APART`, from its level, at most: else it is a shadow
INK, FAINTEST = 0.2, 16  # of that, and levels: at least so much is between sheet and ink
INSETS = (0.02, 0.05, 0.08, 0.12)  # of its shorter side: the first at which its border is all paper
SOFT = 2  # pixels within that border that may be the blur of its sides
WRITTEN = 0.002  # of the sheet, at least, is ink


def sheet_alone(picture: Picture) -> Picture:
    """The sheet that lies in a picture with a darker or a lighter desk around it; `picture` itself if there is none.

    A drawing has paper of one level around it, a photograph never; and what is shaped as a sheet, and is none, has no
    ink within.
    """
    border = ring(picture)
    if max(picture.shape) < SMALL or border.min() == border.max():
        return picture
    copy = judged(picture)
    bright = brighter(copy.astype(np.float64))
    light, dark = _sheet(copy, bright), _sheet(255 - copy, ~bright)
    if dark is not None and (light is None or dark[0].sum() > light[0].sum()):
        return _cut_out(picture, dark[0], 255 - dark[1])
    return picture if light is None else _cut_out(picture, *light)


def _sheet(copy: Picture, paper: Mask) -> tuple[Mask, Picture] | None:
    """Where the largest sheet of `paper`, what is bright, is without its edges, and the copy without writing."""
    from scipy import ndimage

    if paper.sum() < PAPER * SHEET[0] * paper.size:
        return None
    labels, count = ndimage.label(_opened(paper))
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    for index in np.argsort(-areas, kind="stable"):
        if areas[index] < PAPER * SHEET[0] * copy.size:
            break
        part = labels == index + 1
        if part[[0, 0, -1, -1], [0, -1, 0, -1]].all():  # the page itself, or the desk
            continue
        sheet = _without_holes(part)
        area = int(sheet.sum())
        if not SHEET[0] * copy.size < area < SHEET[1] * copy.size or areas[index] < PAPER * area:
            continue
        if not _has_four_sides(sheet):
            continue
        around = grown(sheet, AROUND) & ~grown(sheet, 1)
        if not around.any() or (ring(sheet).any() and paper[~sheet].sum() > STRAY * area):  # paper that strokes part
            continue
        level = float(np.median(copy[part]))
        apart = level - float(np.median(copy[around]))
        if apart < APART or (np.abs(copy[part] - level) > max(FAINT * apart, APART)).sum() > UNEVEN * area:
            continue
        inner = _without_edges(sheet, paper)
        if inner is None:
            continue
        smooth = median(copy)
        filled = _closed(smooth, max(copy.shape) // WRITING | 1)
        if _written(inner, filled - smooth >= max(INK * apart, FAINTEST)) >= WRITTEN * inner.sum():
            return inner, filled
    return None


def _without_holes(mask: Mask) -> Mask:
    """A mask and all that it surrounds."""
    from scipy import ndimage

    labels, count = ndimage.label(~mask)
    outside = np.zeros(count + 1, bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        outside[side] = True
    outside[0] = False
    filled: Mask = ~outside[labels]
    return filled


def _opened(paper: Mask) -> Mask:
    """What of a mask holds squares of `JOINT`; it goes on past the picture's border."""
    for join in (np.logical_and, np.logical_or):
        paper = boxes(np.pad(paper, JOINT // 2, mode="edge"), JOINT, join)
    return paper


def _closed(copy: Picture, size: int) -> Picture:
    """A picture without what is dark and narrower than `size`, an odd number of pixels."""
    for join in (np.maximum, np.minimum):
        beyond = np.pad(copy, size // 2, mode="edge")
        copy = boxes(beyond, size, join)
    return copy


def _has_four_sides(sheet: Mask) -> bool:
    """Is it convex, wide, and does it fill the smallest rectangle around it, which may lie aslant?"""
    area = int(sheet.sum())
    strip = (sheet[0].any() and sheet[-1].any()) or (sheet[:, 0].any() and sheet[:, -1].any())  # bold strokes are such
    straight = STRAIGHT[int(strip)]
    ends = []
    for lines in (sheet.T, sheet):
        places = np.flatnonzero(lines.any(axis=1))
        first, last = _ends(lines[places])
        if area < CONVEX * int((last - first + 1).sum()):
            return False
        ends = [(first, places), (last, places)]
    x, y = np.concatenate(ends, axis=1)
    slopes = np.arange(-DIRECTIONS, DIRECTIONS + 1)[:, None]
    pixel, unit = DIRECTIONS + np.abs(slopes[:, 0]), DIRECTIONS**2 + slopes[:, 0] ** 2
    length = np.ptp(DIRECTIONS * x + slopes * y, axis=1) + pixel
    width = np.ptp(DIRECTIONS * y - slopes * x, axis=1) + pixel
    wide = np.minimum(length, width) ** 2 >= (NARROWEST * max(sheet.shape)) ** 2 * unit
    return bool((wide & (area * unit >= straight * length * width)).any())


def _ends(sheet: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first and the last column of each row: (h,), (h,)."""
    return sheet.argmax(axis=1), sheet.shape[1] - 1 - sheet[:, ::-1].argmax(axis=1)


def _without_edges(sheet: Mask, paper: Mask) -> Mask | None:
    """As much of a sheet as has a border that is all paper: a shadow across a digit never has."""
    shorter = min(int(sheet.any(axis=axis).sum()) for axis in (0, 1))
    for inset in INSETS:
        inner = _shrunk(sheet, int(inset * shorter) + 1)
        edge = inner & ~_shrunk(inner, 1)
        if edge.any() and paper[edge].all():
            return inner
    return None


def _shrunk(mask: Mask, by: int) -> Mask:
    """What of a mask is farther than `by` pixels from its border; the picture's border is one too."""
    return ~grown(np.pad(~mask, by, constant_values=True), by)[by:-by, by:-by]


def _written(sheet: Mask, ink: Mask) -> int:
    """How many pixels of a sheet are ink that does not run on to its sides."""
    from scipy import ndimage

    deep = _shrunk(sheet, SOFT)
    labels, count = ndimage.label(ink & deep)
    inside = np.ones(count + 1, bool)
    inside[labels[deep & ~_shrunk(deep, 1)]] = False
    inside[0] = False
    return int(inside[labels].sum())


def _cut_out(picture: Picture, sheet: Mask, filled: Picture) -> Picture:
    """The box around a sheet of the judged copy. Beside it its paper goes on, as `filled` has it without writing."""
    rows, columns = (np.flatnonzero(sheet.any(axis=axis)) for axis in (1, 0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    sheet = sheet[box]
    first, last = _ends(sheet)
    nearest = np.clip(np.arange(sheet.shape[1]), first[:, None], last[:, None])
    beside = np.take_along_axis(filled[box], nearest, axis=1)
    step = -(-max(picture.shape) // max(filled.shape))
    part = picture[tuple(slice(one.start * step, one.stop * step) for one in box)]
    on_sheet, paper = (
        one.repeat(step, axis=0).repeat(step, axis=1)[: part.shape[0], : part.shape[1]] for one in (sheet, beside)
    )
    return np.where(on_sheet, part, paper)
