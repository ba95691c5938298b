"""The questions that change what one does, asked of a whole evaluation."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from exmachina import Classifier
from exmachina.data import Dataset, load_mnist_split, split
from exmachina.evaluation import Evaluation, to_json
from exmachina.evaluation.calibration.held_out import HeldOut
from exmachina.evaluation.decisions import Decisions, decide
from exmachina.evaluation.results import Seeds
from exmachina.evaluation.statistics.intervals import wilson
from exmachina.runs import Run

Judge = Any  # the fixture of conftest.py: a run and options in, an Evaluation out


def test_without_unseen_training_digits_nothing_is_said_of_them(dull_evaluation: Evaluation) -> None:
    decisions = dull_evaluation.decisions
    assert isinstance(decisions, Decisions) and decisions.unseen is None
    assert to_json(dull_evaluation)["error_unseen"] is None
    assert [one.like for one in decisions.forecasts] == ["the test set's"]


def test_the_error_on_unseen_training_digits_is_told(dull_run: Run, judge: Judge, digits: Dataset) -> None:
    train = digits[:1000]
    held = {"images": 200, "seed": 4}
    result = judge(replace(dull_run, splits={**dull_run.splits, "train": 800, "held_out": held}))
    part = split(train, 200, seed=4).validation
    assert part is not None
    error = 1 - Classifier.from_run(dull_run).accuracy(part.images, part.labels)
    summary = json.loads(json.dumps(to_json(result)))
    assert summary["error_unseen"] == pytest.approx(error)
    assert summary["findings"]["decisions"]["forecasts"][1]["like"] == "unseen training digits"


def test_the_discordance_of_seeds_is_counted_image_by_image(dull_run: Run, judge: Judge) -> None:
    result = judge(replace(dull_run, splits={**dull_run.splits, "train": 1000}), quick=False)
    assert isinstance(result.seeds, Seeds) and isinstance(result.decisions, Decisions)
    discordance = result.seeds.discordance
    assert discordance is not None and result.decisions.power.discordance == discordance
    assert result.decisions.power.measured
    # As many digits tell them apart as the errors differ by, or more.
    first, second = result.seeds.accuracies
    assert discordance >= abs(first - second) - 1e-12


def test_nobody_can_agree_with_all_of_mnists_test_labels() -> None:
    test = load_mnist_split("test")
    logits = np.eye(10)[test.labels]
    result = decide(
        logits,
        np.zeros(len(test), np.bool_),
        test,
        HeldOut("halves", logits, test.labels),
        temperature=1.0,
        test_error=wilson(0, len(test)),
        odd=(947, 5),
    )
    # Ten labels have people's majority against them, five more have none for them.
    assert result.human.best == (0.9985, 0.999)
    assert result.human.labels == result.human.read == (8, 1)
    # Half a mistake is the best guess at the next one, and says too little to compare two such networks.
    assert result.power.smallest is None and result.power.discordance == pytest.approx(1e-4, rel=0.01)
