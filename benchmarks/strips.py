"""Whole strings and pages, made of digits by hands that taught nothing: how many are read without a fault.

python benchmarks/strips.py [--hand mnist] [--count 400] [--seed 0] [--touching 0.35] [--run accurate] [--json]

A strip is a string of 1 to 8 digits on noisy paper; of any two neighbours a share touches. Hands: `mnist` (test digits)
and `held` (training digits that neither network learned) are in the package; `optdigits=FILE`, `pendigits=FILE` and
`pictures=FOLDER_OR_ZIP` (the label first in each name) are the reader's own. Told is the share of strings read whole,
with Wilson's 95 % interval, and the same for those with a touch and those without.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]
HELD = 55_000  # of MNIST's training digits those from here on no network has learned
HEIGHT = 44  # pixels of a digit in a strip


@dataclass(frozen=True)
class Hand:
    """Digits by one source: bright ink on black, each cut to its ink, and their labels."""

    name: str
    cuts: list[Picture]
    labels: NDArray[np.uint8]


@dataclass(frozen=True)
class Strip:
    """A picture of a string, dark ink on light paper, and what is written; `touches` neighbours touch."""

    picture: Picture
    text: str
    touches: int


def cut(picture: Picture) -> Picture:
    rows, columns = (np.flatnonzero((picture > 40).any(axis=axis)) for axis in (1, 0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def mnist_hand(split: str = "test") -> Hand:
    from exmachina.data import load_mnist_split

    data = load_mnist_split(split)  # type: ignore[arg-type]
    return Hand(f"mnist {split}", [cut(image) for image in data.images], data.labels)


def optdigits_hand(path: Path) -> Hand:
    """UCI's bitmaps of 32×32 as text, the label on a line after each."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    cuts, labels, rows = [], [], []
    for line in lines:
        if len(line) == 32 and set(line) <= {"0", "1"}:
            rows.append([255 * (pixel == "1") for pixel in line])
        elif len(line) == 1 and len(rows) == 32:
            cuts.append(cut(np.array(rows, np.uint8)))
            labels.append(int(line))
            rows = []
        else:
            rows = []
    return Hand("optdigits", cuts, np.array(labels, np.uint8))


def pendigits_hand(path: Path) -> Hand:
    """UCI's pen points, drawn with a pen: those of `pendigits.tra` that no network of ours learns from."""
    from PIL import ImageDraw

    from exmachina.data.hands.sources import LEARNED

    rows = [[int(number) for number in line.split(",")] for line in path.read_text().splitlines() if line.strip()]
    rows = rows[LEARNED:]
    cuts = []
    for row in rows:
        points = [(x * 2 + 20, (100 - y) * 2 + 20) for x, y in zip(row[0:16:2], row[1:16:2], strict=True)]
        sheet = Image.new("L", (240, 240))
        draw = ImageDraw.Draw(sheet)
        draw.line(points, 255, 20, joint="curve")
        for x, y in points:
            draw.ellipse((x - 10, y - 10, x + 10, y + 10), 255)
        cuts.append(cut(np.asarray(sheet.reduce(4))))
    return Hand("pendigits", cuts, np.array([row[16] for row in rows], np.uint8))


def pictures_hand(path: Path) -> Hand:
    """Pictures of one digit each, the label the first character of the name."""
    from exmachina.images.archive import read_pictures
    from exmachina.images.mnist import polarity

    cuts, labels = [], []
    for picture in read_pictures(path):
        label = Path(picture.name).name[0]
        if label.isdecimal():
            cuts.append(cut(polarity(picture.pixels)))
            labels.append(int(label))
    return Hand("pictures", cuts, np.array(labels, np.uint8))


