"""From ink to fields: connected ink, its size, and which of it stands together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]

SPECK = 0.12  # of a digit's height: ink smaller in both directions is dirt
SOLID = 0.7  # of its box that a stripe fills; a ruled line with digits on it does not
STRIPES = 4  # pieces of ink through the whole page that are no digits any more
FRAME = 0.2  # of its box that a grid through much of the page inks at most
BEYOND = 1.25  # of a digit's height: a line along the page's left or right that is longer is the side of a box
THIN = 0.4  # of a stroke's width: thinner ink is left of a printed line
TALLEST = 3.0  # of a digit's height: taller ink is no digit
DASH = 0.85  # of a digit's height: flat ink as wide is a stroke of its own
LOW = 0.6  # of a digit's height below its top: where points and commas stand
FIELD_GAP = 1.2  # of a digit's height: ink further away belongs to another field


@dataclass(frozen=True)
class Part:
    """Connected ink: its label, its box [top, bottom) × [left, right) and its pixels."""

    label: int
    top: int
    bottom: int
    left: int
    right: int
    area: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left


def parts(mask: Mask) -> tuple[Labels, list[Part]]:
    """Connected ink, diagonals included: its labels (h, w), 0 for paper, and a list."""
    from scipy import ndimage

    labels, count = ndimage.label(mask, np.ones((3, 3), bool))
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    components = [
        Part(label, box[0].start, box[0].stop, box[1].start, box[1].stop, int(areas[label]))
        for label, box in enumerate(ndimage.find_objects(labels), 1)
    ]
    return labels, components


def without_stripes(components: list[Part], height: int, width: int) -> list[Part]:
    """The parts without those that go through the whole page from edge to edge, if there are several: a pattern.

    Of a few those go that stand along its left or right and are longer than digits are high.
    """
    stripes = [
        part
        for part in components
        if (part.height >= height - 4 or part.width >= width - 4) and part.area >= SOLID * part.height * part.width
    ]
    if len(stripes) < STRIPES:
        least = BEYOND * digit_height([part for part in components if part not in stripes])
        aside = [part for part in stripes if part.left <= 4 or part.right >= width - 4]
        stripes = [part for part in aside if part.height >= height - 4 and part.height > least > 0]
    return [part for part in components if part not in stripes]


def stroke_width(ink: Mask) -> float:
    """The usual width of a stroke, in pixels: four times the median distance of ink from paper."""
    from scipy import ndimage

    if not ink.any():
        return 1.0
    inked = np.pad(ink, 1)
    # Distances of ink alone: those of all the paper would cost as much again.
    nearest = ndimage.distance_transform_edt(inked, return_distances=False, return_indices=True)
    rows, columns = np.nonzero(inked)
    inside = np.hypot(nearest[0, rows, columns] - rows, nearest[1, rows, columns] - columns)
    return max(1.0, float(4 * np.median(inside) - 1.5))


def inside(components: list[Part], shape: tuple[int, ...]) -> list[Part]:
    """The parts that neither run out of a page of `shape`, as desks do, nor frame it; all if no digit is left."""
    within = [
        part
        for part in components
        if min(part.top, part.left) > 0 and part.bottom < shape[0] and part.right < shape[1]
        if 2 * part.height < shape[0] or part.area > FRAME * part.height * part.width
    ]
    return within if digit_height(within) else components


def digit_height(components: list[Part]) -> float:
    """How high the page's digits are, in pixels: the height about which most of the ink's outline lies; 0 of none."""
    sized = [part for part in components if part.height >= 6 and part.width * 8 > part.height and part.area >= 12]
    if not sized:
        return 0.0
    heights = np.array([part.height for part in sized], np.float64)
    # Taller ink counts for more, as dirt and signs are smaller than digits and more numerous.
    order = np.argsort(heights)
    weights = np.cumsum(heights[order] ** 1.5)
    return float(heights[order][np.searchsorted(weights, weights[-1] / 2)])


def height_on_page(components: list[Part], shape: tuple[int, ...]) -> float:
    """The same on a page of `shape`, whatever runs out of it or frames it."""
    return digit_height(inside(components, shape))


def fields(components: list[Part], height: float, stroke: float) -> list[list[Part]]:
    """Parts that stand together, each field from left to right; dirt and what is left of printed lines is left out."""
    large = [
        part
        for part in components
        if max(part.height, part.width) >= SPECK * height
        and part.area >= THIN * stroke * max(part.height, part.width)
        and part.height <= TALLEST * height
    ]
    bodies = sorted((part for part in large if part.height >= 0.45 * height), key=lambda part: part.left)
    parent = list(range(len(bodies)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for index, part in enumerate(bodies):
        for other in range(index + 1, len(bodies)):
            if bodies[other].left - part.right > FIELD_GAP * height:
                if bodies[other].left > part.right + 8 * height:
                    break
                continue
            if _beside(part, bodies[other]):
                parent[root(other)] = root(index)
    groups: dict[int, list[Part]] = {}
    for index, part in enumerate(bodies):
        groups.setdefault(root(index), []).append(part)
    grouped = list(groups.values())
    for part in large:  # a bar, a comma or a stroke goes with what it is nearest to
        if part.height < 0.45 * height:
            near = min(grouped, key=lambda group: _distance(part, group), default=None)
            if near is not None and _distance(part, near) <= 0.5 * height:
                near.append(part)
    return [sorted(group, key=lambda part: part.left) for group in grouped]


def without_marks(group: list[Part], height: float) -> tuple[list[Part], list[float]]:
    """The parts of a field that may be digits, and where the points and commas between them stand, from the left.

    A point or comma is small, low and beside no digit's ink; a stroke that fills the line behind an amount or
    underlines its cents is flat. Neither is a digit.
    """
    bodies = [part for part in group if part.height >= 0.45 * height]
    if not bodies:
        return group, []
    top = sum(part.top for part in bodies) / len(bodies)
    kept, points = [], []
    for part in group:
        flat = part.width > DASH * height and part.height < 0.3 * height
        small = part.height < 0.45 * height and part.width < 0.4 * height
        low = (part.top + part.bottom) / 2 > top + LOW * height
        alone = not any(part.left < other.right and other.left < part.right for other in bodies)
        if small and low and alone and bodies[0].left < part.left:
            points.append((part.left + part.right) / 2)
        elif not flat:
            kept.append(part)
    return kept, sorted(points)


def _beside(a: Part, b: Part) -> bool:
    """Do they stand on one line: is half of the lower one's height shared?"""
    shared = min(a.bottom, b.bottom) - max(a.top, b.top)
    return 2 * shared >= min(a.height, b.height)


