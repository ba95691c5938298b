"""A page seen from straight above: the sheet's four corners on a photograph, and lines of writing turned level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from exmachina.images.materials import parting
from exmachina.reading.layout import Mask

Picture = NDArray[np.uint8]
Values = NDArray[np.float64]

COARSE = 300  # longer side of the copy on which the sheet is looked for
SMALLEST_SHEET = 0.2  # of the picture: a smaller bright patch is no page
INSIDE = 0.02  # of the picture: two corners at least are further from its border, or it is a shadow's edge
FITS = 0.93  # of the patch's area and of its four corners' that they must share
OBLIQUE = 0.42  # cosine of 65°: a sheet's angles are no smaller
STEEPEST = 8.0  # degrees that lines are turned by at most
CLEARER = 1.15  # times as clear must the lines be when turned


def sheet_corners(picture: Picture) -> Values | None:
    """Upper left, upper right, lower right and lower left corner (4, 2), as x and y, of a bright sheet on a dark table.

    `None` if the picture is all paper, or what is bright in it has not four straight sides.
    """
    from scipy import ndimage

    if min(picture.shape) < 150:
        return None
    factor = -(-max(picture.shape) // COARSE)
    coarse = np.asarray(Image.fromarray(picture).reduce(factor)).astype(np.float32)
    paper = ndimage.grey_closing(ndimage.gaussian_filter(coarse, 1.0), size=(15, 15))  # writing is filled
    if np.ptp(paper) < 1:  # paper of one level, but for rounding
        return None
    bright = paper > parting(*np.histogram(paper, 64))
    labels, count = ndimage.label(bright)
    if not count:
        return None
    sizes = np.bincount(labels.ravel())[1:]
    patch = ndimage.binary_fill_holes(labels == 1 + int(sizes.argmax()))
    area = float(patch.sum())
    outside = ~ndimage.binary_dilation(patch, iterations=3)
    if not SMALLEST_SHEET * patch.size < area < 0.97 * patch.size or not outside.any():
        return None
    if float(np.median(paper[patch])) - float(np.percentile(paper[outside], 75)) < 40:
        return None  # a shadow, no edge of a sheet
    corners = _corners(patch)
    from_border = np.minimum(corners, np.array(patch.shape[::-1]) - 1 - corners).min(axis=1)
    if (from_border > INSIDE * max(patch.shape)).sum() < 2 or not _is_upright(corners):
        return None
    inside = _filled(corners, patch.shape)
    if (inside & patch).sum() < FITS * (inside | patch).sum():
        return None
    exact: Values = (corners + 0.5) * factor - 0.5
    return exact


def corners_of(ink: Mask) -> Values | None:
    """The corners (4, 2) of ink whose outline has four straight sides, from the upper left clockwise; else `None`."""
    from scipy import ndimage

    patch = ndimage.binary_fill_holes(np.pad(ink, 1))
    corners = _corners(patch)
    inside = _filled(corners, patch.shape)
    if (inside & patch).sum() < FITS * (inside | patch).sum():
        return None
    return corners - 1


def _corners(patch: Mask) -> Values:
    """The patch's outermost pixels along the two diagonals, made exact by a line through each side."""
    rows, columns = np.nonzero(patch)
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    x, y = points.T
    rough = points[[int((x + y).argmin()), int((x - y).argmax()), int((x + y).argmax()), int((x - y).argmin())]]
    edge = points[_is_edge(patch)[rows, columns]]
    sides = []
    for index in range(4):
        start, end = rough[index], rough[(index + 1) % 4]
        along = (end - start) / max(1e-9, float(np.hypot(*(end - start))))
        offset = edge - start
        place = offset @ along
        away = offset @ np.array([-along[1], along[0]])
        length = float(np.hypot(*(end - start)))
        near = edge[(np.abs(away) < 4) & (place > 0.08 * length) & (place < 0.92 * length)]
        sides.append(_line(near) if len(near) > 8 else _line(np.stack([start, end])))
    exact = [_crossing(sides[index - 1], sides[index]) for index in range(4)]
    good = all(float(np.hypot(*(one - other))) < 8 for one, other in zip(exact, rough, strict=True))
    return np.array(exact) if good else rough


def _is_edge(patch: Mask) -> Mask:
    from scipy import ndimage

    edge: Mask = patch & ~ndimage.binary_erosion(patch, border_value=0)
    return edge


