"""What is fed to what: for each kind of file, good ones to start from, ways to spoil them, and who reads them.

A reader may succeed or raise `InputError`; anything else is a finding.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from exmachina.classifier import Classifier
from exmachina.data import load_csv, read_idx
from exmachina.engine.model import Model
from exmachina.errors import InputError
from exmachina.images.files import read_image
from exmachina.images.mnist import NoInk, normalize
from exmachina.images.strokes import check_strokes, drawable, render_strokes
from exmachina.lesson.saving import _unpacked
from exmachina.networks import NETWORKS, Conv, Dense, Flatten, MaxPool, Network
from exmachina.runs import Run
from exmachina.runs.files import sha256

Mutate = Callable[[random.Random, bytes], bytes]
ODD: tuple[Any, ...] = (
    0,
    -1,
    1,
    2**31,
    2**63,
    -(2**63),
    1e308,
    -1e308,
    0.5,
    "",
    "x" * 300,
    "\ud800",
    None,
    True,
    [],
    {},
    [[]],
    "../..",
    "1_0",
)


@dataclass(frozen=True)
class Kind:
    """`seeds` are good inputs, `mutate` spoils one, `read` is what has to stand it."""

    seeds: Callable[[], Sequence[bytes]]
    mutate: Mutate
    read: Callable[[bytes], None]


def spoil(rng: random.Random, data: bytes) -> bytes:
    """Some bytes changed, cut out, doubled, moved or made a number that programs mistrust."""
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if not content:
            break
        at = rng.randrange(len(content))
        length = rng.randrange(1, 1 + min(64, len(content) - at))
        match rng.randrange(6):
            case 0:
                content[at] = rng.randrange(256)
            case 1:
                content[at] ^= 1 << rng.randrange(8)
            case 2:
                del content[at : at + length]
            case 3:
                content[at:at] = content[at : at + length] * rng.choice((1, 2, 50))
            case 4:
                content[at : at + 4] = struct.pack(">I", rng.choice((0, 1, 255, 65_535, 2**31 - 1, 2**31, 2**32 - 1)))
            case 5 if rng.random() < 0.3:
                del content[at:]
    return bytes(content)


# ---- pictures ----


def pictures() -> list[bytes]:
    """PNG and JPEG in the forms in which they come."""
    ink = np.full((40, 32), 245, np.uint8)
    ink[6:10, 6:24] = ink[6:34, 20:24] = 20
    picture = Image.fromarray(ink)
    forms: list[tuple[Image.Image, str, dict[str, Any]]] = [
        *((picture.convert(mode), "PNG", {}) for mode in ("1", "L", "P", "LA", "RGB", "RGBA")),
        (Image.fromarray(ink.astype(np.uint16) * 257), "PNG", {}),
        (picture, "JPEG", {}),
        (picture.convert("CMYK"), "JPEG", {}),
        (picture.convert("RGB"), "JPEG", {"progressive": True}),
    ]
    files = []
    for image, form, options in forms:
        file = io.BytesIO()
        image.save(file, form, **options)
        files.append(file.getvalue())
    return files


def spoil_picture(rng: random.Random, data: bytes) -> bytes:
    """Spoiled, and in half of the PNG files the checksums made right again, or no decoder would look any further."""
    spoiled = spoil(rng, data)
    return _checksums(spoiled) if spoiled.startswith(b"\x89PNG\r\n\x1a\n") and rng.random() < 0.5 else spoiled


def _checksums(png: bytes) -> bytes:
    content, at = bytearray(png), 8
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4])
        end = at + 8 + length
        if end + 4 > len(content):
            break
        content[end : end + 4] = struct.pack(">I", zlib.crc32(content[at + 4 : end]))
        at = end + 4
    return bytes(content)


def read_picture(data: bytes) -> None:
    with suppress(NoInk):
        assert normalize(read_image(data)).shape == (28, 28)


# ---- runs: the three files of one, one after the other with their lengths before them ----

FILES = ("run.json", "model.safetensors", "model.onnx")


def runs() -> list[bytes]:
    """A run of a tiny network."""
    layers = (
        Conv("c", "relu", filters=2, kernel=5),
        MaxPool("p", size=8),
        Flatten("f"),
        Dense("d", "softmax", units=10),
    )
    network = Network("tiny", layers)
    generator = np.random.default_rng(0)
    weights = {name: generator.normal(size=shape).astype(np.float32) for name, shape in network.weight_shapes().items()}
    with tempfile.TemporaryDirectory() as folder:
        Run(network, weights, {"name": "tiny"}).save(folder)
        return [_packed([(Path(folder) / name).read_bytes() for name in FILES])]


def _packed(files: Sequence[bytes]) -> bytes:
    return b"".join(struct.pack(">I", len(file)) + file for file in files)


def _parts(data: bytes) -> list[bytes]:
    files, at = [], 0
    for _ in FILES:
        length = int.from_bytes(data[at : at + 4])
        files.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return files


def spoil_run(rng: random.Random, data: bytes) -> bytes:
    """One of the files spoiled; the checksums mostly made right again, as whoever means harm would."""
    files = _parts(data)
    which = rng.randrange(3)
    if which == 0 and rng.random() < 0.8:
        files[0] = spoil_json(rng, files[0])
    else:
        files[which] = spoil(rng, files[which])
        if which and rng.random() < 0.8:
            record = json.loads(files[0])
            record["sha256"][FILES[which]] = sha256(files[which])
            files[0] = json.dumps(record).encode()
    return _packed(files)


def spoil_json(rng: random.Random, data: bytes) -> bytes:
    """A value somewhere in it replaced by an odd one, renamed, doubled or nested deeply."""
    value = json.loads(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        _spoil_inside(rng, value)
    return json.dumps(value).encode()


def _spoil_inside(rng: random.Random, value: Any) -> None:
    while isinstance(value, dict | list) and value:
        key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
        if not isinstance(value[key], dict | list) or not value[key] or rng.random() < 0.2:
            match rng.randrange(5):
                case 0 if isinstance(value, dict):
                    value[f"{key}x"] = value.pop(key)
                case 1:
                    deep: Any = 1
                    for _ in range(rng.choice((3, 300))):
                        deep = [deep]
                    value[key] = deep
                case 2 if isinstance(value, list):
                    value += [value[key]] * rng.choice((1, 40))
                case 3 if isinstance(value[key], int | float):
                    value[key] = value[key] * rng.choice((-1, 1000, 10**12)) + rng.choice((0, 1, 0.5))
                case _:
                    value[key] = deepcopy(rng.choice(ODD))
            return
        value = value[key]


def read_run(data: bytes) -> None:
    folder = Path(tempfile.mkdtemp(prefix="exmachina-fuzz-"))
    try:
        for name, content in zip(FILES, _parts(data), strict=True):
            (folder / name).write_bytes(content)
        Classifier.load(folder).predict(np.eye(28, dtype=np.uint8) * 255, prepared=True)
    finally:
        shutil.rmtree(folder)


# ---- IDX, tables, strokes, archives, networks ----


def idx_files() -> list[bytes]:
    images = struct.pack(">HBBIII", 0, 8, 3, 4, 28, 28) + bytes(range(256)) * 12 + bytes(64)
    labels = struct.pack(">HBBI", 0, 8, 1, 4) + b"\1\2\3\4"
    return [images, labels, gzip.compress(images, mtime=0), gzip.compress(labels, mtime=0)]


def _in_a_file(data: bytes, name: str, read: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory(prefix="exmachina-fuzz-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        read(path)


def tables() -> list[bytes]:
    row = ",".join(["7", *map(str, range(250)), *["0"] * 534])
    return [
        f"{row}\n{row}\n".encode(),
        f"label,pixels\r\n{row}\r\n".encode(),
        f'"{row.replace(",", chr(34) + "," + chr(34))}"\n'.encode(),
    ]


def strokes() -> list[bytes]:
    return [
        json.dumps(value).encode()
        for value in (
            [[[10.0, 10.0], [90.0, 12.5], [40.0, 120.0]]],
            [[[0, 0], [1, 1]], [[5, 5]]],
            [[[n, n % 7] for n in range(300)]],
        )
    ]


def read_strokes(data: bytes) -> None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    points = isinstance(value, list) and all(isinstance(s, list) and all(_is_point(p) for p in s) for s in value)
    if not points:  # the server's types have refused it by now; the library's own check remains
        with suppress(InputError, NoInk, TypeError):
            render_strokes(value)
        return
    check_strokes(value)
    with suppress(NoInk):
        assert render_strokes(drawable(value)).shape == (28, 28)


def _is_point(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)


def archives() -> list[bytes]:
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in zip(FILES[:2], _parts(runs()[0]), strict=False):
            archive.writestr(f"fast/{name}", content)
    return [file.getvalue()]


def read_archive(data: bytes) -> None:
    assert len(_unpacked(data)) == 2


def networks() -> list[bytes]:
    return [json.dumps(network.to_json()).encode() for network in NETWORKS.values()]


def read_network(data: bytes) -> None:
    network = Network.from_json(json.loads(data))
    if network.input_shape == (1, 28, 28) and network.parameters < 3_000_000:
        logits = Model(network, threads=1).logits(np.zeros((1, 28, 28), np.uint8))
        assert logits.shape == (1, network.classes)


KINDS = {
    "images": Kind(pictures, spoil_picture, read_picture),
    "runs": Kind(runs, spoil_run, read_run),
    "idx": Kind(idx_files, spoil, lambda data: _in_a_file(data, "data", read_idx)),
    "csv": Kind(tables, spoil, lambda data: _in_a_file(data, "data.csv", load_csv)),
    "strokes": Kind(
        strokes, lambda rng, data: spoil_json(rng, data) if rng.random() < 0.7 else spoil(rng, data), read_strokes
    ),
    "archives": Kind(archives, spoil, read_archive),
    "networks": Kind(networks, spoil_json, read_network),
}
