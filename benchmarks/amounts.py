"""Amounts as cheques have them, written by hands that taught nothing: how many are read without a fault.

python benchmarks/amounts.py [--hand mnist] [--count 200] [--seed 0] [--run accurate] [--pictures FOLDER]

Strips of 3 to 8 digits on paper with a bank's pattern, a form's lines at their sides; signs stand before and behind,
points or commas between thousands. Hands are those of strips.py. The signs are drawn otherwise than those that taught
(`exmachina.data.hands.signs`). Told is the share whose digits are all read and no others, with Wilson's 95 % interval,
and that for each kind of sign and paper; misread ones are kept as pictures if a folder is named.
"""

from __future__ import annotations

import argparse
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

import strips

Ink = NDArray[np.float64]
Rng = np.random.Generator

BEFORE = ("", "", "", "$", "#", "*", "-", "=")
BEHIND = ("", "", "", "-", "=", "#", "~", ".-", ".-", "//")
BETWEEN = ("", "", ".", ".", ",", "'")  # thousands
PAPERS = ("plain", "plain", "diagonals", "waves", "dots", "lines", "print", "clouds")
PRINT = "BANK OF EXAMPLES " * 30

# Strokes as shares of a digit's height, x and y, y downward
DRAWN: dict[str, list[list[tuple[float, float]]]] = {
    "$": [
        [(0.6, 0.2), (0.35, 0.08), (0.15, 0.25), (0.3, 0.45), (0.55, 0.6), (0.55, 0.8), (0.3, 0.92), (0.1, 0.8)],
        [(0.38, -0.05), (0.33, 1.05)],
    ],
    "#": [[(0.35, 0), (0.25, 1)], [(0.6, 0), (0.5, 1)], [(0.05, 0.35), (0.75, 0.3)], [(0.05, 0.65), (0.75, 0.6)]],
    "*": [[(0.1, 0.42), (0.5, 0.58)], [(0.3, 0.3), (0.3, 0.7)], [(0.1, 0.6), (0.5, 0.4)]],
    "-": [[(0.1, 0.55), (0.8, 0.5)]],
    "=": [[(0.1, 0.42), (0.85, 0.42)], [(0.1, 0.66), (0.85, 0.66)]],
    "//": [[(0.5, 0), (0.1, 1)], [(0.8, 0), (0.4, 1)]],
    "~": [[(0.1 + 0.075 * i, 0.55 + 0.08 * float(np.sin(1.1 * i))) for i in range(13)]],
    ".": [[(0.08, 0.95), (0.09, 0.96)]],
    ",": [[(0.1, 0.92), (0.04, 1.1)]],
    "'": [[(0.1, 0), (0.06, 0.15)]],
}


@dataclass(frozen=True)
class Amount:
    """A strip, the digits on it, and how it was made."""

    picture: strips.Picture
    text: str
    kinds: tuple[str, ...]


def drawn(name: str, height: int, pen: int, rng: Rng) -> Ink:
    """A sign's ink, 0 to 1, cut at its sides; its rows are those of a digit and .15 of it above and below."""
    sheet = Image.new("L", (int(1.6 * height), int(1.3 * height)))
    draw = ImageDraw.Draw(sheet)
    for stroke in DRAWN[name]:
        trembling = rng.uniform(-0.04, 0.04, (len(stroke), 2))
        places = height * (np.array(stroke) + np.array((0.05, 0.15)) + trembling)
        draw.line([(float(x), float(y)) for x, y in places], 255, pen, joint="curve")
        for x, y in places:
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), 255)
    ink = np.asarray(sheet) / 255
    columns = np.flatnonzero(ink.any(axis=0))
    return np.asarray(ink[:, columns[0] : columns[-1] + 1])


def pattern(kind: str, shape: tuple[int, int], rng: Rng) -> Ink:
    """How much darker than paper a bank's pattern is, in grey levels."""
    y, x = np.indices(shape).astype(float)
    period, strength = rng.uniform(4, 11), rng.uniform(6, 22)
    if kind == "plain":
        return np.zeros(shape)
    if kind == "clouds":
        clouds = ndimage.gaussian_filter(rng.normal(0, 1, shape), 4)
        return np.asarray(np.abs(0.6 * strength * clouds / clouds.std()))
    if kind == "print":
        sheet = Image.new("L", shape[::-1])
        for top in range(0, shape[0], 11):
            ImageDraw.Draw(sheet).text((-(7 * top % 40), top), PRINT, 255)
        return strength * np.asarray(sheet) / 255
    waves: dict[str, Callable[[], Any]] = {
        "diagonals": lambda: np.sin(2 * np.pi * (x + rng.uniform(0.5, 1.5) * y) / period) > 0,
        "waves": lambda: np.abs(np.sin(np.pi * (y + 6 * np.sin(x / rng.uniform(8, 20))) / period)) < 0.35,
        "dots": lambda: (np.sin(2 * np.pi * x / period) > 0.4) & (np.sin(2 * np.pi * y / period) > 0.4),
        "lines": lambda: np.sin(2 * np.pi * y / period) > 0.6,
    }
    return np.asarray(strength * waves[kind](), float)


