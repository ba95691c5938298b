"""How a test reads a figure: its words, its pictures, and whether all of it is on the page."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import PathPatch
from matplotlib.text import Text
from numpy.typing import NDArray


@pytest.fixture(scope="session")
def words() -> Callable[[Figure], list[str]]:
    """Every visible text of a figure, with lines joined by spaces, and every number in a cell."""

    def read(figure: Figure) -> list[str]:
        texts = [text for text in figure.findobj(Text) if text.get_visible()]
        written = [" ".join(text.get_text().split()) for text in texts if text.get_text().strip()]
        return written + [word for outlines in figure.findobj(PathPatch) for word in str(outlines.get_label()).split()]

    return read


@pytest.fixture(scope="session")
def pictures() -> Callable[[Figure], list[NDArray[np.generic]]]:
    """Every matrix that a figure shows, in the order it was drawn."""

    def read(figure: Figure) -> list[NDArray[np.generic]]:
        return [np.asarray(image.get_array()) for image in figure.findobj(AxesImage)]

    return read


@pytest.fixture(scope="session")
def off_the_page() -> Callable[[Figure], list[str]]:
    """What sticks out of the figure: words, or axes with all that is drawn in and around them."""

    def find(figure: Figure) -> list[str]:
        figure.canvas.draw()
        page = figure.bbox
        result = []
        for artist in [*figure.texts, *figure.axes]:
            box = artist.get_tightbbox()
            if box is None or not box.width:
                continue
            if box.x0 < page.x0 - 1 or box.x1 > page.x1 + 1 or box.y0 < page.y0 - 1 or box.y1 > page.y1 + 1:
                result.append(f"{artist}: {box} on {page}")
        return result

    return find
