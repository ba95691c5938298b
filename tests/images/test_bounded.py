"""Small files that would grow: each is refused by what it declares, before it fills memory or time."""

from __future__ import annotations

import struct
import subprocess
import sys
import textwrap
import zlib

import pytest

from exmachina.errors import InputError
from exmachina.images.files import MAX_FILL, read_image


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def zeros(side: int, depth: int, colour: int, channels: int) -> bytes:
    """A PNG of nothing but zeros: some hundred kilobytes, whatever its size."""
    line = 1 + side * channels * depth // 8
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(bytes(line)) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND")


def test_png_is_refused_by_its_size_times_its_depth() -> None:
    head = struct.pack(">IIBBBBB", 5000, 5000, 16, 6, 0, 0, 0)  # 25 megapixels of four colours of 16 bits
    with pytest.raises(InputError, match="is 200 MB when decoded; save it smaller, or with 8 bits a colour"):
        read_image(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"x" * 194_000) + chunk(b"IEND"))


def test_jpeg_of_nothing_but_scans_or_fill_bytes_is_refused() -> None:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 5000, 5000, 1) + b"\x01\x11\0"
    scan = b"\xff\xda" + struct.pack(">HB", 8, 1) + b"\x01\0\0\x3f\0"
    with pytest.raises(InputError, match="scans, too many"):
        read_image(b"\xff\xd8" + frame + scan + b"\xff\xda" * (1 << 22))
    with pytest.raises(InputError, match="damaged"):
        read_image(b"\xff\xd8\xff" + b"\xff" * (1 << 25))
    assert MAX_FILL < 1 << 20


PEAK = textwrap.dedent("""
    import resource, sys
    from exmachina.errors import InputError
    from exmachina.images.files import read_image
    from exmachina.images.mnist import NoInk, normalize
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        normalize(read_image(sys.stdin.buffer.read()))
    except InputError:
        pass
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
""")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak in kilobytes")
def test_largest_picture_that_is_taken_needs_half_a_gigabyte_at_most() -> None:
    picture = zeros(4999, 8, 6, 4)
    answer = subprocess.run([sys.executable, "-c", PEAK], input=picture, capture_output=True, check=True)
    assert len(picture) < 1 << 20 and int(answer.stdout) < 512
