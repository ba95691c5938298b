"""Pages made of MNIST's test digits: what was written is read, where it stands, at any size and in any light."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import exmachina
import strips
from exmachina.classifier import Classifier
from exmachina.cli import main
from exmachina.reading import Page

pytestmark = pytest.mark.slow

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def page(hand: strips.Hand) -> tuple[Picture, list[list[str]]]:
    return strips.make_page(hand, 12, 3, seed=1)


def share_read(result: Page, written: list[list[str]]) -> float:
    table = result.table()
    assert [len(row) for row in table] == [len(row) for row in written]
    pairs = [(a, b) for row, other in zip(table, written, strict=True) for a, b in zip(row, other, strict=True)]
    return sum(a == b for a, b in pairs) / len(pairs)


def test_strings_whose_digits_stand_apart_are_read_whole(hand: strips.Hand, classifier: Classifier) -> None:
    some = strips.make_strips(hand, 25, seed=0, touching=0)
    read = [exmachina.read(strip.picture, classifier).strings for strip in some]
    assert sum(strings == (strip.text,) for strings, strip in zip(read, some, strict=True)) >= 22


def test_most_strings_whose_digits_touch_are_read_whole(hand: strips.Hand, classifier: Classifier) -> None:
    some = strips.make_strips(hand, 24, seed=0, touching=0.5)
    read = [exmachina.read(strip.picture, classifier).strings for strip in some]
    assert sum(strings == (strip.text,) for strings, strip in zip(read, some, strict=True)) >= 18


def test_a_page_is_read_by_row_and_column(page: tuple[Picture, list[list[str]]], classifier: Classifier) -> None:
    assert share_read(exmachina.read(page[0], classifier), page[1]) >= 0.9


@pytest.mark.parametrize("kind", ["thrice as large", "light ink", "half in shadow", "16 bit", "file"])
def test_size_ink_light_and_kind_of_picture_do_not_matter(
    kind: str, page: tuple[Picture, list[list[str]]], classifier: Classifier, tmp_path: Path
) -> None:
    picture, written = page
    row, column = np.mgrid[: picture.shape[0], : picture.shape[1]]
    edge = (row + column - sum(picture.shape) / 2.2) / 12  # a shadow's own is never sharp
    shade = 0.55 + 0.45 / (1 + np.exp(-edge))
    Image.fromarray(picture).save(tmp_path / "page.png")
    seen: object = {
        "thrice as large": Image.fromarray(picture).resize((3 * picture.shape[1], 3 * picture.shape[0])),
        "light ink": 255 - picture,
        "half in shadow": (picture * shade).astype(np.uint8),
        "16 bit": picture.astype(np.uint16) * 257,
        "file": tmp_path / "page.png",
    }[kind]
    assert share_read(exmachina.read(seen, classifier), written) >= 0.9  # type: ignore[arg-type]


def test_boxes_lie_on_the_ink_in_the_pictures_own_pixels(classifier: Classifier, hand: strips.Hand) -> None:
    digit = np.asarray(Image.fromarray(hand.cuts[0]).resize((90, 120)))
    picture = np.full((1400, 2000), 250, np.uint8)
    picture[600:720, 1500:1590] -= digit - digit // 8
    box = exmachina.read(picture, classifier).fields[0].glyphs[0].box
    assert abs(box.left - 1500) < 12 and abs(box.top - 600) < 12
    assert abs(box.width - 90) < 20 and abs(box.height - 120) < 20


def test_a_photo_turned_by_its_exif_tag_is_read_upright(
    page: tuple[Picture, list[list[str]]], classifier: Classifier
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.fromarray(page[0]).transpose(Image.Transpose.ROTATE_90).save(file, "JPEG", exif=exif, quality=95)
    result = exmachina.read(file.getvalue(), classifier)
    assert (result.height, result.width) == page[0].shape
    assert share_read(result, page[1]) >= 0.9


def test_a_digit_that_is_hardly_one_is_unsure(classifier: Classifier, hand: strips.Hand) -> None:
    result = exmachina.read(strips.make_strips(hand, 1, seed=0, touching=0)[0].picture, classifier)
    for field in result.fields:
        assert field.probability == pytest.approx(np.prod([glyph.probability for glyph in field.glyphs]))
        assert field.unsure == any(glyph.unsure for glyph in field.glyphs)
        assert all(glyph.second != glyph.digit for glyph in field.glyphs)


def test_an_amount_has_its_point_and_no_stroke(classifier: Classifier, hand: strips.Hand) -> None:
    generator = np.random.default_rng(0)
    amounts = [strips.make_amount(hand, generator, stroke=bool(number % 2)) for number in range(8)]
    right = [exmachina.read(amount.picture, classifier).strings == (amount.text,) for amount in amounts]
    assert sum(right) >= 7


# The command ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photo(page: tuple[Picture, list[list[str]]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "photo.png"
    Image.fromarray(page[0]).save(path)
    return path


@pytest.fixture(scope="module")
def expected(photo: Path, classifier: Classifier) -> Page:
    return exmachina.read(photo, classifier)


def run(*arguments: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(list(map(str, arguments)))
    output = capsys.readouterr()
    return int(left.value.code or 0), output.out, output.err


def test_the_command_says_what_the_library_reads(
    photo: Path, expected: Page, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, overlay = tmp_path / "table.csv", tmp_path / "overlay.png"
    code, out, _ = run("read", photo, "--csv", table, "--overlay", overlay, capsys=capsys)
    assert code == 0
    assert [line.split() for line in out.splitlines()] == expected.table()
    with table.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == expected.table()
    with Image.open(overlay) as drawn:
        assert drawn.size == (expected.width, expected.height)
        assert (np.ptp(np.asarray(drawn), axis=2) > 60).any()  # boxes have colours


def test_json_holds_every_digit_with_its_box(photo: Path, expected: Page, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("read", photo, "--json", capsys=capsys)
    answer = json.loads(out)
    assert code == 0 and answer == json.loads(json.dumps({"path": str(photo), **expected.to_json()}))
    assert answer["fields"][0].keys() == {"text", "probability", "unsure", "row", "column", "box", "glyphs"}
    assert answer["fields"][0]["glyphs"][0].keys() == {"digit", "probability", "second", "unsure", "box"}


def test_fields_are_told_one_by_one(photo: Path, expected: Page, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run("read", photo, "--fields", capsys=capsys)
    fields = expected.fields
    assert len(out.splitlines()) == len(fields)
    assert out.startswith(f"row 0 column 0: {fields[0].text} (")
    assert f"at {fields[0].box.left},{fields[0].box.top} " in out.splitlines()[0]


def test_rows_of_several_pages_stand_below_one_another(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "table.csv"
    _, out, _ = run("read", photo, photo, "--csv", table, capsys=capsys)
    assert out.count(f"{photo}:") == 2
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 8 and {row[0] for row in rows} == {str(photo)} and rows[:4] == rows[4:]
