"""Digits as picture files whose names tell the label: `7-0012.png`, `7_anna.jpg`, or any name in a folder `7`."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import numpy as np

from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.images.archive import read_pictures
from exmachina.images.mnist import NoInk, normalize


def load_labelled_pictures(path: str | Path) -> Dataset:
    """The pictures in a folder or zip file, each normalised as a photograph would be; blank ones are left out.

    Raises `InputError` if a name tells no label, or the file cannot be read.
    """
    images, labels = [], []
    for picture in read_pictures(path):
        label = label_of(picture.name)
        if label is None:
            raise InputError(
                f"'{picture.name}' in '{path}' tells no label; name it like 7-0012.png or put it in a folder 7."
            )
        try:
            images.append(normalize(picture.pixels))
            labels.append(label)
        except NoInk:
            continue
    if not images:
        raise InputError(f"'{path}' holds no PNG or JPEG pictures with ink.")
    return Dataset(np.stack(images), np.array(labels, np.uint8), Path(path).stem)


def label_of(name: str) -> int | None:
    """The digit that a file's own name begins with, or else the name of its folder."""
    path = PurePosixPath(name)
    match = re.match(r"(\d)(?!\d)", path.name) or re.fullmatch(r"(\d)", path.parent.name)
    return int(match[1]) if match else None
