"""How many digits are read in pictures as phones take them: everything that may be wrong with one, drawn by lot.

python benchmarks/phones.py [--hand mnist] [--count 200] [--seed 0] [--run accurate] [--json]

A digit in one of seven inks on one of five papers, plain, dotted, ruled or squared, or with a margin's line; the sheet
fills the picture or lies on a desk, with a pen beside it; even light, falling light or a shadow; small to large, sharp
or not, turned, and saved as JPEG of quality 35 to 90. Printed are the share read right, by light, scene and size, how
many were read wrong and not refused, and how many empty pages were refused.
"""

from __future__ import annotations

import argparse
import io
import json
from collections import Counter

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import gaussian_filter

import strips
from exmachina.classifier import Classifier, Prediction

HEIGHT, WIDTH = 600, 800
PAPERS = {"white": (242, 242, 240), "cream": (242, 235, 209), "yellow": (247, 230, 115), "kraft": (178, 140, 102)}
PAPERS |= {"grey": (191, 194, 191)}
PENS = {"black": (20, 20, 25), "blue": (31, 51, 153), "red": (191, 31, 38), "green": (26, 115, 64)}
PENS |= {"pencil": (110, 110, 115), "felt": (13, 13, 15), "pale blue": (90, 110, 190)}
RULES = ("none", "none", "dotted", "ruled", "squared", "margin")
LIGHTS = ("even", "falling", "hard shadow", "soft shadow", "hand")
SCENES = ("page", "page", "desk", "edge", "pen")
SIZES = {"small": (0.13, 0.22), "middling": (0.25, 0.4), "large": (0.45, 0.65)}  # of the picture's height
Values = NDArray[np.float32]
Rng = np.random.Generator


def photographed(digit: NDArray[np.uint8] | None, rng: Rng) -> tuple[bytes, dict[str, str]]:
    """A digit's cut, or none, as a JPEG file, and what was drawn by lot."""
    kinds = {"light": str(rng.choice(LIGHTS)), "scene": str(rng.choice(SCENES)), "size": str(rng.choice(list(SIZES)))}
    side = round(rng.uniform(*SIZES[kinds["size"]]) * HEIGHT)
    page = ruled(np.array(list(PAPERS.values())[rng.integers(len(PAPERS))], np.float32), rng)
    if digit is not None:
        ink = np.array(list(PENS.values())[rng.integers(len(PENS))], np.float32)
        share = rng.uniform(0.8, 1) * inked(digit, side, rng, 0.6 if kinds["scene"] == "page" else 0.2)
        page = page * (1 - share[..., None]) + ink * share[..., None]
    if kinds["scene"] != "page":
        page = laid(page, kinds["scene"], rng)
    page *= lit(kinds["light"], rng)[..., None] * np.array([1, rng.uniform(0.88, 1), rng.uniform(0.7, 1)], np.float32)
    return taken(page, float(rng.normal(0, 5)), (50, 45), rng), kinds


def ruled(colour: Values, rng: Rng) -> Values:
    """Paper (H, W, 3) with some grain and what is printed on it."""
    rough = gaussian_filter(rng.standard_normal((HEIGHT, WIDTH)), rng.uniform(1, 12))
    page = colour * (1 + rng.uniform(0.004, 0.02) * (rough / rough.std()).astype(np.float32))[..., None]
    kind, gap, thick = str(rng.choice(RULES)), int(rng.uniform(26, 60)), int(rng.integers(1, 3))
    rows, columns = (np.arange(length) % gap < thick for length in (HEIGHT, WIDTH))
    none = np.zeros((HEIGHT, WIDTH), bool)
    lines = {"ruled": rows[:, None] | none, "squared": rows[:, None] | columns, "dotted": rows[:, None] & columns}
    printed = lines.get("ruled" if kind == "margin" else kind, none)
    page = page * (1 - printed[..., None] * rng.uniform(0.15, 0.45) * np.array([1, 0.75, 0.4], np.float32))
    if kind == "margin":
        at = int(rng.uniform(0.08, 0.2) * WIDTH)
        page[:, at : at + 2] = 0.4 * page[:, at : at + 2] + 0.6 * np.array([217, 64, 77])
    return np.asarray(page, np.float32)


def inked(digit: NDArray[np.uint8], side: int, rng: Rng, aside: float) -> Values:
    """How much ink lies where: a digit's cut, `side` pixels long, up to `aside` of the way from the middle."""
    scale = side / max(digit.shape)
    size = max(1, round(digit.shape[1] * scale)), max(1, round(digit.shape[0] * scale))
    large = np.asarray(Image.fromarray(digit).resize(size, Image.Resampling.BICUBIC), np.float32) / 255
    sharp = np.clip((gaussian_filter(large, side / 60) - rng.uniform(0.35, 0.6)) * rng.uniform(4, 9) + 0.5, 0, 1)
    top, left = (
        int((length - own) * (0.5 + rng.uniform(-aside, aside) / 2))
        for length, own in zip((HEIGHT, WIDTH), sharp.shape, strict=True)
    )
    share = np.zeros((HEIGHT, WIDTH), np.float32)
    share[top : top + sharp.shape[0], left : left + sharp.shape[1]] = sharp
    return share


