"""What the page learns and measures by itself, run by node, against the library's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.engine import Model
from exmachina.lesson.assess import assess
from exmachina.runs import Run
from exmachina.training import StepEnd
from exmachina.training.finetuning import finetune
from nodejs import node


def plain(data: Dataset) -> dict[str, Any]:
    return {"images": data.images.ravel().tolist(), "labels": data.labels.tolist()}


def test_fine_tuning_goes_the_library_s_way(tmp_path: Path, tiny_run: Run, digits: Dataset) -> None:
    mine, rehearsal = digits[:7], digits[100:400]
    events = finetune(tiny_run, mine, rehearsal, seed=5)
    expected = [event.loss for event in events if isinstance(event, StepEnd)]
    script = """
const { readFileSync: read } = await import("node:fs");
const { Engine, bestFile } = await import(`${web}/engine/engine.js`);
const { FineTuning } = await import(`${web}/engine/finetuning.js`);
const engine = await Engine.load(read(new URL(`${web}/engine/${bestFile()}`)));
const bytes = ({ images, labels }) => ({ images: Uint8Array.from(images), labels: Uint8Array.from(labels) });
const weights = Object.fromEntries(Object.entries(data.weights).map(([name, values]) => [name, { values }]));
const parts = { mine: bytes(data.mine), rehearsal: bytes(data.rehearsal) };
const tuning = new FineTuning(engine, data.network, weights, parts, 5);
const answer = Array.from({ length: tuning.steps }, () => tuning.step().loss);"""
    data = {
        "network": tiny_run.network.to_json(),
        "weights": {name: array.ravel().tolist() for name, array in tiny_run.weights.items()},
        "mine": plain(mine),
        "rehearsal": plain(rehearsal),
    }
    np.testing.assert_allclose(node(tmp_path, script, data), expected, rtol=1e-3)


def test_page_assesses_as_the_library_does(tmp_path: Path, tiny_run: Run, test_digits: Dataset) -> None:
    run = replace(tiny_run, temperature=1.0)
    model = Model(run.network)
    model.set(run.weights)
    logits = model.logits(test_digits.images)
    expected = assess(Classifier.from_run(run), test_digits)
    script = """
const { assess } = await import(`${web}/network/assess.js`);
const answer = assess(Float32Array.from(data.logits), Uint8Array.from(data.labels));"""
    result = node(tmp_path, script, {"logits": logits.ravel().tolist(), "labels": test_digits.labels.tolist()})
    for key in ("n", "accuracy", "confusion_matrix", "errors"):
        assert result[key] == expected[key]
    np.testing.assert_allclose(result["interval"], expected["interval"], atol=1e-6)
    np.testing.assert_allclose(result["nll"], expected["nll"], rtol=1e-5)
    np.testing.assert_allclose(result["reliability"]["ece"], expected["reliability"]["ece"], rtol=1e-4)
    assert [item["count"] for item in result["reliability"]["bins"]] == [
        item["count"] for item in expected["reliability"]["bins"]
    ]
    for key in ("temperature", "before", "ece"):
        np.testing.assert_allclose(result["repaired"][key], expected["repaired"][key], rtol=1e-2)
    assert [item["index"] for item in result["mistakes"][:5]] == [item["index"] for item in expected["mistakes"][:5]]
