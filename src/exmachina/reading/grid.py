"""A square grid of nine by nine cells, a sudoku's: found by its frame, seen from above, and read cell by cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exmachina.reading.layout import Mask, Part, parts
from exmachina.reading.straighten import corners_of, projection

Values = NDArray[np.float64]

CELLS = 9
DARK = 80  # of 255: ink, lines too
SIDE = 540  # pixels of the grid seen from above
SMALLEST = 0.25  # of the picture's shorter side: a smaller frame is no grid
HOLLOW = 0.35  # of its box that a frame with its lines inks at most
LINED = 0.6  # of each of the ten lines either way that has to be there
NEAR = 7  # pixels beside its place where a line may run
INSIDE = 8  # pixels from a cell's edge where ink may still be the line's
FILLED = 0.35  # of a cell's side: lower ink is dirt


def frame(mask: Mask) -> Values | None:
    """The four corners (4, 2) of the largest hollow, square-like ink, from the upper left clockwise."""
    labels, components = parts(mask)
    large = [part for part in components if min(part.height, part.width) >= SMALLEST * min(mask.shape)]
    for part in sorted(large, key=lambda part: -part.height * part.width):
        box = slice(part.top, part.bottom), slice(part.left, part.right)
        if part.area <= HOLLOW * part.height * part.width:
            corners = corners_of(labels[box] == part.label)
            if corners is not None:
                placed: Values = corners + np.array([part.left, part.top])
                return placed
    return None


def above(corners: Values) -> Values:
    """The matrix (3, 3) from the pixels of the grid seen from straight above, `SIDE` × `SIDE`, to the ink's."""
    last = SIDE - 1.0
    return projection(np.array([[0, 0], [last, 0], [last, last], [0, last]]), corners)


def is_lined(mask: Mask) -> bool:
    """Are there ten lines either way where a sudoku has them? `mask` (SIDE, SIDE) is the grid's ink seen from above."""
    for lines in (mask, mask.T):
        for number in range(CELLS + 1):
            place = round(number * (SIDE - 1) / CELLS)
            near = lines[max(0, place - NEAR) : place + NEAR + 1]
            if near.any(axis=0).mean() < LINED:
                return False
    return True


def cells(components: list[Part]) -> dict[tuple[int, int], list[Part]]:
    """The ink within each cell that has some, by row and column; lines and dirt are left out."""
    side = SIDE / CELLS
    filled: dict[tuple[int, int], list[Part]] = {}
    for part in components:
        row, column = (
            int(min(CELLS - 1, middle / side))
            for middle in ((part.top + part.bottom) / 2, (part.left + part.right) / 2)
        )
        if part.height < side and part.width < side:
            filled.setdefault((row, column), []).append(part)
    return {
        place: some
        for place, some in filled.items()
        if max(part.bottom for part in some) - min(part.top for part in some) >= FILLED * side
    }


def without_frame(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The grid's ink (SIDE, SIDE) with a strip along every line cleared, but where a digit reaches into it."""
    from scipy import ndimage

    place = np.arange(SIDE) * CELLS / (SIDE - 1)
    near = np.abs(place - np.rint(place)) * SIDE / CELLS <= INSIDE
    inner = ~(near[:, None] | near[None, :])
    mask = (ink > DARK) & (inner | (ndimage.binary_dilation((ink > DARK) & inner, iterations=INSIDE // 2)))
    cleared = ink.copy()
    cleared[~ndimage.binary_dilation(mask, iterations=2)] = 0
    return cleared
