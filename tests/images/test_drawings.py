"""Many drawings at once: pixel for pixel what each alone becomes, or left to it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from exmachina.data import load_mnist_split
from exmachina.errors import InputError
from exmachina.images.drawings import normalize_drawings
from exmachina.images.files import _plain_png, _png_chunks, read_image
from exmachina.images.mnist import NoInk, normalize


def same(pictures: NDArray[np.uint8]) -> float:
    """Check all that were done against `normalize`, and tell which part that is."""
    images, done = normalize_drawings(pictures)
    for picture, image, was_done in zip(pictures, images, done, strict=True):
        if was_done:
            assert (normalize(picture) == image).all()
    return float(done.mean())


@pytest.fixture(scope="module")
def digits() -> NDArray[np.uint8]:
    return np.asarray(load_mnist_split("test").images[:2000])


def test_mnists_own_digits_on_either_paper(digits: NDArray[np.uint8]) -> None:
    assert same(digits) > 0.9
    assert same(255 - digits[:500]) > 0.9


@pytest.mark.parametrize("size", [(20, 20), (33, 21), (64, 64), (97, 98)])
def test_digits_of_other_sizes_strengths_and_papers(size: tuple[int, int], digits: NDArray[np.uint8]) -> None:
    resized = np.stack(
        [np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BICUBIC)) for one in digits[:120]]
    )
    resized[:, [0, -1]] = 0
    resized[:, :, [0, -1]] = 0
    assert same(resized) > 0.5
    assert same((resized // 3 + 40).astype(np.uint8)) > 0.5


def test_anything_else_is_left_or_the_same() -> None:
    rng = np.random.default_rng(5)
    blots = np.zeros((300, 12, 17), np.uint8)
    for blot in blots:
        for _ in range(rng.integers(0, 3)):
            top, left = rng.integers(0, 11), rng.integers(0, 16)
            blot[top : top + rng.integers(1, 9), left : left + rng.integers(1, 9)] = rng.integers(0, 256)
    assert 0.1 < same(blots) < 0.9
    assert same(blots // 200) == 0  # blank, or a bitmap of 0 and 1
    assert same(rng.integers(0, 256, (50, 28, 28), np.uint8)) == 0
    assert same(np.zeros((3, 28, 28), np.uint8)) == 0 and same(np.zeros((2, 1, 1), np.uint8)) == 0
    assert len(normalize_drawings(np.zeros((0, 28, 28), np.uint8))[0]) == 0
    assert not normalize_drawings(np.zeros((1, 100, 28), np.uint8))[1].any()


def test_what_is_blank_alone_is_not_done(digits: NDArray[np.uint8]) -> None:
    faint = (digits[:200] // 20).astype(np.uint8)
    _, done = normalize_drawings(faint)
    for picture, was_done in zip(faint, done, strict=True):
        try:
            normalize(picture)
        except NoInk:
            assert not was_done


def encoded(picture: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", **options)
    return file.getvalue()


def parts_of(data: bytes) -> list[bytes]:
    return [data[:8], *(chunk for _, _, chunk in _png_chunks(data))]


def test_grey_png_files_are_decoded_as_pillow_does() -> None:
    rng = np.random.default_rng(7)
    for shape in ((1, 1), (28, 28), (301, 77)):
        picture = Image.fromarray(rng.integers(0, 256, shape, np.uint8))
        data = encoded(picture)
        assert _plain_png(parts_of(data)) is not None
        assert (read_image(data) == np.asarray(picture)).all()


def test_other_png_files_are_left_to_pillow() -> None:
    grey = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    clear = PngImagePlugin.PngInfo()
    for data in (
        encoded(grey.convert("RGB")),
        encoded(grey.convert("P")),
        encoded(grey.convert("1")),
        encoded(grey.convert("LA")),
        encoded(grey.convert("I;16")),
        encoded(grey, transparency=7),
    ):
        assert _plain_png(parts_of(data)) is None
    assert _plain_png(parts_of(encoded(grey, pnginfo=clear))) is not None


def test_a_damaged_grey_file_is_refused_as_before() -> None:
    data = encoded(Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 40), np.uint8)))
    for place in range(33, len(data) - 12, 97):
        broken = bytearray(data)
        broken[place] ^= 0x55
        with pytest.raises(InputError, match="damaged or cut short"):
            read_image(bytes(broken))
