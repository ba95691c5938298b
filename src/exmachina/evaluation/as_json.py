"""An evaluation as plain JSON: the names that scripts rely on, and everything else that is not a picture."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exmachina.evaluation.results import Evaluation, Missing, Subject, measured
from exmachina.evaluation.statistics.intervals import Interval
from exmachina.runs.record import to_plain

if TYPE_CHECKING:
    from exmachina.evaluation.calibration.confidence import Confidence
    from exmachina.evaluation.datasets.label_votes import LabelledErrors
    from exmachina.evaluation.decisions import Decisions
    from exmachina.evaluation.ood.out_of_distribution import OutOfDistribution
    from exmachina.evaluation.ood.separation import Separation
    from exmachina.evaluation.robustness.robustness import Robustness
    from exmachina.evaluation.statistics.metrics import Metrics

LONG = 1_000  # numbers in an array: more is one for every image, and no reading
OMITTED = ("attribution", "curve", "run")  # and every uint8 array: pictures


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """The keys of the contract first, accuracies and errors as fractions; null where a part is missing."""
    metrics = evaluation.metrics
    return {
        "run": evaluation.subject.name,
        "broken": evaluation.health.verdict(metrics.accuracy),
        "loss": metrics.nll,
        "loss_interval": _pair(evaluation.loss),
        **accuracy_json(metrics),
        "accuracy_interval_corrected": _pair(evaluation.accuracy_corrected),
        **_unseen(measured(evaluation.decisions)),
        "misread": evaluation.misread.tolist(),
        "contamination": plain(measured(evaluation.contamination)),
        **_labels(measured(evaluation.labels)),
        **_confidence(measured(evaluation.confidence)),
        **_robustness(evaluation.robustness),
        **_out_of_distribution(measured(evaluation.out_of_distribution)),
        "attacks": plain(measured(evaluation.attacks)),
        "test_set_openings": evaluation.opening.openings,
        "networks_that_looked": evaluation.opening.runs,
        "missing": evaluation.missing(),
        "setting": plain(evaluation.setting),
        "subject": _subject(evaluation.subject),
        "findings": {"health": plain(evaluation.health), "opening": plain(evaluation.opening)}
        | {key: plain(part) for key, part in evaluation.parts().items() if key not in ("attacks", "contamination")},
    }


def accuracy_json(metrics: Metrics) -> dict[str, Any]:
    """What any evaluation says first, this one and the lesson's smaller one."""
    return {
        "n": metrics.n,
        "accuracy": metrics.accuracy.value,
        "accuracy_interval": _pair(metrics.accuracy),
        "error": 1 - metrics.accuracy.value,
        "nll": metrics.nll,
        "brier": metrics.brier,
        "per_class": plain(metrics.per_class),
        "confusion_matrix": metrics.confusion.tolist(),
    }


def plain(value: Any) -> Any:
    """Dataclasses as objects, arrays as lists; pictures and arrays of one number an image are left out.

    A field may have another name in JSON: its metadata's `key`.
    """
    if isinstance(value, Missing):
        return {"missing": value.reason}
    if isinstance(value, Interval):
        return {"value": value.value, "low": value.low, "high": value.high, "n": value.n, "method": value.method}
    if is_dataclass(value) and not isinstance(value, type):
        named = ((item, getattr(value, item.name)) for item in fields(value) if item.name not in OMITTED)
        return {item.metadata.get("key", item.name): plain(one) for item, one in named if not _long(one)}
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


def _subject(subject: Subject) -> dict[str, Any]:
    run = subject.run
    return {
        "name": subject.name,
        "network": subject.network,
        "parameters": subject.parameters,
        "digest": subject.digest,
        "recipe": to_plain(run.recipe),
        "seed": run.seed,
        "splits": to_plain(run.splits),
        "train_seconds": run.train_seconds,
        "precision": run.precision,
    }


def _labels(labels: LabelledErrors | None) -> dict[str, Any]:
    return {
        "error_corrected": labels.corrected.value if labels else None,
        "error_corrected_interval": _pair(labels.corrected) if labels else None,
        "error_unambiguous": labels.unambiguous.value if labels else None,
        "error_unambiguous_interval": _pair(labels.unambiguous) if labels else None,
    }


def _unseen(decisions: Decisions | None) -> dict[str, Any]:
    unseen = decisions.unseen if decisions else None
    return {
        "error_unseen": unseen.value if unseen else None,
        "error_unseen_interval": _pair(unseen) if unseen else None,
    }


def _confidence(confidence: Confidence | None) -> dict[str, Any]:
    if confidence is None:
        keys = (
            "ece ece_interval aurc aurc_interval ece_equal_mass ece_equal_mass_interval ece_by_chance temperature "
            "risk_at_98_coverage risk_at_98_coverage_interval conformal"
        )
        return dict.fromkeys(keys.split())
    conformal = confidence.conformal[0]
    return {
        "ece": confidence.width.ece,
        "ece_interval": _pair(confidence.ece_interval),
        "aurc": confidence.curve.aurc,
        "aurc_interval": _pair(confidence.aurc),
        "ece_equal_mass": confidence.mass.ece,
        "ece_equal_mass_interval": _pair(confidence.mass_interval),
        "ece_by_chance": confidence.ece_by_chance,
        "temperature": confidence.rescaled.temperature,
        "risk_at_98_coverage": confidence.risk(0.98).risk.value,
        "risk_at_98_coverage_interval": _pair(confidence.risk(0.98).risk),
        "conformal": {
            "alpha": conformal.alpha,
            "coverage": conformal.coverage.value,
            "coverage_interval": _pair(conformal.coverage),
            "mean_size": conformal.mean_size,
        },
    }


def _robustness(robustness: Robustness | Missing) -> dict[str, Any]:
    if isinstance(robustness, Missing):
        return {"corruption": None, "mce": None, "mce_interval": None, "mce_reference": robustness.reason}
    return {
        "corruption": {name: one.error.value for name, one in robustness.errors.items()},
        "mce": robustness.summary.mce if robustness.summary else None,
        "mce_interval": _pair(robustness.mce) if robustness.mce else None,
        "mce_reference": robustness.reference.name if robustness.reference else robustness.no_reference,
    }


def _out_of_distribution(ood: OutOfDistribution | None) -> dict[str, Any]:
    if ood is None:
        return {"ood": None, "rejection_threshold": None}
    kinds = {
        one.name: {
            "auroc": one.max_softmax.auroc,
            "auroc_interval": list(one.max_softmax.interval),
            "fpr95": one.max_softmax.fpr95,
            "fpr95_interval": list(one.max_softmax.fpr95_interval),
            **_separation("energy", one.energy),
            **_separation("rejector", one.rejector),
            "rejected": one.rejected,
            "rejected_interval": _pair(one.turned_away),
            "n": one.n,
        }
        for one in ood.kinds
    }
    return {"ood": kinds, "rejection_threshold": ood.rejection.threshold}


def _separation(name: str, one: Separation | None) -> dict[str, Any]:
    return {
        f"{name}_auroc": one.auroc if one else None,
        f"{name}_auroc_interval": list(one.interval) if one else None,
        f"{name}_fpr95": one.fpr95 if one else None,
        f"{name}_fpr95_interval": list(one.fpr95_interval) if one else None,
    }
