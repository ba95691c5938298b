"""Images that are no digits, made to MNIST's measure: blank pages, noise, blobs, pairs, letters, other scripts."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from exmachina.errors import InputError
from exmachina.evaluation.affine import scaling, warp
from exmachina.evaluation.arrays import Images, Labels
from exmachina.images.archive import read_pictures
from exmachina.images.mnist import NoInk, Steps, normalize

# Letters that no hand would read as a digit: without B D G I O Q S Y Z and b g i j l o q s y z.
LETTERS = "ACEFHJKLMNPRTUVWX" + "acdefhkmnprtuvwx"
BUNDLED_FONTS = ("DejaVuSans.", "DejaVuSans-", "DejaVuSansMono", "DejaVuSerif.", "DejaVuSerif-", "STIXGeneral")
Face = ImageFont.FreeTypeFont | ImageFont.ImageFont
FONT_SIZE, CANVAS = 72, 128
ONLY_ROTATED = (3, 4, 7)  # upside down, 0 and 8 stay, 1, 2 and 5 nearly so, 6 and 9 trade places


def blank(n: int, generator: np.random.Generator) -> Images:
    """Even pages from black to white; the first is black."""
    levels = generator.integers(0, 256, n, dtype=np.uint8)
    levels[:1] = 0
    return np.broadcast_to(levels[:, None, None], (n, 28, 28)).copy()


def noise(n: int, generator: np.random.Generator) -> Images:
    """Every pixel any grey, on its own."""
    return generator.integers(0, 256, (n, 28, 28), dtype=np.uint8)


def blobs(n: int, generator: np.random.Generator) -> Images:
    """Ink spots about as wide as strokes, as many white pixels as a digit has, nothing in the margin."""
    cloud = gaussian_filter(generator.standard_normal((n, 28, 28), dtype=np.float32), (0, 1.5, 1.5))
    cloud[:, :4], cloud[:, 24:], cloud[:, :, :4], cloud[:, :, 24:] = (-9.0,) * 4
    level = np.partition(cloud.reshape(n, -1), -150, axis=1)[:, -150, None, None]
    return np.asarray(np.clip((cloud - level) * 2_000, 0, 255), np.uint8)


def two_digits(images: Images, n: int, generator: np.random.Generator) -> Images:
    """Two digits side by side, each at six tenths of its size."""
    _check_some(images)
    left, right = generator.integers(0, len(images), (2, n))
    half = (0.0, 6.0)
    pair = warp(_floats(images[left]), scaling(0.6), (0.0, -half[1]))
    pair = np.maximum(pair, warp(_floats(images[right]), scaling(0.6), half))
    return np.asarray(np.rint(pair), np.uint8)


def upside_down(images: Images, labels: Labels, n: int, generator: np.random.Generator) -> Images:
    """Threes, fours and sevens turned by 180°; the other digits would still be digits."""
    chosen = np.flatnonzero(np.isin(labels, ONLY_ROTATED))
    _check_some(chosen)
    return images[generator.choice(chosen, n), ::-1, ::-1].copy()


def letters(n: int, generator: np.random.Generator, fonts: Sequence[Path] | None = None) -> Images:
    """Printed letters in many fonts, a little turned, brought to MNIST's size and centre.

    `fonts` are TrueType files; without any, those that come with matplotlib, or else Pillow's own.
    """
    files = bundled_fonts() if fonts is None else list(fonts)
    faces: list[Face] = [_font(path) for path in files] or [ImageFont.load_default(FONT_SIZE)]
    plain = Steps(polarity=False, clean=False)
    drawn = np.empty((n, 28, 28), np.uint8)
    for index in range(n):
        letter = LETTERS[generator.integers(len(LETTERS))]
        page = Image.new("L", (CANVAS, CANVAS))
        face = faces[generator.integers(len(faces))]
        ImageDraw.Draw(page).text((CANVAS // 2, CANVAS // 2), letter, fill=255, font=face, anchor="mm")
        turned = page.rotate(float(generator.uniform(-12, 12)), Image.Resampling.BILINEAR)
        drawn[index] = normalize(np.asarray(turned), plain)
    return drawn


def bundled_fonts() -> list[Path]:
    """The text fonts that come with matplotlib, found without importing it; none if it is not installed."""
    package = importlib.util.find_spec("matplotlib")
    places = list(package.submodule_search_locations or []) if package else []
    folders = [Path(place, "mpl-data", "fonts", "ttf") for place in places]
    return sorted(path for folder in folders for path in folder.glob("*.ttf") if path.name.startswith(BUNDLED_FONTS))


def pictures(path: str | Path, generator: np.random.Generator, limit: int = 2_000) -> Images:
    """Up to `limit` PNG and JPEG pictures, drawn by lot from a folder with its sub-folders, or from a zip file.

    Each is normalised as the reader would normalise a photograph of a digit; those without ink are left out.
    """
    images = []
    for picture in read_pictures(path, lambda count: _draw(count, limit, generator)):
        try:
            images.append(normalize(picture.pixels))
        except NoInk:
            continue
    if not images:
        raise InputError(f"'{path}' holds only blank pictures; give some with ink.")
    return np.stack(images)


def _draw(count: int, limit: int, generator: np.random.Generator) -> Sequence[int]:
    if count <= limit:
        return range(count)
    return sorted(int(index) for index in generator.choice(count, limit, replace=False))


def _font(path: Path) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(str(path), FONT_SIZE)
    except OSError:
        raise InputError(f"'{path}' is not a font that can be read; give TrueType or OpenType files.") from None


def _floats(images: Images) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return images.astype(np.float32)


def _check_some(images: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> None:
    if not len(images):
        raise InputError("There are no digits to make other images of; give some, threes, fours or sevens among them.")
