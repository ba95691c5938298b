"""How well a run's rejector tells digits from what is none, on images that it was not fitted to.

python benchmarks/no_digit.py [RUN ...] [--omniglot ZIP] [--typefaces FOLDER] [--hands NAME=PATH ...] [--json]

Digits: MNIST's test set, pen digits that nothing learned from, and labelled sets by path. What is none:
Omniglot's small background set (images_background_small1.zip of github.com/brendenlake/omniglot, 2,720 drawings of 136
characters), letters in typefaces below a folder that taught nothing (`npm install @fontsource/lobster …`, those that
docs/evaluation.md names), and empty cells of forms, photographed. A fifth of Omniglot's characters are digits to any
reader (0, 1, 4, 5, 7, 9 among them): the list `DIGIT_LIKE` was made by eye, from two drawings of each, when it was
known which had passed, so what is told of the others is flattered. AUROC: against MNIST, and against the other hands
together. Refused and unsure: by the shipped thresholds, of the digits that the run reads right, with Wilson's 95 %
interval.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from exmachina.classifier import Classifier
from exmachina.data import Dataset, load_mnist_split
from exmachina.data.hands import held_out_pens
from exmachina.errors import InputError
from exmachina.evaluation.arrays import Images
from exmachina.evaluation.datasets.external_datasets import load_external
from exmachina.evaluation.ood.non_digits import letters
from exmachina.evaluation.ood.separation import auroc
from exmachina.evaluation.statistics.intervals import Interval, proportion, wilson
from exmachina.images.archive import read_pictures
from exmachina.images.mnist import NoInk, normalize
from exmachina.runs import hardware, versions

SHIPPED = ("fast", "classic", "accurate")
DIGIT_LIKE = {
    "Balinese": (5,),
    "Early_Aramaic": (2, 3, 4, 6, 12, 14, 16, 17, 20),
    "Greek": (4, 6, 9, 15, 18),
    "Korean": (21, 22, 23, 27, 33, 37),
    "Latin": (2, 7, 9, 12, 15, 17, 19, 26),
}


@dataclass(frozen=True)
class Hand:
    """Digits of one origin: how many, the share read right, and of those the shares refused and read for unsure."""

    n: int
    right: float
    refused: Interval
    unsure: Interval


@dataclass(frozen=True)
class NonDigits:
    """What is no digit: how many, AUROC against MNIST and against the other hands, and the share refused."""

    n: int
    auroc_mnist: float
    auroc_hands: float
    refused: Interval


def main() -> None:
    """Measure the runs of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", nargs="*", default=SHIPPED)
    parser.add_argument("--omniglot", type=Path)
    parser.add_argument("--typefaces", type=Path)
    parser.add_argument("--hands", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    hands = {"pen digits": held_out_pens()}
    for word in options.hands:
        name, _, path = word.partition("=")
        hands[name] = load_external(path)
    others = non_digits(options.omniglot, options.typefaces)
    result = {name: measure(Classifier.load(name), hands, others) for name in options.runs}
    if options.json:
        print(json.dumps({"runs": result, "hardware": hardware(), "versions": versions()}, indent=1))
        return
    for name, one in result.items():
        print(f"{name}: no digit below {one['no_digit']:.3f}, sure from {one['sure']:.3f}")
        for hand, row in one["hands"].items():
            print(
                f"  {hand:<22} n {row['n']:>6,}  right {row['right']:.2%}  refused {percents(row['refused'])}"
                f"  unsure {percents(row['unsure'])}"
            )
        for kind, row in one["strangers"].items():
            aurocs = f"AUROC {row['auroc_mnist']:.4f} (MNIST) {row['auroc_hands']:.4f} (other hands)"
            print(f"  {kind:<22} n {row['n']:>6,}  {aurocs}  refused {percents(row['refused'])}")


def percents(share: dict[str, float]) -> str:
    """A share with its interval."""
    return f"{share['value']:.2%} ({share['low']:.2%}-{share['high']:.2%})"


def measure(classifier: Classifier, hands: dict[str, Dataset], others: dict[str, Images]) -> dict[str, Any]:
    """One run's figures."""
    if classifier.rejector is None:
        raise InputError(f"Network '{classifier.network.name}' has no rejector; exmachina calibrate RUN --rejector.")
    mnist = load_mnist_split("test")
    by_hand = {name: classifier.chances(data.images) for name, data in hands.items()}
    on_mnist, on_hands = classifier.chances(mnist.images), np.concatenate(list(by_hand.values()))
    limit = classifier.rejector.no_digit
    non_digits = {}
    for kind, images in others.items():
        chances = classifier.chances(images)
        row = NonDigits(len(chances), auroc(on_mnist, chances), auroc(on_hands, chances), proportion(chances < limit))
        non_digits[kind] = asdict(row)
    return {
        "no_digit": limit,
        "sure": classifier.rejector.sure,
        "hands": {name: asdict(by(classifier, data)) for name, data in {"MNIST": mnist, **hands}.items()},
        "strangers": non_digits,
    }


def by(classifier: Classifier, data: Dataset) -> Hand:
    """How digits of one origin fare."""
    predictions = classifier.predict_prepared(data.images)
    right = [one for one, label in zip(predictions, data.labels, strict=True) if one.digit == label]
    refused, unsure = sum(one.rejected for one in right), sum(one.unsure for one in right)
    return Hand(len(data), len(right) / len(data), wilson(refused, len(right)), wilson(unsure, len(right)))


def non_digits(omniglot_zip: Path | None, typefaces: Path | None) -> dict[str, Images]:
    """Images (N, 28, 28) of each kind, as the reader prepares them."""
    result: dict[str, Images] = {}
    if omniglot_zip is not None:
        every, like = omniglot(omniglot_zip)
        result["Omniglot"], result["Omniglot, no digits"] = every, every[~like]
    if typefaces is not None:
        files = sorted(path for path in typefaces.rglob("*latin-400-normal.woff"))
        result["typefaces apart"] = letters(1_500, np.random.default_rng(1), files)
    result["empty cells"] = cells(1_000, np.random.default_rng(3))
    return result


def omniglot(path: Path) -> tuple[Images, NDArray[np.bool_]]:
    """Its drawings, and which of them are digits to any reader."""
    images, like = [], []
    for picture in read_pictures(path):
        *_, script, character, _ = Path(picture.name).parts
        images.append(normalize(picture.pixels))
        like.append(int(character.removeprefix("character")) in DIGIT_LIKE.get(script, ()))
    return np.stack(images), np.array(like)


def cells(n: int, generator: np.random.Generator) -> Images:
    """Empty cells on noisy paper: a box, ruled lines, a grid, a comb; those that preparation calls blank count too."""
    result = []
    for _ in range(n):
        try:
            result.append(normalize(cell(generator)))
        except NoInk:
            continue
    return np.stack(result)


def cell(generator: np.random.Generator) -> NDArray[np.uint8]:
    """A photographed empty cell, 60 to 200 pixels wide."""
    side, ink = int(generator.integers(60, 200)), int(generator.integers(60, 160))
    paper = int(generator.integers(200, 250))
    page = Image.new("L", (side, side), paper)
    pen, width = ImageDraw.Draw(page), int(generator.integers(1, 4))
    margin, gap = int(side * generator.uniform(0.05, 0.2)), side * generator.uniform(0.15, 0.4)
    kind = generator.integers(4)
    if kind == 0:
        pen.rectangle((margin, margin, side - margin, side - margin), outline=ink, width=width)
    elif kind == 3:
        far, top = side - margin, side * 0.3
        pen.line((margin, top, margin, far, far, far, far, top), fill=ink, width=width)
    else:
        for at in np.arange(margin, side, gap):
            pen.line((0, at, side, at), fill=ink, width=width)
            if kind == 2:
                pen.line((at, 0, at, side), fill=ink, width=width)
    turned = page.rotate(float(generator.uniform(-4, 4)), fillcolor=paper)
    noisy = np.asarray(turned, np.float64) + generator.normal(0, generator.uniform(1, 6), (side, side))
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


if __name__ == "__main__":
    main()
