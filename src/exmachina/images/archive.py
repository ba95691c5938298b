"""Many pictures from one place: a folder with its sub-folders, or a zip file that a stranger packed."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.images.files import SUFFIXES, read_image

MAX_PICTURE_BYTES = 8 << 20  # unpacked: a zip file's own figures may lie
MAX_PICTURES = 200_000


@dataclass(frozen=True)
class Picture:
    """A picture's name inside its folder or zip file, and its pixels, uint8 (height, width)."""

    name: str
    pixels: NDArray[np.uint8] = field(repr=False)


def read_pictures(path: str | Path, choose: Callable[[int], Sequence[int]] = range) -> Iterator[Picture]:
    """The PNG and JPEG pictures of a folder or zip file in order of their names; hidden files are left out.

    `choose` takes how many there are and gives the indices of those to read. Raises `InputError` for what is neither
    a folder nor a zip file, holds no picture, or holds one that cannot be read.
    """
    source = Path(path)
    if source.is_dir():
        names = sorted(one.relative_to(source).as_posix() for one in source.rglob("*") if one.is_file())
        for name in _chosen(names, choose, path):
            yield Picture(name, read_image(source / name))
    elif source.is_file() and zipfile.is_zipfile(source):
        yield from _from_zip(source, choose)
    else:
        raise InputError(f"'{path}' is neither a folder nor a zip file of pictures; give one of these.")


def is_picture(name: str) -> bool:
    """Whether a file's name is that of a PNG or JPEG picture, and not of a hidden file."""
    own = PurePosixPath(name).name
    return own.lower().endswith(SUFFIXES) and not own.startswith(".")


def _from_zip(source: Path, choose: Callable[[int], Sequence[int]]) -> Iterator[Picture]:
    try:
        with zipfile.ZipFile(source) as archive:
            for name in _chosen(sorted(archive.namelist()), choose, source):
                with archive.open(name) as file:
                    content = file.read(MAX_PICTURE_BYTES + 1)
                if len(content) > MAX_PICTURE_BYTES:
                    raise InputError(f"'{name}' in '{source}' is over {MAX_PICTURE_BYTES >> 20} MiB; leave it out.")
                yield Picture(name, read_image(content))
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error) as error:
        raise InputError(f"Cannot read the zip file '{source}': {error}.") from None


def _chosen(names: Sequence[str], choose: Callable[[int], Sequence[int]], path: str | Path) -> list[str]:
    pictures = [name for name in names if is_picture(name)]
    if not 0 < len(pictures) <= MAX_PICTURES:
        raise InputError(f"'{path}' holds {len(pictures):,} PNG or JPEG pictures; give between 1 and {MAX_PICTURES:,}.")
    return [pictures[index] for index in choose(len(pictures))]
