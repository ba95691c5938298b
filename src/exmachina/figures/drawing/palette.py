"""The one palette that every figure uses, light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgb
from numpy.typing import NDArray


@dataclass(frozen=True)
class Palette:
    """The colours of one look. Colour carries meaning: see `pixels`, `amount` and `signed`."""

    paper: str
    ink: str
    muted: str
    hairline: str
    accent: str
    negative: str
    positive: str
    amount_stops: tuple[str, ...]
    signed_stops: tuple[str, ...]

    @property
    def pixels(self) -> Colormap:
        """Pixels: black to white, the same in both looks."""
        return mpl.colormaps["gray"]

    @property
    def amount(self) -> Colormap:
        """Anything that is never below zero: paper to ink."""
        return _colormap(f"amount-{self.paper}", self.amount_stops)

    @property
    def signed(self) -> Colormap:
        """Anything signed: blue, paper at zero, orange-red."""
        return _colormap(f"signed-{self.paper}", self.signed_stops)


LIGHT = Palette(
    paper="#FBF9F4",
    ink="#1E1C19",
    muted="#6B665C",
    hairline="#D8D2C5",
    accent="#0B7A6F",
    negative="#2B6CB0",
    positive="#C4471F",
    amount_stops=("#FBF9F4", "#B7D3CB", "#5FA196", "#1B6962", "#06302F"),
    signed_stops=("#123F7A", "#4C8CC8", "#B4D0E6", "#FBF9F4", "#F6C3A8", "#E07A4A", "#96290D"),
)
DARK = Palette(
    paper="#171614",
    ink="#DDD8CD",
    muted="#A09A8E",
    hairline="#3A3732",
    accent="#5CC8B9",
    negative="#6FB1F2",
    positive="#FF9166",
    amount_stops=("#171614", "#1F4743", "#2F857B", "#6CCBBD", "#E4FFF9"),
    signed_stops=("#B9DCFF", "#5A9FE0", "#244D78", "#171614", "#7A3519", "#E8763F", "#FFD2B8"),
)


def palette(dark: bool = False) -> Palette:
    """The colours of the light look, good in print, or of the dark one."""
    return DARK if dark else LIGHT


@lru_cache
def _colormap(name: str, stops: tuple[str, ...]) -> Colormap:
    """Through the stops at even steps of OKLab, so that equal differences look equal."""
    places = np.linspace(0, 1, len(stops))
    lab = np.array([_oklab(to_rgb(stop)) for stop in stops])
    fine = np.linspace(0, 1, 257)
    blended = np.stack([np.interp(fine, places, lab[:, i]) for i in range(3)], axis=1)
    return LinearSegmentedColormap.from_list(name, np.clip(_from_oklab(blended), 0, 1).tolist(), N=257)


# Björn Ottosson, "A perceptual color space for image processing", 2020.
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def _oklab(rgb: tuple[float, float, float]) -> NDArray[np.float64]:
    s = np.array(rgb)
    linear = np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4)
    return np.asarray(_TO_LAB @ np.cbrt(_TO_LMS @ linear))


def _from_oklab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = np.clip((lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T, 0, None)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
