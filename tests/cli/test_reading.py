"""`predict` for many: folders and what is below them, standard input, a table."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exmachina.cli import main
from exmachina.data import Dataset, load_mnist_split

COLUMNS = ["path", "digit", "probability", "rejected", "several", "problem"]


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six digits in a folder, three folders deep, among files that are none."""
    folder = tmp_path_factory.mktemp("scans")
    test: Dataset = load_mnist_split("test")
    for number, place in enumerate((".", ".", "a", "a/b", "a/b/c", "d")):
        (folder / place).mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - test.images[number]).save(folder / place / f"{number}-is-{test.labels[number]}.png")
    (folder / "a" / "notes.txt").write_text("three of these are mine")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "9.png").write_bytes(b"thumbnail")
    return folder


def run(*arguments: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(list(map(str, arguments)))
    captured = capsys.readouterr()
    return int(left.value.code or 0), captured.out, captured.err


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == COLUMNS
        return list(reader)


def test_what_is_below_a_folder_is_read_too(scans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run("predict", scans, "--json", capsys=capsys)
    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, len(lines), err) == (0, 6, "")
    assert all(str(line["digit"]) == Path(line["path"]).stem[-1] for line in lines)
    assert [line["path"] for line in lines] == sorted(line["path"] for line in lines)


def test_a_table_holds_what_json_says(scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run("predict", scans, "--json", capsys=capsys)
    output = [json.loads(line) for line in out.splitlines()]
    code, out, _ = run("predict", scans, "--out", tmp_path / "new" / "table.csv", capsys=capsys)
    assert (code, out.strip()) == (0, str(tmp_path / "new" / "table.csv"))
    for row, line in zip(rows(tmp_path / "new" / "table.csv"), output, strict=True):
        assert (row["path"], row["digit"], row["rejected"]) == (line["path"], str(line["digit"]), str(line["rejected"]))
        assert float(row["probability"]) == line["probability"] and row["problem"] == ""


def test_problems_stand_in_the_table_and_cost_nobody_else(
    scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", (40, 40), 255).save(tmp_path / "blank.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    table = tmp_path / "table.csv"
    good = next(scans.glob("*.png"))
    code, _, err = run("predict", tmp_path / "blank.png", tmp_path / "broken.png", good, "--out", table, capsys=capsys)
    blank, broken, read = rows(table)
    assert code == 2 and err.count("exmachina: ") == 2
    assert blank["digit"] == "" and "is blank" in blank["problem"] and blank["rejected"] == "True"
    assert broken["probability"] == "" and "is not a PNG or JPEG" in broken["problem"]
    assert read["digit"] == good.stem[-1]


def test_paths_come_from_standard_input(
    scans: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = sorted(scans.glob("*.png"))
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{path}\n" for path in chosen)))
    code, out, _ = run("predict", "-", capsys=capsys)
    assert code == 0
    assert [line.split(": ")[0] for line in out.splitlines()] == [str(path) for path in chosen]


def test_more_than_are_read_at_once_keep_their_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = load_mnist_split("test")
    for number in range(300):
        Image.fromarray(test.images[number]).save(tmp_path / f"{number:03}.png")
    _, out, _ = run("predict", tmp_path, capsys=capsys)
    read = [line.split(": ")[1][0] for line in out.splitlines()]
    assert len(read) == 300
    assert sum(digit == str(label) for digit, label in zip(read, test.labels[:300], strict=True)) > 290


@pytest.mark.parametrize(("name", "words"), [("table.xlsx", "ends in .csv or .parquet"), ("file/table.csv", "file")])
def test_a_table_that_cannot_be_written_is_refused(
    name: str, words: str, scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    code, out, err = run("predict", scans, "--out", tmp_path / name, capsys=capsys)
    assert (code, out) == (2, "") and words in err and err.count("\n") == 1


def test_on_a_terminal_it_tells_how_far_it_is(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    _, _, err = run("predict", scans, "--out", tmp_path / "table.csv", capsys=capsys)
    assert "0/6 read" in err and err.endswith("\x1b[2K")  # a bar that is gone at the end


def test_several_digits_in_one_picture_point_to_read(
    scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = load_mnist_split("test")
    row = 255 - np.hstack([test.images[number] for number in range(3)])
    Image.fromarray(np.pad(row, 20, constant_values=255)).resize((372, 204)).save(tmp_path / "three.png")
    three = tmp_path / "three.png"
    _, out, err = run("predict", three, capsys=capsys)
    assert "several digits" in err and f"exmachina read '{three}'" in err and err.count("\n") == 1
    assert out.endswith(")\n") and "several digits" not in out
    _, out, err = run("predict", scans, three, "--json", "--out", tmp_path / "table.csv", capsys=capsys)
    assert err.count("several digits") == err.count("\n") == 1
    assert [json.loads(line)["several"] for line in out.splitlines()] == [False] * 6 + [True]
    assert [row["several"] for row in rows(tmp_path / "table.csv")] == ["False"] * 6 + ["True"]
    _, _, err = run("predict", *sorted(scans.glob("*.png")), capsys=capsys)
    assert err == ""
