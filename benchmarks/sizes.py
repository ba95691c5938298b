"""The same digit at other sizes and on other papers: how many answers differ, and which papers and sizes make them.

python benchmarks/sizes.py [--split test] [--count 500] [--seed 0] [--run accurate] [--tight] [--json]

Each of `count` digits of MNIST is written 1, 3 and 6 times as large on plain, squared, ruled, dotted and shaded paper,
dark on light, with a margin or cut to its ink; told is the share of answers that differ from that on plain paper at its
own size, with Wilson's 95 % interval, for each size and paper. Blank is an answer too.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import papers
import strips

SIZES = (1, 3, 6)
PAPERS = ("plain", "squared", "ruled", "dotted", "shaded")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("train", "test"), default="test")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", default="accurate")
    parser.add_argument("--tight", action="store_true", help="cut to the ink instead of with a margin")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    from exmachina import Classifier
    from exmachina.data import load_mnist_split

    data = load_mnist_split(arguments.split)
    chosen = np.random.default_rng(arguments.seed).permutation(len(data))[: arguments.count]
    classifier = Classifier.load(arguments.run)

    def answers(paper: str, size: int) -> list[int | None]:
        pictures = (papers.written(data.images[index], paper, size, tight=arguments.tight) for index in chosen)
        return [prediction.digit for prediction in classifier.predict_many(pictures)]

    own = answers("plain", 1)
    differ = {
        (paper, size): [int(i) for i, a, b in zip(chosen, own, answers(paper, size), strict=True) if a != b]
        for paper in PAPERS
        for size in SIZES
        if (paper, size) != ("plain", 1)
    }
    if arguments.json:
        print(json.dumps({f"{paper} x{size}": images for (paper, size), images in differ.items()}))
        return
    for (paper, size), images in differ.items():
        print(f"{paper} ×{size}: {strips.wilson(len(images), len(chosen))} differ: {images[:8]}")
    print(f"all: {strips.wilson(sum(map(len, differ.values())), len(chosen) * len(differ))} differ")


if __name__ == "__main__":
    main()
