"""How many numbers are read on pages as phones take them: everything that may be wrong with one, drawn by lot.

python benchmarks/phone_pages.py [--hand mnist] [--count 60] [--seed 0] [--run accurate] [--plain] [--json]

One to twelve numbers of one to six digits on a sheet, one neighbour in ten touching, on the papers, in the inks, in the
light and on the desk of `phones.py`. Printed are the share read whole, by light, scene, paper, ink and size, and how
many numbers were read where none is. `--plain` writes the same numbers on even paper instead.
"""

from __future__ import annotations

import argparse
import io
import json
from collections import Counter
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

import phones
import strips
from exmachina import Classifier, InputError, Page, read
from phones import Rng, Values

HEIGHT, WIDTH = 1200, 1600
MARGIN = 70, 90  # pixels at the sides, and above and below, that are no part of the picture
TOP, LEFT, BOTTOM, RIGHT = 160, 340, 1030, 1370  # where the writing stands
TOUCHING = 0.1


@dataclass(frozen=True)
class Number:
    """A number on a page, and its middle in the picture's pixels."""

    text: str
    x: float
    y: float


def photographed(hand: strips.Hand, rng: Rng, *, plain: bool = False) -> tuple[bytes, list[Number], dict[str, str]]:
    """A page as an image file, its numbers, and what was drawn by lot."""
    lots = {"light": phones.LIGHTS, "scene": phones.SCENES, "paper": phones.RULES, "ink": list(phones.PENS)}
    kinds = {name: str(rng.choice(choices)) for name, choices in lots.items()}
    height = int(rng.uniform(40, 110))
    kinds["size"] = "small" if height < 60 else "middling" if height < 85 else "large"
    ink, numbers = written(hand, height, rng)
    share = np.clip((gaussian_filter(ink, height / 60) - rng.uniform(0.35, 0.6)) * rng.uniform(4, 9) + 0.5, 0, 1)
    if plain:
        file = io.BytesIO()
        Image.fromarray((235 - 200 * share).astype(np.uint8)).save(file, "PNG")
        return file.getvalue(), numbers, {}
    page = ruled(list(phones.PAPERS.values())[rng.integers(len(phones.PAPERS))], kinds["paper"], height, rng)
    share = (rng.uniform(0.8, 1) * share).astype(np.float32)[..., None]
    page = page * (1 - share) + np.array(phones.PENS[kinds["ink"]], np.float32) * share
    if kinds["scene"] != "page":
        page = phones.laid(page, kinds["scene"], rng)
    light = phones.lit(kinds["light"], rng, (HEIGHT, WIDTH))
    page *= light[..., None] * np.array([1, rng.uniform(0.88, 1), rng.uniform(0.7, 1)], np.float32)
    degrees = float(rng.normal(0, 3))
    return phones.taken(page, degrees, MARGIN, rng), [turned(number, degrees) for number in numbers], kinds


def written(hand: strips.Hand, height: int, rng: Rng) -> tuple[Values, list[Number]]:
    """Ink 0 to 1 (HEIGHT, WIDTH) of lines with one or two numbers each."""
    ink, numbers, top = np.zeros((HEIGHT, WIDTH), np.float32), [], TOP
    for _ in range(int(rng.integers(1, 7))):
        if top + 2 * height >= BOTTOM:
            break
        left = LEFT + int(rng.uniform(0, height))
        for _ in range(int(rng.integers(1, 3))):
            digits = rng.integers(0, len(hand.cuts), int(rng.integers(1, 7)))
            one = strips.cut((255 * strips.write(hand, digits, rng, TOUCHING, height)[0]).astype(np.uint8))
            if left + one.shape[1] > RIGHT:
                break
            place = ink[top : top + one.shape[0], left : left + one.shape[1]]
            place[:] = np.maximum(place, one / 255)
            text = "".join(str(hand.labels[index]) for index in digits)
            numbers.append(Number(text, left + one.shape[1] / 2, top + one.shape[0] / 2))
            left += one.shape[1] + int(height * rng.uniform(2.2, 5))
        top += int(height * rng.uniform(1.7, 2.6))
    return ink, numbers


def ruled(colour: tuple[int, int, int], kind: str, height: int, rng: Rng) -> Values:
    """Paper (HEIGHT, WIDTH, 3) with some grain and what is printed on it for digits of that height."""
    rough = gaussian_filter(rng.standard_normal((HEIGHT, WIDTH)), rng.uniform(1, 12))
    grain = 1 + rng.uniform(0.004, 0.02) * rough / rough.std()
    page: Values = (np.array(colour) * grain[..., None]).astype(np.float32)
    gap = int(height * (rng.uniform(0.5, 1) if kind in ("squared", "dotted") else rng.uniform(1.1, 1.7)))
    thick = int(rng.integers(1, 4))
    rows, columns = np.arange(HEIGHT) % gap < thick, np.arange(WIDTH) % gap < thick
    lines = np.zeros((HEIGHT, WIDTH), bool)
    if kind in ("ruled", "margin", "squared"):
        lines |= rows[:, None]
    if kind == "squared":
        lines |= columns
    if kind == "dotted":
        lines = rows[:, None] & columns
    page *= 1 - lines[..., None] * (rng.uniform(0.15, 0.45) * np.array([1, 0.75, 0.4], np.float32))
    if kind == "margin":
        page[:, 256:259] = 0.4 * page[:, 256:259] + 0.6 * np.array([217, 64, 77])
    return page


def turned(number: Number, degrees: float) -> Number:
    """Where a number of the page lies in its picture."""
    turn, x, y = np.radians(degrees), number.x - WIDTH / 2, number.y - HEIGHT / 2
    x, y = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    return Number(number.text, x + WIDTH / 2 - MARGIN[0], y + HEIGHT / 2 - MARGIN[1])


def judge(page: Page | None, numbers: list[Number]) -> tuple[list[bool], int]:
    """Which numbers were read where they stand, and how many fields hold none."""
    right, used, fields = [], set(), page.fields if page else ()
    for number in numbers:
        here = [
            index
            for index, field in enumerate(fields)
            if 0 <= number.x - field.box.left <= field.box.width and 0 <= number.y - field.box.top <= field.box.height
        ]
        used |= set(here)
        right.append(len(here) == 1 and fields[here[0]].text == number.text)
    return right, len(fields) - len(used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hand", default="mnist", help="mnist, held, optdigits=FILE, pendigits=FILE or pictures=PATH")
    parser.add_argument("--count", type=int, default=60, help="pages")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", default="accurate")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    hand, classifier, rng = strips.hand(options.hand), Classifier.load(options.run), np.random.default_rng(options.seed)
    good: Counter[str] = Counter()
    every: Counter[str] = Counter()
    beside = 0
    for _ in range(options.count):
        file, numbers, kinds = photographed(hand, rng, plain=options.plain)
        try:
            right, others = judge(read(file, classifier), numbers)
        except InputError:
            right, others = judge(None, numbers)
        beside += others
        for kind in ("all", *(f"{name}: {value}" for name, value in kinds.items())):
            good[kind] += sum(right)
            every[kind] += len(right)
    if options.json:
        shares = {kind: {"right": good[kind], "n": every[kind]} for kind in sorted(every)}
        print(json.dumps({"numbers": shares, "read where none is": beside, "pages": options.count}))
        return
    for kind in sorted(every):
        print(f"{kind:20} {strips.wilson(good[kind], every[kind])}")
    print(f"read where no number is: {beside} on {options.count} pages")


if __name__ == "__main__":
    main()
