"""The digit cut out of a picture, and whether it was the only one: both from one look at paper and ink."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike
from PIL import Image

from exmachina.images.clean import cleaned, digits_beside, examine
from exmachina.images.closing import second_look
from exmachina.images.mnist import NoInk, Picture, centre, contrast, crop, paper_alone, polarity, scale


@dataclass(frozen=True)
class Cut:
    """A picture's digit as uint8 (28, 28), or `None` of a blank one, and whether more digits seem to be beside it.

    `again` is what a second look at a photograph found; `Classifier.predict_cuts` tells which of them is the digit.
    """

    image: Picture | None
    several: bool = False
    again: Picture | None = None

    @property
    def looks(self) -> list[Picture]:
        """What may be the digit: none, one or two images (28, 28)."""
        return [look for look in (self.image, self.again) if look is not None]


def cut_out(image: ArrayLike | Image.Image) -> Cut:
    """What `normalize` makes of a picture; and does it seem to hold more digits than the one that is cut out?"""
    picture = paper_alone(image)
    bright, again = polarity(picture), second_look(picture)
    findings = examine(bright)
    first = _centred(cleaned(bright, findings))
    return Cut(first, digits_beside(findings) > 0, None if again is None else _centred(again))


def _centred(picture: Picture) -> Picture | None:
    """The ink of a picture that was cleaned, as MNIST has it, or `None` if there is none."""
    try:
        return centre(contrast(scale(crop(contrast(picture))), 0))
    except NoInk:
        return None
