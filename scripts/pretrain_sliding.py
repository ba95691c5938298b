"""Trains the network that slides along lines of digits, on strings of MNIST's training digits and of other hands.

python scripts/pretrain_sliding.py [--strips 20000] [--epochs 4] [--seed 0] [--rate 0.006] [--after RUN] [--out RUN]

Strings are made as in benchmarks/strips.py, nine in ten of their neighbours touching at most, with digits changed in
slant, aspect and pen, three of ten strings with strokes that are no digit's, a quarter with a sign or a letter. A
window that stands at a digit's middle is an example of that digit, one that stands elsewhere of none. With --after
the weights of a run are taught on.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import strips
from exmachina.data import Dataset, load_mnist_split
from exmachina.data.hands import mixture
from exmachina.data.hands.ink import written
from exmachina.data.hands.signs import sign
from exmachina.evaluation.ood.made_up import is_bar, made_up
from exmachina.reading.sliding import DIGIT, NONE, SLIDING, windows
from exmachina.runs import Run
from exmachina.training import Augmentation, Recipe, TrainingEnd, fit
from exmachina.training.learner import make_learner
from exmachina.training.loop import shuffled_batches
from exmachina.training.session import Session

Picture = NDArray[np.uint8]
Rng = np.random.Generator

SHARES = {"mnist": 0.6, "made": 0.15, "pens": 0.17, "typefaces": 0.08}
SIGNED = 0.25  # of the strings have a sign or a letter at an end, or between
ONES = 0.06  # of the digits are ones more: they are the thinnest, and what a neighbour hides first
IN_THE_MIDDLE, BESIDE = 1.5, 2.5  # pixels of 20 from a digit's middle: there it is, there it is not


def pools(mnist: strips.Hand, rng: Rng) -> list[strips.Hand]:
    """Digits to write with, by kind."""
    result = [mnist]
    for maker, count in ((mixture.made_digits, 10_000), (mixture.drawn_pens, 10_000), (mixture.drawn_typefaces, 4_000)):
        some = list(islice(maker(rng), count))
        result.append(
            strips.Hand("", [strips.cut(image) for image, _ in some], np.array([label for _, label in some], np.uint8))
        )
    return result


def no_digits(digits: Dataset, rng: Rng) -> strips.Hand:
    """Signs as hands write them, and some letters of typefaces and marks that no script has."""
    signs = [written(sign(rng), rng) for _ in range(6_000)]
    others = [made_up(kind, 1_000, digits, rng) for kind in ("letters", "marks")]
    images = [image for image in np.concatenate([np.stack(signs), *others]) if not is_bar(image)]
    return strips.Hand("", [strips.cut(image) for image in images], np.full(len(images), NONE, np.uint8))


def changed(picture: Picture, generator: Rng) -> Picture:
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


def examples(
    hands: list[strips.Hand], count: int, rng: Rng, signs: strips.Hand | None = None
) -> Iterator[tuple[Picture, int]]:
    """Windows along so many made-up strings, and what stands in their middle."""
    first = list(SHARES.values())[: len(hands)]
    shares = np.array(first) / sum(first)
    for _ in range(count):
        number = int(rng.integers(1, 7))
        cuts, labels = [], []
        chosen = [hands[kind] for kind in rng.choice(len(hands), number, p=shares)]
        if signs is not None and rng.random() < SIGNED:
            place = int(rng.choice(np.array([0, number, rng.integers(number + 1)])))
            chosen[place:place] = [signs] * int(rng.integers(1, 3))
        for hand in chosen:
            index = int(rng.integers(len(hand.cuts)))
            if hand is not signs and rng.random() < ONES:
                index = int(rng.choice(np.flatnonzero(hand.labels == 1)))
            cuts.append(changed(hand.cuts[index], rng))
            labels.append(hand.labels[index])
        mine = strips.Hand("", cuts, np.array(labels, np.uint8))
        height = int(rng.integers(28, 60))
        ink, owners, _ = strips.write(mine, np.arange(len(chosen)), rng, rng.choice([0.3, 0.7, 0.9]), height)
        if rng.random() < 0.3:
            ink = distracted(ink, owners, height, rng)
        yield from labelled(uneven(ink, rng), owners, mine.labels, height, rng)


def distracted(ink: NDArray[np.float64], owners: list[NDArray[np.bool_]], height: int, rng: Rng) -> NDArray[np.float64]:
    """With strokes that are no digit's: ligatures, lines before, behind and below, signs at either end."""
    sheet = Image.fromarray((ink * 255).astype(np.uint8))
    pen = ImageDraw.Draw(sheet)
    width = max(2, int(height * rng.uniform(0.04, 0.12)))
    rows, columns = np.nonzero(ink > 0.4)
    left, right, top, bottom = columns.min(), columns.max(), rows.min(), rows.max()

    def near(x: float, y: float, by: float = 0.12) -> tuple[float, float]:
        return x + rng.normal(0, by * height), y + rng.normal(0, by * height)

    kind = rng.integers(5)
    if kind == 0 and len(owners) > 1:  # a ligature
        index = int(rng.integers(len(owners) - 1))
        a, b = (np.argwhere(owner) for owner in owners[index : index + 2])
        (y, x), (v, u) = a[rng.integers(len(a) // 2, len(a))], b[rng.integers(len(b))]
        pen.line(
            [(float(x), float(y)), near((x + u) / 2, (y + v) / 2, 0.05), (float(u), float(v))],
            255,
            width,
            joint="curve",
        )
    elif kind == 1:  # a stroke behind or before
        end = right if rng.random() < 0.7 else left
        away = (1 if end == right else -1) * height * rng.uniform(0.3, 1.5)
        y = rng.uniform(top, bottom)
        pen.line([(float(end), y), near(end + away, y)], 255, width)
    elif kind == 2:  # below
        y = bottom + height * rng.uniform(-0.1, 0.15)
        pen.line([near(left, y, 0.05), near(right, y, 0.05)], 255, width)
    elif kind == 3:  # a box's side or a bracket
        x = (
            (right + height * rng.uniform(0.05, 0.2))
            if rng.random() < 0.5
            else (left - height * rng.uniform(0.05, 0.2))
        )
        pen.line([near(x, top - 4, 0.03), near(x, bottom + 4, 0.03)], 255, width)
    else:  # a sign of two to four strokes
        x = (right + height * 0.5) if rng.random() < 0.5 else (left - height * 0.5)
        for _ in range(rng.integers(2, 5)):
            pen.line([near(x, (top + bottom) / 2, 0.25), near(x, (top + bottom) / 2, 0.25)], 255, width)
    return np.asarray(sheet) / 255.0


def uneven(ink: NDArray[np.float64], rng: Rng) -> Picture:
    """Ink as a page's preparation leaves it: blurred or hard, strong or faint, with some grain."""
    from scipy import ndimage

    soft = ndimage.gaussian_filter(ink, rng.uniform(0, 0.035) * 44)
    soft = np.clip((soft - rng.uniform(0, 0.12)) * rng.uniform(1, 2.2), 0, 1)
    soft = soft + rng.normal(0, rng.uniform(0, 0.08), ink.shape) * (soft > 0.02)
    return (np.clip(soft, 0, 1) * 255).astype(np.uint8)


def labelled(
    ink: Picture, owners: list[NDArray[np.bool_]], labels: Picture, height: int, rng: Rng
) -> Iterator[tuple[Picture, int]]:
    """Some of a line's windows, most of them near digits' middles."""
    digit = height * float(np.exp(rng.normal(-0.02, 0.1)))
    pictures, columns = windows(ink, digit)
    middles = []
    for owner in owners:
        some = np.flatnonzero(owner.any(axis=0))
        middles.append(((some[0] + some[-1] + 1) / 2) * DIGIT / digit - 0.5)
    away = np.abs(columns[:, None] - np.array(middles))
    nearest, distance = away.argmin(axis=1), away.min(axis=1)
    for index in range(len(owners)):
        mine = np.flatnonzero((nearest == index) & (distance <= IN_THE_MIDDLE))
        for place in rng.permutation(mine)[:2]:
            yield pictures[place], int(labels[index])
    beside = np.flatnonzero(distance >= BESIDE)
    near = beside[distance[beside] <= 8]
    for place in rng.permutation(near)[: 3 * len(owners)]:
        yield pictures[place], NONE
    for place in rng.permutation(beside)[: len(owners)]:
        yield pictures[place], NONE


def make(hands: list[strips.Hand], count: int, seed: int, signs: strips.Hand | None = None) -> Dataset:
    """The windows of so many strings as a data set of eleven classes."""
    some = examples(hands, count, np.random.default_rng(seed), signs)
    blocks = []
    while block := list(islice(some, 100_000)):  # a list of all windows would take their memory twice
        blocks.append((np.stack([window for window, _ in block]), np.array([label for _, label in block], np.uint8)))
    pictures, labels = (np.concatenate(part) for part in zip(*blocks, strict=True))
    return Dataset(pictures, labels, "sliding", classes=NONE + 1)


def learned(recipe: Recipe, train: Dataset, test: Dataset, seed: int, after: Path | None) -> Run:
    """The run at the end of training, from scratch or after another."""
    if after is None:
        return fit(recipe, train, seed=seed, test=test)
    start = time.perf_counter()
    learner = make_learner(recipe, seed, weights=Run.load(after).weights)
    steps = -(-len(train) // recipe.batch_size)
    batches = shuffled_batches(learner, train, recipe.batch_size, seed)
    events = Session(recipe, learner, train, seed, start, test).events(batches, int(recipe.epochs * steps), steps)
    return next(event.run for event in events if isinstance(event, TrainingEnd))


def main() -> None:
    """Make the examples, learn them, save the run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strips", type=int, default=20_000)
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.006)
    parser.add_argument("--after", type=Path)
    parser.add_argument("--out", type=Path, default=Path("src/exmachina/reading/sliding"))
    arguments = parser.parse_args()
    began = time.process_time()
    mnist = strips.mnist_hand("train")
    rng = np.random.default_rng(arguments.seed)
    hands = pools(strips.Hand("train", mnist.cuts[: strips.HELD], mnist.labels[: strips.HELD]), rng)
    signs = no_digits(load_mnist_split("train"), rng)
    train, test = (
        make(hands, arguments.strips, arguments.seed, signs),
        make([strips.hand("held")], 500, arguments.seed + 1),
    )
    print(len(train), np.bincount(train.labels), len(test), time.process_time() - began, flush=True)
    recipe = Recipe(
        "sliding", SLIDING, learning_rate=arguments.rate, warmup=0.1, weight_decay=0.02, epochs=arguments.epochs,
        augmentation=Augmentation(rotation=5, scale=0.05, shear=0.1, elastic=0.5),
    )  # fmt: skip
    run = learned(recipe, train, test, arguments.seed, arguments.after)
    print(f"held-out accuracy {run.test_accuracy:.4f}", time.process_time() - began, flush=True)
    run.save(arguments.out, onnx=False)  # as every run that ships


if __name__ == "__main__":
    main()
