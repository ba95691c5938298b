"""One digit in a picture that somebody took carelessly: how many are read in shadow, under a lamp, on a desk, in a cut.

python benchmarks/conditions.py [--hand mnist] [--count 200] [--seed 0] [--run accurate] [--json]

Digits of a hand (as in benchmarks/strips.py: `mnist` is MNIST's test digits, `optdigits=FILE`, `pendigits=FILE` and
`pictures=PATH` are the reader's own) are drawn dark on light in each condition and read; told is the share read right,
with Wilson's 95 % interval, the first condition being plain paper.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import papers
import strips

Ink = NDArray[np.float64]  # (H, W), 0 for paper to 1
Picture = NDArray[np.uint8]
Rng = np.random.Generator


def ink(cut: Picture, height: int, margin: float) -> Ink:
    """A digit `height` pixels high with a margin of a share of that around it."""
    width = max(2, round(cut.shape[1] * height / cut.shape[0]))
    large = np.asarray(Image.fromarray(cut).resize((width, height), Image.Resampling.BICUBIC)) / 255
    return np.pad(large, round(margin * height))


def page(one: Ink, rng: Rng, light: Ink | float = 1.0) -> Picture:
    """Dark ink on light paper, with the noise of a camera."""
    return np.clip((230 - 190 * one) * light + rng.normal(0, 4, one.shape), 0, 255).astype(np.uint8)


def lamp(shape: tuple[int, ...]) -> Ink:
    """Light that falls to a quarter from one corner to the other."""
    row, column = np.mgrid[: shape[0], : shape[1]]
    light: Ink = 1 - 0.375 * (row / shape[0] + column / shape[1])
    return light


def boxed(picture: Picture) -> Picture:
    """With two sides of a form's box in the cut."""
    picture = picture.copy()
    picture[-3:], picture[:, :3] = 20, 20
    return picture


def shaded(cut: Picture, rng: Rng, height: int, margin: float, level: float, soft: float) -> Picture:
    one = ink(cut, height, margin)
    return page(one, rng, papers.half_in_shadow(one.shape, level, soft))


def far(cut: Picture, rng: Rng, kind: str) -> Picture:
    """A digit as high as a twelfth of its picture, on paper of a kind, under patches of light."""
    one, sheet = ink(cut, 50, 0), np.zeros((600, 800))
    top, left = (int(rng.integers(30, whole - side - 30)) for whole, side in zip(sheet.shape, one.shape, strict=True))
    sheet[top : top + one.shape[0], left : left + one.shape[1]] = one
    return page(sheet, rng, papers.paper(kind, 600, 800, 12) / 235 * papers.patches(600, 800))


def squared(cut: Picture, rng: Rng, height: int, dark: float) -> Picture:
    """A digit as high as one, two or three squares of a sheet that lies aslant; its lines are `dark` times as dark."""
    one = ink(cut, height, 0.4)
    cell, thick, turn = height / rng.uniform(0.8, 3), 0.04 * height, rng.uniform(-8, 8)
    return page(one, rng, lamp(one.shape) * papers.lined(np.zeros(one.shape), cell, thick, dark, turn) / 230)


