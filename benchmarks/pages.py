"""Whole pages, made of digits by a hand that taught nothing and taken in many ways: how many numbers are read.

python benchmarks/pages.py [--hand mnist] [--pages 3] [--seed 0] [--run accurate]

Told for each kind of picture: pages of 24 numbers of 1 to 6 digits (`photos.KINDS`), amounts with a comma and cents,
and the cells of sudokus; the share read whole, with Wilson's 95 % interval, and the processor's seconds a picture.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np

import photos
import strips

Pair = tuple[str, str]


def numbers(
    hand: strips.Hand, kind: str, count: int, seed: int, read: Callable[..., list[list[str]]]
) -> Iterator[Pair]:
    """What was written and what was read in its place, for every number of so many pages."""
    for page in range(count):
        picture, written = strips.make_page(hand, 24, 3, seed=seed + page)
        table = read(photos.taken(picture, kind, np.random.default_rng(seed + page)))
        fits = [len(row) for row in table] == [len(row) for row in written]
        for number, row in enumerate(written):
            for place, text in enumerate(row):
                yield text, table[number][place] if fits else ""


def amounts(hand: strips.Hand, count: int, seed: int, read: Callable[..., list[list[str]]]) -> Iterator[Pair]:
    generator = np.random.default_rng(seed)
    for number in range(count):
        amount = strips.make_amount(hand, generator, stroke=bool(number % 2))
        yield amount.text, " ".join(text for row in read(amount.picture) for text in row)


def cells(hand: strips.Hand, count: int, seed: int, read: Callable[..., list[list[str]]]) -> Iterator[Pair]:
    generator = np.random.default_rng(seed)
    for _ in range(count):
        picture, written = strips.make_sudoku(hand, generator)
        turn, tilt = float(generator.uniform(-8, 8)), float(generator.uniform(0, 0.15))
        table = read(photos.photographed(picture, generator, turn=turn, tilt=tilt, shadow=bool(generator.integers(2))))
        for row in range(9):
            for column in range(9):
                yield written[row][column], table[row][column] if len(table) == 9 == len(table[row]) else "?"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hand", default="mnist", help="as for strips.py")
    parser.add_argument("--pages", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", default="accurate")
    arguments = parser.parse_args()

    from exmachina import Classifier, InputError, read

    classifier = Classifier.load(arguments.run)
    hand = strips.hand(arguments.hand)

    def table(picture: strips.Picture) -> list[list[str]]:
        try:
            return read(picture, classifier).table()
        except InputError:
            return []

    def tell(name: str, pairs: Iterator[Pair], pages: int) -> None:
        began = time.process_time()
        right = [written == seen for written, seen in pairs]
        seconds = (time.process_time() - began) / pages
        print(f"{name}: {strips.wilson(sum(right), len(right))}, {seconds:.2f} s of processor a picture", flush=True)

    for kind in photos.KINDS:
        tell(kind, numbers(hand, kind, arguments.pages, arguments.seed, table), arguments.pages)
    tell("amounts", amounts(hand, 20 * arguments.pages, arguments.seed, table), 20 * arguments.pages)
    tell("sudoku's cells", cells(hand, arguments.pages, arguments.seed, table), arguments.pages)


if __name__ == "__main__":
    main()
