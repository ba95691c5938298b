"""Reading PNG and JPEG files that strangers made: every file gives a picture or one line that says why not.

The container is read here and only what makes up the pixels is handed to the decoder: text, profiles, previews
and animation are never opened, and size and effort are known before anything is allocated.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from exmachina.errors import InputError
from exmachina.images.mnist import from_pillow, greyscale

MAX_PIXELS = 25_000_000
MAX_BYTES = 64 * 2**20
MAX_SCAN_PIXELS = 400_000_000  # a progressive JPEG repaints its picture once per scan, a bomb thousands of times
MAX_DECODED = 100_000_000  # bytes of a decoded PNG: 25 megapixels of four bytes each
MAX_FILL = 1 << 16  # bytes between a JPEG's segments, of which there is rarely one
MAX_PARTS = 50_000  # chunks or segments; a picture saved in 8 kB pieces has fewer
SUFFIXES = (".png", ".jpg", ".jpeg")

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_JPEG = b"\xff\xd8\xff"
_START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers of the header that holds the size
_START_OF_SCAN = 0xDA
_EXIF = b"Exif\0\0"
_TOO_MANY_PARTS = "is made of too many parts; open it and save it again."


def read_image(source: str | os.PathLike[str] | bytes, most_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """A PNG or JPEG file, or the bytes of one, as brightness: uint8 (height, width).

    Turned upright as its EXIF tag says; transparent pixels become paper; of an animation, the first picture.
    Raises `InputError` for everything that is not such a picture of at most `most_pixels` and 64 MB.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        name, data = "The image", bytes(source)
        if len(data) > MAX_BYTES:
            raise InputError(_too_large(name))
    elif isinstance(source, str | os.PathLike):
        name, data = f"'{os.fspath(source)}'", _read_file(source)
    else:
        raise InputError(f"An image is read from a path or bytes, not from a {type(source).__name__}.")
    if not data:
        raise InputError(f"{name} is empty; choose a PNG or JPEG image.")
    try:
        if data.startswith(_PNG):
            pixels, orientation = _decode_png(data, most_pixels)
        elif data.startswith(_JPEG):
            pixels, orientation = _decode_jpeg(data, most_pixels)
        else:
            raise _UnreadableError(f"is not a PNG or JPEG image{_looks_like(data)}; save it as one of these.")
    except _UnreadableError as error:
        raise InputError(f"{name} {error}") from None
    except MemoryError:
        raise InputError(f"{name} needs more memory than there is; choose a smaller image.") from None
    except Exception as error:  # whatever a decoder makes of a broken file
        raise InputError(f"{name} is damaged or cut short; save or copy it again.") from error
    return _upright(greyscale(pixels), orientation)


