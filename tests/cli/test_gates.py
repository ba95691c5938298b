"""Gates: what is met and what is not, and the line that says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from exmachina.cli import main
from exmachina.cli.gates import check_gates, check_names, figures, parse_gate
from exmachina.errors import InputError
from exmachina.evaluation import Evaluation, to_json

SUMMARY = {
    "accuracy": 0.991,
    "accuracy_interval": [0.989, 0.993],
    "mce": None,
    "fit_for_use": True,
    "corruption": {"fog": 0.2},
    "attacks": [{"method": "pgd", "epsilon": 0.1, "error": {"value": 0.4}}],
    "findings": {"accuracy": 3},
}


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("accuracy>=0.99", True),
        ("accuracy >= 99e-2", True),
        ("accuracy>0.991", False),
        ("accuracy_interval.low>=0.99", False),
        ("corruption.fog<=0.2", True),
        ("attacks.pgd.0.1<0.4", False),
        ("fit_for_use==1", True),
        ("mce<=120", False),
    ],
)
def test_a_gate_is_met_or_not(text: str, met: bool) -> None:
    (result,) = check_gates([parse_gate(text)], SUMMARY)
    assert result.met == met and result.line.startswith("Gate met" if met else "Gate not met")
    assert "\n" not in result.line and result.gate.figure in result.line


@pytest.mark.parametrize("text", ["", "accuracy", "accuracy>=", "accuracy>=high", ">=0.9", "accuracy>=nan", "a=1"])
def test_what_is_no_gate_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="write a figure"):
        parse_gate(text)


def test_an_unknown_figure_names_the_choices() -> None:
    with pytest.raises(InputError, match=r"acuracy.*accuracy, "):
        check_names([parse_gate("acuracy>=0.9")])
    with pytest.raises(InputError, match=r"corruption\.smoke.*corruption\.fog"):
        check_gates([parse_gate("corruption.smoke<=1")], SUMMARY)


def test_every_root_is_a_key_of_the_evaluation(dull_summary: dict[str, Any]) -> None:
    from exmachina.cli.gates import ROOTS

    assert set(ROOTS) <= {name.partition(".")[0] for name in figures(dull_summary)} | set(dull_summary)


def test_the_command_ends_with_1_and_a_line_a_gate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], evaluated: Evaluation
) -> None:
    monkeypatch.setattr("exmachina.evaluation.evaluate", lambda *_, **__: iter([evaluated]))
    monkeypatch.setattr("exmachina.evaluation.datasets.external_datasets.load_external", lambda source: source)
    code = leave("evaluate", "fast", "--require", "accuracy>=0.01", "--json")
    assert code == 0 and json.loads(capsys.readouterr().out)["gates"][0]["met"]
    code = leave("evaluate", "fast", "--require", "accuracy>=2", "--require", "nll<=-1", "--require", "n>=1", "--json")
    output = capsys.readouterr()
    assert code == 1 and [one["met"] for one in json.loads(output.out)["gates"]] == [False, False, True]
    assert output.err.count("Gate not met") == 2
    assert leave("evaluate", "fast", "--require", "acuracy>=0.9") == 2


def test_two_reports_are_compared_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dull_summary: dict[str, Any]
) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(json.dumps({**dull_summary, "misread": list(range(40))}))
    second.write_text(json.dumps(dull_summary))
    assert leave("compare", str(first), str(second), "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["better"] == ["accuracy"] and summary["worse"] == [] and summary["paired"]
    assert leave("compare", str(first), str(second)) == 0
    assert "better beyond chance" in capsys.readouterr().out
    assert leave("compare", str(first), "fast") == 2


def leave(*arguments: str) -> int:
    with pytest.raises(SystemExit) as leaving:
        main(list(arguments))
    return int(leaving.value.code or 0)


@pytest.fixture(scope="session")
def evaluated(tiny_run: Any, digits: Any, test_digits: Any, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """A tiny run, all but its first numbers left out for the sake of time."""
    from exmachina.evaluation import evaluate
    from exmachina.evaluation.inputs import Extent

    few = Extent(20, 0, 10, 10, (0.1,), 10, 20, 50, 5, 0, 50, 20, 0)
    folder = tmp_path_factory.mktemp("log")
    *_, result = evaluate(tiny_run, digits[:300], test_digits[:200], quick=True, extent=few, log_folder=folder)
    assert isinstance(result, Evaluation)
    return result


@pytest.fixture(scope="session")
def dull_summary(evaluated: Evaluation) -> dict[str, Any]:
    return {**to_json(evaluated), "fit_for_use": True}
