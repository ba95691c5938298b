"""A second look at a photograph: ink is what is darker than all the paper near it, wherever shadows run.

A closing (the lowest of the highest brightness nearby) fills strokes with the paper around them and leaves the edges of
shadows, sheets and desks where they are, for these are wider than any stroke. What a pixel lacks of its closing's light
is ink. It knows nothing of ruled lines, patterns and light ink on dark paper, which the first look (`clean`) does: a
network reads both and tells which of them shows a digit.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from exmachina.images.materials import Mask, Picture, Values, boxes, grown, ring

PHOTOGRAPH = 100  # pixels: the longer side of what is no drawing
LOOKED_AT = 400  # pixels: larger pictures are averaged down by a whole number first
REACH = 0.06  # of the longer side: strokes are narrower than twice that
DARK = 8  # of 255: no light is so little that its ratios are all noise
FAINTEST = 0.08  # of the light must be missing in the strongest ink
STRONG = 0.35  # of the strongest ink: less is paper
LOW = 0.05  # of the longer side: lower ink is a speck
THIN = 30  # times as long as thick are lines on paper, not strokes
AWAY = 0.8  # what being at the picture's side costs
AT_EDGE = 0.15  # what ink that runs out of the picture counts
NEARBY, PART = 0.25, 0.04  # of the digit's longer side and of its ink: near and large enough to belong to it
SOFT, FULL = 0.15, 0.85  # of the strongest ink: black from here, white from there


def second_look(picture: Picture) -> Picture | None:
    """The digit of a photograph uint8 (H, W) alone, bright on black, at most `LOOKED_AT` large; `None` of none.

    Drawings, whose border is of one level, need no second look.
    """
    border = ring(picture)
    if max(picture.shape) < PHOTOGRAPH or border.min() == border.max():
        return None
    missing = _missing_light(np.asarray(Image.fromarray(picture).reduce(-(-max(picture.shape) // LOOKED_AT))))
    strongest = float(np.sort(missing, axis=None)[int(0.999 * (missing.size - 1))])
    if strongest < FAINTEST:
        return None
    digit = _digit(missing > max(STRONG * strongest, 2 * float(np.median(missing))))
    if digit is None:
        return None
    share = np.clip((missing / strongest - SOFT) / (FULL - SOFT), 0, 1)
    alone: Picture = np.floor(np.where(grown(digit, 1), share, 0) * 255 + 0.5).astype(np.uint8)
    return alone


def _missing_light(picture: Picture) -> Values:
    """The share of the light around it that each pixel lacks."""
    around = np.pad(picture, 1, mode="edge").astype(np.int32)
    down = around[:-2] + 2 * around[1:-1] + around[2:]
    light = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:] + 16 * DARK
    reach = int(REACH * max(picture.shape))
    highest = boxes(np.pad(light, reach, mode="edge"), 2 * reach + 1, np.maximum)
    closed = boxes(np.pad(highest, reach, mode="edge"), 2 * reach + 1, np.minimum)
    return np.asarray((closed - light) / closed, np.float64)


def _digit(ink: Mask) -> Mask | None:
    """The largest piece of `ink` that may be a digit, what is near the middle first, and the pieces near it."""
    from scipy import ndimage

    labels, count = ndimage.label(ink, np.ones((3, 3), bool))
    pieces, areas = ndimage.find_objects(labels), np.bincount(labels.ravel(), minlength=count + 1)[1:]
    scores = [_score(piece, int(area), ink.shape) for piece, area in zip(pieces, areas, strict=True)]
    if not any(scores):
        return None
    main = int(np.argmax(scores))
    rows, columns = pieces[main]
    reach = NEARBY * max(rows.stop - rows.start, columns.stop - columns.start)
    kept = np.zeros(count + 1, bool)
    kept[1:] = [
        area > PART * areas[main]
        and all(
            side.start - reach <= other.start and other.stop <= side.stop + reach
            for side, other in zip((rows, columns), piece, strict=True)
        )
        for piece, area in zip(pieces, areas, strict=True)
    ]
    return np.asarray(kept[labels], bool)


def _score(piece: tuple[slice, slice], area: int, shape: tuple[int, ...]) -> float:
    """How much it looks like the digit of a picture of that shape: by its size, and how far from the middle it lies."""
    longer = max(side.stop - side.start for side in piece)
    if longer < LOW * max(shape) or area * THIN < longer * longer:
        return 0.0
    out = any(side.start == 0 or side.stop == length for side, length in zip(piece, shape, strict=True))
    away = max(abs((side.start + side.stop) / 2 / length - 0.5) for side, length in zip(piece, shape, strict=True))
    return float(area * (AT_EDGE if out else 1.0) * (1 - AWAY * away))
