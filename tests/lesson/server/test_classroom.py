"""A small class for a short while: nobody loses anything, nobody waits without knowing why."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[3] / "benchmarks"))


@pytest.mark.slow
@pytest.mark.long
def test_small_class_draws_and_shares_without_an_error(tiny_run_directory: Path) -> None:
    from classroom import run_classroom

    answer = run_classroom(learners=6, seconds=12, folder=str(tiny_run_directory))
    assert answer["errors"] == 0, answer["first_errors"]
    assert answer["predictions"] >= 6 and answer["pages_loaded"] == 6 and answer["looks_at_the_wall"] > 2
    assert answer["memory_mb_growth"] < 100 and answer["processes_growth"] == 0
