"""The one look: scales that mean what they say, files that appear whole or not at all, nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from exmachina.errors import InputError
from exmachina.figures import Plate, digits_grid, look, palette, render, save, save_album
from exmachina.figures.drawing.numbers import number
from exmachina.figures.drawing.style import broken

SIGNATURES = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<?xml", ".pdf": b"%PDF"}


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Relative luminance of sRGB colours (WCAG 2)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))


@pytest.fixture
def figure() -> Plate:
    return digits_grid(np.zeros((1, 28, 28), np.uint8), np.array([3]))


@pytest.mark.parametrize("dark", [False, True])
def test_zero_is_the_paper_on_both_scales(dark: bool) -> None:
    colours = palette(dark)
    paper = to_rgb(colours.paper)
    assert colours.amount(0.0)[:3] == pytest.approx(paper, abs=0.01)
    assert colours.signed(0.5)[:3] == pytest.approx(paper, abs=0.01)


@pytest.mark.parametrize("dark", [False, True])
def test_scales_keep_their_order_in_greyscale(dark: bool) -> None:
    places = np.linspace(0, 1, 65)
    amount = luminance(palette(dark).amount(places)[:, :3])
    signed = luminance(palette(dark).signed(places)[:, :3])
    outward = 1 if dark else -1
    assert (np.diff(amount) * outward > 0).all()
    assert (np.diff(signed[32:]) * outward > 0).all()
    assert (np.diff(signed[:33]) * outward < 0).all()


@pytest.mark.parametrize("dark", [False, True])
def test_negative_is_blue_and_positive_is_orange_red(dark: bool) -> None:
    negative, positive = (palette(dark).signed(place)[:3] for place in (0.2, 0.8))
    assert negative[2] > negative[0]
    assert positive[0] > positive[2]


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_on_its_paper(dark: bool) -> None:
    colours = palette(dark)
    for ink, least in ((colours.ink, 7), (colours.muted, 4.5), (colours.accent, 4.5)):
        bright, dim = sorted((float(luminance(np.array(to_rgb(c)))) for c in (ink, colours.paper)), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= least


def test_drawing_leaves_the_users_settings_alone(figure: Plate) -> None:
    with mpl.rc_context({"font.size": 33, "axes.facecolor": "red"}):
        digits_grid(np.zeros((1, 28, 28), np.uint8), dark=True)
        render(figure, "svg")
        assert mpl.rcParams["font.size"] == 33
        assert mpl.rcParams["axes.facecolor"] == "red"
        with look():
            assert mpl.rcParams["font.size"] < 12  # nor do they change ours


def test_neither_importing_nor_drawing_loads_pyplot() -> None:
    code = (
        "import sys, numpy as np; from exmachina.figures import digits_grid;"
        "digits_grid(np.zeros((1, 28, 28), np.uint8))._repr_png_();"
        "sys.exit('matplotlib.pyplot' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("suffix", SIGNATURES)
def test_saved_file_is_what_its_name_says(figure: Plate, tmp_path: Path, suffix: str) -> None:
    path = save(figure, tmp_path / "new" / f"digits{suffix}")
    assert path.read_bytes().startswith(SIGNATURES[suffix])
    assert [item.name for item in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_the_same_figure_gives_the_same_bytes(figure: Plate, kind: str) -> None:
    assert render(figure, kind) == render(figure, kind)


def test_notebook_gets_a_picture(figure: Plate) -> None:
    assert figure._repr_png_().startswith(SIGNATURES[".png"])


@pytest.mark.parametrize("name", ["digits", "digits.jpg", "digits.png.zip"])
def test_unknown_suffix_is_refused_with_the_choices(figure: Plate, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"\.pdf, \.png, \.svg"):
        save(figure, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_folder_in_place_of_a_file_is_refused(figure: Plate, tmp_path: Path) -> None:
    (tmp_path / "here.png").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        save(figure, tmp_path / "here.png")


def test_path_through_a_file_is_refused_in_one_line(figure: Plate, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError) as error:
        save(figure, tmp_path / "file" / "digits.png")
    assert "\n" not in str(error.value)
    assert "Cannot write" in str(error.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder_is_refused(figure: Plate, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Cannot write"):
        save(figure, tmp_path / "digits.png")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.1234, "0.12"),
        (-0.05, "−0.050"),
        (3.14159, "3.1"),
        (123.4, "123"),
        (12345.6, "12,346"),
        (1e-7, "0.0000"),
    ],
)
def test_numbers_have_two_figures_and_a_true_minus(value: float, text: str) -> None:
    assert number(value) == text


def test_lines_break_between_words_within_their_width() -> None:
    words = "one two three four five six seven eight nine ten eleven twelve"
    lines = broken(words, 1.0, 9)
    assert " ".join(lines) == words
    assert 4 < len(lines) < 12
    assert broken("p\u00a0=\u00a01", 0.01, 9) == ["p\u00a0=\u00a01"]
    assert broken("", 1, 9) == []


def test_an_album_shows_every_figure_and_says_its_finding(figure: Plate, tmp_path: Path) -> None:
    *pictures, page = save_album({"one": figure, "two": figure}, tmp_path / "look", "A <title>")
    assert [path.name for path in pictures] == ["one.png", "two.png"] and page.name == "figures.html"
    words = page.read_text("utf-8")
    assert all(f'<img src="{path.name}"' in words and path.is_file() for path in pictures)
    assert words.count(f'alt="{figure.finding}"') == 2 and figure.finding
    assert "<h1>A &lt;title&gt;</h1>" in words and "http" not in words
