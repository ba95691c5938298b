"""What a photograph or a scan of a page needs before its digit can be cut out; a clean drawing passes as it is.

`flatten` removes shadows and uneven light, `isolate` drops specks, ruled lines and other ink. Both judge on
a small copy of the picture, so that a large one costs little. Ink is bright and paper dark throughout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]

SMALLEST_PAGE = 100  # pixels; a smaller picture is a digit that somebody has already cut out
SMALL_SIDE = 200  # longer side of the copy that is judged
INK = 32  # of 255, from paper to the strongest ink: fainter pixels are blur around a stroke
MIN_CONTRAST = 16  # of 255: less between paper and ink is noise
NEARBY = 0.12  # of the digit's longer side: ink closer than this belongs to it
SPECK = 0.02  # of the digit's ink: less than this, apart from it, is dirt


def clean(picture: Picture) -> Picture:
    """The digit alone on even paper; `picture` itself if there is nothing to remove."""
    if max(picture.shape) < SMALLEST_PAGE:
        return picture
    if is_uneven(picture):
        picture = flatten(picture)
    return isolate(picture)


def ring(picture: Picture) -> Picture:
    """The pixels along the border, which are paper in all but the tightest cuts: (n,)."""
    width = max(1, min(picture.shape) // 32)
    inner = slice(width, -width)
    sides = picture[:width], picture[-width:], picture[inner, :width], picture[inner, -width:]
    return np.concatenate([side.ravel() for side in sides])


def is_uneven(picture: Picture) -> bool:
    """Does the border vary, as paper under a lamp does, by more than a stroke or two crossing it would?"""
    small = _small(picture, 128)
    if max(picture.shape) < SMALLEST_PAGE or min(small.shape) < 8:
        return False
    border = np.sort(ring(small))
    low, high = int(border[border.size // 10]), int(border[-border.size // 10])
    span = int(small.max()) - int(small.min())
    # A border that takes in nearly all of the span is a tight cut, with ink along it.
    return bool(span >= MIN_CONTRAST and 0.1 < (high - low) / span < 0.8)


def flatten(picture: Picture) -> Picture:
    """Ink as a share of the way from the paper around it to full ink, 0 to 255; noise goes to 0.

    The paper's level everywhere is a morphological opening: what is left when everything narrower than a
    sixth of the picture, as strokes are, is taken away.
    """
    from scipy import ndimage

    small = _small(picture, SMALL_SIDE)
    window = max(3, max(small.shape) // 6)
    smooth = ndimage.median_filter(small, 3).astype(np.float32)
    beyond = np.pad(smooth, window, mode="reflect", reflect_type="odd")  # light goes on as it fell at the border
    paper = ndimage.grey_opening(beyond, size=(window, window))[window:-window, window:-window]
    paper = ndimage.gaussian_filter(paper, 1.5, mode="nearest")
    height, width = picture.shape
    level = np.asarray(Image.fromarray(paper).resize((width, height), Image.Resampling.BILINEAR))
    share = np.maximum(picture - level, 0) / np.maximum(255 - level, 32)
    middle, deviation = _noise(share)
    floor = middle + 3 * deviation
    strong = share[share > max(floor, 0.4 * float(np.percentile(share, 99.95)))]
    ceiling = float(np.percentile(strong, 75)) if strong.size else 1.0
    if (ceiling - middle) * 255 < MIN_CONTRAST or ceiling < middle + 6 * deviation:
        return np.zeros_like(picture)
    stretched: Picture = np.floor(np.clip((share - floor) / (ceiling - floor), 0, 1) * 255 + 0.5).astype(np.uint8)
    return stretched


def isolate(picture: Picture) -> Picture:
    """The largest group of ink and the strokes near it; everything else becomes paper."""
    paper = float(np.median(ring(picture)))
    middle, deviation = _noise(picture)
    span = int(picture.max()) - paper
    step = -(-max(picture.shape) // SMALL_SIDE)
    ink = picture > min(255, max(paper + 0.3 * span, middle + 5 * deviation, paper + MIN_CONTRAST))
    small = _small(ink.view(np.uint8) * np.uint8(255), SMALL_SIDE) > 128 // step  # more than a trace
    if not small.any():
        return np.zeros_like(picture)
    wanted = _digit(small & ~ruled_lines(small))
    keep = _grown(wanted, 4) & (wanted | ~small)  # with the soft edges of its strokes
    keep = keep.repeat(step, axis=0).repeat(step, axis=1)[: picture.shape[0], : picture.shape[1]]
    if not (~keep & (picture > paper + span * (INK / 255))).any():
        return picture
    return np.where(keep, picture, np.uint8(paper))


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
    thin = ink & ~ndimage.binary_opening(ink, np.ones((thickness + 1, 1), bool))
    blurred = ndimage.binary_dilation(thin, np.ones((5, 1), bool))
    long = ndimage.binary_opening(blurred, np.ones((1, max(8, width // 8)), bool))
    past_strokes = np.ones((3, 2 * (width // 12) + 1), bool)
    joined, _ = ndimage.label(ndimage.binary_dilation(long, past_strokes))
    extents = [(box[1].start, box[1].stop) for box in ndimage.find_objects(joined)]
    whole = [stop - start >= 0.92 * width for start, stop in extents]
    ruled = sum(whole) >= 3  # then a piece from either edge is a line too, which runs on along a stroke
    for index, (start, stop) in enumerate(extents, 1):
        if whole[index - 1] or (ruled and (start == 0 or stop == width)):
            lines |= thin & (joined == index)
    return lines, sum(whole)


def _digit(ink: Mask) -> Mask:
    """The largest group of `ink` that looks like a digit, with the pieces near it."""
    from scipy import ndimage

    touching = np.ones((3, 3), bool)
    if ndimage.label(ink, touching)[1] < 2:
        return ink
    joined, count = ndimage.label(_grown(ink, 1))
    groups = np.where(ink, joined, 0)
    areas = np.bincount(groups.ravel(), minlength=count + 1)[1:]
    boxes = ndimage.find_objects(groups, max_label=count)
    at_edge = np.array([_touches_edge(box, ink.shape) for box in boxes])
    # A table's edge, a finger or the neighbouring word reaches the border; a lone dash is no digit.
    dash = np.array([_height(box) * 8 < _width(box) for box in boxes])
    score = areas * np.where(at_edge, 0.2, 1.0) * np.where(dash, 0.2, 1.0)
    main = int(score.argmax())
    reach = NEARBY * max(_height(boxes[main]), _width(boxes[main]))
    kept = np.zeros(count + 1, bool)
    kept[1:] = [
        area >= SPECK * areas[main] and _gap(box, boxes[main]) <= reach and (edge <= at_edge[main])
        for area, box, edge in zip(areas, boxes, at_edge, strict=True)
    ]
    return ink & kept[groups]


Box = tuple[slice, slice]


def _height(box: Box) -> int:
    return int(box[0].stop - box[0].start)


def _width(box: Box) -> int:
    return int(box[1].stop - box[1].start)


def _touches_edge(box: Box, shape: tuple[int, ...]) -> bool:
    return any(side.start == 0 or side.stop == length for side, length in zip(box, shape, strict=True))


def _gap(a: Box, b: Box) -> int:
    """Pixels between two boxes; 0 if they overlap."""
    return max(0, *(int(max(p.start - q.stop, q.start - p.stop)) for p, q in zip(a, b, strict=True)))


def _noise(values: NDArray[np.generic]) -> tuple[float, float]:
    """Median and the standard deviation that the median absolute deviation stands for."""
    sample = values.ravel()[:: max(1, values.size // 2_000)].astype(np.float64)
    middle = float(np.median(sample))
    return middle, 1.4826 * float(np.median(np.abs(sample - middle)))


def _small(picture: Picture, side: int) -> Picture:
    """`picture` averaged down by a whole number until its longer side is at most `side`."""
    factor = -(-max(picture.shape) // side)
    return picture if factor == 1 else np.asarray(Image.fromarray(picture).reduce(factor))


def _grown(ink: Mask, by: int) -> Mask:
    """`ink` and every pixel within a square of `by` pixels around it."""
    for _ in range(2):  # rows, then columns
        wider = ink.copy()
        for shift in range(1, by + 1):
            wider[shift:] |= ink[:-shift]
            wider[:-shift] |= ink[shift:]
        ink = wider.T
    return ink