def _distance(part: Part, group: list[Part]) -> float:
    """The least gap to a part of the group, in pixels."""
    return min(
        float(
            np.hypot(
                max(0, other.left - part.right, part.left - other.right),
                max(0, other.top - part.bottom, part.top - other.bottom),
            )
        )
        for other in group
        if other is not part
    )


def places(boxes: list[tuple[int, int, int, int]], height: float) -> list[tuple[int, int]]:
    """Row and column of each field, both from 0, from its top, bottom, left and right.

    Fields of a row share half of a digit's height; fields of a column half of the narrower one's width.
    """
    middles = [(top + bottom) / 2 for top, bottom, _, _ in boxes]
    rows = _numbered(middles, [[abs(a - b) <= 0.5 * height for b in middles] for a in middles])
    centres = [(left + right) / 2 for _, _, left, right in boxes]
    columns = _numbered(centres, [[_share_width(a, b) for b in boxes] for a in boxes])
    return list(zip(rows, columns, strict=True))


def _share_width(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    shared = min(a[3], b[3]) - max(a[2], b[2])
    return 2 * shared >= min(a[3] - a[2], b[3] - b[2])


def _numbered(positions: list[float], together: list[list[bool]]) -> list[int]:
    """Which group each position is in; groups are numbered by where their first member stands."""
    numbers = [-1] * len(positions)
    order = sorted(range(len(positions)), key=positions.__getitem__)
    groups: list[list[int]] = []
    for index in order:
        group = next((some for some in groups if any(together[index][other] for other in some)), None)
        if group is None:
            groups.append(group := [])
        group.append(index)
    groups.sort(key=lambda some: sum(positions[index] for index in some) / len(some))
    for number, some in enumerate(groups):
        for index in some:
            numbers[index] = number
    return numbers