def _line(points: Values) -> tuple[Values, Values]:
    """A point of the line through points (n, 2) and its direction."""
    middle = points.mean(axis=0)
    direction = np.linalg.svd(points - middle, full_matrices=False)[2][0]
    return middle, direction


def _crossing(one: tuple[Values, Values], other: tuple[Values, Values]) -> Values:
    (a, u), (b, v) = one, other
    matrix = np.stack([u, -v], axis=1)
    if abs(float(np.linalg.det(matrix))) < 1e-6:
        return a
    crossing: Values = a + u * np.linalg.solve(matrix, b - a)[0]
    return crossing


def _filled(corners: Values, shape: tuple[int, ...]) -> Mask:
    from PIL import ImageDraw

    sheet = Image.new("1", (shape[1], shape[0]))
    ImageDraw.Draw(sheet).polygon([(float(x), float(y)) for x, y in corners], fill=1)
    return np.asarray(sheet)


def _is_upright(corners: Values) -> bool:
    """Are the angles at four corners (4, 2) such as a sheet has that is seen from above?"""
    before, after = np.roll(corners, 1, axis=0) - corners, np.roll(corners, -1, axis=0) - corners
    lengths = np.hypot(*before.T) * np.hypot(*after.T)
    cosines = (before * after).sum(axis=1) / np.maximum(lengths, 1e-9)
    return bool((np.abs(cosines) < OBLIQUE).all())


def within(corners: Values, points: Values) -> NDArray[np.bool_]:
    """Which of points (n, 2) lie between four corners (4, 2), given clockwise on a page whose y points down."""
    sides = np.roll(corners, -1, axis=0) - corners
    away = points[:, None] - corners
    return np.asarray((sides[:, 0] * away[..., 1] - sides[:, 1] * away[..., 0] >= 0).all(axis=1))


def from_corners(corners: Values) -> tuple[Values, tuple[int, int]]:
    """The matrix (3, 3) from an upright sheet's pixels to the picture's, and the sheet's height and width."""
    sides = [float(np.hypot(*(corners[(index + 1) % 4] - corners[index]))) for index in range(4)]
    width, height = round(max(sides[0], sides[2])), round(max(sides[1], sides[3]))
    upright = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float64)
    return projection(upright, corners), (height, width)


def projection(source: Values, target: Values) -> Values:
    """The projective matrix (3, 3) that takes four points (4, 2) to four others."""
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    solved = np.linalg.solve(np.array(rows), target.ravel())
    return np.append(solved, 1.0).reshape(3, 3)


def seen_through(picture: Picture, matrix: Values, shape: tuple[int, int], beyond: int) -> Picture:
    """The picture at the places that `matrix` takes the pixels of `shape` to; `beyond` where there is none."""
    # Pillow's pixels have their middle at a half, ours at a whole number.
    half, back = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]]), np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    whole = half @ matrix @ back
    whole = whole / whole[2, 2]
    image = Image.fromarray(picture).transform(
        (shape[1], shape[0]),
        Image.Transform.PERSPECTIVE,
        tuple(whole.ravel()[:8]),
        Image.Resampling.BICUBIC,
        fillcolor=beyond,
    )
    return np.asarray(image)


def skew(ink: Picture) -> float:
    """By how many degrees lines of writing or ruled ones fall to the right; 0 where that is not plain."""
    if min(ink.shape) < 200:
        return 0.0
    factor = -(-max(ink.shape) // 500)
    coarse = Image.fromarray(ink).reduce(factor)
    angles = np.arange(-STEEPEST, STEEPEST + 0.1, 0.5)
    clear = np.array([_clearness(coarse, angle) for angle in angles])
    best = int(clear.argmax())
    if clear[best] < CLEARER * clear[len(angles) // 2] or best in (0, len(angles) - 1):
        return 0.0
    fine = np.arange(angles[best] - 0.4, angles[best] + 0.41, 0.1)
    return float(fine[int(np.argmax([_clearness(coarse, angle) for angle in fine]))])


def _clearness(ink: Image.Image, angle: float) -> float:
    """How much the sums of the rows differ when the page is turned by `angle` degrees."""
    turned = np.asarray(ink.rotate(angle, Image.Resampling.BILINEAR), np.float64)
    return float((np.diff(turned.sum(axis=1)) ** 2).sum())


def turned(angle: float, shape: tuple[int, ...]) -> Values:
    """The matrix (3, 3) from the pixels of a page turned level, which had fallen by `angle` degrees, to its own."""
    middle = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    matrix = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    matrix[:2, 2] = middle - matrix[:2, :2] @ middle
    return matrix
