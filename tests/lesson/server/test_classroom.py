"""A small class for a short while: nobody loses anything, nobody waits without knowing why."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[3] / "benchmarks"))


@pytest.mark.slow
def test_small_class_draws_and_shares_without_an_error(tiny_run_directory: Path) -> None:
    from classroom import run_classroom

    told = run_classroom(learners=6, seconds=12, folder=str(tiny_run_directory))
    assert told["errors"] == 0, told["first_errors"]
    assert told["predictions"] >= 6 and told["pages_loaded"] == 6 and told["looks_at_the_wall"] > 2
    assert told["memory_mb_growth"] < 100 and told["processes_growth"] == 0
