"""Many pictures read on threads and in processes: the same as one at a time, and nothing that goes wrong stops it."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import exmachina
from exmachina.batch import FilePrediction, pool
from exmachina.batch.items import Item
from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.runs import Run


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory, test_digits: Dataset) -> Path:
    """300 digits as files, one of them blank, one no picture and one of several digits."""
    folder = tmp_path_factory.mktemp("scans")
    for number, image in enumerate(test_digits.images[:300]):
        Image.fromarray(image).save(folder / f"{number:03}.png")
    (folder / "007.png").write_bytes(b"no picture")
    Image.new("L", (40, 40), 255).save(folder / "009.png")
    row = np.hstack([np.pad(255 - image, 4, constant_values=255) for image in test_digits.images[:3]])
    Image.fromarray(np.pad(row, 10, constant_values=255).repeat(2, 0).repeat(2, 1)).save(folder / "011.png")
    return folder


@pytest.fixture(scope="module")
def one_at_a_time(scans: Path, tiny_run: Run) -> list[FilePrediction]:
    classifier, answers = Classifier.from_run(tiny_run), []
    for path in sorted(scans.iterdir()):
        try:
            answers.append(FilePrediction(str(path), classifier.predict(path)))
        except InputError as error:
            answers.append(FilePrediction(str(path), None, str(error)))
    return answers


@pytest.mark.parametrize("workers", [None, 1, 2])
def test_many_are_read_as_each_alone(
    workers: int | None, scans: Path, tiny_run: Run, one_at_a_time: list[FilePrediction]
) -> None:
    result = list(exmachina.predict_many(scans, Classifier.from_run(tiny_run), workers=workers))
    assert [one.path for one in result] == [one.path for one in one_at_a_time]
    for ours, alone in zip(result, one_at_a_time, strict=True):
        assert (ours.prediction is None) == (alone.prediction is None)
        if ours.prediction is not None and alone.prediction is not None:
            assert ours.prediction == alone.prediction
    assert "is not a PNG or JPEG" in result[7].problem and "is blank" in result[9].problem
    assert sum(bool(one.problem) for one in result) == 2
    assert [place for place, one in enumerate(result) if one.prediction and one.prediction.several] == [11]


def test_they_come_as_they_are_asked_for(scans: Path, tiny_run: Run) -> None:
    asked = []

    def sources() -> object:
        for path in sorted(scans.iterdir()) * 20:
            asked.append(path)
            yield path

    answers = exmachina.predict_many(sources(), Classifier.from_run(tiny_run), workers=1)  # type: ignore[arg-type]
    next(answers)
    assert len(asked) < 300 < 20 * 300
    answers.close()  # type: ignore[attr-defined]


def test_a_script_without_a_guard_may_use_processes(scans: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        f"import exmachina\nprint('begun')\nprint(len(list(exmachina.predict_many({str(scans)!r}, workers=2))))\n"
    )
    done = subprocess.run([sys.executable, tmp_path / "script.py"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["begun", "300"], "")


def _prepare(items: list[Item]) -> pool.Prepared:
    """Stands for a decoder with a fault: one picture ends the process."""
    if any(item.path == "fatal" for item in items):
        os._exit(11)
    return pool.Prepared(np.zeros((len(items), 28, 28), np.uint8), {})


def test_a_picture_that_ends_its_process_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "prepare", _prepare)
    items = [Item("fatal" if number == 300 else str(number)) for number in range(600)]
    result = {item.path: problem for some, what in pool.prepare_all(items, 2) for item, problem in named(some, what)}
    assert len(result) == 600
    assert [path for path, problem in result.items() if problem] == ["fatal"]
    assert "ended the process" in result["fatal"]


def test_pictures_handed_in_after_their_process_ended_wait_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "prepare", _prepare)
    workers = pool._Pool(2)
    try:
        assert isinstance(workers.submit([Item("fatal")]).exception(120), BrokenProcessPool)
        assert isinstance(workers.submit([Item("0")]).exception(120), BrokenProcessPool)
        workers.renew()
        assert len(workers.submit([Item("0")]).result(120).images) == 1
    finally:
        workers.close()


def named(some: list[Item], what: pool.Prepared) -> list[tuple[Item, str]]:
    assert len(what.images) + len(what.problems) == len(some)
    return [(item, what.problems.get(place, ("", False))[0]) for place, item in enumerate(some)]


def test_as_many_processes_as_make_sense(scans: Path) -> None:
    with pytest.raises(InputError, match="workers is 0"):
        next(exmachina.predict_many(scans, workers=0))
