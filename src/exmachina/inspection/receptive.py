"""Which pixels a neuron sees: its receptive field, traced back layer by layer."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from exmachina.errors import InputError
from exmachina.networks import Conv, Dense, Flatten, MaxPool, Network
from exmachina.networks.layers import Shape, Step


@dataclass(frozen=True)
class Box:
    """Rows `top` … `bottom` - 1 and columns `left` … `right` - 1."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left


@dataclass(frozen=True)
class ReceptiveField:
    """What the neuron at (`y`, `x`) of `layer` depends on.

    `pixels` is its box in the image; `boxes` the box in the output of every layer on the way (its own included),
    by layer name from the image on. Layers of plain rows are left out. Padding is never counted as seen.
    """

    layer: str
    y: int
    x: int
    pixels: Box
    boxes: dict[str, Box] = field(repr=False)


def receptive_field(network: Network, layer: str, y: int = 0, x: int = 0) -> ReceptiveField:
    """Trace the neuron at row `y`, column `x` of `layer` back to the image.

    In a row of units (flatten, dense), `y` is the unit's number and `x` is 0. Raises `InputError` if there is no
    such layer or neuron. Where a stride exceeds its kernel, the box spans the gaps that are not seen.
    """
    steps = list(network.steps())
    position = [step.layer.name for step in steps].index(network.step(layer).layer.name)
    shape = steps[position].output_shape
    rows, columns = shape[-2:] if len(shape) == 3 else (shape[0], 1)
    if not (0 <= y < rows and 0 <= x < columns):
        raise InputError(f"Layer '{layer}' has no neuron at ({y}, {x}); y runs to {rows - 1} and x to {columns - 1}.")
    box = Box(y, y + 1, x, x + 1)
    boxes: list[tuple[str, Box]] = []
    for step in reversed(steps[: position + 1]):
        if len(step.output_shape) == 3:
            boxes.append((step.layer.name, box))
        box = _back(step, box)
    return ReceptiveField(layer, y, x, box, dict(reversed(boxes)))


def _back(step: Step, box: Box) -> Box:
    layer, shape = step.layer, step.input_shape
    if isinstance(layer, Conv):
        edges = (box.top, box.bottom, box.left, box.right)
        top, bottom, left, right = (edge * layer.stride - layer.padding for edge in edges)
        reach = layer.kernel - layer.stride  # from the start of the position after the last to its last pixel
        return _clip(Box(top, bottom + reach, left, right + reach), shape)
    if isinstance(layer, MaxPool):
        return Box(box.top * layer.size, box.bottom * layer.size, box.left * layer.size, box.right * layer.size)
    if isinstance(layer, Dense):
        return Box(0, shape[0], 0, 1)
    if isinstance(layer, Flatten):
        if box.height > 1:
            return Box(0, shape[1], 0, shape[2])
        _, y, x = (int(i) for i in np.unravel_index(box.top, shape))
        return Box(y, y + 1, x, x + 1)
    return box


def _clip(box: Box, shape: Shape) -> Box:
    _, height, width = shape
    return Box(max(box.top, 0), min(box.bottom, height), max(box.left, 0), min(box.right, width))
