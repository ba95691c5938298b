"""The digit cut out of a picture, and whether it was the only one: both from one look at paper and ink."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike
from PIL import Image

from exmachina.images.clean import cleaned, digits_beside, examine
from exmachina.images.mnist import NoInk, Picture, centre, contrast, crop, scale, upright


@dataclass(frozen=True)
class Cut:
    """A picture's digit as uint8 (28, 28), or `None` of a blank one, and whether more digits seem to be beside it."""

    image: Picture | None
    several: bool = False


def cut_out(image: ArrayLike | Image.Image) -> Cut:
    """What `normalize` makes of a picture; and does it seem to hold more digits than the one that is cut out?"""
    picture = upright(image)
    findings = examine(picture)
    several = digits_beside(findings) > 0
    try:
        digit = scale(crop(contrast(cleaned(picture, findings))))
        return Cut(centre(contrast(digit, 0)), several)
    except NoInk:
        return Cut(None, several)
