"""IDX files, honest and lying."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest

from exmachina.data import read_idx, write_idx
from exmachina.errors import InputError

IMAGES = np.arange(2 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(2, 28, 28)


def idx(shape: tuple[int, ...], data: bytes, kind: int = 8, zeros: bytes = b"\0\0") -> bytes:
    return zeros + struct.pack(f">BB{len(shape)}I", kind, len(shape), *shape) + data


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_published_layout_is_read(tmp_path: Path, compress: type[bytes]) -> None:
    file = tmp_path / "images"
    file.write_bytes(compress(idx((2, 28, 28), IMAGES.tobytes())))
    np.testing.assert_array_equal(read_idx(file), IMAGES)


@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 4), (2, 1, 3, 2), (0, 28, 28)])
def test_what_is_written_is_read_back(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    write_idx(tmp_path / "file", array)
    result = read_idx(tmp_path / "file")
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, array)


def test_written_header_is_mnists_own(tmp_path: Path) -> None:
    write_idx(tmp_path / "file", IMAGES)
    assert (tmp_path / "file").read_bytes()[:16].hex() == "00000803" + "00000002" + "0000001c" + "0000001c"


HONEST = idx((2, 28, 28), IMAGES.tobytes())
DAMAGED = {
    "empty": b"",
    "three bytes": b"\0\0\x08",
    "no zeros": idx((2,), b"ab", zeros=b"\0\1"),
    "floats": idx((2,), b"abcdefgh", kind=0x0D),
    "no dimensions": idx((), b""),
    "five dimensions": idx((1, 1, 1, 1, 1), b"a"),
    "header cut short": HONEST[:10],
    "one byte short": HONEST[:-1],
    "one byte long": HONEST + b"\0",
    "declares too much": idx((60_000, 28, 28), IMAGES.tobytes()),
    "declares too little": idx((1, 28, 28), IMAGES.tobytes()),
    "product beyond 64 bits": idx((2**32 - 1,) * 4, b"abc"),
    "zero times the largest": idx((0, 2**32 - 1, 2**32 - 1, 2**32 - 1), b""),
    "text": b"label,pixel0,pixel1\n" * 99,
    "gzip of text": gzip.compress(b"hello" * 99),
    "gzip of nothing": gzip.compress(b""),
    "gzip one byte short": gzip.compress(HONEST[:-1]),
    "gzip one byte long": gzip.compress(HONEST + b"\0"),
    "gzip cut in its header": gzip.compress(HONEST)[:12],
    "gzip cut in the middle": gzip.compress(HONEST)[:200],
    "gzip cut in its checksum": gzip.compress(HONEST)[:-3],
    "gzip with a wrong checksum": gzip.compress(HONEST)[:-8] + b"\1\2\3\4" + gzip.compress(HONEST)[-4:],
    "gzip with bytes after its end": gzip.compress(HONEST) + b"more",
    "only gzip's first bytes": b"\x1f\x8b",
    "gzip of an impossible size": gzip.compress(idx((1000, 1000, 1000), b"abc")),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_damaged_file_gets_one_line_with_its_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "damaged-file"
    file.write_bytes(content)
    with pytest.raises(InputError, match="damaged-file") as caught:
        read_idx(file)
    assert "\n" not in str(caught.value)


def test_missing_file_folder_and_device_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path, Path("/dev/zero"), tmp_path / "none" / "x", tmp_path / ("x" * 300)):
        with pytest.raises(InputError):
            read_idx(path)


def peak_of_refusal(file: Path) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(InputError):
            read_idx(file)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_gzip_bomb_is_refused_without_inflating_it(tmp_path: Path) -> None:
    squeeze = zlib.compressobj(9, wbits=31)
    bomb = squeeze.compress(idx((2, 28, 28), b"")) + b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(200))
    (tmp_path / "bomb").write_bytes(bomb + squeeze.flush())
    assert peak_of_refusal(tmp_path / "bomb") < 4 << 20  # of 200 MiB


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_lying_dimensions_allocate_nothing_large(tmp_path: Path, compress: type[bytes]) -> None:
    (tmp_path / "liar").write_bytes(compress(idx((1000, 1000, 1000), bytes(1000))))
    assert peak_of_refusal(tmp_path / "liar") < 1 << 20  # of 1 GB


def test_short_plain_file_that_declares_what_is_allowed_is_not_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "sparse"
    with file.open("wb") as out:
        out.write(idx((2, 28, 28), b""))
        out.truncate(1 << 28)
    assert peak_of_refusal(file) < 1 << 20


def test_hundreds_of_mutations_raise_nothing_but_input_errors(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    originals = [HONEST, gzip.compress(HONEST, mtime=0)]
    for number in range(600):
        content = bytearray(originals[number % 2])
        for _ in range(rng.integers(1, 4)):
            content[rng.integers(0, min(len(content), 60 if number % 4 < 2 else 10**6))] = rng.integers(0, 256)
        (tmp_path / "file").write_bytes(content[: rng.integers(1, len(content) + 1)] if number % 3 == 0 else content)
        try:
            read_idx(tmp_path / "file")
        except InputError:
            continue
