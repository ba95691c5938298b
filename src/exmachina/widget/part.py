"""What every widget is: a part of the page, with a picture for whoever opens the notebook without a kernel."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import NDArray

from exmachina.inspection.outputs import check_image

if TYPE_CHECKING:
    from exmachina.figures import Plate

DOTS = 110  # an inch: what a notebook's column shows sharply enough
SHAPE = (28, 28)


class DigitImage(traitlets.TraitType[Any, Any]):
    """An image uint8 (28, 28), which the page gets as 784 bytes, or `None`."""

    info_text = "an image uint8 (28, 28) or None"

    def __init__(self) -> None:
        super().__init__(default_value=None, allow_none=True)
        self.tag(sync=True, to_json=_to_page, from_json=_from_page)

    def validate(self, obj: Any, value: Any) -> NDArray[np.uint8] | None:
        return None if value is None else check_image(np.asarray(value))


def _to_page(image: NDArray[np.uint8] | None, _: Any) -> bytes | None:
    return None if image is None else image.tobytes()


def _from_page(sent: Any, _: Any) -> NDArray[np.uint8] | None:
    return None if sent is None else np.frombuffer(bytes(sent), np.uint8).reshape(SHAPE)


class Part(anywidget.AnyWidget):
    """A part of the page. Where there is no kernel, as in a notebook that is only read, `picture` stands for it."""

    _esm = Path(__file__).parent / "widget.js"
    _part = traitlets.Unicode().tag(sync=True)
    image = DigitImage()

    def picture(self) -> Plate | None:
        """What the part shows now, as a figure; `None` while there is nothing to see."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**options)
        if bundle is None or (picture := self.picture()) is None:
            return bundle
        from exmachina.figures import render

        data, metadata = bundle
        return {**data, "image/png": b64encode(render(picture, "png", dpi=DOTS)).decode()}, metadata
