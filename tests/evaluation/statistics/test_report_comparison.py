"""Two evaluations beside each other, against statsmodels and against chance itself."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from exmachina.errors import InputError
from exmachina.evaluation.statistics.report_comparison import (
    compare_reports,
    paired_change,
    read_report,
    share_change,
)


def report(wrong: set[int], n: int = 1000, fog: float = 0.3, loss: float = 0.1, **changes: Any) -> dict[str, Any]:
    fogged = {"errors": {"fog": {"error": {"value": fog, "n": n}}}}
    return {
        "run": "one",
        "n": n,
        "accuracy": 1 - len(wrong) / n,
        "misread": sorted(wrong),
        "loss": loss,
        "loss_interval": [loss - 0.01, loss + 0.01],
        "ood": {"noise": {"rejected": 0.5, "n": 400}},
        "attacks": None,
        "setting": {"test_set_digest": "abc", "seed": 0},
        "findings": {"robustness": fogged, "others": [{"missing": "no"}]},
        **changes,
    }


def test_accuracies_are_compared_image_by_image_as_statsmodels_does() -> None:
    first, second = set(range(40)), set(range(30, 48))
    change = paired_change(first, second, 1000)
    table = [[952, 8], [30, 10]]
    assert change.p_value == pytest.approx(mcnemar(table, exact=True).pvalue, rel=1e-12)
    assert change.second - change.first == pytest.approx(0.022)
    assert change.low < 0.022 < change.high
    assert compare_reports(report(first), report(second)).names("better") == ["accuracy"]


def test_shares_are_compared_as_statsmodels_does() -> None:
    change = share_change("fog", (130, 90), 1000)
    low, high = confint_proportions_2indep(90, 1000, 130, 1000, method="newcomb")
    assert (change.low, change.high) == pytest.approx((low, high), abs=1e-9)
    assert change.p_value == pytest.approx(proportions_ztest([90, 130], [1000, 1000])[1], rel=1e-9)


def test_what_got_better_and_worse_is_told_apart_and_the_rest_is_chance() -> None:
    result = compare_reports(report({1, 2}), report({1, 3}, fog=0.45, loss=0.02))
    assert result.names("worse") == ["corruption.fog (seed 0)"] and result.names("better") == ["loss"]
    assert result.names("within chance") == ["accuracy", "rejected.noise"] and result.paired


def test_networks_that_do_not_differ_are_seldom_told_apart() -> None:
    rng, alarms = np.random.default_rng(0), 0
    for _ in range(300):
        wrong = [set(np.flatnonzero(rng.random(1000) < 0.05).tolist()) for _ in range(2)]
        fog = [rng.binomial(1000, 0.3) / 1000 for _ in range(2)]
        loss = [0.1 + rng.normal(0, 0.01 / 1.96) for _ in range(2)]
        first, second = (report(a, fog=b, loss=c) for a, b, c in zip(wrong, fog, loss, strict=True))
        result = compare_reports(first, second)
        alarms += len(result.names("within chance")) < len(result.changes)
    assert alarms <= 25  # of 300 at 5 %, 15 are expected at most


def test_reports_without_the_misread_images_are_compared_by_their_shares() -> None:
    first, second = report(set(range(40))), report(set(range(5)))
    del first["misread"]
    result = compare_reports(first, second)
    assert not result.paired and result.names("better") == ["accuracy"]


def test_figures_of_other_images_are_left_out_with_the_reason() -> None:
    first, second = report({1}), copy.deepcopy(report({1}))
    second["findings"]["robustness"]["errors"]["fog"]["error"]["n"] = 100
    second["ood"] = None
    left_out = compare_reports(first, second).left_out
    assert left_out == {
        "corruption.fog (seed 0)": "measured on 1,000 and on 100 images",
        "rejected.noise": "in one report only",
    }


def test_other_test_sets_and_other_files_are_refused_in_one_line(tmp_path: Path) -> None:
    other = report({1}, setting={"test_set_digest": "xyz"})
    with pytest.raises(InputError, match="different test sets"):
        compare_reports(report({1}), other)
    for number, content in enumerate(("{}", "[]", "no", json.dumps({"accuracy": 1, "n": 2}), "[" * 100_000)):
        (tmp_path / f"{number}.json").write_text(content)
        with pytest.raises(InputError, match="not the JSON of an evaluation"):
            read_report(tmp_path / f"{number}.json")
    with pytest.raises(InputError, match="figures"):
        compare_reports(report({1}), report({1}, ood={"noise": 3}))
