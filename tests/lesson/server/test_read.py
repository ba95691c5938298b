"""Reading digits over HTTP: the library's own answers, and an image decoder that strangers may feed."""

from __future__ import annotations

import base64
import io
import struct
import time
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import strips
from exmachina import Classifier, read
from exmachina.data import Dataset
from exmachina.images.mnist import normalize
from exmachina.images.strokes import render_strokes

PNG, JPEG = {"Content-Type": "image/png"}, {"Content-Type": "image/jpeg"}
URL = "/api/v1/predict?run=tiny"
SEVEN = [[[10, 10], [90, 12], [40, 120]]]


def encode(image: Image.Image | NDArray[np.uint8], form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(file, form, **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *extra: bytes, data: bytes = b"", depth: int = 8, colour: int = 0) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(data, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(extra) + body + chunk(b"IEND", b"")


def ink(seed: int = 0, form: str = "L", size: tuple[int, int] = (90, 120)) -> Image.Image:
    """Dark strokes on light paper."""
    random = np.random.default_rng(seed)
    picture = np.full((size[1], size[0]), 245, np.uint8)
    picture[20:30, 20:70] = 20
    picture[20:100, 60:70] = 20
    picture += random.integers(0, 5, picture.shape, np.uint8)
    return Image.fromarray(picture).convert(form)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_image_reads_as_the_library_reads_it(
    client: httpx.Client, tiny_run_directory: Path, tmp_path: Path, form: str
) -> None:
    content = encode(ink(), form)
    path = tmp_path / f"digit.{form.lower()}"
    path.write_bytes(content)
    classifier = Classifier.load(tiny_run_directory)
    expected = classifier.predict(path)
    answer = client.post(URL, content=content, headers=PNG if form == "PNG" else JPEG).json()
    assert answer["digit"] == expected.digit and answer["probabilities"] == list(expected.probabilities)
    assert answer["image"] == classifier.prepare(path).ravel().tolist()


def test_pixels_read_as_the_library_reads_them(
    client: httpx.Client, tiny_run_directory: Path, test_digits: Dataset
) -> None:
    classifier = Classifier.load(tiny_run_directory)
    for image in test_digits.images[:20]:
        answer = client.post(URL, json={"pixels": image.ravel().tolist(), "prepared": True}).json()
        expected = classifier.predict(image, prepared=True)
        assert answer["digit"] == expected.digit and answer["probabilities"] == list(expected.probabilities)
        assert answer["image"] == image.ravel().tolist() and answer["rejected"] == expected.rejected
        assert (answer["verdict"], answer["is_digit"]) == (expected.verdict, expected.is_digit)


def test_a_file_of_several_digits_is_told_as_such(client: httpx.Client, test_digits: Dataset) -> None:
    row = 255 - np.pad(np.hstack([np.pad(image, 4) for image in test_digits.images[:3]]), 9)
    for picture, several in ((row, True), (row[:, :45], False)):
        content = encode(picture.repeat(2, axis=0).repeat(2, axis=1), "PNG")
        assert client.post(URL, content=content, headers=PNG).json()["several"] is several
        batch = {"images": [{"file": base64.b64encode(content).decode()}]}
        assert client.post(URL, json=batch).json()["predictions"][0]["several"] is several


def test_pixels_are_normalised_like_a_picture(client: httpx.Client, test_digits: Dataset) -> None:
    image = test_digits.images[0]
    answer = client.post(URL, json={"pixels": (255 - image).ravel().tolist()}).json()  # black on white
    assert answer["image"] == normalize(image).ravel().tolist()


def test_strokes_read_as_the_library_reads_them(client: httpx.Client, tiny_run_directory: Path) -> None:
    image = render_strokes(SEVEN, 3.0)
    answer = client.post(URL, json={"strokes": SEVEN, "width": 3.0}).json()
    assert answer["image"] == image.ravel().tolist()
    assert answer["probabilities"] == list(
        Classifier.load(tiny_run_directory).predict(image, prepared=True).probabilities
    )


@pytest.mark.parametrize("body", [{"strokes": []}, {"strokes": [[]]}, {"strokes": [[[5, 5]]]}, {"pixels": [0] * 784}])
def test_blank_drawing_is_no_digit(client: httpx.Client, body: dict[str, Any]) -> None:
    answer = client.post(URL, json=body)
    assert answer.status_code == 200 and answer.json()["digit"] is None and answer.json()["rejected"]


def test_blank_image_is_no_digit(client: httpx.Client) -> None:
    answer = client.post(URL, content=encode(np.full((60, 60), 255, np.uint8)), headers=PNG).json()
    assert answer["digit"] is None and not any(answer["image"])


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"[]",
        b"null",
        b"{",
        b"",
        b'{"pixels": [1]}',
        b'{"strokes": [[[1, 2, 3]]]}',
        b'{"strokes": [[[NaN, 1]]]}',
        b'{"strokes": [[["a", 1]]]}',
        b'{"strokes": [[[1e300, 1], [2, 2]]]}',
        b'{"strokes": [], "pixels": []}',
        b'{"strokes": [[[1, 1], [9, 9]]], "width": 0}',
        b'{"strokes": [[[1, 1], [9, 9]]], "width": 1e9}',
        b'{"strokes": [[[1, 1], [9, 9]]], "url": "http://example.org/x.png"}',
        b'{"pixels": [' + b"256," * 783 + b"0]}",
        b'{"strokes": ' + b"[" * 100_000,
        b'{"strokes": [[' + b"[1,2]," * 6000 + b"[3,4]]]}",
        b"\xff\xfe",
    ],
)
def test_bad_ink_is_refused_in_one_line(client: httpx.Client, content: bytes) -> None:
    answer = client.post(URL, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and "\n" not in answer.json()["error"] and len(answer.json()["error"]) < 400


NOISE = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
GRADIENT = np.tile(np.arange(64, dtype=np.uint8), (64, 1))


@cache
def bomb() -> bytes:
    return zlib.compress(b"a" * 50_000_000, 9)


# What swells is made when it is asked for: packing it takes half a second, which not every worker need spend.
HOSTILE: dict[str, bytes | Callable[[], bytes]] = {
    "50,000 x 50,000 in a few bytes": png(50_000, 50_000, data=b"\0" * 100_000),
    "26 megapixels": png(26_000, 1000, data=b"\0" * 1000),
    "text chunk bomb": lambda: png(8, 8, chunk(b"zTXt", b"k\0\0" + bomb()), data=b"\0" * 72),
    "profile bomb": lambda: png(8, 8, chunk(b"iCCP", b"k\0\0" + bomb()), data=b"\0" * 72),
    "more data than pixels": lambda: png(8, 8, data=b"\0" * 50_000_000),
    "truncated": encode(NOISE)[:1000],
    "truncated jpeg": encode(NOISE, "JPEG")[:300],
    "header alone": b"\x89PNG\r\n\x1a\n",
    "empty": b"",
    "0 x 5": png(0, 5),
    "1 x 1": png(1, 1, data=b"\0\xff"),
    "bad checksum": png(8, 8, data=b"\0" * 72)[:-5] + b"\0\0\0\0\0",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "gif": encode(GRADIENT, "GIF"),
    "tiff": encode(GRADIENT, "TIFF"),
    "bmp": encode(GRADIENT, "BMP"),
    "webp": b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 30,
    "zeros": b"\0" * 10_000,
    "jpeg that says 65,500 x 65,500": encode(GRADIENT, "JPEG").replace(b"\0\x40\0\x40", b"\xff\xdc\xff\xdc", 1),
}


@cache
def hostile(name: str) -> bytes:
    content = HOSTILE[name]
    return content() if callable(content) else content


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_image_gets_a_reason_and_the_server_lives(client: httpx.Client, name: str) -> None:
    for headers in (PNG, JPEG):
        answer = client.post(URL, content=hostile(name), headers=headers)
        if answer.status_code == 200:  # harmless: what was too much was left out, and nothing was left to read
            assert answer.json()["digit"] is None, name
        else:
            assert answer.status_code == 400 and "\n" not in answer.json()["error"], name
            assert "/" not in answer.json()["error"]
    assert client.get("/api/v1/health").status_code == 200


@pytest.mark.parametrize(
    ("form", "mode", "options"),
    [
        ("PNG", "1", {}),
        ("PNG", "P", {}),
        ("PNG", "LA", {}),
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "I;16", {}),
        ("JPEG", "CMYK", {}),
        ("JPEG", "RGB", {"progressive": True}),
        ("PNG", "L", {"save_all": True, "append_images": [ink(1)]}),
    ],
)
def test_unusual_images_are_read(client: httpx.Client, form: str, mode: str, options: dict[str, Any]) -> None:
    sixteen = Image.fromarray(np.asarray(ink()).astype(np.uint16) * 257)
    picture = sixteen if mode == "I;16" else ink().convert(mode)
    answer = client.post(URL, content=encode(picture, form, **options), headers=PNG)
    assert answer.status_code == 200 and answer.json()["digit"] is not None
    plain = client.post(URL, content=encode(ink()), headers=PNG).json()["image"]
    difference = np.abs(np.array(plain, int) - np.array(answer.json()["image"], int))
    assert difference.mean() < 12  # one bit a pixel is dithered


