"""Ten and more kinds of pages that cannot be read: each gets one line that says what is wrong, and exit code 2."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from exmachina.cli import main
from exmachina.reading.overlay import overlay
from exmachina.reading.results import Page


def encoded(picture: NDArray[np.uint8] | Image.Image, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(file, form)
    return file.getvalue()


def huge() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 9000, 9000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def ruled() -> NDArray[np.uint8]:
    page = np.full((600, 500), 240, np.uint8)
    page[40::50] = 130
    page[41::50] = 130
    return page


ROW, COLUMN = np.mgrid[:400, :300]
NOISE = np.random.default_rng(0)
PAGES = {
    "blank": encoded(np.full((400, 300), 255, np.uint8)),
    "black": encoded(np.zeros((400, 300), np.uint8)),
    "1x1": encoded(np.full((1, 1), 128, np.uint8)),
    "shaded": encoded((120 + ROW * 0.3).astype(np.uint8)),
    "noise": encoded(NOISE.integers(0, 256, (400, 300), np.uint8)),
    "grain": encoded(np.clip(NOISE.normal(200, 12, (400, 300)), 0, 255).astype(np.uint8)),
    "ruled": encoded(ruled()),
    "stripes": encoded(np.where(COLUMN // 15 % 2, 220, 40).astype(np.uint8)),
    "dot": encoded(np.where((ROW - 200) ** 2 + (COLUMN - 150) ** 2 < 9, 0, 255).astype(np.uint8)),
    "too large": huge(),
    "animated": encoded(Image.new("L", (40, 40), 255), "GIF"),
    "text": b"1234",
    "empty": b"",
    "cut short": encoded(ruled())[:300],
    "webp": encoded(Image.new("L", (40, 40), 255), "WEBP"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_cannot_be_read_gets_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "page.png"
    path.write_bytes(PAGES[name])
    with pytest.raises(SystemExit) as left:
        main(["read", str(path)])
    output = capsys.readouterr()
    assert (left.value.code, output.out) == (2, "")
    assert output.err.startswith("exmachina: '") and output.err.count("\n") == 1 and "page.png" in output.err


def test_a_missing_page_costs_the_others_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["nowhere.png"], ["nowhere.png", "nor-here.png"]):
        with pytest.raises(SystemExit) as left:
            main(["read", *arguments])
        assert left.value.code == 2 and capsys.readouterr().err.count("does not exist") == len(arguments)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--overlay", "page.jpg"], "ends in .png"),
        (["--csv", "table.xlsx"], "ends in .csv"),
        (["--csv", "no/such/folder/table.csv"], "no folder"),
    ],
)
def test_outputs_are_checked_before_anything_is_read(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["read", "page.png", *options])
    error = capsys.readouterr().err
    assert left.value.code == 2 and words in error and error.count("\n") == 1


def test_an_overlay_of_nothing_is_the_page_paled() -> None:
    drawn = np.asarray(overlay(np.zeros((30, 40), np.uint8), Page(40, 30, 0, 0, ())))
    assert drawn.shape == (30, 40, 3) and 40 < drawn.min() == drawn.max() < 90
