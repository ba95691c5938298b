"""An evaluation as plain JSON: the names that scripts rely on, and everything else that is not a picture."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from exmachina.evaluation.results import Evaluation, Missing, found
from exmachina.evaluation.statistics.intervals import Interval
from exmachina.runs.record import to_plain

LONG = 1_000  # numbers in an array: more is one for every image, and no reading
SECTIONS = (
    "health",
    "opening",
    "labels",
    "halves",
    "writers",
    "confidence",
    "robustness",
    "curves",
    "not_digits",
    "others",
    "seeds",
    "leak",
    "data",
    "mistakes",
)
OMITTED = ("attribution", "curve", "run")  # and every uint8 array: pictures


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """The keys of the contract first, accuracies and errors as fractions; null where a part is missing."""
    labels, confidence = found(evaluation.labels), found(evaluation.confidence)
    robustness, strangers = found(evaluation.robustness), found(evaluation.not_digits)
    attacks = found(evaluation.attacks)
    metrics, setting, subject = evaluation.metrics, evaluation.setting, evaluation.subject
    broken = evaluation.health.verdict(metrics.accuracy)
    return {
        "run": subject.name,
        "broken": broken,
        "loss": metrics.nll,
        "loss_interval": _pair(evaluation.loss),
        "accuracy": metrics.accuracy.value,
        "accuracy_interval": _pair(metrics.accuracy),
        "accuracy_interval_corrected": _pair(evaluation.accuracy_corrected),
        "error": 1 - metrics.accuracy.value,
        "error_corrected": labels.corrected.value if labels else None,
        "error_unambiguous": labels.unambiguous.value if labels else None,
        "per_class": [plain(one) for one in metrics.per_class],
        "confusion_matrix": metrics.confusion.tolist(),
        "ece": confidence.width.ece if confidence else None,
        "ece_equal_mass": confidence.mass.ece if confidence else None,
        "ece_by_chance": confidence.ece_by_chance if confidence else None,
        "nll": metrics.nll,
        "brier": metrics.brier,
        "temperature": confidence.rescaled.temperature if confidence else None,
        "risk_at_98_coverage": confidence.risk(0.98).risk.value if confidence else None,
        "conformal": _conformal(confidence.conformal[0]) if confidence else None,
        "corruption": {name: one.error.value for name, one in robustness.errors.items()} if robustness else None,
        "mce": robustness.summary.mce if robustness and robustness.summary else None,
        "mce_reference": _reference(evaluation),
        "ood": {
            one.name: {
                "auroc": one.max_softmax.auroc,
                "fpr95": one.max_softmax.fpr95,
                "energy_auroc": one.energy.auroc,
                "energy_fpr95": one.energy.fpr95,
                "rejected": one.rejected,
                "n": one.n,
            }
            for one in strangers.kinds
        }
        if strangers
        else None,
        "rejection_threshold": strangers.rejection.threshold if strangers else None,
        "attacks": [plain(one) for one in attacks] if attacks is not None else None,
        "test_set_openings": evaluation.opening.openings,
        "networks_that_looked": evaluation.opening.runs,
        "missing": dict(_missing(evaluation)),
        "setting": plain(setting),
        "subject": {
            "name": subject.name,
            "network": subject.network,
            "parameters": subject.parameters,
            "digest": subject.digest,
            "recipe": to_plain(subject.run.recipe),
            "seed": subject.run.seed,
            "splits": to_plain(subject.run.splits),
            "train_seconds": subject.run.train_seconds,
            "precision": subject.run.precision,
        },
        "findings": {name: plain(getattr(evaluation, name)) for name in SECTIONS},
    }


def plain(value: Any) -> Any:
    """Dataclasses as objects, arrays as lists; pictures and arrays of one number an image are left out."""
    if isinstance(value, Missing):
        return {"missing": value.reason}
    if isinstance(value, Interval):
        return {"value": value.value, "low": value.low, "high": value.high, "n": value.n, "method": value.method}
    if is_dataclass(value) and not isinstance(value, type):
        named = ((item.name, getattr(value, item.name)) for item in fields(value) if item.name not in OMITTED)
        return {name: plain(one) for name, one in named if not _long(one)}
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items() if not _long(one)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return to_plain(value)


def _long(value: Any) -> bool:
    return isinstance(value, np.ndarray) and (value.dtype == np.uint8 or value.size >= LONG)


def _pair(interval: Interval) -> list[float]:
    return [interval.low, interval.high]


def _conformal(found: Any) -> dict[str, Any]:
    return {
        "alpha": found.alpha,
        "coverage": found.coverage.value,
        "coverage_interval": _pair(found.coverage),
        "mean_size": found.mean_size,
    }


def _reference(evaluation: Evaluation) -> str | None:
    robustness = evaluation.robustness
    if isinstance(robustness, Missing):
        return robustness.reason
    return robustness.reference.name if robustness.reference else robustness.no_reference


def _missing(evaluation: Evaluation) -> list[tuple[str, str]]:
    return [
        (item.name, value.reason)
        for item in fields(evaluation)
        if isinstance(value := getattr(evaluation, item.name), Missing)
    ]
