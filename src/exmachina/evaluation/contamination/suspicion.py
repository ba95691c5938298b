"""The tests in their order, each on its own feet: one that cannot be made does not cost the others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation.arrays import Floats, Indices, Labels, log_softmax
from exmachina.evaluation.contamination import claims, labels, memory
from exmachina.evaluation.contamination.result import Contamination, Evidence, combine
from exmachina.runs import Run


def look_for_contamination(run: Run, logits: Floats, train: Dataset, test: Dataset) -> Contamination:
    """Ask of a run with raw finite `logits` (N, 10) on the test set whether it has seen it, and whether it lies.

    Nothing is trained. Honest runs are suspected in fewer than 1 case in 200, by all tests together.
    """
    classifier = Classifier.from_run(run)
    losses = _losses(logits, test.labels)
    digits = logits.argmax(axis=1)
    accuracy, loss = float((digits == test.labels).mean()), float(losses.mean())
    tests: dict[str, Callable[[], Evidence]] = {
        "rejected labels": lambda: labels.rejected_labels(digits, test.labels),
        "recorded figures": lambda: claims.recorded_figures(run, accuracy, loss, len(test)),
        "the seed": lambda: claims.seed_is_remembered(run),
    }
    names = ("test against training images", "held-out images", "images of the last epoch")
    try:
        hardness, test_hardness = memory.degrees(train, test)
        remembered = memory.Memory(
            _losses(classifier.logits(train.images), train.labels), losses, hardness, test_hardness
        )
    except InputError as error:
        reason = str(error)
        unmade = [Evidence(name, None, reason) for name in names]
        return combine([*(_made(name, test_) for name, test_ in tests.items()), *unmade])
    part = _or_none(lambda: memory.learned_part(run, len(train)))

    def needed() -> Indices:
        return memory.learned_part(run, len(train))

    tests |= {
        names[0]: lambda: memory.test_looks_learned(remembered, part),
        names[1]: lambda: memory.held_out_looks_learned(remembered, needed()),
        names[2]: lambda: memory.order_is_remembered(run, remembered, needed()),
    }
    return combine([_made(name, test_) for name, test_ in tests.items()])


def _made(name: str, test: Callable[[], Evidence]) -> Evidence:
    try:
        return test()
    except InputError as error:
        return Evidence(name, None, str(error))


def _or_none(part: Callable[[], Indices]) -> Indices | None:
    try:
        return part()
    except InputError:
        return None


def _losses(logits: Floats, labels_: Labels) -> Floats:
    """Cross-entropy (N,) of each image; an answer that is no number counts as a guess."""
    scores = np.where(np.isfinite(logits).all(axis=1, keepdims=True), logits, 0)
    return -log_softmax(scores)[np.arange(len(labels_)), labels_]
