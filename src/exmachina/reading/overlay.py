"""The page with what was read drawn on it, to be checked by eye."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from exmachina.formatting import share
from exmachina.reading.results import Box, Page

SURE, UNSURE = (0, 120, 120), (214, 84, 0)  # teal and orange, told apart by the colour-blind too
LARGEST = 3000  # longer side of the overlay, in pixels


def overlay(picture: NDArray[np.uint8], page: Page) -> Image.Image:
    """`picture` (H, W) with a box around every digit and the field's text above it, orange where it is unsure."""
    factor = -(-max(picture.shape) // LARGEST)
    drawn = Image.fromarray(picture).reduce(factor).convert("RGB")
    # The picture is paled, so that boxes and texts stand out on it.
    drawn = Image.blend(drawn, Image.new("RGB", drawn.size, "white"), 0.25)
    pen = ImageDraw.Draw(drawn)
    for field in page.fields:
        size = max(11, min(48, int(0.5 * max(glyph.box.height for glyph in field.glyphs) / factor)))
        line = max(1, size // 12)
        for glyph in field.glyphs:
            pen.rectangle(_corners(glyph.box, factor), outline=UNSURE if glyph.unsure else SURE, width=line)
        left, top, *_ = _corners(field.box, factor)
        text = field.text + (f" {share(field.probability, 0)}" if field.unsure else "")
        font = ImageFont.load_default(size)
        above = max(0.0, top - 1.25 * size - line)
        pen.rectangle(pen.textbbox((left, above), text, font), fill="white")
        pen.text((left, above), text, UNSURE if field.unsure else SURE, font)
    return drawn


def _corners(box: Box, factor: int) -> tuple[float, float, float, float]:
    left, top = box.left / factor, box.top / factor
    return left, top, max(left + 1, (box.left + box.width) / factor), max(top + 1, (box.top + box.height) / factor)
