"""Digits as picture files whose names tell the label: `7-0012.png`, `7_anna.jpg`, or any name in a folder `7`."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation.not_digits import MAX_PICTURE_BYTES, MAX_PICTURES
from exmachina.images.files import SUFFIXES, read_image
from exmachina.images.mnist import NoInk, normalize


def load_labelled_pictures(path: str | Path) -> Dataset:
    """The pictures in a folder or zip file, each normalised as a photograph would be; blank ones are left out.

    Raises `InputError` if a name tells no label, or the file cannot be read.
    """
    source = Path(path)
    images, labels = [], []
    for name, picture in _from_folder(source) if source.is_dir() else _from_zip(source):
        label = label_of(name)
        if label is None:
            raise InputError(f"'{name}' in '{path}' tells no label; name it like 7-0012.png or put it in a folder 7.")
        try:
            images.append(normalize(read_image(picture)))
            labels.append(label)
        except NoInk:
            continue
    if not images:
        raise InputError(f"'{path}' holds no PNG or JPEG pictures with ink.")
    return Dataset(np.stack(images), np.array(labels, np.uint8), source.stem)


def label_of(name: str) -> int | None:
    """The digit that a file's own name begins with, or else the name of its folder."""
    path = PurePosixPath(name)
    found = re.match(r"(\d)(?!\d)", path.name) or re.fullmatch(r"(\d)", path.parent.name)
    return int(found[1]) if found else None


def _from_folder(source: Path) -> Iterator[tuple[str, Path]]:
    files = sorted(one for one in source.rglob("*") if one.suffix.lower() in SUFFIXES and one.is_file())
    _check_count(len(files), source)
    yield from ((one.relative_to(source).as_posix(), one) for one in files)


def _from_zip(source: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(source) as archive:
            entries = sorted(
                (one for one in archive.infolist() if one.filename.lower().endswith(SUFFIXES)),
                key=lambda one: one.filename,
            )
            _check_count(len(entries), source)
            for entry in entries:
                with archive.open(entry) as file:
                    content = file.read(MAX_PICTURE_BYTES + 1)
                if len(content) > MAX_PICTURE_BYTES:
                    raise InputError(f"'{entry.filename}' in '{source}' is over 8 MiB; leave it out.")
                yield entry.filename, content
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error) as error:
        raise InputError(f"Cannot read the zip file '{source}': {error}.") from None


def _check_count(count: int, source: Path) -> None:
    if not 0 < count <= MAX_PICTURES:
        raise InputError(f"'{source}' holds {count:,} PNG or JPEG pictures; give between 1 and {MAX_PICTURES:,}.")
