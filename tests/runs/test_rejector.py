"""A run's rejector: its arithmetic, its file, and the runs that it does not belong to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from exmachina.classifier import Classifier, Prediction
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.runs import Rejector, Run
from exmachina.runs.rejector import REJECTOR, features, last_values


def make(run: Run, **changes: Any) -> Rejector:
    rng = np.random.default_rng(3)
    inputs = features(run.network)
    hidden = (rng.normal(0, 0.3, (5, inputs))).astype(np.float32)
    bias, output = rng.normal(0, 1, (2, 5)).astype(np.float32)
    return replace(Rejector(hidden, bias, output, 0.25, no_digit=0.3, sure=0.6), **changes)


@pytest.fixture
def run(tiny_run: Run) -> Run:
    return replace(tiny_run, rejector=make(tiny_run))


def test_chance_by_hand(run: Run, digits: Dataset) -> None:
    assert run.rejector is not None
    classifier = Classifier.from_run(run)
    layers = classifier.layers(digits.images[:3])
    for index, prediction in enumerate(classifier.predict_prepared(digits.images[:3])):
        seen = [*layers[last_values(run.network)][index].ravel(), *layers["logits"][index], *prediction.probabilities]
        score = run.rejector.output_bias
        for row, bias, weight in zip(run.rejector.hidden, run.rejector.hidden_bias, run.rejector.output, strict=True):
            score += float(weight) * max(sum(float(w) * float(x) for w, x in zip(row, seen, strict=True)) + bias, 0)
        assert prediction.is_digit == pytest.approx(1 / (1 + np.exp(-score)), abs=1e-5)
    np.testing.assert_array_equal(
        classifier.chances(digits.images[:3]), [one.is_digit for one in classifier.predict_prepared(digits.images[:3])]
    )


def test_verdict_is_decided_by_two_thresholds(run: Run, digits: Dataset) -> None:
    plain = Classifier.from_run(run).predict(digits.images[0], prepared=True)
    assert plain.is_digit is not None
    trust = plain.is_digit * plain.probability

    def verdict(no_digit: float, sure: float) -> str:
        changed = replace(run, rejector=make(run, no_digit=no_digit, sure=sure))
        prediction = Classifier.from_run(changed).predict(digits.images[0], prepared=True)
        assert (prediction.digit, prediction.probabilities) == (plain.digit, plain.probabilities)
        assert prediction.rejected == (prediction.verdict == "no digit")
        assert prediction.unsure == (prediction.verdict == "unsure")
        return prediction.verdict

    assert verdict(plain.is_digit, trust) == "sure"  # as certain as asked is certain enough
    assert verdict(plain.is_digit, trust + 1e-6) == "unsure"
    assert verdict(plain.is_digit + 1e-6, trust) == "no digit"


def test_unsure_shows_the_two_likeliest() -> None:
    prediction = Prediction(4, 0.6, (0, 0, 0, 0, 0.6, 0, 0, 0.05, 0, 0.35), rejected=False, unsure=True, is_digit=0.9)
    assert prediction.likeliest == (4, 9)
    assert str(prediction) == "4 or 9 (60.0%, 35.0%, unsure)"


def test_a_rejector_takes_the_place_of_the_threshold(run: Run, digits: Dataset) -> None:
    refusing = replace(run, rejection_threshold=1.0, rejector=make(run, no_digit=0.0, sure=0.0))
    assert Classifier.from_run(refusing).predict(digits.images[0], prepared=True).verdict == "sure"


def test_it_is_kept_with_the_run(run: Run, tmp_path: Path, digits: Dataset) -> None:
    folder = run.save(tmp_path / "run")
    assert json.loads((folder / "run.json").read_text())["sha256"].keys() >= {REJECTOR}
    before = Classifier.from_run(run).predict_prepared(digits.images[:20])
    assert Classifier.load(folder).predict_prepared(digits.images[:20]) == before
    Run.load(folder).save(tmp_path / "again")
    assert (tmp_path / "again" / REJECTOR).read_bytes() == (folder / REJECTOR).read_bytes()
    replace(run, rejector=None).save(folder)  # over the run that had one
    assert Run.load(folder).rejector is None


def test_a_damaged_or_foreign_rejector_is_refused(run: Run, tmp_path: Path) -> None:
    folder = run.save(tmp_path / "run")
    content = (folder / REJECTOR).read_bytes()
    (folder / REJECTOR).write_bytes(content[:-4] + b"\0\0\0\0")
    with pytest.raises(InputError, match="checksum"):
        Run.load(folder)
    (folder / REJECTOR).unlink()
    with pytest.raises(InputError, match="Cannot read"):
        Run.load(folder)
    tensors = load(content)
    for name, value in {
        "hidden.weight": tensors["hidden.weight"][:, 1:],
        "hidden.bias": tensors["hidden.bias"].astype(np.float64),
        "output.weight": tensors["output.weight"] * np.float32("nan"),
        "thresholds": np.array([0.1, 2.0], np.float32),
    }.items():
        with pytest.raises(InputError, match=r"damaged|thresholds"):
            Rejector.from_bytes(save({**tensors, name: np.ascontiguousarray(value)}), run.network, "'it'")
    with pytest.raises(InputError, match="not a valid safetensors"):
        Rejector.from_bytes(b"no", run.network, "'it'")
