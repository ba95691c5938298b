import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from exmachina.data import load_mnist_split
from exmachina.errors import InputError
from exmachina.evaluation.ood.non_digits import (
    blank,
    blobs,
    bundled_fonts,
    letters,
    noise,
    pictures,
    two_digits,
    upside_down,
)
from exmachina.images import archive


@pytest.fixture(scope="module")
def test_set() -> Any:
    return load_mnist_split("test")[:300]


@pytest.fixture
def crosses(tmp_path: Path) -> Any:
    """A folder, and a zip file of it, with four crosses in a sub-folder, a blank page and a text."""
    folder = tmp_path / "signs"
    (folder / "cross").mkdir(parents=True)
    for k in range(4):
        page = Image.new("L", (60, 50), 255)
        ImageDraw.Draw(page).line((10, 10, 40 + k, 40), fill=0, width=4)
        ImageDraw.Draw(page).line((40, 10, 10, 40), fill=0, width=4)
        page.save(folder / "cross" / f"{k}.png")
    Image.new("L", (40, 40), 255).save(folder / "blank.png")
    (folder / "notes.txt").write_text("not a picture")
    archive = tmp_path / "signs.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*.*")):
            file.write(path, path.relative_to(tmp_path))
    return folder, archive


def rng(seed: Any = 0) -> Any:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    "make",
    [
        lambda data, g: blank(30, g),
        lambda data, g: noise(30, g),
        lambda data, g: blobs(30, g),
        lambda data, g: letters(30, g),
        lambda data, g: two_digits(data.images, 30, g),
        lambda data, g: upside_down(data.images, data.labels, 30, g),
    ],
)
def test_non_digits_are_uint8_images_and_the_same_for_the_same_generator(make: Any, test_set: Any) -> None:
    made = make(test_set, rng())
    assert (made.shape, made.dtype) == ((30, 28, 28), np.uint8)
    assert (made == make(test_set, rng())).all()
    assert len(np.unique(made.reshape(30, -1), axis=0)) > 15


def test_blank_pages_are_even_and_the_first_is_black() -> None:
    pages = blank(20, rng())
    assert (np.ptp(pages.reshape(20, -1), axis=1) == 0).all()
    assert not pages[0].any()


def test_blobs_have_about_as_much_ink_as_digits(test_set: Any) -> None:
    assert blobs(100, rng()).mean() == pytest.approx(test_set.images.mean(), rel=0.4)


def test_two_digits_leave_a_gap_and_fill_both_halves(test_set: Any) -> None:
    pairs = two_digits(test_set.images, 50, rng())
    left, right = pairs[:, :, :14].sum((1, 2), dtype=int), pairs[:, :, 14:].sum((1, 2), dtype=int)
    assert (np.minimum(left, right) > 0).all()
    assert left.mean() == pytest.approx(right.mean(), rel=0.2)


def test_only_threes_fours_and_sevens_are_turned_upside_down(test_set: Any) -> None:
    turned = upside_down(test_set.images, test_set.labels, 40, rng())
    known = {image.tobytes(): label for image, label in zip(test_set.images, test_set.labels, strict=True)}
    assert {int(known[image[::-1, ::-1].tobytes()]) for image in turned} == {3, 4, 7}


def test_letters_have_mnists_size_and_place() -> None:
    drawn = letters(60, rng())
    rows = [np.flatnonzero(image.any(1)) for image in drawn]
    columns = [np.flatnonzero(image.any(0)) for image in drawn]
    longer = [max(np.ptp(r), np.ptp(c)) + 1 for r, c in zip(rows, columns, strict=True)]
    assert min(longer) >= 19
    assert max(longer) <= 20


def test_matplotlibs_text_fonts_are_found_and_no_symbols_among_them() -> None:
    names = [path.stem for path in bundled_fonts()]
    assert {"DejaVuSans", "DejaVuSerif-Bold", "STIXGeneralItalic"} <= set(names)
    assert not [name for name in names if "Display" in name or "Siz" in name or "NonUni" in name]


def test_without_any_font_file_pillows_own_is_used() -> None:
    assert letters(3, rng(), fonts=[]).any()


def test_a_file_that_is_no_font_is_refused(tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(b"not a font")
    with pytest.raises(InputError, match="not a font"):
        letters(1, rng(), fonts=[tmp_path / "font.ttf"])


def test_a_folder_and_its_zip_file_give_the_same_pictures(crosses: Any) -> None:
    folder, archive = crosses
    from_folder, from_zip = pictures(folder, rng()), pictures(archive, rng())
    assert from_folder.shape == (4, 28, 28)  # the blank page and the text are left out
    assert (from_folder == from_zip).all()
    assert from_folder.max(axis=(1, 2)).min() == 255


def test_a_limit_draws_some_of_the_pictures(crosses: Any) -> None:
    (crosses[0] / "blank.png").unlink()
    assert len(pictures(crosses[0], rng(), limit=2)) == 2


def test_a_bomb_in_a_zip_file_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_PICTURE_BYTES", 1_000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("large.png", bytes(10_000_000))
    with pytest.raises(InputError, match=r"large\.png"):
        pictures(tmp_path / "bomb.zip", rng())


@pytest.mark.parametrize("damage", [slice(0, 40), slice(0, -30)])
def test_what_is_no_folder_or_zip_of_pictures_is_refused_in_one_line(crosses: Any, damage: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(crosses[1].read_bytes()[damage])
    for path in (broken, tmp_path / "absent", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(InputError) as caught:
            pictures(path, rng())
        assert "\n" not in str(caught.value)


def test_non_digits_need_digits_to_be_made_of() -> None:
    nothing = np.zeros((0, 28, 28), np.uint8)
    with pytest.raises(InputError, match="no digits"):
        two_digits(nothing, 3, rng())
    with pytest.raises(InputError, match="no digits"):
        upside_down(np.zeros((3, 28, 28), np.uint8), np.array([1, 2, 5]), 3, rng())
