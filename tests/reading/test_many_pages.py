"""Many pages into one table: the fields of each as it is read alone, every page once though it is stopped."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from PIL import Image

import exmachina
import strips
from exmachina.cli import main
from exmachina.reading import pages
from exmachina.reading.results import FIELDS

COMMAND = ["read", "--run", "fast", "--out"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pages of a few numbers, and one file that is no picture."""
    folder, whole = tmp_path_factory.mktemp("pages"), strips.mnist_hand()
    hand = strips.Hand("first", whole.cuts[:300], whole.labels[:300])
    for number in range(3):
        Image.fromarray(strips.make_page(hand, 2, 2, seed=number)[0]).save(folder / f"{number}.png")
    (folder / "1b.png").write_bytes(b"no picture")
    return folder


def run(*arguments: str) -> int:
    try:
        main([*COMMAND, *arguments])
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def rows(table: Path) -> list[list[str]]:
    with table.open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    assert lines[0] == list(FIELDS)
    return lines[1:]


def test_a_table_holds_each_page_as_it_is_read_alone(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(str(tmp_path / "t.csv"), str(folder)) == 2
    assert "1 pages could not be read" in capsys.readouterr().err
    result = rows(tmp_path / "t.csv")
    classifier = exmachina.Classifier.load("fast")
    for name in ("0.png", "1.png", "2.png"):
        path = str(folder / name)
        alone = [
            ["" if cell is None else str(cell) for cell in row] for row in pages.read(path, classifier).field_rows(path)
        ]
        assert [row for row in result if row[0] == path] == alone
    assert [row[-1] for row in result if row[0].endswith("1b.png")] == [
        f"'{folder / '1b.png'}' is not a PNG or JPEG image; save it as one of these."
    ]
    assert run(str(tmp_path / "t.parquet"), str(folder)) == 2
    held = pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert [["" if cell is None else str(cell) for cell in row.values()] for row in held] == result


def test_a_stopped_table_goes_on_with_the_next_page(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(str(tmp_path / "whole.csv"), str(folder)) == 2
    asked: list[str] = []
    read_rows = pages.read_rows

    def stopped(path: str, content: bytes | None, classifier: Any) -> Any:
        asked.append(path)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return read_rows(path, content, classifier)

    monkeypatch.setattr(pages, "read_rows", stopped)
    assert run(str(tmp_path / "t.csv"), str(folder)) != 0
    assert not (tmp_path / "t.csv").exists()
    assert run(str(tmp_path / "t.csv"), str(folder)) == 2
    assert rows(tmp_path / "t.csv") == rows(tmp_path / "whole.csv")
    assert [Path(path).name for path in asked] == ["0.png", "1.png", "1b.png", "1b.png", "2.png"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["t.csv", "a.png", "--fields"], "leave out --fields"),
        (["t.csv", "a.png", "--ray", "local"], "give --out NAME.parquet"),
        (["t.txt", "a.png"], "name a file that ends in .csv or .parquet"),
    ],
)
def test_what_does_not_go_together_is_refused(
    more: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(str(tmp_path / more[0]), *more[1:]) == 2
    assert words in capsys.readouterr().err