def list_images(folder: str | os.PathLike[str], *, below: bool = False) -> list[Path]:
    """The PNG and JPEG files directly in `folder`, or in the folders `below` too, sorted by name.

    Hidden files and folders are left out. Raises `InputError` if there are none.
    """
    try:
        root = Path(folder)
        next(root.iterdir(), None)  # `rglob` says nothing of a folder that is not there
        files = sorted(
            path
            for path in (root.rglob("*") if below else root.iterdir())
            if path.suffix.lower() in SUFFIXES and path.is_file()
            if not any(part.startswith(".") for part in path.relative_to(root).parts)
        )
    except FileNotFoundError:
        raise InputError(f"'{folder}' does not exist; check the folder's name.") from None
    except NotADirectoryError:
        raise InputError(f"'{folder}' is not a folder; name a folder of PNG or JPEG images.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"'{folder}' cannot be read: {_reason(error)}.") from None
    if not files:
        raise InputError(f"'{folder}' holds no PNG or JPEG images; name a folder that does.")
    return files


class _UnreadableError(Exception):
    """The rest of a sentence that begins with the image's name."""


def _read_file(path: str | os.PathLike[str]) -> bytes:
    """The file's bytes, never more than `MAX_BYTES`."""
    name = f"'{os.fspath(path)}'"
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path of each file takes longer than its reading
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            raise InputError(f"{name} is not a file; name a PNG or JPEG image.")
        with open(path, "rb") as file:  # noqa: PTH123
            data = file.read(min(status.st_size or MAX_BYTES, MAX_BYTES) + 1)  # as large as it is, not as it may be
    except FileNotFoundError:
        raise InputError(f"{name} does not exist; check the path.") from None
    except PermissionError:
        raise InputError(f"{name} may not be read; check its permissions.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} cannot be read: {_reason(error)}.") from None
    if len(data) > MAX_BYTES:
        raise InputError(_too_large(name))
    return data


def _too_large(name: str) -> str:
    return f"{name} is larger than {MAX_BYTES // 2**20} MB; save the image smaller."


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _looks_like(data: bytes) -> str:
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kinds = {b"gif8": "GIF", b"<svg": "SVG", b"<!doctype html": "HTML", b"<html": "HTML", b"%pdf": "PDF",
             b"bm": "BMP", b"ii*\0": "TIFF", b"mm\0*": "TIFF", b"<?xml": "SVG or XML"}  # fmt: skip
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return " but WebP"
    if data[4:8] == b"ftyp":
        return " but HEIC, AVIF or a video"
    return next((f" but {kind}" for magic, kind in kinds.items() if start.startswith(magic)), "")


def _check_size(width: int, height: int, most: int) -> None:
    if width < 1 or height < 1:
        raise _UnreadableError(f"has no pixels ({width}×{height}); choose another image.")
    if width * height > most:
        limit = f"{most // 10**6} million" if most >= 10**6 else f"{max(most, 0):,}"
        raise _UnreadableError(f"has {width}×{height} pixels; the limit is {limit}. Save it smaller.")


def _check_depth(pixels: int, header: bytes) -> None:
    """Refuse, before it is decoded, a PNG that would fill the memory with bits that nobody sees."""
    depth, colour = header[8:10]
    size = pixels * {0: 1, 2: 3, 4: 2}.get(colour, 4) * (2 if depth == 16 else 1)
    if size > MAX_DECODED:
        raise _UnreadableError(f"is {size // 10**6} MB when decoded; save it smaller, or with 8 bits a colour.")


def _decode_png(data: bytes, most: int) -> tuple[NDArray[np.generic], int]:
    """Pixels and EXIF orientation of a PNG file."""
    kept, orientation = [_PNG], 1
    for kind, body, chunk in _png_chunks(data):
        if kind == b"IHDR":
            width, height = struct.unpack(">II", body[:8])
            _check_size(width, height, most)
            _check_depth(width * height, body)
        if kind in _PNG_CHUNKS:
            kept.append(chunk)
        elif kind == b"eXIf" and zlib.crc32(kind + body) == int.from_bytes(chunk[-4:]):
            orientation = _orientation(body)
    plain = _plain_png(kept)
    if plain is not None:
        return plain, orientation
    with Image.open(io.BytesIO(b"".join(kept)), formats=("PNG",)) as image:
        _check_size(*image.size, most)
        image.load()
        return from_pillow(image), orientation


def _plain_png(parts: list[bytes]) -> NDArray[np.uint8] | None:
    """The pixels of a PNG file that is whole and of bytes of grey; Pillow's own way in takes twice as long."""
    kinds = [part[4:8] for part in parts[1:]]
    width, height, *form = struct.unpack(">IIBBBBB", parts[1][8:21])
    if form != [8, 0, 0, 0, 0] or b"tRNS" in kinds or b"IEND" not in kinds:
        return None
    if any(zlib.crc32(part[4:-4]) != int.from_bytes(part[-4:]) for part in parts[1:]):
        return None
    packed = b"".join(part[8:-4] for part, kind in zip(parts[1:], kinds, strict=True) if kind == b"IDAT")
    try:
        image = Image.frombytes("L", (width, height), packed, "zip", "L")
        return np.frombuffer(image.tobytes(), np.uint8).reshape(height, width)
    except ValueError:
        return None


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Kind, body and whole of each chunk up to the end marker. The header has to come first."""
    position = len(_PNG)
    for _ in range(MAX_PARTS):
        if position >= len(data):
            raise _UnreadableError("is cut short; save or copy it again.")
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data) or (position == len(_PNG)) != (kind == b"IHDR"):
            raise _UnreadableError("is damaged or cut short; save or copy it again.")
        yield kind, data[position + 8 : end - 4], data[position:end]
        if kind == b"IEND":
            return
        position = end
    raise _UnreadableError(_TOO_MANY_PARTS)


def _decode_jpeg(data: bytes, most: int) -> tuple[NDArray[np.generic], int]:
    """Pixels and EXIF orientation of a JPEG file."""
    kept, orientation = [data[:2]], 1
    pixels = 0
    position = 2
    for _ in range(MAX_PARTS):
        position, marker, end = _jpeg_segment(data, position)
        body = data[position + 4 : end]
        if marker in _START_OF_FRAME:
            height, width = struct.unpack(">HH", body[1:5])
            _check_size(width, height, most)
            pixels = width * height
        if marker == 0xE1 and body.startswith(_EXIF):
            orientation = _orientation(body[len(_EXIF) :])
        if marker not in (*range(0xE1, 0xEE), 0xEF, 0xFE):  # keep JFIF's and Adobe's, which tell of colours
            kept.append(data[position:end])
        position = end
        if marker == _START_OF_SCAN:
            break
    else:
        raise _UnreadableError(_TOO_MANY_PARTS)
    scans = 1 + data.count(b"\xff\xda", position)
    if scans * pixels > MAX_SCAN_PIXELS:
        raise _UnreadableError(f"has {scans} scans, too many to decode; save it again as a plain JPEG.")
    with Image.open(io.BytesIO(b"".join([*kept, data[position:]])), formats=("JPEG",)) as image:
        _check_size(*image.size, most)
        image.draft("L", image.size)  # the file stores brightness apart from colour; decode that alone
        image.load()
        return from_pillow(image), orientation


def _jpeg_segment(data: bytes, position: int) -> tuple[int, int, int]:
    """Where the segment at or after `position` starts, its marker and where it ends."""
    if data[position : position + 1] != b"\xff":
        raise _UnreadableError("is damaged or cut short; save or copy it again.")
    filled = data[position : position + MAX_FILL].lstrip(b"\xff")
    if not filled:
        raise _UnreadableError("is damaged or cut short; save or copy it again.")
    position += len(data[position : position + MAX_FILL]) - len(filled) - 1
    marker, length = struct.unpack_from(">BH", data, position + 1)
    end = position + 2 + length
    if length < 2 or end > len(data):
        raise _UnreadableError("is damaged or cut short; save or copy it again.")
    return position, marker, end


def _orientation(tiff: bytes) -> int:
    """EXIF's orientation, 1 to 8, from the TIFF directory that carries it; 1 (upright) if there is none."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (offset,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, offset)
        for entry in range(offset + 2, offset + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == 0x0112:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def _upright(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """`picture` as it was seen: EXIF's eight cases are a transposition and two flips."""
    if orientation >= 5:
        picture = picture.T
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)
