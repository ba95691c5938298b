"""Images made up to teach a network what is no digit, and digits as other hands write them, which it must keep.

Nothing here comes from a data set of strangers: Omniglot and the like only judge. Kinds: pieces and mixtures of digits,
digits mirrored or on their side, two side by side, letters of many typefaces, marks of a few random
strokes, shapes that people draw, textures, and cells of empty forms.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter, map_coordinates, maximum_filter

from exmachina.data import Dataset
from exmachina.data.hands.sources import typeface_letters
from exmachina.evaluation.arrays import Images
from exmachina.evaluation.ood import lines
from exmachina.evaluation.ood.non_digits import LETTERS, bundled_fonts
from exmachina.images import SIDE
from exmachina.images.mnist import NoInk, Steps, normalize

PLAIN = Steps(polarity=False, clean=False)  # white on black already, and nothing to wipe away
MIRRORED, ON_ITS_SIDE, TURNED = (2, 3, 4, 5, 7, 9), (2, 3, 4, 5, 6, 7, 9), (3, 4, 7)  # still no digit
CYRILLIC = "БГДЖИЛПФЦЧШЩЫЭЮЯбджзилпфцшщыэюяъ"
MARKS = "&@#?!%+=*<>~§€$£¥√∑∞∂∫≈≠≤≥←→↑↓♥★☺✓"
MORE_LETTERS = "BDGQRYɑɑahkrydtu" + "ΓΔΘΛΞΠΣΦΨΩαβγεθλμξπφχψω"
TYPEFACES = 0.7  # of the letters; the others are of matplotlib's typefaces, which have other scripts and signs too
NARROW = 0.2  # of all that is written otherwise is as narrow as condensed type, whatever it is
Picture = NDArray[np.uint8]
Generator = np.random.Generator


def altered(digit: Picture, generator: Generator) -> Picture:
    """A digit (28, 28) as another might have written it: wider or narrower by 40 %, slanted, bent, with another pen."""
    try:
        return normalize(_written(digit, generator).astype(np.uint8), PLAIN)
    except NoInk:
        return digit


def bold(one: Picture, generator: Generator) -> Picture:
    """A one (28, 28) as a broad pen or a coarse bitmap leaves it: up to half as wide as high, its edges ragged."""
    large = np.pad(np.asarray(Image.fromarray(one).resize((64, 64), Image.Resampling.BICUBIC), np.float32), 16)
    broad = gaussian_filter(maximum_filter(large, int(generator.integers(3, 22))), generator.uniform(2, 4))
    wave = generator.uniform(1.5, 3)
    edges = gaussian_filter(generator.standard_normal(broad.shape), wave) * wave * generator.uniform(0, 150)
    try:
        return normalize(((broad + edges > 128) * 255).astype(np.uint8), PLAIN)
    except NoInk:
        return one


def _written(picture: Picture, generator: Generator, reach: float = 1.0) -> NDArray[np.float32]:
    """A picture (28, 28), turned, sheared, stretched, bent and drawn with another pen, three times as large."""
    large = np.asarray(Image.fromarray(picture).resize((64, 64), Image.Resampling.BICUBIC), np.float32)
    large = np.pad(large, 10)  # (84, 84)
    side = len(large)
    angle, slant = generator.normal(0, 0.12 * reach), generator.normal(0, 0.2 * reach)
    wide = math.exp(generator.uniform(-0.4, 0.4) * reach - (generator.random() < NARROW) * generator.uniform(0.2, 0.9))
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    turn = turn @ np.array([[1.0, 0.0], [slant, 1.0]]) @ np.diag([math.sqrt(wide), 1 / math.sqrt(wide)])
    from_centre = np.arange(side, dtype=np.float32) - (side - 1) / 2
    bend = generator.normal(0, generator.uniform(0, 2.7) * reach, (2, 6, 6)).astype(np.float32)
    places = [
        a * from_centre[:, None] + b * from_centre + (side - 1) / 2 + _smooth(coarse, side)
        for (a, b), coarse in zip(turn, bend, strict=True)
    ]
    return _pen(map_coordinates(large, places, order=1), generator)


def _smooth(coarse: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


def _pen(large: NDArray[np.float32], generator: Generator) -> NDArray[np.float32]:
    """Thinner or thicker strokes with softer or harder edges: blurred, then cut at another level."""
    blurred = gaussian_filter(large, generator.uniform(0.4, 2.3))
    strongest = float(blurred.max())
    if strongest < 1:
        return large
    level = generator.uniform(0.12, 0.75) * strongest
    soft = generator.uniform(0.05, 0.5) * strongest
    return np.asarray(np.clip((blurred - level) / soft + 0.5, 0, 1) * 255, np.float32)


# ---- kinds: (digits, generator) → picture, white on black, any size ------------------------------------------------


def piece(digits: Dataset, generator: Generator) -> Picture:
    """What is left of a digit on one side of a line through it."""
    large = _one(digits, generator)
    angle, away = generator.uniform(0, 2 * math.pi), generator.uniform(-3, 3)
    y, x = np.indices(large.shape) - 13.5
    return np.where(math.cos(angle) * y + math.sin(angle) * x > away, large, 0).astype(np.uint8)


def mixture(digits: Dataset, generator: Generator) -> Picture:
    """One digit over another, or the upper part of one on the lower part of another, or side to side."""
    first, second = _one(digits, generator), _one(digits, generator)
    how = generator.integers(3)
    if how == 0:
        return np.maximum(first, np.roll(second, generator.integers(-5, 6, 2), (0, 1)))
    cut = int(generator.integers(10, 18))
    joined = first.copy() if how == 1 else first.T.copy()
    joined[cut:] = second[cut:] if how == 1 else second.T[cut:]
    return joined if how == 1 else joined.T


def turned(digits: Dataset, generator: Generator) -> Picture:
    """A digit that is none when mirrored, on its side or upside down."""
    how = generator.integers(3)
    large = _one(digits, generator, (MIRRORED, ON_ITS_SIDE, TURNED)[how])
    if how == 0:
        return large[:, ::-1]
    return np.rot90(large, 2 if how == 2 else generator.choice([1, 3]))


def several(digits: Dataset, generator: Generator) -> Picture:
    """Two or three digits in one picture, apart or touching."""
    count = 2 + int(generator.random() < 0.2)
    page = np.zeros((40, 28 * count), np.uint8)
    at = 0
    for _ in range(count):
        digit = _one(digits, generator)
        columns = np.flatnonzero(digit.any(axis=0))
        digit = digit[:, columns[0] : columns[-1] + 1]
        top = int(generator.integers(3, 10))
        room = page[top : top + 28, at : at + digit.shape[1]]
        np.maximum(room, digit, out=room)
        at += digit.shape[1] + int(generator.integers(-2, 6))
        at = max(at, 0)
    return page


def letter(digits: Dataset, generator: Generator) -> Picture:
    """A letter that no hand would read as a digit, in a typeface; or a sign of matplotlib's typefaces."""
    if generator.random() < TYPEFACES:
        every = typeface_letters()
        return np.asarray(every[generator.integers(len(every))])
    text = (LETTERS, LETTERS, MORE_LETTERS, CYRILLIC, MARKS)[generator.integers(5)]
    fonts = bundled_fonts()
    face = ImageFont.truetype(str(fonts[generator.integers(len(fonts))]), 72) if fonts else ImageFont.load_default(72)
    page = Image.new("L", (lines.CANVAS, lines.CANVAS))
    ImageDraw.Draw(page).text((56, 56), text[generator.integers(len(text))], fill=255, font=face, anchor="mm")
    return np.asarray(page)


