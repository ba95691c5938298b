"""A quick honest evaluation of one run on MNIST's test set, for the page."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import Any

import numpy as np

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.engine.model import BLOCK
from exmachina.evaluation.arrays import Floats, Labels, softmax, surest_mistakes
from exmachina.evaluation.as_json import accuracy_json, plain
from exmachina.evaluation.calibration.reliability import calibration, fit_temperature
from exmachina.evaluation.statistics.metrics import measure

MISTAKES = 400


def step_back() -> None:
    """Let this thread work only when nobody waits for a prediction (on Linux, where threads have a niceness)."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def assess(classifier: Classifier, test: Dataset) -> dict[str, Any]:
    """Accuracy with its interval, scores per digit, confusion, reliability, and the mistakes, surest first."""
    # One block after the other: a prediction that somebody waits for comes in between, and no other core is taken.
    starts = range(0, len(test), BLOCK)
    logits = np.concatenate([classifier.logits(test.images[start : start + BLOCK]) for start in starts])
    scaled = logits / np.float32(classifier.temperature)
    probabilities, metrics = softmax(scaled), measure(scaled, test.labels)
    reliability = calibration(probabilities, test.labels)
    wrong = surest_mistakes(probabilities, test.labels)
    interval = metrics.accuracy
    return {
        **accuracy_json(metrics),
        "interval": [interval.low, interval.high],
        "level": interval.level,
        "method": interval.method,
        "reliability": {"ece": reliability.ece, "bins": plain(reliability.bins)},
        "repaired": _repaired(scaled, test.labels),
        "errors": len(wrong),
        "mistakes": [
            {
                "index": int(index),
                "label": int(test.labels[index]),
                "digit": int(probabilities[index].argmax()),
                "probability": float(probabilities[index].max()),
            }
            for index in wrong[:MISTAKES]
        ],
    }


def _repaired(logits: Floats, labels: Labels) -> dict[str, Any]:
    """Reliability on every second image, before and after a temperature that was fitted to the images between them."""
    temperature = fit_temperature(logits[::2], labels[::2]).value
    before = calibration(softmax(logits[1::2]), labels[1::2])
    after = calibration(softmax(logits[1::2] / temperature), labels[1::2])
    return {
        "temperature": temperature,
        "before": before.ece,
        "ece": after.ece,
        "bins": plain(after.bins),
    }
