#!/usr/bin/env python3
"""Draw the letters that teach rejectors what is no digit: `scripts/pack_letters.py FOLDER`.

FOLDER holds @fontsource packages of npm (`npm install @fontsource/kalam …`, those that data/hands/LICENSE names).
Writes data/hands/letters-idx3-ubyte.gz, every letter of `LETTERS` in each typeface, and prints the lines of LICENSE.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from exmachina.data import write_idx
from exmachina.data.hands.sources import FOLDER, LETTERS, LETTERS_FILE

SIDE, LEVELS = 44, 8


def main(packages: Path) -> None:
    """Every package of the folder, in the order of their names."""
    faces = sorted(path.parent for path in packages.rglob("@fontsource/*/LICENSE"))
    with tempfile.TemporaryDirectory() as scratch:
        write_idx(plain := Path(scratch, "letters"), np.concatenate([letters(face) for face in faces]))
        (FOLDER / LETTERS_FILE).write_bytes(gzip.compress(plain.read_bytes(), 9, mtime=0))
    for face in faces:
        print(credit(face))


def letters(face: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The letters of a typeface, white on black, as large as fits: uint8 (letters, 44, 44) of eight levels."""
    font = ImageFont.truetype(str(next(face.glob("files/*-latin-400-normal.woff"))), 200)
    return np.stack([letter(text, font) for text in LETTERS])


def letter(text: str, font: ImageFont.FreeTypeFont) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """One letter: uint8 (44, 44)."""
    page = Image.new("L", (800, 800))
    ImageDraw.Draw(page).text((400, 400), text, fill=255, font=font, anchor="mm")
    cut = page.crop(page.getbbox())
    longest = max(cut.size)
    square = Image.new("L", (longest, longest))
    square.paste(cut, ((longest - cut.width) // 2, (longest - cut.height) // 2))
    small = np.asarray(square.resize((SIDE - 4, SIDE - 4), Image.Resampling.BOX))
    return np.pad(small // (256 // LEVELS), 2)


def credit(face: Path) -> str:
    """Name, licence and copyright of a typeface."""
    licence = json.loads((face / "package.json").read_text(encoding="utf-8"))["license"]
    first = next(line for line in (face / "LICENSE").read_text(encoding="utf-8").splitlines() if line.strip())
    copyright = re.split(r" [\w-]+(?:\[[\w,]+\])?\.ttf:", re.sub(" +", " ", first.strip()))[0]
    return f"- {face.name} ({licence}): {copyright}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
