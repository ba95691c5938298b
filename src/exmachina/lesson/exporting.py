"""The drawings as a zip archive, written while it is sent: no more of them are in memory than one page."""

from __future__ import annotations

import csv
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from exmachina.lesson.collection import Drawing

Form = Literal["png", "idx"]
Pages = Callable[[], Iterable[list[Drawing]]]


def export(pages: Pages, form: Form) -> Iterator[bytes]:
    """The parts of a zip archive. `pages` gives the drawings, as often as it is called.

    `png`: one folder per digit, as `load_image_folder` reads, and the strokes in drawings.json. `idx`: images
    and labels as MNIST's training files are named, and an empty test pair, as `load_idx_folder` reads.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for _ in _png(archive, pages) if form == "png" else _idx(archive, pages):
            yield sink.taken()
    yield sink.taken()


class _Sink:
    """A file that cannot be searched, so that `zipfile` writes straight on; what was written is taken from it."""

    def __init__(self) -> None:
        self._content = bytearray()

    def write(self, content: bytes) -> int:
        self._content += content
        return len(content)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def close(self) -> None:
        """Nothing is open."""

    def taken(self) -> bytes:
        content = bytes(self._content)
        self._content.clear()
        return content


def _png(archive: zipfile.ZipFile, pages: Pages) -> Iterator[None]:
    labels = io.StringIO()
    table = csv.writer(labels, lineterminator="\n")
    table.writerow(["file", "label", "created"])
    for page in pages():
        for drawing in page:
            name = f"{drawing.label}/{drawing.id:05d}.png"
            archive.writestr(f"digits/{name}", _picture(drawing.image))
            table.writerow([name, drawing.label, drawing.created])
        yield
    with archive.open("digits/drawings.json", "w") as file:
        before = b"["
        for page in pages():
            for drawing in page:
                plain = {key: value for key, value in drawing.to_json().items() if key != "image"}
                file.write(before + json.dumps(plain).encode())
                before = b", "
            yield
        file.write(b"[]" if before == b"[" else b"]")
    archive.writestr("digits/labels.csv", labels.getvalue())


def _idx(archive: zipfile.ZipFile, pages: Pages) -> Iterator[None]:
    """The header says how many there are, so the images, 784 bytes each, are gathered first."""
    images, labels = bytearray(), bytearray()
    for page in pages():
        for drawing in page:
            images += drawing.image.tobytes()
            labels.append(drawing.label)
        yield
    for name, count in (("train", len(labels)), ("t10k", 0)):
        shape = (count, 28, 28)
        archive.writestr(f"digits/{name}-images-idx3-ubyte", _header(*shape) + images[: 784 * count])
        archive.writestr(f"digits/{name}-labels-idx1-ubyte", _header(count) + labels[:count])


def _picture(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def _header(*shape: int) -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
