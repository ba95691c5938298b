"""Reading image files: Pillow's own encoder and EXIF transposition are the oracle, forged files the enemy."""

import io
import os
import struct
import threading
import time
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from exmachina.errors import InputError
from exmachina.images.files import MAX_PIXELS, list_images, read_image

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encoded(image: Any, kind: Any = "PNG", **options: Any) -> Any:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: Any, body: Any = b"") -> Any:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(width: Any, height: Any, depth: Any = 8, colour: Any = 0) -> Any:
    return SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def inserted(png: Any, *chunks: Any) -> Any:
    """`png` with more chunks after its header."""
    return png[:33] + b"".join(chunks) + png[33:]


@pytest.fixture(scope="module")
def grey() -> Any:
    """A picture without symmetry, so that every turn and flip shows."""
    picture = np.full((24, 36), 250, np.uint8)
    picture[3:20, 5:9] = 10
    picture[3:7, 5:25] = 60
    return picture


@pytest.fixture(scope="module")
def png(grey: Any) -> Any:
    return encoded(Image.fromarray(grey))


def refused(source: Any) -> Any:
    """The reason why `source` is refused, which must be one line."""
    with pytest.raises(InputError) as caught:
        read_image(source)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def test_png_is_read_exactly_from_path_string_and_bytes(tmp_path: Path, grey: Any, png: Any) -> None:
    path = tmp_path / "digit.png"
    path.write_bytes(png)
    sources: tuple[str | Path | bytes, ...] = (path, str(path), png, bytearray(png))  # type: ignore[assignment]
    for source in sources:
        picture = read_image(source)
        assert picture.dtype == np.uint8
        assert np.array_equal(picture, grey)


def test_name_does_not_matter_only_content(tmp_path: Path, grey: Any, png: Any) -> None:
    path = tmp_path / "digit.jpg"
    path.write_bytes(png)
    assert np.array_equal(read_image(path), grey)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"keep_rgb": True}])
