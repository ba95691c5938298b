"""One network on all fifteen corruptions, beside a reference network on the very same spoilt images, and on curves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation.arrays import Predict, softmax
from exmachina.evaluation.calibration.away import ConfidenceAway, confidence_away
from exmachina.evaluation.calibration.confidence import conformal_elsewhere, rule_at_home
from exmachina.evaluation.calibration.conformal import ConformalCoverage
from exmachina.evaluation.calibration.held_out import HeldOut
from exmachina.evaluation.robustness.corruptions import (
    CORRUPTIONS,
    CorruptionError,
    CorruptionSummary,
    corruption_errors,
    summarise,
)
from exmachina.evaluation.robustness.curves import SWEEPS, Curve, curve
from exmachina.evaluation.statistics.bootstrap import Counts, bootstrap
from exmachina.evaluation.statistics.intervals import Interval
from exmachina.evaluation.test_set.test_set_log import fingerprint

REFERENCE = Path(__file__).parent / "classic_errors.json"


@dataclass(frozen=True)
class Reference:
    """The network that counts as 100: its name and its error on each corruption of the same `n` images."""

    name: str
    n: int
    errors: dict[str, float]

    @property
    def mean_error(self) -> float:
        """Plain mean over the corruptions."""
        return float(np.mean(list(self.errors.values())))


@dataclass(frozen=True)
class Robustness:
    """Errors on spoilt images, by corruption; `coverage` is that of the conformal sets there, where one was fitted.

    `severities[name]` holds the errors at severities 1 to 5 on the first `severity_images` images. Without a
    reference there is no mCE, and `no_reference` says why. `mean` and `mce` are the mean error and the mCE with the
    bootstrap's interval, the same digits drawn under all corruptions; `away[name]` is what the confidence is worth.
    """

    n: int
    errors: dict[str, CorruptionError]
    coverage: dict[str, ConformalCoverage]
    reference: Reference | None
    summary: CorruptionSummary | None
    no_reference: str | None
    severities: dict[str, tuple[float, ...]]
    severity_images: int
    mean: Interval
    mce: Interval | None
    away: dict[str, ConfidenceAway]

    @property
    def mean_error(self) -> float:
        """Plain mean over the corruptions."""
        return float(np.mean([one.error.value for one in self.errors.values()]))

    def worst(self, count: int = 3) -> list[CorruptionError]:
        """The corruptions with the largest errors, the worst first."""
        return sorted(self.errors.values(), key=lambda one: -one.error.value)[:count]


def measure_robustness(
    predict: Predict,
    test: Dataset,
    *,
    seed: int = 0,
    reference: tuple[str, Predict] | None = None,
    held_out: HeldOut | None = None,
    temperature: float = 1.0,
    severity_images: int = 0,
) -> Iterator[str | Robustness]:
    """Yield the name of each corruption once it is measured, and at last all of it.

    `reference` is the name and the logits of the network that counts as 100, measured on the same spoilt images;
    without one, the errors of `classic` that come with the package are used where they belong to these images.
    """
    errors: dict[str, CorruptionError] = {}
    coverage: dict[str, ConformalCoverage] = {}
    beside: dict[str, float] = {}
    away: dict[str, ConfidenceAway] = {}
    wrong, wrong_beside = [], []
    for name in CORRUPTIONS:
        seen: list[Any] = []

        def both(images: Any, seen: list[Any] = seen) -> Any:
            seen += [predict(images), images]
            return seen[0]

        (errors[name],) = corruption_errors(both, test.images, test.labels, seed=seed, names=[name])
        wrong.append(seen[0].argmax(axis=1) != test.labels)
        if held_out is not None:
            probabilities = softmax(seen[0])  # `predict` has divided by the temperature
            coverage[name] = conformal_elsewhere(probabilities, test.labels, held_out, temperature)
            away[name] = confidence_away(probabilities, test.labels, rule_at_home(held_out, temperature))
        if reference is not None:
            wrong_beside.append(reference[1](seen[1]).argmax(axis=1) != test.labels)
            beside[name] = float(wrong_beside[-1].mean())
        yield name
    severities = {}
    few = test[:severity_images]
    for name in CORRUPTIONS if severity_images else ():
        severities[name] = _by_severity(predict, few, name, seed)
        yield name
    result = Reference(reference[0], len(test), beside) if reference is not None else shipped_reference(test, seed)
    flags, generator = np.stack(wrong), np.random.default_rng([seed, 10])
    shares = flags.mean(axis=0, dtype=np.float32)
    yield Robustness(
        n=len(test),
        errors=errors,
        coverage=coverage,
        reference=result,
        summary=_summary(errors, result) if result is not None else None,
        no_reference=None if result is not None else _why_not(test, seed),
        severities=severities,
        severity_images=len(few),
        mean=bootstrap(lambda counts: counts @ shares / len(test), len(test), generator),
        mce=None if result is None else _mce(flags, result, np.array(wrong_beside), generator),
        away=away,
    )


def _summary(errors: dict[str, CorruptionError], reference: Reference) -> CorruptionSummary:
    measured = {name: one.error.value for name, one in errors.items()}
    return summarise(measured, reference.errors, reference.n)


def _by_severity(predict: Predict, few: Dataset, name: str, seed: int) -> tuple[float, ...]:
    """The error under one corruption at severities 1 to 5."""
    return tuple(
        one.error.value
        for severity in range(1, 6)
        for one in corruption_errors(predict, few.images, few.labels, seed=seed, names=[name], severity=severity)
    )


def _mce(
    wrong: NDArray[np.bool_], reference: Reference, beside: NDArray[np.bool_], generator: np.random.Generator
) -> Interval:
    """mCE for mistakes (15, N) with its interval; a reference known by its errors alone counts as fixed."""
    n = wrong.shape[1]
    fixed = np.array([reference.errors[name] for name in CORRUPTIONS]) * n
    least = 0.5  # as `summarise` counts a reference without a mistake

    def mean_ratio(counts: Counts) -> NDArray[np.float64]:
        below = counts @ beside.T.astype(np.float32) if len(beside) else fixed
        ratios = (counts @ wrong.T.astype(np.float32)) / np.maximum(below, least)
        return np.asarray(100 * ratios.mean(axis=1))

    return bootstrap(mean_ratio, n, generator)


def measure_curves(predict: Predict, data: Dataset) -> Iterator[Curve]:
    """Yield the error against shift, rotation, scale and pen width."""
    for name in SWEEPS:
        yield curve(predict, data.images, data.labels, name)


def shipped_reference(test: Dataset, seed: int = 0) -> Reference | None:
    """The errors of `classic` that come with the package, if they were measured on these very images."""
    table = _table()
    if table is None or table["seed"] != seed:
        return None
    for part in table["parts"]:
        if part["test_set"] == fingerprint(test.images, test.labels):
            return Reference(f"{table['run']} (shipped table)", part["n"], part["errors"])
    return None


def reference_table(name: str, predict: Predict, test: Dataset, sizes: Sequence[int], seed: int = 0) -> dict[str, Any]:
    """What the package ships as `classic_errors.json`: a network's errors on the first images of a test set."""
    parts = []
    for size in sizes:
        few = test[:size]
        errors = {one.name: one.error.value for one in corruption_errors(predict, few.images, few.labels, seed=seed)}
        parts.append({"n": len(few), "test_set": fingerprint(few.images, few.labels), "errors": errors})
    return {"run": name, "seed": seed, "parts": parts}


def _why_not(test: Dataset, seed: int) -> str:
    if _table() is None:
        return "no reference network: give a run of the recipe classic with --reference"
    return f"the shipped errors of classic are not for these {len(test):,} images and seed {seed}; give --reference"


@lru_cache
def _table() -> dict[str, Any] | None:
    try:
        table = json.loads(REFERENCE.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise InputError(f"'{REFERENCE}' is damaged; reinstall hello-ex-machina.") from None
    return dict(table)