def test_photo_turned_by_its_exif_tag_is_read_upright(client: httpx.Client) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held sideways
    turned = encode(ink().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)
    upright = client.post(URL, content=encode(ink(), "JPEG", quality=95), headers=JPEG).json()["image"]
    answer = client.post(URL, content=turned, headers=JPEG).json()["image"]
    assert np.abs(np.array(upright, int) - np.array(answer, int)).mean() < 4


def test_mutated_images_do_no_harm(client: httpx.Client) -> None:
    random = np.random.default_rng(0)
    originals = [encode(ink()), encode(ink().convert("RGB"), "JPEG"), encode(ink().convert("P"))]
    slowest = 0.0
    for index in range(200):  # many more, without HTTP: `make fuzz`
        content = bytearray(originals[index % len(originals)])
        for _ in range(random.integers(1, 8)):
            content[random.integers(len(content))] = random.integers(256)
        if index % 5 == 0:
            del content[random.integers(len(content)) :]
        began = time.monotonic()
        answer = client.post(URL, content=bytes(content), headers=PNG)
        slowest = max(slowest, time.monotonic() - began)
        assert answer.status_code in (200, 400), answer.text
    assert slowest < 20  # two seconds and the neighbours' load


@pytest.mark.parametrize("run", ["nobody", "../tiny", "/etc", "", "a" * 101, "..%2ftiny"])
def test_unknown_run_is_named(client: httpx.Client, run: str) -> None:
    answer = client.post("/api/v1/predict", params={"run": run}, json={"pixels": [0] * 784})
    assert answer.status_code in (400, 404) and list(answer.json()) == ["error"]


# Whole pages ------------------------------------------------------------------------------------------------


def test_page_reads_as_the_library_reads_it(client: httpx.Client) -> None:
    picture, _ = strips.make_page(strips.mnist_hand(), 4, 2, seed=0)
    answer = client.post("/api/v1/read", content=encode(picture), headers=PNG).json()
    page = read(picture)
    assert answer == page.to_json(images=True) and [field["text"] for field in answer["fields"]] == list(page.strings)
    for field in answer["fields"]:
        for glyph in field["glyphs"]:
            assert len(glyph["image"]) == 784 and max(glyph["image"]) == 255


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_page_gets_a_reason(client: httpx.Client, name: str) -> None:
    answer = client.post("/api/v1/read", content=hostile(name), headers=PNG)
    assert answer.status_code == 400 and "\n" not in answer.json()["error"]


def test_page_is_a_picture_and_nothing_else(client: httpx.Client) -> None:
    assert client.post("/api/v1/read", json={"pixels": [0] * 784}).status_code == 415