def corner(sheet: Picture) -> Picture:
    """A sheet that lies on a desk and reaches the right and the lower side of its picture."""
    desk = papers.on_desk(sheet)
    height, width = (side * 3 // 2 for side in sheet.shape)
    return desk[:height, :width]


def slate(cut: Picture, rng: Rng) -> Picture:
    """Chalk, which leaves gaps, on a dark slate."""
    one = ink(cut, 120, 0.6)
    gaps = ndimage.gaussian_filter(rng.normal(0, 1, one.shape), 1.2)
    chalk = np.clip(55 + 145 * one * (gaps < 0.25) + rng.normal(0, 4, one.shape), 0, 255)
    return np.asarray(chalk, np.uint8)


def framed(sheet: Picture, level: int) -> Picture:
    return np.pad(sheet, 12, constant_values=level)


def strip(sheet: Picture) -> Picture:
    """A narrow sheet on a desk, which reaches the picture's upper and lower side."""
    desk = papers.on_desk(sheet, 2)
    return desk[desk.shape[0] // 4 + 20 : -desk.shape[0] // 4 - 20]


CONDITIONS: dict[str, Callable[[Picture, Rng], Picture]] = {
    "plain paper": lambda cut, rng: page(ink(cut, 120, 0.4), rng),
    "shadow, hard edge": lambda cut, rng: shaded(cut, rng, 200, 0.5, 0.5, 1),
    "shadow, soft edge": lambda cut, rng: shaded(cut, rng, 200, 0.5, 0.4, 20),
    "shadow, narrow margin": lambda cut, rng: shaded(cut, rng, 120, 0.08, 0.55, 2),
    "under a lamp": lambda cut, rng: page(one := ink(cut, 200, 0.4), rng, lamp(one.shape)),
    "cut to the ink": lambda cut, rng: page(ink(cut, 60, 0), rng),
    "20 pixels, cut to the ink": lambda cut, rng: page(ink(cut, 20, 0), rng),
    "cut above and below": lambda cut, rng: page(np.pad(ink(cut, 60, 0), ((0, 0), (36, 36))), rng),
    "sides of a box in the cut": lambda cut, rng: boxed(page(ink(cut, 80, 0.25), rng)),
    "a sheet on a desk": lambda cut, rng: papers.on_desk(page(ink(cut, 120, 0.6), rng)),
    "a sheet on a desk, 7° aslant": lambda cut, rng: papers.on_desk(page(ink(cut, 120, 0.6), rng), -7),
    "a sheet in the picture's corner": lambda cut, rng: corner(page(ink(cut, 120, 0.6), rng)),
    "a sheet on a desk, 20° aslant": lambda cut, rng: papers.on_desk(page(ink(cut, 120, 0.6), rng), 20),
    "a strip from side to side": lambda cut, rng: strip(page(ink(cut, 120, 0.6), rng)),
    "a slate on a lighter desk": lambda cut, rng: papers.on_desk(slate(cut, rng), 0, 185),
    "a slate, 12° aslant": lambda cut, rng: papers.on_desk(slate(cut, rng), -12, 185),
    "a slate in a frame": lambda cut, rng: papers.on_desk(framed(slate(cut, rng), 150), 3, 195),
    "the same on a dark desk": lambda cut, rng: papers.on_desk(framed(slate(cut, rng), 150), 3, 70),
    "small, in patches of light": lambda cut, rng: far(cut, rng, "plain"),
    "small on squared paper": lambda cut, rng: far(cut, rng, "squared"),
    "small on ruled paper": lambda cut, rng: far(cut, rng, "ruled"),
    "squared, lines half as dark": lambda cut, rng: squared(cut, rng, 120, 0.5),
    "squared, lines nearly as dark": lambda cut, rng: squared(cut, rng, 120, 0.8),
    "large on squared paper": lambda cut, rng: squared(cut, rng, 320, 0.6),
}


def main() -> None:
    from exmachina import Classifier

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hand", default="mnist", help="mnist, optdigits=FILE, pendigits=FILE or pictures=PATH")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", default="accurate")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    hand, classifier = strips.hand(options.hand), Classifier.load(options.run)
    chosen = np.random.default_rng(options.seed).permutation(len(hand.cuts))[: options.count]
    answer = {}
    for name, condition in CONDITIONS.items():
        rng = np.random.default_rng(options.seed)
        read = classifier.predict_many(condition(hand.cuts[index], rng) for index in chosen)
        right = sum(one.digit == int(hand.labels[index]) for one, index in zip(read, chosen, strict=True))
        answer[name] = {"right": right, "n": len(chosen)}
        if not options.json:
            print(f"{name:30} {strips.wilson(right, len(chosen))}", flush=True)
    if options.json:
        print(json.dumps({"hand": options.hand, "run": options.run, "conditions": answer}))


if __name__ == "__main__":
    main()
