"""The IDX format in which MNIST and its relatives are published, read without trusting the file."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError

GZIP = b"\x1f\x8b"
UNSIGNED_BYTE = 0x08
MAX_BYTES = 1 << 30  # a thousand million pixels; twenty times MNIST


def read_idx(path: str | Path, check: Callable[[bytes], None] | None = None) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped or not.

    Returns a read-only uint8 array of the shape that the file declares. `check` may look at the uncompressed
    bytes and raise. Raises `InputError` if the file is missing, truncated, too long or not IDX; the declared
    size is compared with the file's before anything of that size is allocated.
    """
    path = Path(path)
    try:
        if not path.is_file():  # a device or a pipe might never end
            raise InputError(f"No file at '{path}'; give an IDX file, gzipped or not.")
        with path.open("rb") as file:
            head, size = file.read(64), path.stat().st_size
            zipped = head[:2] == GZIP
            if zipped and size > MAX_BYTES:
                raise InputError(f"'{path}' is {size:,} bytes long; the limit is {MAX_BYTES:,}.")
            if not zipped:
                _check_size(path, _shape(head, path), size)
            file.seek(0)
            content = file.read(size)
    except OSError as error:
        raise InputError(f"Cannot read '{path}': {error.strerror or error}.") from None
    if zipped:
        content = _decompress(content, path)
    shape = _shape(content[:64], path)
    _check_size(path, shape, len(content))
    if check is not None:
        check(content)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def write_idx(path: str | Path, array: NDArray[np.uint8]) -> None:
    """Write a uint8 array as an uncompressed IDX file."""
    header = struct.pack(f">HBB{array.ndim}I", 0, UNSIGNED_BYTE, array.ndim, *array.shape)
    partial = Path(path).with_name(f".{Path(path).name}.partial")
    try:
        partial.write_bytes(header + np.ascontiguousarray(array, np.uint8).tobytes())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _check_size(path: Path, shape: tuple[int, ...], size: int) -> None:
    expected, result = math.prod(shape), size - 4 - 4 * len(shape)
    if result != expected:
        sides = "×".join(map(str, shape))
        raise InputError(f"'{path}' declares {sides} bytes but holds {result:,}; get a fresh copy of it.")


def _shape(head: bytes, path: Path) -> tuple[int, ...]:
    if len(head) < 4 or head[:2] != b"\0\0":
        raise InputError(f"'{path}' is not an IDX file (it must begin with two zero bytes).")
    kind, dimensions = head[2], head[3]
    if kind != UNSIGNED_BYTE or not 1 <= dimensions <= 4 or len(head) < 4 + 4 * dimensions:
        raise InputError(f"'{path}' is not an IDX file of unsigned bytes in one to four dimensions.")
    shape = struct.unpack(f">{dimensions}I", head[4 : 4 + 4 * dimensions])
    if math.prod(max(side, 1) for side in shape) > MAX_BYTES:
        raise InputError(f"'{path}' declares {'×'.join(map(str, shape))} bytes; the limit is {MAX_BYTES:,}.")
    return tuple(shape)


def _decompress(raw: bytes, path: Path) -> bytes:
    """Inflate the header first, then exactly what it declares and not a byte more (a gzip bomb stops here)."""
    try:
        head = zlib.decompressobj(wbits=31).decompress(raw, 64)
        shape = _shape(head, path)
        expected = 4 + 4 * len(shape) + math.prod(shape)
        if expected > 1100 * len(raw):  # deflate cannot shrink further than about 1030 : 1
            raise InputError(f"'{path}' declares {math.prod(shape):,} bytes but is too short to hold them.")
        inflate = zlib.decompressobj(wbits=31)
        content = inflate.decompress(raw, expected + 1)
        if len(content) > expected or inflate.unused_data:
            raise InputError(f"'{path}' holds more than the {math.prod(shape):,} bytes it declares; get a fresh copy.")
        if not inflate.eof:
            raise InputError(f"'{path}' ends before its data does; get a fresh copy of it.")
        return content
    except zlib.error:
        raise InputError(f"'{path}' is a damaged gzip file; get a fresh copy of it.") from None