def write(
    hand: Hand, digits: NDArray[np.intp], generator: np.random.Generator, touching: float, height: int = HEIGHT
) -> tuple[NDArray[np.float64], list[NDArray[np.bool_]], int]:
    """Ink 0 to 1 of the hand's digits beside one another, where each one's is, and how many neighbours touch."""
    canvas = np.zeros((2 * height, (len(digits) + 1) * 2 * height))
    right, touches = height // 2, 0
    places = []
    for place, index in enumerate(digits):
        picture = hand.cuts[index]
        size = height * generator.uniform(0.85, 1.1)
        factor = size / max(picture.shape)
        shape = max(3, round(picture.shape[1] * factor)), max(3, round(picture.shape[0] * factor))
        one = np.asarray(Image.fromarray(picture).resize(shape, Image.Resampling.BICUBIC)) / 255
        top = int(height * 1.5 - one.shape[0] + generator.integers(-height // 12, height // 12 + 1))
        rows = slice(top, top + one.shape[0])
        if place:
            gap = _reach(canvas[rows], one)  # the column at which they would just touch
            if generator.random() < touching:
                left, touches = gap - int(generator.integers(1, 4)), touches + 1
            else:
                left = max(gap + 3, right + int(height * generator.uniform(-0.02, 0.5)))
        else:
            left = right
        canvas[rows, left : left + one.shape[1]] = np.maximum(canvas[rows, left : left + one.shape[1]], one)
        places.append((top, left, one > 0.4))
        right = max(right, left + one.shape[1])
    canvas = canvas[:, : right + height // 2]
    return canvas, [_placed(canvas.shape, *place) for place in places], touches


def _placed(shape: tuple[int, ...], top: int, left: int, ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, bool)
    mask[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return mask


def _reach(before: NDArray[np.float64], one: NDArray[np.float64]) -> int:
    """The column at which ink of `one` would touch ink that is there; two rows up or down count as the same."""
    from scipy import ndimage

    wide = ndimage.maximum_filter1d(before, 5, axis=0) > 0.5
    mine = one > 0.5
    last = np.where(wide.any(axis=1), wide.shape[1] - 1 - wide[:, ::-1].argmax(axis=1), -(10**6))
    first = np.where(mine.any(axis=1), mine.argmax(axis=1), 10**6)
    reach = int((last - first).max()) + 1
    if reach < 0:  # no row in common
        columns = np.flatnonzero(before.any(axis=0))
        reach = int(columns[-1]) + 1 if columns.size else 0
    return reach


def on_paper(ink: NDArray[np.float64], generator: np.random.Generator) -> Picture:
    paper, dark = generator.uniform(190, 245), generator.uniform(20, 90)
    page = paper + (dark - paper) * ink + generator.normal(0, generator.uniform(1, 5), ink.shape)
    return np.clip(page, 0, 255).astype(np.uint8)


def make_strips(hand: Hand, count: int, seed: int, touching: float) -> list[Strip]:
    generator = np.random.default_rng(seed)
    strips = []
    for _ in range(count):
        digits = generator.integers(0, len(hand.cuts), generator.integers(1, 9))
        ink, _, touches = write(hand, digits, generator, touching)
        text = "".join(str(hand.labels[index]) for index in digits)
        strips.append(Strip(on_paper(ink, generator), text, touches))
    return strips


def make_amount(hand: Hand, generator: np.random.Generator, *, stroke: bool) -> Strip:
    """An amount with a comma and cents, and a stroke that fills the line behind it if wanted."""
    whole, cents = (generator.integers(0, len(hand.cuts), n) for n in (generator.integers(1, 5), 2))
    (left, _, _), (right, _, _) = write(hand, whole, generator, 0.0), write(hand, cents, generator, 0.0)
    ink = np.zeros((2 * HEIGHT, left.shape[1] + right.shape[1] + 3 * HEIGHT))
    ink[:, : left.shape[1]] = left
    comma = left.shape[1] - 12
    ink[62:70, comma : comma + 6] = ink[66:74, comma - 1 : comma + 3] = 1
    after = slice(comma + 2, comma + 2 + right.shape[1])
    ink[:, after] = np.maximum(ink[:, after], right)
    if stroke:
        ink[44:48, after.stop : after.stop + 2 * HEIGHT] = 1
    texts = ["".join(str(hand.labels[index]) for index in digits) for digits in (whole, cents)]
    return Strip(on_paper(ink, generator), ".".join(texts), 0)


def make_sudoku(hand: Hand, generator: np.random.Generator, filled: float = 0.4) -> tuple[Picture, list[list[str]]]:
    """A sudoku's grid with digits of the hand in some of its cells, and what is written, empty cells as ""."""
    side, edge = 56, 40
    whole = 9 * side
    ink = np.zeros((whole + 2 * edge, whole + 2 * edge))
    for number in range(10):
        width = 4 if number % 3 == 0 else 2
        place = edge + number * side
        ink[place - width // 2 : place + width // 2, edge : edge + whole] = 1
        ink[edge : edge + whole, place - width // 2 : place + width // 2] = 1
    written = [[""] * 9 for _ in range(9)]
    nonzero = np.flatnonzero(hand.labels)
    for row, column in np.argwhere(generator.random((9, 9)) < filled):
        index = int(generator.choice(nonzero))
        cut_ = Image.fromarray(hand.cuts[index])
        factor = 34 / max(cut_.size)
        one = np.asarray(cut_.resize((max(4, round(cut_.width * factor)), max(4, round(cut_.height * factor))))) / 255
        top, left = (
            edge + int(place) * side + (side - length) // 2
            for place, length in ((row, one.shape[0]), (column, one.shape[1]))
        )
        ink[top : top + one.shape[0], left : left + one.shape[1]] = one
        written[row][column] = str(hand.labels[index])
    return on_paper(ink, generator), written


def make_page(
    hand: Hand, numbers: int, columns: int, seed: int, touching: float = 0.0
) -> tuple[Picture, list[list[str]]]:
    """A page of numbers of 1 to 6 digits in columns, and what is written, row by row."""
    generator = np.random.default_rng(seed)
    rows = -(-numbers // columns)
    height = 36
    ink = np.zeros((int(rows * height * 2.4) + 2 * height, columns * height * 9))
    written: list[list[str]] = []
    for number in range(numbers):
        digits = generator.integers(0, len(hand.cuts), generator.integers(1, 7))
        one, _, _ = write(hand, digits, generator, touching, height)
        one = one[:, : height * 8]
        top = int(number // columns * height * 2.4) + generator.integers(0, 4)
        left = number % columns * height * 9 + height // 2 + generator.integers(0, height // 3)
        part = ink[top : top + one.shape[0], left : left + one.shape[1]]
        part[:] = np.maximum(part, one[: part.shape[0], : part.shape[1]])
        if number % columns == 0:
            written.append([])
        written[-1].append("".join(str(hand.labels[index]) for index in digits))
    return on_paper(ink, generator), written


def wilson(right: int, count: int) -> str:
    from exmachina.evaluation.statistics import intervals

    interval = intervals.wilson(right, max(1, count))
    return f"{right}/{count} = {right / max(1, count):.1%} ({interval.low:.1%} to {interval.high:.1%})"


def judge(strips: list[Strip], read: Callable[[Picture], str]) -> dict[str, tuple[int, int]]:
    """Right and all, for each kind of strip."""
    results = {"all": (0, 0), "none touch": (0, 0), "some touch": (0, 0)}
    for strip in strips:
        right = read(strip.picture) == strip.text
        for kind in ("all", "some touch" if strip.touches else "none touch"):
            results[kind] = results[kind][0] + right, results[kind][1] + 1
    return results


def hand(source: str) -> Hand:
    kind, _, path = source.partition("=")
    if kind == "mnist":
        return mnist_hand()
    if kind == "held":
        train = mnist_hand("train")
        return Hand("MNIST held out", train.cuts[HELD:], train.labels[HELD:])
    return {"optdigits": optdigits_hand, "pendigits": pendigits_hand, "pictures": pictures_hand}[kind](Path(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hand", action="append", help="mnist, held, optdigits=FILE, pendigits=FILE or pictures=PATH")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--touching", type=float, default=0.35)
    parser.add_argument("--run", default="accurate")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    from exmachina import Classifier, InputError, read

    classifier = Classifier.load(arguments.run)

    def text(picture: Picture) -> str:
        try:
            return " ".join(read(picture, classifier).strings)
        except InputError:
            return ""

    for source in arguments.hand or ["mnist"]:
        some = hand(source)
        results = judge(make_strips(some, arguments.count, arguments.seed, arguments.touching), text)
        if arguments.json:
            print(json.dumps({"hand": some.name, **results}))
        else:
            print(f"{some.name}: " + "; ".join(f"{kind} {wilson(*counts)}" for kind, counts in results.items()))


if __name__ == "__main__":
    main()
