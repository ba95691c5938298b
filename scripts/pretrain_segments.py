"""Trains the network that tells whole digits from their pieces, on strings made of MNIST's training digits.

python scripts/pretrain_segments.py [--strips 5000] [--epochs 12] [--seed 0] [--out src/exmachina/reading/segments]

Strings are made as in benchmarks/strips.py, with digits changed in slant, aspect and pen, cut wherever `reading` would
cut them, and the ink between any two cuts is an example: a digit where it has the ink of one, else none.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import strips
from exmachina.data import Dataset
from exmachina.reading import layout, pages, pieces
from exmachina.reading.seams import stroke_width
from exmachina.reading.segments import NONE, SEGMENTS, in_context
from exmachina.training import Augmentation, Recipe, fit

Picture = NDArray[np.uint8]

SAME, OTHER = 0.76, 0.62  # of both inks together that ink and a digit share: one whole digit, and none


def changed(picture: Picture, generator: np.random.Generator) -> Picture:
    """A digit with another slant, aspect and pen, three times as large."""
    from scipy import ndimage

    large = np.pad(np.asarray(Image.fromarray(picture).resize((picture.shape[1] * 3, picture.shape[0] * 3), 3)), 24)
    aspect, shear = generator.uniform(0.75, 1.3), generator.normal(0, 0.18)
    middle = large.shape[1] / 2
    turn = generator.normal(0, 0.06)
    matrix = (1 / aspect, shear, middle - middle / aspect - shear * large.shape[0] / 2, turn, 1, -turn * middle)
    large = np.asarray(
        Image.fromarray(large).transform(large.shape[::-1], Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    )
    pen = int(generator.integers(-1, 4))
    if pen > 0:
        large = ndimage.grey_dilation(large, (pen + 1, pen + 1))
    elif pen < 0:
        thin = ndimage.grey_erosion(large, (2, 2))
        large = thin if (thin > 128).sum() > 0.4 * (large > 128).sum() else large
    return strips.cut(large) if (large > 40).any() else picture


def examples(hand: strips.Hand, count: int, generator: np.random.Generator) -> Iterator[tuple[Picture, int]]:
    """Groups of pieces of made-up strings, among their neighbours, and what they are."""
    for _ in range(count):
        number = int(generator.integers(1, 7))
        chosen = generator.integers(0, len(hand.cuts), number)
        mine = strips.Hand("", [changed(hand.cuts[index], generator) for index in chosen], hand.labels[chosen])
        height = int(generator.integers(30, 64))
        ink, owners, _ = strips.write(mine, np.arange(number), generator, generator.choice([0.2, 0.6, 0.9]), height)
        yield from _labelled(strips.on_paper(ink, generator), owners, mine.labels)


def _labelled(picture: Picture, owners: list[NDArray[np.bool_]], labels: Picture) -> Iterator[tuple[Picture, int]]:
    sheet = pages.prepare(picture)
    found, some = layout.parts(sheet.mask)
    height = layout.digit_height(some)
    for group in layout.fields(some, height, stroke_width(sheet.mask)) if height else []:
        whole = pieces.chunk(sheet.ink, found, group, height)
        whole = pieces.cut_further(whole, list(range(whole.count)))
        truth = [_on_sheet(owner, sheet.to_picture, whole) for owner in owners]
        for first, last in whole.candidates():
            mask = whole.mask(first, last)
            shares = [(mask & one).sum() / max(1, (mask | one).sum()) for one in truth]
            best = int(np.argmax(shares))
            if shares[best] >= SAME:
                yield in_context(whole, first, last), int(labels[best])
            elif shares[best] < OTHER:
                yield in_context(whole, first, last), NONE


def _on_sheet(owner: NDArray[np.bool_], to_picture: NDArray[np.float64], whole: pieces.Chunk) -> NDArray[np.bool_]:
    """A digit's ink where it lies on the chunk."""
    rows, columns = np.mgrid[: whole.ink.shape[0], : whole.ink.shape[1]]
    y = np.rint(to_picture[1, 1] * (rows + whole.top) + to_picture[1, 2]).astype(int)
    x = np.rint(to_picture[0, 0] * (columns + whole.left) + to_picture[0, 2]).astype(int)
    inside = (y >= 0) & (y < owner.shape[0]) & (x >= 0) & (x < owner.shape[1])
    on = np.zeros(rows.shape, bool)
    on[inside] = owner[y[inside], x[inside]]
    return on & whole.before[-1]


def make(hand: strips.Hand, count: int, seed: int, nones: float = 2.5) -> Dataset:
    """So many strings' groups, at most `nones` times as many that are none as digits."""
    generator = np.random.default_rng(seed)
    pictures, labels = zip(*examples(hand, count, generator), strict=True)
    marks = np.array(labels, np.uint8)
    none = np.flatnonzero(marks == NONE)
    most = int(nones * (marks != NONE).sum())
    kept = np.sort(np.concatenate([np.flatnonzero(marks != NONE), generator.permutation(none)[:most]]))
    return Dataset(np.stack(pictures)[kept], marks[kept], "segments", classes=NONE + 1)


def main() -> None:
    """Make the examples, learn them, save the run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strips", type=int, default=5000)
    parser.add_argument("--epochs", type=float, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("src/exmachina/reading/segments"))
    arguments = parser.parse_args()
    hand = strips.mnist_hand("train")
    held = strips.Hand("held", hand.cuts[55_000:], hand.labels[55_000:])
    hand = strips.Hand("train", hand.cuts[:55_000], hand.labels[:55_000])
    train, test = make(hand, arguments.strips, arguments.seed), make(held, arguments.strips // 10, arguments.seed + 1)
    print(len(train), np.bincount(train.labels), len(test), flush=True)
    recipe = Recipe(
        "segments", SEGMENTS, learning_rate=0.01, warmup=0.1, weight_decay=0.01, epochs=arguments.epochs,
        augmentation=Augmentation(rotation=6, scale=0.06, shear=0.1, elastic=0.6),
    )  # fmt: skip
    run = fit(recipe, train, seed=arguments.seed, test=test)
    print(f"held-out accuracy {run.test_accuracy:.4f}")
    run.save(arguments.out)


if __name__ == "__main__":
    main()
