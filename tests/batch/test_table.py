"""A table that is killed and begun anew holds every picture once; as CSV and as Parquet it says the same."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pytest
from PIL import Image

from exmachina.batch import FilePrediction
from exmachina.batch.table import COLUMNS, open_table
from exmachina.classifier import Classifier, Prediction
from exmachina.cli import main
from exmachina.data import load_mnist_split
from exmachina.errors import InputError


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load("fast")


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        lines = list(csv.reader(file))
    assert tuple(lines[0]) == COLUMNS
    return lines[1:]


def answer(path: str) -> FilePrediction:
    return FilePrediction(path, Prediction(3, 0.1 + 0.2, (0.1,) * 10, rejected=False))


ODD = ["plain.png", 'quo"te, comma.png', "line\r\nbreak.png", "half\udcff.png", "plain.png", "ü.png"]


def test_odd_names_and_duplicates_outlast_a_stop(tmp_path: Path, classifier: Classifier) -> None:
    path = tmp_path / "new" / "t.csv"
    with pytest.raises(KeyboardInterrupt), open_table(path, classifier) as table:
        for name in ODD:
            table.add(answer(name))
        raise KeyboardInterrupt
    assert not path.exists()
    with (path.parent / ".t.csv.part").open("ab") as file:
        file.write(b"half a li")  # what a kill may leave
    with open_table(path, classifier) as table:
        assert table.rows == len(ODD)
        assert [table.take(name) for name in [*ODD, "plain.png", "other.png"]] == [*[True] * len(ODD), False, False]
        table.add(answer("other.png"))
    assert [row[0] for row in rows(path)] == [*ODD, "other.png"]
    assert [entry.name for entry in path.parent.iterdir()] == ["t.csv"]


def test_nothing_is_left_of_nothing(tmp_path: Path, classifier: Classifier) -> None:
    with pytest.raises(InputError, match="at once"), open_table(tmp_path / "t.csv", classifier):
        raise InputError("at once")
    assert list(tmp_path.iterdir()) == []


def test_another_network_may_not_go_on(tmp_path: Path, classifier: Classifier) -> None:
    with pytest.raises(KeyboardInterrupt), open_table(tmp_path / "t.csv", classifier) as table:
        table.add(answer("a.png"))
        raise KeyboardInterrupt
    with pytest.raises(InputError, match="another network"), open_table(tmp_path / "t.csv", Classifier.load("classic")):
        pass
    stricter = Classifier.load("fast")
    assert stricter.rejector is not None
    stricter.rejector = replace(stricter.rejector, no_digit=0.99)
    with pytest.raises(InputError, match="another network"), open_table(tmp_path / "t.csv", stricter):
        pass
    with open_table(tmp_path / "t.csv", classifier) as table:
        assert table.take("a.png")


def test_what_an_older_version_left_unfinished_is_not_mixed_with_new_rows(
    tmp_path: Path, classifier: Classifier
) -> None:
    with pytest.raises(KeyboardInterrupt), open_table(tmp_path / "t.csv", classifier) as table:
        table.add(answer("a.png"))
        raise KeyboardInterrupt
    mark = json.loads(table.journal.read_text())
    for columns in ({}, {"columns": ["path", "digit", "probability", "rejected", "problem"]}):
        table.journal.write_text(json.dumps({**{key: mark[key] for key in mark if key != "columns"}, **columns}))
        before = table.part.read_bytes()
        with (
            pytest.raises(InputError, match=r"t\.csv\.part' was begun .*other columns; delete it"),
            open_table(tmp_path / "t.csv", classifier),
        ):
            pass
        assert table.part.read_bytes() == before


def test_parquet_holds_the_same_with_types(tmp_path: Path, classifier: Classifier) -> None:
    blank = FilePrediction("blank.png", Prediction(None, 0.0, (0.0,) * 10, rejected=True), "is blank")
    readings = [answer("a.png"), blank, FilePrediction("b.png", None, "is no picture"), answer("half\udcff.png")]
    with open_table(tmp_path / "t.parquet", classifier) as table:
        for reading in readings:
            table.add(reading)
    held = pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert held[0] == {
        "path": "a.png",
        "digit": 3,
        "probability": 0.1 + 0.2,
        "rejected": False,
        "several": False,
        "problem": None,
    }
    assert held[1] == {
        "path": "blank.png",
        "digit": None,
        "probability": 0.0,
        "rejected": True,
        "several": False,
        "problem": "is blank",
    }
    assert held[2] == {
        "path": "b.png",
        "digit": None,
        "probability": None,
        "rejected": None,
        "several": None,
        "problem": "is no picture",
    }
    assert held[3]["path"] == "half�.png"
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.parquet"]


def test_killed_at_any_moment_and_begun_anew_every_file_is_there_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = load_mnist_split("test")
    scans = tmp_path / "scans"
    scans.mkdir()
    Image.fromarray(test.images[0]).save(scans / "0.png")
    content = (scans / "0.png").read_bytes()
    for number in range(1, 4000):
        (scans / f"{number}.png").write_bytes(content)
    table = tmp_path / "table.csv"
    command = [sys.executable, "-m", "exmachina", "predict", str(scans), "--out", str(table), "--workers", "2"]
    part, moments, before, safe = tmp_path / ".table.csv.part", random.Random(1), 0, 0
    for _ in range(2):
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        while running.poll() is None and (not part.exists() or part.stat().st_size <= before):
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.3))
        running.send_signal(signal.SIGKILL)
        running.wait()
        if running.stderr is not None:
            running.stderr.close()
        before = part.stat().st_size if part.exists() else 0
        journal = tmp_path / ".table.csv.journal"  # what is in the part and not yet in here is read once more
        safe = json.loads(journal.read_text("utf-8"))["rows"] if journal.exists() else 0
        assert ends(running.pid), "processes outlive the one that was killed"
        if table.exists():
            break
    with pytest.raises(SystemExit) as left:
        main(["predict", str(scans), "--out", str(table)])
    output = capsys.readouterr().err
    assert not left.value.code and sorted(row[0] for row in rows(table)) == sorted(map(str, scans.iterdir()))
    assert {row[1] for row in rows(table)} == {"7"}
    assert "were read before; going on" in output or not safe


def ends(group: int) -> bool:
    """Whether every process of a session ends, on a busy machine after what it is importing."""
    for _ in range(3000):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False