def line(hand: strips.Hand, rng: Rng) -> tuple[Ink, int, int, str, tuple[str, str]]:
    """Ink of an amount, the row its digits stand on, their height, its digits, and the signs before and behind."""
    height, count = int(rng.choice([32, 44, 60])), int(rng.integers(3, 9))
    touching, pen = float(rng.choice([0, 0.15, 0.4])), max(2, int(height * rng.uniform(0.05, 0.11)))
    digits = rng.integers(0, len(hand.cuts), count)
    before, behind, between = (str(rng.choice(some)) for some in (BEFORE, BEHIND, BETWEEN))
    starts = [0, *range(count % 3 or 3, count, 3)] if between else [0]
    parts: list[str | NDArray[np.intp]] = [before] if before else []
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], count], strict=True)):
        parts += [between] if number else []
        parts.append(digits[start:end])
    parts += {".-": [".", "-"], "": []}.get(behind, [behind])
    canvas = np.zeros((int(2.2 * height), int(1.5 * height * (count + 8))))
    left, base = int(height * rng.uniform(0.15, 0.6)), int(1.55 * height)
    for part in parts:
        if isinstance(part, str):
            ink, top = drawn(part, height, pen, rng), base - int(1.15 * height)
        else:
            ink, _, _ = strips.write(hand, part, rng, touching, height)
            columns, top = np.flatnonzero((ink > 0.3).any(axis=0)), base - int(1.5 * height)
            ink = ink[:, columns[0] : columns[-1] + 1]
        place = canvas[top : top + len(ink), left : left + ink.shape[1]]
        np.maximum(place, ink[: len(place)], out=place)
        near = isinstance(part, str) and part in ".,'"
        left += ink.shape[1] + int(height * (rng.uniform(0.03, 0.12) if near else rng.uniform(0.08, 0.35)))
    canvas = canvas[:, : left + int(height * rng.uniform(0.1, 0.8))]
    text = "".join(str(hand.labels[index]) for index in digits)
    return canvas, base, height, text, (before, behind)


def make_amount(hand: strips.Hand, rng: Rng) -> Amount:
    """One strip as a bank's scanner gives it."""
    ink, base, height, text, signs = line(hand, rng)
    lean = rng.uniform(-0.05, 0.3)
    ink = ndimage.affine_transform(ink, [[1, 0], [lean, 1]], [0, -lean * base], order=1)
    ink = ndimage.rotate(ink, rng.uniform(-2, 2), reshape=False, order=1)
    top = int(base - height * rng.uniform(1.25, 1.45))
    ink = ink[top : int(base + 0.35 * height)]
    paper = str(rng.choice(PAPERS))
    page = rng.uniform(175, 240) - pattern(paper, ink.shape, rng)
    page += rng.uniform(-20, 20) * np.linspace(-0.5, 0.5, ink.shape[1])
    if rng.random() < 0.25:
        page[base - top + 2 : base - top + 2 + max(1, height // 30)] = rng.uniform(70, 150)
    thick = max(1, height // 25)
    sides = np.flatnonzero(rng.random(4) < 0.2)
    for side in sides:  # of a form's box
        away = int(rng.integers(0, 4))
        turned = np.rot90(page, int(side))  # a view: what is written into it stands on the page
        turned[away : away + thick] = rng.uniform(50, 140)
    page = page * (1 - ink) + np.minimum(page, rng.uniform(30, 110)) * ink
    page = ndimage.gaussian_filter(page, rng.uniform(0.3, 0.9)) + rng.normal(0, rng.uniform(1, 5), page.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(page, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=int(rng.integers(50, 92)))
    kinds = (f"before: {signs[0] or 'nothing'}", f"behind: {signs[1] or 'nothing'}", f"paper: {paper}")
    return Amount(np.asarray(Image.open(file)), text, (*kinds, f"sides of a box: {len(sides)}"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hand", action="append", help="as for strips.py")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", default="accurate")
    parser.add_argument("--pictures", type=Path, help="a folder for those that are misread")
    arguments = parser.parse_args()

    from exmachina import Classifier, InputError, read

    classifier = Classifier.load(arguments.run)
    right, every = Counter[str](), Counter[str]()
    for source in arguments.hand or ["mnist"]:
        some, rng = strips.hand(source), np.random.default_rng(arguments.seed)
        for number in range(arguments.count):
            amount = make_amount(some, rng)
            try:
                seen = "".join(read(amount.picture, classifier).strings).replace(".", "")
            except InputError:
                seen = ""
            kinds = (some.name, *amount.kinds)
            every.update(kinds)
            if seen == amount.text:
                right.update(kinds)
            elif arguments.pictures:
                arguments.pictures.mkdir(parents=True, exist_ok=True)
                name = f"{some.name} {number} {amount.text} read {seen or 'nothing'}.png"
                Image.fromarray(amount.picture).save(arguments.pictures / name)
    for kind in sorted(every):
        print(f"{kind}: {strips.wilson(right[kind], every[kind])}")


if __name__ == "__main__":
    main()
