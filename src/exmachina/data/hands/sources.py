"""Digits by hands that MNIST does not know, from small files in this package: see `LICENSE` beside them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from exmachina.data.dataset import Dataset
from exmachina.data.hands.ink import fitted, written
from exmachina.data.hands.skeletons import Points, Rng, smooth
from exmachina.data.idx import read_idx
from exmachina.images.strokes import render_strokes

FOLDER = Path(__file__).parent
LETTERS_FILE = "letters-idx3-ubyte.gz"
# No hand would read them as a digit: without D I O S Z and b g i j l o q s z.
LETTERS = "ABCEFGHJKLMNPQRTUVWXY" + "acdefhkmnprtuvwxy"
LEARNED = 6_000  # of the 7,494 pen digits; the rest only judges


@lru_cache(maxsize=1)
def pen_digits() -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Pen digits of 30 writers (Alpaydin and Alimoglu 1996): eight points each (7494, 8, 2), y downward, and labels.

    The points lie evenly along the pen's way; where the pen was lifted is lost. Writers are mixed in the file.
    """
    table = read_idx(FOLDER / "pendigits-idx2-ubyte.gz")
    points = table[:, :16].reshape(-1, 8, 2).astype(np.float64)
    points[:, :, 1] = 100 - points[:, :, 1]
    return points, table[:, 16]


@lru_cache(maxsize=1)
def typeface_digits() -> NDArray[np.uint8]:
    """The ten digits of handwriting typefaces, white on black: uint8 (typefaces, 10, 44, 44)."""
    pictures = read_idx(FOLDER / "typefaces-idx3-ubyte.gz") // 16 * 17  # of sixteen levels
    return pictures.reshape(-1, 10, *pictures.shape[1:])


@lru_cache(maxsize=1)
def typeface_letters() -> NDArray[np.uint8]:
    """Every letter of `LETTERS` in typefaces of hands and of print, white on black: uint8 (N, 44, 44).

    `scripts/pack_letters.py` drew them, the letters of one typeface after those of another.
    """
    return read_idx(FOLDER / LETTERS_FILE) * 36  # of eight levels


def held_out_pens() -> Dataset:
    """The pen digits that no recipe learns from, drawn with one pen as the page draws."""
    points, labels = pen_digits()
    return Dataset(np.stack([render_strokes([way]) for way in points[LEARNED:]]), labels[LEARNED:], "pen digits")


def pen_digit(way: Points, rng: Rng) -> NDArray[np.uint8]:
    """One pen digit (8, 2) by some pen, its corners rounded or not: uint8 (28, 28)."""
    return written([smooth(way) if rng.random() < 0.6 else way], rng)


def typeface_digit(picture: NDArray[np.uint8], rng: Rng) -> NDArray[np.uint8]:
    """A typeface's digit leaned and stretched, in MNIST's form: uint8 (28, 28)."""
    side = 64
    stretch = float(np.exp(rng.uniform(-0.17, 0.17)))
    lean, turn = rng.normal(0, 0.12), rng.normal(0, 0.06)
    matrix = np.array([[stretch, lean], [turn, 1 / stretch]])
    offset = np.array(picture.shape) / 2 - matrix @ np.full(2, side / 2)
    rows = (*matrix[0], offset[0], *matrix[1], offset[1])
    moved = Image.fromarray(picture).transform((side, side), Image.Transform.AFFINE, rows, Image.Resampling.BILINEAR)
    return fitted(np.asarray(moved, np.uint8))
