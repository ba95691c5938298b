"""General OCR beside our networks, on the same digits and strings by hand.

python benchmarks/ocr.py [--count 500] [--seed 0] [--optdigits FILE] [--pictures FOLDER_OR_ZIP] [--json]

Digits: MNIST's test images and the pen digits that judge, both in the package; `--optdigits` (UCI's
optdigits-orig.windep) and `--pictures` (the label first in each name) are the reader's own. Every reader is handed the
same picture: dark ink on white, a digit 80 pixels high or wide, a margin around it. Strings are those of `strips.py`, 1
to 8 of MNIST's test digits on noisy paper, none touching.

Tesseract (`apt install tesseract-ocr`) reads a digit in its page mode for one word (8: of 7, 8, 10 and 13 none read
more of 100 training digits of MNIST), strings in that for one line (7), and is told that there are digits alone. The
models of PaddleOCR (PP-OCRv4) come in the package `rapidocr-onnxruntime`; their recognition is asked without the search
for text. What is not installed is named and left out. EasyOCR, docTR and PaddleOCR itself fetch weights from their
makers' hosts at first use and are not measured.

`right` is the share whose answer, blanks left out, is what was written; in `lenient` a letter that looks like a digit
counts as that digit (O as 0, l as 1, S as 5 …).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import exmachina
from exmachina.classifier import Classifier
from exmachina.data.hands import held_out_pens
from exmachina.errors import InputError
from exmachina.evaluation.statistics.intervals import wilson
from exmachina.runs import hardware
from strips import Hand, cut, make_strips, mnist_hand, optdigits_hand, pictures_hand

Picture = NDArray[np.uint8]
Read = Callable[[list[Picture], bool], list[str]]  # pictures, and whether each is a string → what is said of each
ALIKE = str.maketrans("OoDQlI|!iZzAsSbGTBgq", "00001111122455667899")
SIDE, MARGIN = 80, 24  # pixels of a digit, and of the white around it


def main() -> None:
    """Ask every reader that is installed, and name those that are not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500, help="digits of each set, and half as many strings")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--optdigits", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sets = {
        name: digits(hand, options.count, options.seed) for name, hand in hands(options.optdigits, options.pictures)
    }
    strings = make_strips(mnist_hand(), options.count // 2, options.seed, 0.0)
    sets["strings"] = [one.picture for one in strings], [one.text for one in strings]
    rows = {}
    for name, read in readers():
        rows[name] = {what: score(read(images, what == "strings"), wanted) for what, (images, wanted) in sets.items()}
        if not options.json:
            show(name, rows[name])
    if options.json:
        print(json.dumps({"seed": options.seed, "readers": rows, "versions": versions(), "hardware": hardware()}))


def hands(optdigits: Path | None, pictures: Path | None) -> Iterator[tuple[str, Hand]]:
    """The sets of digits that are there, by name."""
    yield "MNIST test", mnist_hand()
    pens = held_out_pens()
    yield "pen digits", Hand("pen digits", [cut(image) for image in pens.images], pens.labels)
    if optdigits is not None:
        yield "optdigits", optdigits_hand(optdigits)
    if pictures is not None:
        yield pictures.stem, pictures_hand(pictures)


def digits(hand: Hand, count: int, seed: int) -> tuple[list[Picture], list[str]]:
    """`count` of the hand's digits, drawn by lot, as pictures for everyone; and what they are."""
    chosen = np.random.default_rng(seed).permutation(len(hand.cuts))[:count]
    return [on_white(hand.cuts[i]) for i in chosen], [str(hand.labels[i]) for i in chosen]


def on_white(ink: Picture) -> Picture:
    """Bright ink on black, as dark ink on white: longer side 80 pixels, and a margin."""
    factor = SIDE / max(ink.shape)
    size = max(2, round(ink.shape[1] * factor)), max(2, round(ink.shape[0] * factor))
    large = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC))
    return np.asarray(255 - np.pad(large, MARGIN), np.uint8)


def readers() -> Iterator[tuple[str, Read]]:
    """Everyone who can be asked here, by name."""
    for run in ("fast", "classic", "accurate"):
        yield run, partial(ours, Classifier.load(run))
    if shutil.which("tesseract"):
        yield "Tesseract", tesseract
    else:
        print("Tesseract is left out: apt install tesseract-ocr")
    try:
        from rapidocr_onnxruntime import RapidOCR  # type: ignore[import-not-found]
    except ImportError:
        print("PaddleOCR's models are left out: pip install rapidocr-onnxruntime==1.4.4")
    else:
        yield "PP-OCRv4", partial(paddle, RapidOCR())


def ours(classifier: Classifier, pictures: list[Picture], strings: bool) -> list[str]:
    """`predict` for single digits, `read` for strings; a refusal is no answer."""
    answers = []
    for picture in pictures:
        try:
            if strings:
                answers.append("".join(exmachina.read(picture, classifier).strings))
            else:
                answers.append(str(classifier.predict(picture).digit))
        except InputError:
            answers.append("")
    return answers


def tesseract(pictures: list[Picture], strings: bool) -> list[str]:
    """All pictures in one call, a page of its answer for each."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.png" for number in range(len(pictures))]
        for path, picture in zip(paths, pictures, strict=True):
            Image.fromarray(picture).save(path)
        listed = Path(folder) / "pictures.txt"
        listed.write_text("\n".join(map(str, paths)))
        mode, only = ("7" if strings else "8"), "tessedit_char_whitelist=0123456789"
        command = ["tesseract", str(listed), "-", "--dpi", "300", "--psm", mode, "-c", only]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return output.split("\f")[: len(pictures)]


def paddle(engine: Any, pictures: list[Picture], _: bool) -> list[str]:
    """Recognition alone: each picture is one line of text."""
    answers = []
    for picture in pictures:
        result, _times = engine(np.stack([picture] * 3, -1), use_det=False, use_cls=False, use_rec=True)
        answers.append(result[0][0] if result else "")
    return answers


def score(answers: list[str], wanted: list[str]) -> dict[str, Any]:
    """How many answers are right, strictly and leniently, with Wilson's 95 % interval."""
    output = ["".join(answer.split()) for answer in answers]
    right = sum(map(str.__eq__, output, wanted))
    lenient = sum(answer.translate(ALIKE) == text for answer, text in zip(output, wanted, strict=True))
    interval = wilson(right, len(wanted))
    return {
        "n": len(wanted),
        "right": right / len(wanted),
        "interval": [interval.low, interval.high],
        "lenient": lenient / len(wanted),
        "silent": sum(not answer for answer in output) / len(wanted),
    }


def show(name: str, row: dict[str, dict[str, Any]]) -> None:
    """One reader's figures, a set a line."""
    print(name)
    for what, one in row.items():
        low, high = one["interval"]
        print(
            f"  {what:<16} {one['right']:6.1%} ({low:.1%} to {high:.1%}, n = {one['n']})   lenient {one['lenient']:.1%}"
            f"   no answer {one['silent']:.1%}"
        )


def versions() -> dict[str, str]:
    """Of the programs that were asked."""
    from importlib.metadata import PackageNotFoundError, version

    result = {"hello-ex-machina": exmachina.__version__}
    with contextlib.suppress(PackageNotFoundError):
        result["rapidocr-onnxruntime"] = version("rapidocr-onnxruntime")
    if shutil.which("tesseract"):
        answer = subprocess.run(["tesseract", "--version"], check=True, capture_output=True, text=True).stdout
        result["tesseract"] = answer.split()[1]
    return result


if __name__ == "__main__":
    main()
