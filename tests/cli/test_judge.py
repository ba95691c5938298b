"""The commands that doubt: their JSON, their exit codes, and what they leave untouched."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from exmachina.cli import main
from exmachina.formatting import share
from exmachina.runs import Run
from plain import run_plain

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXMACHINA_DATA", str(tmp_path / "home"))


def run_judge(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as leaving:
        main(list(arguments))
    output = capsys.readouterr()
    return int(leaving.value.code or 0), output.out, output.err


def test_evaluate_agrees_with_the_run_record_writes_report_and_json_and_leaves_the_run_alone(tmp_path: Path) -> None:
    from exmachina.runs import find_run

    before = {file.name: file.read_bytes() for file in find_run("fast").iterdir()}
    page = tmp_path / "report.html"
    code, out, _ = run_plain("evaluate", "fast", "--quick", "--report", str(page), "--json", cwd=tmp_path)
    summary = json.loads(out)
    assert code == 0 and out.count("\n") == 1
    assert summary["accuracy"] == Run.load("fast").test_accuracy and summary["test_set_openings"] == 1
    assert summary["accuracy_interval"][0] < summary["accuracy"] < summary["accuracy_interval"][1]
    assert summary["error_unambiguous"] <= summary["error_corrected"] <= summary["error"] + 0.001
    assert page.read_text().startswith("<!doctype html>")
    assert json.loads(page.with_suffix(".json").read_text())["accuracy"] == summary["accuracy"]
    assert before == {file.name: file.read_bytes() for file in find_run("fast").iterdir()}


def test_compare_of_a_run_with_itself_sees_no_difference(tmp_path: Path) -> None:
    code, out, _ = run_plain("compare", "fast", "fast", "--json", cwd=tmp_path)
    summary = json.loads(out)
    assert code == 0 and not summary["significant"] and summary["p_value"] == 1
    assert summary["errors"][0] == summary["errors"][1] == summary["both_wrong"]


def test_compare_shows_the_images_that_tell_two_runs_apart(
    tiny_run_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run_judge("compare", "fast", str(tiny_run_directory), capsys=capsys)
    assert code == 0 and "fast is better than" in " ".join(out.split())
    assert "read as" in out and max(map(len, out.splitlines())) <= 80


def test_ensemble_tells_members_and_what_they_read_together(
    tiny_run_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run_plain("ensemble", "fast", str(tiny_run_directory), "--json", cwd=tmp_path)
    summary = json.loads(out)
    assert code == 0 and summary["accuracies"][0] == Run.load("fast").test_accuracy
    low, high = summary["ensemble_interval"]
    assert low < summary["ensemble_accuracy"] < high
    code, out, _ = run_judge("ensemble", "fast", "fast", capsys=capsys)
    assert code == 0 and f"{share(summary['accuracies'][0], 2)}  together" in out


def test_calibrate_stores_a_threshold_and_nothing_else(tiny_run: Run, tmp_path: Path) -> None:
    # Four networks learn from 45,000 images each in its place, but not for long.
    brief = replace(tiny_run, recipe={**tiny_run.recipe, "epochs": 0.02}).save(tmp_path / "brief")
    out_dir = tmp_path / "fixed"
    code, out, _ = run_plain("calibrate", str(brief), "--out", str(out_dir), "--json", cwd=tmp_path)
    summary, before, after = json.loads(out), Run.load(brief), Run.load(out_dir)
    assert code == 0 and 0 < summary["rejection_threshold"] < 1
    assert after.rejection_threshold == summary["rejection_threshold"] and after.temperature == before.temperature == 1
    assert before.rejection_threshold is None and before.recipe == after.recipe


def test_calibrate_teaches_what_is_no_digit_where_asked(
    tiny_run_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from exmachina.data import load_mnist_split
    from exmachina.evaluation.ood import rejector

    small, whole = load_mnist_split("train")[:600], rejector.rejector_data
    monkeypatch.setattr("exmachina.data.load_mnist_split", lambda name: small)
    monkeypatch.setattr(rejector, "rejector_data", lambda train, seed: whole(train, 60, seed))
    arguments = ("calibrate", str(tiny_run_directory), "--out", str(tmp_path / "fixed"), "--rejector", "--json")
    code, out, _ = run_judge(*arguments, capsys=capsys)
    run = Run.load(tmp_path / "fixed")
    assert code == 0 and json.loads(out)["rejector"] and run.rejector is not None
    assert 0 <= run.rejector.no_digit <= 1 and Run.load(tiny_run_directory).rejector is None


@pytest.mark.parametrize(
    ("arguments", "needle"),
    [
        (["evaluate", "fast", "--report", "report.pdf"], "report.pdf"),
        (["evaluate", "fast", "--data", "nowhere"], "nowhere"),
        (["evaluate", "fast", "--strangers", "nowhere"], "nowhere"),
        (["evaluate", "fast", "--reference", "nowhere"], "nowhere"),
        (["evaluate", "fast", "--writers", "nowhere"], "nowhere"),
        (["compare", "fast", "nowhere"], "nowhere"),
        (["compare", "fast"], "second"),
        (["ensemble", "fast"], "2 members"),
        (["ensemble", "fast", "nowhere"], "nowhere"),
        (["calibrate", "nowhere"], "nowhere"),
        (["leak", "--recipe", "fats"], "fats"),
        (["leak", "--seeds", "0"], "0"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str],
    needle: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run_judge(*arguments, capsys=capsys)
    assert code == 2 and not out
    assert err.count("\n") == 1 and err.startswith("exmachina: ") and needle in err
