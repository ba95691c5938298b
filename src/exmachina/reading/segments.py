"""Is a piece of ink one whole digit? A small network that sees the piece among its neighbours.

A classifier of digits knows nothing but digits: half an eight is a three to it. So a second network, trained on pieces
of made-up strings, tells a whole digit from a part of one and from parts of two. It sees the piece at full strength and
the ink around it faintly, so that it knows where the piece was cut off, and how large it is.
`scripts/pretrain_segments.py` trains it; its weights are in the folder `segments` beside this module.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from exmachina.classifier import Classifier
from exmachina.networks import BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool, Network
from exmachina.reading.pieces import Chunk

FOLDER = Path(__file__).parent / "segments"
SIDE = 28
LONGER = 20  # pixels of the piece's longer side
SMALLEST = 0.75  # of a digit's height: a smaller piece is shown small
AROUND = 0.375  # strength of the neighbours' ink
NONE = 10  # the class of what is not one whole digit

SEGMENTS = Network(
    "segments",
    (
        Conv("conv1", "relu", filters=24, kernel=5, stride=2),  # (24, 12, 12)
        Conv("conv2", filters=48, kernel=3),  # (48, 10, 10)
        MaxPool("pool1", size=2),  # (48, 5, 5)
        BatchNorm("norm1", "relu"),
        Conv("conv3", filters=96, kernel=3),  # (96, 3, 3)
        BatchNorm("norm2", "relu"),
        Dropout("dropout1", rate=0.2),
        Flatten("flatten1"),  # 864
        Dense("dense1", "softmax", units=11),  # ten digits and `NONE`
    ),
    mean=0.1307,
    std=0.3081,
)


@lru_cache(1)
def segments() -> Classifier:
    """The shipped network."""
    return Classifier.load(FOLDER)


def in_context(chunk: Chunk, first: int, last: int) -> NDArray[np.uint8]:
    """Pieces from `first` up to `last` among their neighbours, uint8 (28, 28)."""
    top, bottom, left, right = chunk.box(first, last)
    side = max(bottom - top, right - left, SMALLEST * chunk.height) * SIDE / LONGER
    y, x = (top + bottom) / 2 - chunk.top, (left + right) / 2 - chunk.left
    own = chunk.mask(first, last)
    corner = int(np.floor(y - side / 2)), int(np.floor(x - side / 2))
    size = int(np.ceil(side)) + 1
    window = np.zeros((size, size), np.uint8)
    rows = slice(max(0, corner[0]), min(own.shape[0], corner[0] + size))
    columns = slice(max(0, corner[1]), min(own.shape[1], corner[1] + size))
    if rows.stop > rows.start and columns.stop > columns.start:
        ink = chunk.ink[rows, columns]
        window[rows.start - corner[0] : rows.stop - corner[0], columns.start - corner[1] : columns.stop - corner[1]] = (
            np.where(own[rows, columns], ink, ink * AROUND)
        )
    return np.asarray(
        Image.fromarray(window).resize((SIDE, SIDE), Image.Resampling.BOX if size > SIDE else Image.Resampling.BILINEAR)
    )
