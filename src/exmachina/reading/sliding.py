"""A network that slides along a line of ink and says at every column which digit has its middle there, if any.

Digits that touch cannot always be cut apart before they are read. So nothing is cut here: a window as high as the line
moves over it a pixel at a time, and the network was trained to name the digit in its middle whatever ink its neighbours
leave at the sides, and to say `NONE` between two middles. `scripts/pretrain_sliding.py` trains it; its weights are in
the folder `sliding` beside this module.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from exmachina.classifier import Classifier
from exmachina.images import SIDE
from exmachina.networks import BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool, Network

Picture = NDArray[np.uint8]

FOLDER = Path(__file__).parent / "sliding"
DIGIT = 20  # pixels that a digit is high in it
REACH = 8  # columns to either side whose ink says how high the window stands
STROKE = 100  # of 255: darker is a stroke
NONE = 10  # the class of a place that is no digit's middle

SLIDING = Network(
    "sliding",
    (
        Conv("conv1", "relu", filters=32, kernel=5, stride=2),  # (32, 12, 12)
        Conv("conv2", filters=64, kernel=3),  # (64, 10, 10)
        MaxPool("pool1", size=2),  # (64, 5, 5)
        BatchNorm("norm1", "relu"),
        Conv("conv3", filters=96, kernel=3, padding=1),  # (96, 5, 5)
        BatchNorm("norm2", "relu"),
        Conv("conv4", filters=128, kernel=3),  # (128, 3, 3)
        BatchNorm("norm3", "relu"),
        Dropout("dropout1", rate=0.2),
        Flatten("flatten1"),  # 1152
        Dense("dense1", "softmax", units=11),  # ten digits and `NONE`
    ),
    mean=0.1307,
    std=0.3081,
)


@lru_cache(1)
def sliding() -> Classifier:
    """The shipped network."""
    return Classifier.load(FOLDER)


def windows(ink: Picture, height: float) -> tuple[Picture, NDArray[np.intp]]:
    """Windows (n, 28, 28) along ink (h, w) whose digits are `height` pixels high, and where they stand.

    The places (n,) are columns of the ink when its digits are `DIGIT` pixels high: those that have ink near them.
    """
    factor = DIGIT / height
    size = max(1, round(ink.shape[1] * factor)), max(1, round(ink.shape[0] * factor))
    kind = Image.Resampling.BOX if factor < 1 else Image.Resampling.BILINEAR
    small = np.asarray(Image.fromarray(ink).resize(size, kind))
    places, middles = _line(small > STROKE)
    half = SIDE // 2
    views = np.lib.stride_tricks.sliding_window_view(np.pad(small, ((SIDE, SIDE), (half, half))), (SIDE, SIDE))
    tops = np.clip(np.rint(middles).astype(np.intp) + SIDE - half, 0, views.shape[0] - 1)
    return np.ascontiguousarray(views[tops, places]), places


def _line(strokes: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The columns with ink near them, and the row about which it stands there."""
    from scipy import ndimage

    rows = strokes.shape[0]
    some = strokes.any(axis=0)
    top = np.where(some, strokes.argmax(axis=0), rows)
    bottom = np.where(some, rows - strokes[::-1].argmax(axis=0), 0)
    top = ndimage.minimum_filter1d(top, 2 * REACH + 1, mode="constant", cval=rows)
    bottom = ndimage.maximum_filter1d(bottom, 2 * REACH + 1, mode="constant", cval=0)
    near = ndimage.maximum_filter1d(some, 5, mode="constant", cval=0)
    places = np.flatnonzero(near)
    if not places.size:
        return places, np.zeros(0)
    middle = ndimage.uniform_filter1d((top + bottom) / 2.0, 5, mode="nearest")
    middle = np.where(bottom > top, middle, rows / 2)
    return places, middle[places]
