"""What a photograph or a scan of a page needs before its digit can be cut out; a clean drawing passes as it is.

`flatten` removes shadows, uneven light and printed patterns, `isolate` drops specks, ruled lines and other ink. Both
follow what `paper.ink` finds on a copy of one size, so a picture is cleaned alike however many pixels it came with.
Ink is bright and paper dark throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from exmachina.images.materials import Mask, Picture, Values, grown, ring, runs, widened
from exmachina.images.paper import deviation, ink, judged, sample, upper_quartile
from exmachina.images.paper import level as paper_level

INK = 32  # of 255, from paper to the strongest ink: fainter pixels are blur around a stroke
MIN_CONTRAST = 16  # of 255: less between paper and ink is noise
UNEVEN = 0.1  # of the way from paper to ink: paper that varies by more is evened out
SMALL = 100  # pixels: the longer side of what is no photograph
NEAR = 4  # times as long as a digit is a picture that is looked at from nearer
NEARBY = 0.12  # of the digit's longer side: ink closer than this belongs to it
SPECK = 0.02  # of the digit's ink: less than this, apart from it, is dirt
REPEATED = 4  # pieces beside the largest and of its size: a pattern
BESIDE = 0.6  # of the digit's height: lower ink beside it is no digit
MOST_STROKES = 6  # that a straight line through a digit meets, on average; a texture has more


@dataclass(frozen=True)
class Findings:
    """What is ink and what is paper in the judged copy of a picture: the dear part, which several questions share."""

    copy: Picture
    mask: Mask
    level: Values  # of the paper
    strokes: Mask  # `mask` without ruled lines

    @cached_property
    def above(self) -> Values:
        """How far each pixel is above its paper."""
        return self.copy - self.level

    @cached_property
    def strongest(self) -> float:
        """How far strong ink is above its paper; 0 of none."""
        return upper_quartile(self.above[self.mask]) if self.mask.any() else 0.0


def examine(picture: Picture) -> Findings | None:
    """Ink and paper of a picture; `None` if it is plain, with nothing to find out."""
    if is_plain(picture):
        return None
    copy = judged(picture)
    mask, level = ink(copy, max(2, max(copy.shape) // max(picture.shape) // 2))
    return Findings(copy, mask, level, mask & ~ruled_lines(mask))


def clean(picture: Picture) -> Picture:
    """The digit alone on even paper; `picture` itself if there is nothing to remove, black if there is no digit."""
    return cleaned(picture, examine(picture))


def cleaned(picture: Picture, findings: Findings | None) -> Picture:
    """The same for a picture that was examined already. A digit that is small in it is looked at from nearer."""
    if findings is None:
        return picture
    digit = _digit(findings.strokes)
    if _is_none(findings, digit):
        return np.zeros_like(picture)
    near = _surroundings(digit, picture.shape)
    if near is None:
        return _alone(picture, findings, digit)
    part, nearer = picture[near], examine(picture[near])
    if nearer is not None:
        digit = _digit(nearer.strokes & _seen(grown(digit, 1), near, nearer.copy.shape, picture.shape))
        part = _alone(part, nearer, digit)
    page = np.full_like(picture, int(paper_level(part)))
    page[near] = part
    return page


def _seen(mask: Mask, near: tuple[slice, slice], size: tuple[int, ...], shape: tuple[int, ...]) -> Mask:
    """What a mask of the judged copy of a picture of `shape` shows of the part `near`, at another size."""
    part = _resized(mask, shape)[near]
    rows, columns = (np.arange(small) * length // small for small, length in zip(size, part.shape, strict=True))
    return part[np.ix_(rows, columns)]


def _surroundings(digit: Mask, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    """Where a digit of the judged copy lies in its picture, as much paper on each side; `None` of a large one."""
    if not digit.any() or max(shape) < SMALL:
        return None
    spans = [np.flatnonzero(digit.any(axis=axis)) for axis in (1, 0)]
    size = max(int(np.ptp(span)) for span in spans) + 1
    if NEAR * size >= max(digit.shape):
        return None
    step = -(-max(shape) // max(digit.shape))
    rows, columns = (slice(max(0, int(span[0]) - size) * step, (int(span[-1]) + 1 + size) * step) for span in spans)
    return rows, columns


def _is_none(findings: Findings, digit: Mask) -> bool:
    """Is what was found too faint for ink, or too often crossed by straight lines for a digit?"""
    strongest = findings.strongest
    noise = deviation(findings.above[~grown(findings.mask, 2)])
    return strongest < MIN_CONTRAST or strongest < 4 * noise or _is_texture(digit)


def _alone(picture: Picture, findings: Findings, digit: Mask) -> Picture:
    """The `digit` of a picture that was examined alone on even paper."""
    mask, level = findings.mask, findings.level
    varies = deviation((findings.copy - np.median(level))[~mask])
    if 2 * varies > UNEVEN * findings.strongest:
        picture = flatten(picture, mask, level)
    return isolate(picture, mask, digit)


def is_plain(picture: Picture) -> bool:
    """A small drawing: one piece of ink on paper of one level."""
    from scipy import ndimage

    border = ring(picture)
    if max(picture.shape) >= SMALL or border.min() != border.max():
        return False
    away = np.abs(picture.astype(np.int16) - border[0]) > INK
    return bool(ndimage.label(away, np.ones((3, 3), bool))[1] < 2)


def flatten(picture: Picture, mask: Mask, level: Values) -> Picture:
    """Ink as a share of the way from the paper around it to full ink, 0 to 255; noise and patterns go to 0.

    `mask` and `level` are what `paper.ink` says of the judged copy of `picture`.
    """
    height, width = picture.shape
    around = Image.fromarray(level.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    beneath = np.asarray(around).astype(np.float64)
    share = np.maximum(picture - beneath, 0) / np.maximum(255 - beneath, 32)
    stroke = _resized(mask, picture.shape)
    paper = sample(share[~_resized(grown(mask, 2), picture.shape)])
    floor = float(np.median(paper)) + 3 * deviation(paper) if paper.size else 0.0
    ceiling = upper_quartile(share[stroke])
    if ceiling <= floor:
        return np.zeros_like(picture)
    even: Picture = np.floor(np.clip((share - floor) / (ceiling - floor), 0, 1) * 255 + 0.5).astype(np.uint8)
    return even


def isolate(picture: Picture, mask: Mask, digit: Mask) -> Picture:
    """The ink of `digit` alone, a part of `mask`, which is that of the judged copy; all else becomes paper."""
    if not digit.any():
        return np.zeros_like(picture)
    stroke = _resized(mask, picture.shape)
    paper = float(np.median(picture[~stroke])) if not stroke.all() else 0.0
    by = max(4, -(-max(mask.shape) // max(picture.shape)))
    keep = _resized(grown(digit, by) & (digit | ~mask), picture.shape)  # with the soft edges of its strokes
    span = int(picture.max()) - paper
    if not (~keep & (picture > paper + span * (INK / 255))).any():
        return picture
    return np.where(keep, picture, np.uint8(paper))


def _resized(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """A mask of the judged copy at the picture's own size; of several pixels that become one, any."""
    step, factor = -(-max(shape) // max(mask.shape)), max(mask.shape) // max(shape)
    if factor > 1:
        blocks = mask.reshape(shape[0], factor, shape[1], factor)
        joined: Mask = np.any(blocks, axis=(1, 3))
        return joined
    return mask.repeat(step, axis=0).repeat(step, axis=1)[: shape[0], : shape[1]]


def _is_texture(digit: Mask) -> bool:
    """Is it met more often by straight lines than the strokes of a digit are?"""
    for lines in (digit, digit.T):
        occupied = lines[lines.any(axis=1)]
        begins = occupied[:, 0].astype(np.intp) + (occupied[:, 1:] & ~occupied[:, :-1]).sum(axis=1)
        if occupied.size and float(begins.mean()) > MOST_STROKES:
            return True
    return False


def ruled_lines(ink: Mask) -> Mask:
    """Thin lines from one edge of the page to the other, spared where a stroke crosses them.

    Fewer than four may be the strokes of a digit cut tightly: they count only if nothing else spans the page
    across them, and if there is something else.
    """
    across, rows = _horizontal_lines(ink)
    down, columns = _horizontal_lines(ink.T)
    if rows + columns >= 4:
        return across | down.T
    for lines, page in ((across, ink), (down, ink.T)):
        rest = page & ~lines
        if (rest[:2].any() and rest[-2:].any()) or not rest.any():
            lines[:] = False
    return across | down.T


def _horizontal_lines(ink: Mask) -> tuple[Mask, int]:
    """Pixels of `ink` in thin, roughly horizontal lines that span the whole width, and how many lines."""
    from scipy import ndimage

    lines, width = np.zeros_like(ink), ink.shape[1]
    if not (ink[:, :4].any() and ink[:, -4:].any()):
        return lines, 0
    thickness = max(3, max(ink.shape) // 40)
    thin = ink & ~runs(ink.T, thickness + 1).T
    blurred = widened(thin, 5, thickness)  # over the lines that cross it
    long = runs(blurred, max(8, width // 8))
    joined, _ = ndimage.label(widened(long, 3, 2 * (width // 12) + 1))  # past strokes
    extents = [(box[1].start, box[1].stop) for box in ndimage.find_objects(joined)]
    whole = [stop - start >= 0.92 * width for start, stop in extents]
    ruled = sum(whole) >= 3  # then a piece from either edge is a line too, which runs on along a stroke
    for index, (start, stop) in enumerate(extents, 1):
        if whole[index - 1] or (ruled and (start == 0 or stop == width)):
            lines |= thin & (joined == index)
    return lines, sum(whole)


def _digit(ink: Mask) -> Mask:
    """The largest group of `ink` that looks like a digit, with the pieces near it; nothing of a pattern."""
    from scipy import ndimage

    touching = np.ones((3, 3), bool)
    if ndimage.label(ink, touching)[1] < 2:
        return ink
    joined, count = ndimage.label(grown(ink, 1))
    groups = np.where(ink, joined, 0)
    areas = np.bincount(groups.ravel(), minlength=count + 1)[1:]
    boxes = ndimage.find_objects(groups, max_label=count)
    at_edge = np.array([_touches_edge(box, ink.shape) for box in boxes])
    # A table's edge, a finger or the neighbouring word reaches the border; a lone dash is no digit.
    dash = np.array([_height(box) * 8 < _width(box) for box in boxes])
    score = areas * np.where(at_edge, 0.2, 1.0) * np.where(dash, 0.2, 1.0)
    main = int(score.argmax())
    if sum(_is_alike(box, boxes[main]) for box in boxes) > REPEATED:
        return np.zeros_like(ink)
    reach = NEARBY * max(_height(boxes[main]), _width(boxes[main]))
    kept = np.zeros(count + 1, bool)
    kept[1:] = [
        area >= SPECK * areas[main] and _gap(box, boxes[main]) <= reach and (edge <= at_edge[main])
        for area, box, edge in zip(areas, boxes, at_edge, strict=True)
    ]
    return ink & kept[groups]


def digits_beside(findings: Findings | None) -> int:
    """How many other pieces of ink are there, as large as the digit that `cleaned` keeps and no printed line?"""
    from scipy import ndimage

    if findings is None:
        return 0
    strokes = findings.strokes
    labels, count = ndimage.label(grown(strokes, 1))
    own = np.where(strokes, labels, 0)
    boxes, areas = ndimage.find_objects(own), np.bincount(own.ravel(), minlength=count + 1)[1:]
    whole = [index for index in range(count) if not _touches_edge(boxes[index], strokes.shape)]
    main = int(areas.argmax()) if count else -1
    if main not in whole:  # a tight cut; what is beside its digit is dirt or pattern
        return 0
    height = _height(boxes[main])
    return sum(
        1
        for other in whole
        if other != main
        and BESIDE * height <= _height(boxes[other]) <= height / BESIDE
        and areas[other] >= BESIDE / 2 * areas[main]
        and _gap(boxes[other], boxes[main]) > 0
    )


Box = tuple[slice, slice]


def _height(box: Box) -> int:
    return int(box[0].stop - box[0].start)


def _width(box: Box) -> int:
    return int(box[1].stop - box[1].start)


def _touches_edge(box: Box, shape: tuple[int, ...]) -> bool:
    return any(side.start == 0 or side.stop == length for side, length in zip(box, shape, strict=True))


def _is_alike(a: Box, b: Box) -> bool:
    """Are their sides the same but for a fifth?"""
    return all(5 * abs(side(a) - side(b)) <= side(b) for side in (_height, _width))


def _gap(a: Box, b: Box) -> int:
    """Pixels between two boxes; 0 if they overlap."""
    return max(0, *(int(max(p.start - q.stop, q.start - p.stop)) for p, q in zip(a, b, strict=True)))
