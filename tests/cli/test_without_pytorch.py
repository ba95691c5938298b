"""Every command where only what a plain installation brings can be imported.

Here are those that nothing else runs as a whole. The others run so in test_commands.py and test_judge.py, which look at
what they answer: show, summary, train, predict, inspect and export; evaluate, compare, ensemble and calibrate.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from plain import run_plain

COMMANDS = {
    "hello": "hello --out run",
    "experiment": "experiment --vary epochs=0.02,0.05 --seeds 2 --out experiment.png",
    "keras": "export --keras fast.keras",
    "benchmark": "benchmark --quick --only fast --json",
}
LONG = {"hello": 10, "benchmark": 40}  # seconds


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long(LONG[name]) if name in LONG else ()) for name in COMMANDS]
)
def test_command_needs_no_extra(name: str, tmp_path: Path) -> None:
    code, _, err = run_plain(*COMMANDS[name].split(), cwd=tmp_path)
    assert code == 0, err[-2000:]


@pytest.mark.parametrize(("option", "needs"), [("--backend torch", "backend torch"), ("--precision bf16", "bf16")])
def test_what_needs_pytorch_says_so_in_one_line(option: str, needs: str, tmp_path: Path) -> None:
    code, _, err = run_plain("train", "--out", "run", *option.split(), cwd=tmp_path)
    assert code == 2 and err.count("\n") == 1
    assert needs in err and "hello-ex-machina[torch]" in err