def word(digits: Dataset, generator: Generator) -> Picture:
    """Two or three letters."""
    return np.hstack([_as_high(letter(digits, generator)) for _ in range(2)])


def _as_high(picture: Picture) -> Picture:
    """A letter, cut out and scaled to 64 rows."""
    page = Image.fromarray(picture)
    cut = page.crop(page.getbbox() or (0, 0, 1, 1))
    wide = min(max(64 * cut.width // cut.height, 1), 128)
    return np.pad(np.asarray(cut.resize((wide, 64))), ((0, 0), (4, 4)))


def marks(digits: Dataset, generator: Generator) -> Picture:
    """A sign that no script has: a few strokes, straight, bent, curled or dotted, some of them joined."""
    strokes: list[NDArray[np.float64]] = []
    for _ in range(1 + generator.binomial(3, 0.6)):
        start = generator.uniform(0.1, 0.9, 2)
        if strokes and generator.random() < 0.7:
            line = strokes[generator.integers(len(strokes))]
            start = line[generator.integers(len(line))]
        strokes.append(start + lines.random_stroke(generator))
    return lines.drawn(strokes, generator)


def scribble(digits: Dataset, generator: Generator) -> Picture:
    """A pen that goes to and fro, or round and round."""
    count = int(generator.integers(12, 60))
    if generator.random() < 0.5:
        points = np.cumsum(generator.normal(0, 0.18, (count, 2)), 0)
    else:
        t = np.linspace(0, generator.uniform(9, 40), 150)
        radius = generator.uniform(0.2, 1, 2)
        points = np.stack([radius[0] * np.cos(t), radius[1] * np.sin(t * generator.uniform(0.6, 1.4))], 1)
        points += np.linspace(0, 1, 150)[:, None] * generator.uniform(-1.5, 1.5, 2)
    return lines.drawn([points], generator)


def shape(digits: Dataset, generator: Generator) -> Picture:
    """What people draw to test a reader."""
    return lines.drawn(lines.shape(generator), generator)


def written(digits: Dataset, generator: Generator) -> Picture:
    """A letter as a hand writes it."""
    return lines.drawn(lines.written(generator), generator)


def texture(digits: Dataset, generator: Generator) -> Picture:
    """Grain, clouds, stripes and checks, over the whole picture."""
    kind = generator.integers(4)
    if kind == 0:
        grain = generator.random((SIDE, SIDE))
        return np.asarray((grain > generator.uniform(0.5, 0.97)) * 255, np.uint8)
    if kind == 1:
        cloud = gaussian_filter(generator.standard_normal((SIDE, SIDE)), generator.uniform(0.8, 3))
        return np.asarray((cloud > np.quantile(cloud, generator.uniform(0.5, 0.9))) * 255, np.uint8)
    y, x = np.indices((lines.CANVAS, lines.CANVAS))
    angle, period = generator.uniform(0, math.pi), generator.uniform(8, 40)
    wave = np.sin((math.cos(angle) * x + math.sin(angle) * y) * 2 * math.pi / period)
    if kind == 2:
        wave = wave * np.sin((math.cos(angle) * y - math.sin(angle) * x) * 2 * math.pi / period)
    return np.asarray(np.clip(wave * generator.uniform(1, 6), 0, 1) * 255, np.uint8)


def cell(digits: Dataset, generator: Generator) -> Picture:
    """An empty cell of a form: its frame, some of its sides, ruled or squared paper."""
    sides = [((0, 0), (1, 0)), ((1, 0), (1, 1)), ((1, 1), (0, 1)), ((0, 1), (0, 0))]
    kind = generator.integers(3)
    if kind == 0:
        kept = [side for side in sides if generator.random() < 0.75] or sides
        rules = [np.asarray(side, np.float64) for side in kept]
    else:
        across = np.arange(generator.uniform(0, 0.3), 1, generator.uniform(0.15, 0.5))
        rules = [np.array([[0, y], [1, y]]) for y in across]
        rules += [np.array([[y, 0], [y, 1]]) for y in across] if kind == 2 else []
    if len(rules) < 2:  # one line alone is a 1 that lies
        rules = [np.asarray(side, np.float64) for side in sides]
    high = generator.uniform(0.7, 1.5)
    return lines.drawn([line * [1, high] for line in rules], generator, bend=0.2)


KINDS: dict[str, tuple[Callable[[Dataset, Generator], Picture], float]] = {
    "pieces": (piece, 1.0),
    "mixtures": (mixture, 1.0),
    "turned": (turned, 1.0),
    "several": (several, 1.0),
    "letters": (letter, 4.0),
    "written": (written, 2.5),
    "words": (word, 0.3),
    "marks": (marks, 4.0),
    "scribbles": (scribble, 0.7),
    "shapes": (shape, 2.0),
    "textures": (texture, 0.7),
    "cells": (cell, 0.8),
}


def made_up(kind: str, n: int, digits: Dataset, generator: Generator) -> Images:
    """`n` images (n, 28, 28) of a kind, as an odd hand might write them, normalised; bars, which are 1s, left out."""
    make, _ = KINDS[kind]
    result: list[Picture] = []
    while len(result) < n:
        try:
            first = normalize(make(digits, generator), PLAIN)
            image = (
                normalize(_written(first, generator, 0.7).astype(np.uint8), PLAIN)
                if generator.random() < 0.8
                else first
            )
        except NoInk:
            continue
        if not is_bar(image):
            result.append(image)
    return np.stack(result)


def is_bar(image: Picture) -> bool:
    """Is the ink hardly more than one straight stroke, which may be a 1? By the ratio of its principal axes.

    A broad stroke is a bar where it fills the rectangle of its axes.
    """
    ink = np.argwhere(image > 64)
    short, long = np.linalg.eigvalsh(np.cov(ink.T)) if len(ink) > 2 else np.zeros(2)
    rectangle = 12 * math.sqrt(max(short * long, 1e-9))  # whose variances are a twelfth of its sides' squares
    filled = len(ink) / rectangle
    return bool(short < 0.08 * long or (short < 0.35 * long and filled > 0.85))


def _one(digits: Dataset, generator: Generator, of: tuple[int, ...] | None = None) -> Picture:
    """A digit by lot, of some classes if they are given."""
    while True:
        index = generator.integers(len(digits))
        if of is None or digits.labels[index] in of:
            return np.asarray(digits.images[index])