def laid(page: Values, scene: str, rng: Rng) -> Values:
    """The page (h, w, 3) on a desk of wood, some of which is seen: all around, at one side, or with a pen."""
    height, width = page.shape[:2]
    grain = gaussian_filter(rng.standard_normal((height, width)), (0.5, 12))
    wood = np.array((90, 56, 36) if rng.random() < 0.6 else (204, 173, 133), np.float32)
    desk = wood * (1 + 0.08 * (grain / grain.std()).astype(np.float32))[..., None]
    right, bottom = (width, height) if scene == "edge" else (int(0.91 * width), int(0.91 * height))
    left, top = int(rng.uniform(0.11, 0.17) * width), 0 if scene == "edge" else int(0.09 * height)
    sheet = Image.new("L", (width, height))
    ImageDraw.Draw(sheet).rectangle((left, top, right, bottom), fill=255)
    where = np.asarray(sheet, np.float32)[..., None] / 255
    shade = gaussian_filter(np.roll(where[..., 0], (6, 6), (0, 1)), 8)[..., None]
    page = np.asarray(page * where + desk * (1 - 0.35 * shade) * (1 - where), np.float32)
    if scene == "pen":
        pen = Image.new("L", (width, height))
        at = width * float(rng.choice([0.13, 0.9]))
        ends = [(at, -10), (at + rng.uniform(-25, 25) * height / HEIGHT, height + 10)]
        ImageDraw.Draw(pen).line(ends, 255, int(rng.uniform(14, 26) * height / HEIGHT))
        where = np.asarray(pen, np.float32)[..., None] / 255
        return np.asarray(page * (1 - where) + where * rng.uniform(15, 200, 3), np.float32)
    return page


def lit(kind: str, rng: Rng, shape: tuple[int, int] = (HEIGHT, WIDTH)) -> Values:
    """Light of that shape, 1 where it is full."""
    (height, width), scale = shape, shape[0] / HEIGHT
    rows, columns = (np.mgrid[:height, :width] / np.array([height, width])[:, None, None]).astype(np.float32)
    turn, shadow = rng.uniform(0, 2 * np.pi), np.zeros(shape, np.float32)
    across = np.cos(turn) * (columns - 0.5) + np.sin(turn) * (rows - 0.5)
    if kind == "falling":
        return np.asarray(1 - rng.uniform(0.2, 0.5) * np.clip(across + 0.5, 0, 1), np.float32)
    if kind in ("hard shadow", "soft shadow"):
        edge = (2 if kind[0] == "h" else 35) * scale
        shadow = gaussian_filter((across > rng.uniform(-0.2, 0.2)).astype(np.float32), edge)
    if kind == "hand":
        drawn = Image.new("L", (width, height))
        pen, x, y = ImageDraw.Draw(drawn), rng.uniform(0, width), height * rng.uniform(0.7, 1.1)
        pen.ellipse((x - 220 * scale, y - 180 * scale, x + 220 * scale, y + 260 * scale), fill=255)
        tip = x + rng.uniform(-150, 150) * scale, y - 300 * scale
        pen.polygon([(x - 60 * scale, y), (x + 60 * scale, y), tip], fill=255)
        shadow = gaussian_filter(np.asarray(drawn, np.float32) / 255, 9 * scale)
    return np.asarray(rng.uniform(0.8, 1.03) * (1 - rng.uniform(0.3, 0.55) * shadow), np.float32)


def taken(page: Values, degrees: float, margin: tuple[int, int], rng: Rng) -> bytes:
    """The page (h, w, 3) turned, without a margin at its sides and above and below, sharp or not, as a JPEG file."""
    picture = Image.fromarray(np.clip(page, 0, 255).astype(np.uint8)).rotate(degrees, Image.Resampling.BICUBIC)
    aside, above = margin  # turning leaves black corners there
    picture = picture.crop((aside, above, picture.width - aside, picture.height - above))
    picture = picture.filter(ImageFilter.GaussianBlur(float(rng.choice([0, 0.8, 2.2]))))
    grain = rng.normal(0, rng.uniform(1, 5), (picture.height, picture.width, 3))
    file = io.BytesIO()
    noisy = np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(file, "JPEG", quality=int(rng.choice([35, 60, 90])))
    return file.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hand", default="mnist", help="mnist, held, optdigits=FILE, pendigits=FILE or pictures=PATH")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", default="accurate")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    hand, classifier, rng = strips.hand(options.hand), Classifier.load(options.run), np.random.default_rng(options.seed)
    right: Counter[str] = Counter()
    every: Counter[str] = Counter()
    unnoticed = 0
    for index in rng.permutation(len(hand.cuts))[: options.count]:
        file, kinds = photographed(hand.cuts[index], rng)
        read = answer(classifier, file)
        good = read.digit == int(hand.labels[index])
        unnoticed += not good and not read.rejected
        for kind in ("all", *(f"{name}: {value}" for name, value in kinds.items())):
            every[kind] += 1
            right[kind] += good
    refused = sum(answer(classifier, photographed(None, rng)[0]).rejected for _ in range(options.count))
    if options.json:
        shares = {kind: {"right": right[kind], "n": every[kind]} for kind in sorted(every)}
        print(json.dumps({"digits": shares, "wrong, not refused": unnoticed, "empty pages refused": refused}))
        return
    for kind in sorted(every):
        print(f"{kind:22} {strips.wilson(right[kind], every[kind])}")
    print(f"{'wrong, not refused':22} {strips.wilson(unnoticed, options.count)}")
    print(f"{'empty pages refused':22} {strips.wilson(refused, options.count)}")


def answer(classifier: Classifier, file: bytes) -> Prediction:
    """What is read in a JPEG file."""
    return classifier.predict(Image.open(io.BytesIO(file)))


if __name__ == "__main__":
    main()
