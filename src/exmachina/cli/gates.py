"""Gates: what a figure of an evaluation must reach, so that a project's own checks can fail where it does not."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from exmachina.errors import InputError

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
FORM = re.compile(r"\s*([A-Za-z0-9_.]+)\s*(>=|<=|==|>|<)\s*(\S+)\s*")


@dataclass(frozen=True)
class Gate:
    """`figure` is a key of the evaluation's JSON, with dots into what lies below: `corruption.fog`."""

    figure: str
    comparison: str
    limit: float

    def __str__(self) -> str:
        return f"{self.figure}{self.comparison}{self.limit:g}"

    def met(self, value: float | None) -> bool:
        """Whether a value passes; what was not measured does not."""
        return value is not None and COMPARISONS[self.comparison](value, self.limit)


@dataclass(frozen=True)
class GateResult:
    """A gate, the value that stood before it, and whether it passed."""

    gate: Gate
    value: float | None

    @property
    def met(self) -> bool:
        """Whether the value passed."""
        return self.gate.met(self.value)

    @property
    def line(self) -> str:
        """What to tell whoever set the gate."""
        value = "could not be measured" if self.value is None else f"is {self.value:.6g}"
        return f"Gate {'met' if self.met else 'not met'}: {self.gate} ({self.gate.figure} {value})."


def parse_gate(text: str) -> Gate:
    """Read `accuracy>=0.99`. Raises `InputError` on anything else."""
    form = FORM.fullmatch(text)
    try:
        limit = float(form[3]) if form else math.nan
    except ValueError:
        limit = math.nan
    if form is None or not math.isfinite(limit):
        raise InputError(
            f"Cannot read the gate '{text}'; write a figure, one of {' '.join(COMPARISONS)}, and a number."
        )
    return Gate(form[1], form[2], limit)


def figures(summary: dict[str, Any]) -> dict[str, float | None]:
    """Every number of an evaluation's JSON that a gate may name; yes and no are 1 and 0.

    An interval's ends are `accuracy_interval.low` and `.high`, an attack is `attacks.pgd.0.1`.
    """
    flat: dict[str, float | None] = {}
    for key, value in summary.items():
        if key in ("findings", "setting", "subject", "missing", "per_class", "confusion_matrix", "misread"):
            continue
        if key == "attacks":
            value = {f"{one['method']}.{one['epsilon']:g}": one["error"]["value"] for one in value or ()}
        _flatten(key, value, flat)
    return flat


def check_gates(gates: Sequence[Gate], summary: dict[str, Any]) -> list[GateResult]:
    """Hold each gate against an evaluation's JSON. Raises `InputError` for a figure that it does not have."""
    known = figures(summary)
    for gate in gates:
        if gate.figure not in known:
            raise InputError(f"No figure '{gate.figure}' in this evaluation. Choose one of: {', '.join(known)}.")
    return [GateResult(gate, known[gate.figure]) for gate in gates]


def check_names(gates: Sequence[Gate]) -> None:
    """Refuse a figure that no evaluation has, before a minute is spent on one."""
    for gate in gates:
        if gate.figure.partition(".")[0] not in ROOTS:
            raise InputError(f"No evaluation has a figure '{gate.figure}'. Choose one of: {', '.join(ROOTS)}.")


INTERVALS = (  # figures whose interval's ends may be named too: `ece_interval.high`
    *("accuracy", "loss", "error_corrected", "error_unambiguous", "error_unseen", "ece", "ece_equal_mass", "aurc"),
    *("risk_at_98_coverage", "mce"),
)
ROOTS = (
    *INTERVALS,
    *(f"{name}_interval" for name in INTERVALS),
    *("accuracy_interval_corrected", "error", "nll", "brier", "ece_by_chance", "temperature", "conformal"),
    *("corruption", "ood", "rejection_threshold", "attacks", "contamination"),
    *("test_set_openings", "networks_that_looked", "fit_for_use", "n"),
)


def _flatten(key: str, value: Any, flat: dict[str, float | None]) -> None:
    if value is None or isinstance(value, bool | int | float):
        flat[key] = None if value is None else float(value)
    elif isinstance(value, dict):
        for name, one in value.items():
            _flatten(f"{key}.{name}", one, flat)
    elif isinstance(value, list) and key.endswith(("_interval", "_interval_corrected")) and len(value) == 2:
        flat[f"{key}.low"], flat[f"{key}.high"] = value
