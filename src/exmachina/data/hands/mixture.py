"""What `accurate` learns from: MNIST, and digits that its writers would not have written."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from exmachina.data.dataset import Dataset
from exmachina.data.hands.ink import crowded, written
from exmachina.data.hands.skeletons import skeleton
from exmachina.data.hands.sources import LEARNED, pen_digit, pen_digits, typeface_digit, typeface_digits
from exmachina.data.hands.worn import worn

# Of each kind for every image of MNIST that is learned, and how often that is learned itself.
MADE, PENS, TYPEFACES, CROWDED, AGAIN = 0.5, 0.4, 0.1, 0.35, 2
Labelled = tuple[NDArray[np.uint8], int]


def with_hands(mnist: Dataset, seed: int = 0) -> Dataset:
    """`mnist` twice, and so many digits of other hands that they are four in ten; the same for the same seed.

    Made strokes with habits that MNIST's writers rarely had, pen digits of 30 writers, handwriting typefaces, and
    digits of `mnist` cut out again with their neighbours' ink or ruled lines.
    """
    rng = np.random.default_rng(seed)
    parts = [
        _many(made_digits(rng), round(MADE * len(mnist))),
        _many(drawn_pens(rng), round(PENS * len(mnist))),
        _many(drawn_typefaces(rng), round(TYPEFACES * len(mnist))),
        _many(crowds(mnist, rng), round(CROWDED * len(mnist))),
    ]
    images = [mnist.images] * AGAIN + [np.stack([image for image, _ in part]) for part in parts if part]
    labels = [mnist.labels] * AGAIN + [np.array([label for _, label in part], np.uint8) for part in parts if part]
    return Dataset(np.concatenate(images), np.concatenate(labels), f"{mnist.name}+hands")


def made_digits(rng: np.random.Generator) -> Iterator[Labelled]:
    """Strokes made up, digit after digit, without end."""
    while True:
        for digit in range(10):
            yield written(skeleton(digit, rng), rng), digit


def drawn_pens(rng: np.random.Generator) -> Iterator[Labelled]:
    """The pen digits that may be learned, in random order, each with another pen."""
    points, labels = pen_digits()
    while True:
        for i in rng.permutation(LEARNED):
            yield pen_digit(points[i], rng), int(labels[i])


def drawn_typefaces(rng: np.random.Generator) -> Iterator[Labelled]:
    """Typefaces in turn, each of their digits leaned and stretched."""
    while True:
        for face in typeface_digits():
            for digit, picture in enumerate(face):
                yield typeface_digit(picture, rng), digit


def crowds(mnist: Dataset, rng: np.random.Generator) -> Iterator[Labelled]:
    """Digits of `mnist` with the ink of others beside them, with ruled lines, or with both."""
    while True:
        i, *others = rng.integers(len(mnist), size=3)
        yield crowded(mnist.images[i], [mnist.images[k] for k in others], rng), int(mnist.labels[i])


def worn_digits(mnist: Dataset, rng: np.random.Generator) -> Iterator[Labelled]:
    """Digits as paper, pens and scanners spoil them: three of `mnist`, then a made one, then one by a pen."""
    made, pens = made_digits(rng), drawn_pens(rng)
    while True:
        plain = [(mnist.images[i], int(mnist.labels[i])) for i in rng.integers(len(mnist), size=3)]
        for image, label in (*plain, next(made), next(pens)):
            yield worn(image, rng), label


def _many(digits: Iterator[Labelled], count: int) -> list[Labelled]:
    return [digit for _, digit in zip(range(count), digits, strict=False)]
