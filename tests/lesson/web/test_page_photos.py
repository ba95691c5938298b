"""Photographs that the page prepares by itself, run by node, against the library's own cleaning."""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from exmachina.data import load_mnist
from exmachina.images.mnist import NoInk, greyscale, normalize
from nodejs import node
from page_browser import Visit
from papers import PAPERS, written

Picture = NDArray[np.uint8]


def light(kind: str, height: int, width: int) -> NDArray[np.float64]:
    row, column = np.mgrid[:height, :width] / max(height, width)
    if kind == "lamp":
        return np.asarray(1 - 0.6 * ((row - 0.2) ** 2 + (column - 0.1) ** 2))
    if kind == "shadow":
        return np.asarray(ndimage.gaussian_filter(np.where(row + 0.7 * column < 0.75, 1.0, 0.55), height / 150))
    return np.ones((height, width))


def photograph(digit: Picture, kind: str, height: int, width: int, rng: np.random.Generator) -> Picture:
    """A digit written with dark ink somewhere on a page under a lamp, by a camera with noise."""
    side = int(min(height, width) * rng.uniform(0.4, 0.7))
    top, left = (int(rng.uniform(0.1, 0.9) * (length - side)) for length in (height, width))
    page = np.zeros((height, width))
    page[top : top + side, left : left + side] = np.asarray(Image.fromarray(digit).resize((side, side))) / 255
    page = ndimage.gaussian_filter(230 * light(kind, height, width) * (1 - 0.75 * page), 1)
    return np.asarray(np.clip(page + rng.normal(0, 4, page.shape), 0, 255), np.uint8)


def ruled(page: Picture) -> Picture:
    for row in range(25, len(page), 60):
        page[row : row + 3] = np.minimum(page[row : row + 3], 165)
    return page


def dirty(page: Picture, rng: np.random.Generator) -> Picture:
    height, width = page.shape
    for row, column in zip(rng.integers(0, height // 8, 15), rng.integers(0, width - 9, 15), strict=True):
        page[row : row + 2, column : column + 2] = 90
    page[:, -12:] = 40
    return page


def photographs() -> Iterator[tuple[str, Picture]]:
    rng = np.random.default_rng(8)
    digits = load_mnist()[1].images
    for kind in ("even", "lamp", "shadow"):
        for i, (height, width) in enumerate([(400, 300), (300, 400), (333, 257), (120, 90), (700, 240)]):
            page = photograph(digits[rng.integers(10_000)], kind, height, width, rng)
            yield f"{kind} {height}×{width}", page
            yield f"{kind} {height}×{width} inverted", 255 - page
            if i < 2:
                yield f"{kind} {height}×{width} ruled", ruled(page.copy())
                yield f"{kind} {height}×{width} dirty", dirty(page.copy(), rng)
        yield f"{kind} blank", photograph(np.zeros((28, 28), np.uint8), kind, 500, 400, rng)
    yield "large", photograph(digits[3], "lamp", 2100, 1600, rng)
    yield "small", np.asarray(Image.fromarray(digits[5]).resize((60, 60)))
    yield "nothing", np.full((200, 200), 230, np.uint8)
    speck = np.full((300, 300), 240, np.uint8)
    speck[100:102, 50:52] = 0
    yield "speck", speck
    for i, (kind, factor, tight) in enumerate(itertools.product(PAPERS, (1, 2, 5, 10), (False, True))):
        name = f"{kind} ×{factor} {'tight' if tight else 'with a margin'}"
        yield name, written(digits[100 + i], kind, factor, tight=tight, light_ink=i % 3 == 0)


def expected(page: Picture) -> list[int] | None:
    try:
        return [int(value) for value in normalize(page).ravel()]
    except NoInk:
        return None


def packed(page: Picture) -> dict[str, Any]:
    return {"height": page.shape[0], "width": page.shape[1], "pixels": base64.b64encode(page.tobytes()).decode()}


def test_photographs_are_prepared_as_the_library_does(tmp_path: Path) -> None:
    names, pages = zip(*photographs(), strict=True)
    script = """
const { prepare } = await import(`${web}/network/photo.js`);
const answer = data.map(({ height, width, pixels }) => {
  const image = prepare({ height, width, pixels: Uint8Array.from(Buffer.from(pixels, "base64")) });
  return image && [...image];
});"""
    for name, page, result in zip(names, pages, node(tmp_path, script, [packed(page) for page in pages]), strict=True):
        assert result == expected(page), name


def test_colours_and_transparency_become_the_library_s_greys(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    pictures = [rng.integers(0, 256, (12, 9, 4), np.uint8) for _ in range(6)]
    pictures[1][..., 3] = 255
    pictures[2][..., :3] = 20  # all ink, drawn on nothing
    pictures[3][..., 3] = 0
    script = """
const { greyscale, overPaper } = await import(`${web}/network/photo.js`);
const answer = data.map((pixels) => {
  const [luma, alpha] = [new Uint8Array(pixels.length / 4), new Uint8Array(pixels.length / 4)];
  greyscale(Uint8ClampedArray.from(pixels), luma, alpha, 0);
  return [...overPaper(luma, alpha)];
});"""
    answers = node(tmp_path, script, [picture.ravel().tolist() for picture in pictures])
    for picture, result in zip(pictures, answers, strict=True):
        assert result == greyscale(picture).ravel().tolist()


@pytest.mark.browser
def test_photograph_under_a_lamp_is_read_without_a_server(copy_visit: Visit, tmp_path: Path) -> None:
    seven = load_mnist()[1].images[0]
    page = ruled(photograph(seven, "lamp", 900, 700, np.random.default_rng(1)))
    Image.fromarray(page).save(tmp_path / "seven.jpg", quality=85)
    Image.fromarray(np.full((300, 300), 230, np.uint8)).save(tmp_path / "blank.png")
    (tmp_path / "text.png").write_text("no picture")
    copy_visit.open()
    panel = copy_visit.show("picture")
    choose = panel.locator("input[type=file]")
    choose.set_input_files(str(tmp_path / "seven.jpg"))
    panel.get_by_text("· your picture").wait_for()
    assert panel.locator(".verdict").inner_text().startswith("7")
    choose.set_input_files(str(tmp_path / "blank.png"))
    panel.get_by_text("There is no digit to be seen").wait_for()
    choose.set_input_files(str(tmp_path / "text.png"))
    panel.get_by_text("not a picture that the browser can read").wait_for()


@pytest.mark.browser
def test_dropped_photograph_is_read_without_a_server(copy_visit: Visit) -> None:
    page = copy_visit.open()
    panel = copy_visit.show("picture")
    photo = io.BytesIO()
    digit = photograph(load_mnist()[1].images[0], "shadow", 500, 400, np.random.default_rng(1))
    Image.fromarray(digit).save(photo, "PNG")
    data = page.evaluate_handle(
        """text => {
            const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "seven.png", { type: "image/png" }));
            return data;
        }""",
        base64.b64encode(photo.getvalue()).decode(),
    )
    panel.locator(".drop").dispatch_event("drop", {"dataTransfer": data})
    panel.get_by_text("· your picture").wait_for()
    assert panel.locator(".verdict").inner_text().startswith("7")
