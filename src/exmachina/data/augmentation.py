"""How far training images may be changed, so that a network learns what a digit may look like.

The changes themselves are the engine's: `engine/augment.h`.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

from exmachina.errors import check_number

LIMITS: dict[str, tuple[float, float]] = {
    "shift": (0, 13),
    "rotation": (0.0, 180.0),
    "scale": (0.0, 0.9),
    "shear": (0.0, 2.0),
    "elastic": (0.0, 10.0),
    "pen": (0.0, 1.0),
    "hardness": (0.0, 1.0),
    "light": (0.0, 1.0),
    "noise": (0.0, 1.0),
    "aspect": (0.0, 2.0),
    "occlusion": (0.0, 1.0),
    "convolution": (0.0, 1.0),
}


@dataclass(frozen=True)
class Augmentation:
    """How far each image may be changed, anew every time it is seen; 0 leaves it as it is.

    `shift`: pixels in each direction, whole ones where nothing else moves the image. `rotation`: degrees. `scale`:
    fraction larger or smaller. `shear`: slant, as the tangent of its angle. `elastic`: standard deviation in pixels
    of smooth local displacements (Simard et al. 2003). `pen`: strokes thinner or thicker by up to this part of a
    pixel on either side. `hardness`: how far edges may go from anti-aliased (0) to black and white (1). `light`: how
    bright unevenly lit paper may get, from black (0) to white (1). `noise`: the greatest standard deviation of grain.
    `aspect`: part wider or narrower against its height, for writers and scanners differ in it. `occlusion`: part of
    the images of which a rectangle of some brightness is hidden (Zhong et al. 2017). `convolution`: part of the
    images mixed with what a random kernel makes of them (Xu et al. 2021), so that shape counts and not how ink looks.
    """

    shift: int = 0
    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    pen: float = 0.0
    hardness: float = 0.0
    light: float = 0.0
    noise: float = 0.0
    aspect: float = 0.0
    occlusion: float = 0.0
    convolution: float = 0.0

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            check_number(name, getattr(self, name), low, high)

    def __bool__(self) -> bool:
        return any(astuple(self))

    def numbers(self) -> tuple[float, ...]:
        """The twelve numbers in the engine's order and units: its angles are radians."""
        return (self.shift, math.radians(self.rotation), *astuple(self)[2:])