def test_colour_jpeg_has_pillows_brightness(grey: Any, options: Any) -> None:
    colour = Image.fromarray(np.stack([grey, grey // 2, 255 - grey], axis=2))
    data = encoded(colour, "JPEG", quality=95, **options)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("L")).astype(int)
    assert np.abs(read_image(data) - expected).max() <= 3


def test_cmyk_jpeg_keeps_dark_ink_dark(grey: Any) -> None:
    data = encoded(Image.fromarray(grey).convert("CMYK"), "JPEG", quality=95)
    assert np.abs(read_image(data) - grey.astype(int)).max() < 30


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGB", "RGBA"])
def test_png_modes_give_the_same_picture(mode: str) -> None:
    picture = np.zeros((20, 30), np.uint8)
    picture[5:15, 10:14] = 255
    assert np.array_equal(read_image(encoded(Image.fromarray(picture).convert(mode))), picture)


def test_palette_is_looked_up() -> None:
    image = Image.new("P", (4, 3), 1)
    image.putpalette([0, 0, 0, 200, 200, 200])
    assert (read_image(encoded(image)) == 200).all()


def test_16_bit_png_keeps_its_shades() -> None:
    picture = np.linspace(0, 65535, 600).reshape(20, 30).astype(np.uint16)
    assert np.abs(read_image(encoded(Image.fromarray(picture))) - picture / 257).max() <= 0.5


@pytest.mark.parametrize("ink", [0, 255])
def test_ink_on_transparency_stays_visible(ink: int) -> None:
    pixels = np.full((20, 20, 4), ink, np.uint8)
    pixels[..., 3] = 0
    pixels[5:15, 8:12, 3] = 255
    picture = read_image(encoded(Image.fromarray(pixels)))
    assert (picture[5:15, 8:12] == ink).all()
    assert picture[0, 0] == 255 - ink


def test_transparent_corners_of_a_card_become_its_paper() -> None:
    pixels = np.full((20, 20, 4), 240, np.uint8)
    pixels[..., 3] = 255
    pixels[:2, :2] = 0
    pixels[6:14, 9:11, :3] = 0
    picture = read_image(encoded(Image.fromarray(pixels)))
    assert picture[0, 0] == 240
    assert picture[8, 9] == 0


def test_transparent_palette_colour_is_paper() -> None:
    image = Image.new("P", (10, 10), 0)
    image.putpalette([0, 0, 0, 5, 5, 5])
    image.paste(1, (4, 2, 6, 8))
    picture = read_image(encoded(image, transparency=0))
    assert picture[0, 0] == 255
    assert picture[5, 5] == 5


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_agrees_with_pillow(grey: Any, kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(grey), kind, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("L"))
    assert np.array_equal(read_image(data), expected)


def test_damaged_exif_is_ignored(grey: Any, png: Any) -> None:
    for body in (b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", b"II*\0\x08\0\0\0\x01\0"):
        assert np.array_equal(read_image(inserted(png, chunk(b"eXIf", body))), grey)


def test_animation_shows_its_first_picture(grey: Any) -> None:
    frames = [Image.fromarray(grey), Image.fromarray(255 - grey)]
    data = encoded(frames[0], save_all=True, append_images=frames[1:], duration=50)
    assert b"acTL" in data
    assert np.array_equal(read_image(data), grey)


def test_one_pixel_is_a_picture() -> None:
    assert read_image(encoded(Image.new("L", (1, 1), 7))).tolist() == [[7]]


def test_text_chunk_bombs_are_never_unpacked(grey: Any, png: Any) -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    chunks = [chunk(b"zTXt", b"k\0\0" + bomb), chunk(b"iTXt", b"k\0\1\0\0\0" + bomb), chunk(b"iCCP", b"k\0\0" + bomb)]
    start = time.process_time()
    assert np.array_equal(read_image(inserted(png, *chunks * 20)), grey)
    assert time.process_time() - start < 0.5


def test_pixel_bomb_is_refused_before_decoding() -> None:
    data = header(50_000, 50_000) + chunk(b"IDAT", zlib.compress(bytes(1_000_000))) + chunk(b"IEND")
    assert len(data) < 5_000
    assert "50000×50000" in refused(data)


def test_limit_counts_pixels_of_jpeg_headers_too(grey: Any) -> None:
    data = bytearray(encoded(Image.fromarray(grey), "JPEG"))
    place = data.index(b"\xff\xc0")
    data[place + 5 : place + 9] = struct.pack(">HH", 60_000, MAX_PIXELS // 60_000 + 1)
    assert "million" in refused(bytes(data))


def test_jpeg_of_a_thousand_scans_is_refused() -> None:
    data = encoded(Image.new("L", (1000, 1000)), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    assert "scans" in refused(data[:-2] + scan * 1000 + data[-2:])


def test_endless_chunks_and_segments_are_refused() -> None:
    start = time.process_time()
    assert "parts" in refused(header(9, 9) + chunk(b"tEXt") * 200_000)
    assert "parts" in refused(b"\xff\xd8" + b"\xff\xfe\0\2" * 200_000)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "empty"),
        (b"a digit, honestly", "not a PNG or JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html></html>", "HTML"),
        (b"GIF89a" + bytes(20), "GIF"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (header(0, 9) + chunk(b"IEND"), "no pixels"),
        (header(9, 0) + chunk(b"IEND"), "no pixels"),
        (header(9, 9) + chunk(b"IEND"), "damaged"),
        (header(9, 9, depth=3) + chunk(b"IDAT", zlib.compress(bytes(90))) + chunk(b"IEND"), "damaged"),
        (SIGNATURE, "cut short"),
        (SIGNATURE + chunk(b"IDAT"), "damaged"),
        (b"\xff\xd8\xff", "damaged"),
        (b"\xff\xd8\xff\xe0\xff\xff", "damaged"),
    ],
)
def test_what_is_not_an_image_gets_a_reason(data: Any, part: str) -> None:
    assert part in refused(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_truncated_files_are_refused(grey: Any, kind: str) -> None:
    noisy = np.random.default_rng(0).integers(0, 256, grey.shape, np.uint8)
    data = encoded(Image.fromarray(noisy), kind)
    for keep in (20, len(data) // 2, len(data) - len(data) // 4):
        assert "cut short" in refused(data[:keep])


def test_errors_name_the_users_own_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, png: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.png").write_text("hello")
    Path("folder.png").mkdir()
    for name, part in [
        ("text.png", "not a PNG"),
        ("missing.png", "exist"),
        ("folder.png", "not a file"),
        ("a\0b", "read"),
    ]:
        message = refused(name)
        assert message.startswith("'a b' " if "\0" in name else f"'{name}' ")
        assert part in message
        assert str(tmp_path) not in message
    assert "NoneType" in refused(None)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_named(tmp_path: Path, png: Any) -> None:
    path = tmp_path / "locked.png"
    path.write_bytes(png)
    path.chmod(0)
    assert "permission" in refused(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert "not a file" in refused(tmp_path / "pipe.png")


def test_oversized_file_is_refused_by_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, png: Any) -> None:
    monkeypatch.setattr("exmachina.images.files.MAX_BYTES", len(png) - 1)
    path = tmp_path / "large.png"
    path.write_bytes(png)
    assert "MB" in refused(path)
    assert "MB" in refused(png)


def test_threads_read_alike_and_leave_warnings_and_limits_alone(grey: Any, png: Any) -> None:
    filters, limit = list(warnings.filters), Image.MAX_IMAGE_PIXELS
    same = []
    threads = [threading.Thread(target=lambda: same.append(np.array_equal(read_image(png), grey))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert same == [True] * 8
    assert list(warnings.filters) == filters
    assert limit == Image.MAX_IMAGE_PIXELS


def test_mutated_files_raise_nothing_but_input_error(grey: Any) -> None:
    generator = np.random.default_rng(7)
    image = Image.fromarray(np.stack([grey, grey.T.reshape(grey.shape), 255 - grey], axis=2))
    exif = Image.Exif()
    exif[0x0112] = 6
    seeds = [
        encoded(image, exif=exif),
        encoded(image.convert("P")),
        encoded(image.convert("RGBA")),
        encoded(image, "JPEG", exif=exif),
        encoded(image, "JPEG", progressive=True),
        encoded(image.convert("CMYK"), "JPEG"),
    ]
    read = 0
    for number in range(400):
        data = bytearray(seeds[number % len(seeds)])
        for _ in range(generator.integers(1, 6)):
            place = int(generator.integers(0, len(data)))
            match generator.integers(0, 4):
                case 0:
                    data[place] = generator.integers(0, 256)
                case 1:
                    data[place] ^= 1 << int(generator.integers(0, 8))
                case 2:
                    del data[place : place + int(generator.integers(1, 9))]
                case 3:
                    data[place:place] = generator.bytes(int(generator.integers(1, 9)))
        start = time.process_time()
        try:
            assert read_image(bytes(data)).ndim == 2
            read += 1
        except InputError as error:
            assert "\n" not in str(error)
        assert time.process_time() - start < 2
    assert read > 0


def test_folder_lists_its_images_by_name(tmp_path: Path, png: Any) -> None:
    for name in ("b.PNG", "a.jpeg", "c.jpg", ".hidden.png", "notes.txt"):
        (tmp_path / name).write_bytes(png)
    (tmp_path / "d.png").mkdir()
    assert [path.name for path in list_images(tmp_path)] == ["a.jpeg", "b.PNG", "c.jpg"]


def test_folder_without_images_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    for folder, part in [(tmp_path, "holds no"), (tmp_path / "no", "exist"), (tmp_path / "notes.txt", "not a folder")]:
        with pytest.raises(InputError, match=part):
            list_images(folder)
