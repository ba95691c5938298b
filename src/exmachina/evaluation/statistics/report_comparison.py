"""Two evaluations of the same test images, figure by figure: what got better or worse beyond chance.

The accuracy is compared image by image (McNemar), since an evaluation's JSON says which images were misread. The other
figures are shares of the same images of which only the counts are known; Newcombe's interval takes them for
independent draws, which is careful where two networks find the same images hard. All figures together are wrong with
the probability of 5 % at most (Holm).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy.special import ndtr, ndtri

from exmachina.errors import InputError
from exmachina.evaluation.statistics.comparison import exact_p_value
from exmachina.evaluation.statistics.intervals import LEVEL, wilson
from exmachina.runs.files import read_limited

MAX_BYTES = 64 << 20
Verdict = Literal["better", "worse", "within chance"]


@dataclass(frozen=True)
class Change:
    """One figure in both reports. `low` to `high` holds the second's less the first's; `better` is up or down.

    `p_value` is of no difference, `adjusted` after Holm's correction for all the figures that were looked at.
    """

    figure: str
    first: float
    second: float
    low: float
    high: float
    p_value: float
    method: str
    up_is_better: bool
    adjusted: float = 1.0
    verdict: Verdict = "within chance"


@dataclass(frozen=True)
class ReportComparison:
    """Every figure that both reports have of the same images, and why others were left out."""

    runs: tuple[str, str]
    n: int
    paired: bool
    changes: tuple[Change, ...]
    left_out: dict[str, str]

    def names(self, verdict: Verdict) -> list[str]:
        """The figures with a verdict."""
        return [change.figure for change in self.changes if change.verdict == verdict]


def read_report(path: str | Path) -> dict[str, Any]:
    """The JSON that `evaluate --report` or `--json` wrote. Raises `InputError` on anything else."""
    try:
        report = json.loads(read_limited(Path(path), MAX_BYTES))
        number = isinstance(report["accuracy"], float | int) and isinstance(report["n"], int)
        if number and isinstance(report["setting"], dict) and isinstance(report["findings"], dict):
            return dict(report)
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise InputError(f"'{path}' is not the JSON of an evaluation; make one with: exmachina evaluate RUN --json.")


def compare_reports(first: Mapping[str, Any], second: Mapping[str, Any]) -> ReportComparison:
    """Compare two reports. Raises `InputError` if they are of different test images."""
    sets = [
        (one["setting"].get("test_set_digest", one["setting"].get("test_set")), one["n"]) for one in (first, second)
    ]
    if sets[0] != sets[1]:
        raise InputError(f"The reports are of different test sets ({sets[0]} and {sets[1]}); evaluate both on one.")
    left_out: dict[str, str] = {}
    try:
        changes = [_accuracy(first, second), *_others(first, second, left_out)]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise InputError("A report's figures are not where this version puts them; evaluate both again.") from None
    return ReportComparison(
        runs=(str(first.get("run")), str(second.get("run"))),
        n=first["n"],
        paired=changes[0].method.startswith("McNemar"),
        changes=tuple(_judged(changes)),
        left_out=left_out,
    )


def share_change(figure: str, wrong: tuple[float, float], n: int, *, up_is_better: bool = False) -> Change:
    """Two shares of n images each: Newcombe's interval of the difference (1998, method 10), and the score test's p."""
    one, two = wilson(wrong[0], n), wilson(wrong[1], n)
    low = two.value - one.value - math.hypot(two.value - two.low, one.high - one.value)
    high = two.value - one.value + math.hypot(two.high - two.value, one.value - one.low)
    pooled = (wrong[0] + wrong[1]) / (2 * n)
    spread = math.sqrt(2 * pooled * (1 - pooled) / n)
    p_value = 2 * float(ndtr(-abs(two.value - one.value) / spread)) if spread else 1.0
    return Change(figure, one.value, two.value, low, high, p_value, "Newcombe", up_is_better)


def paired_change(first_wrong: set[int], second_wrong: set[int], n: int) -> Change:
    """The accuracy on the same n images: McNemar's exact p, and the interval of the paired difference."""
    lost, won = len(second_wrong - first_wrong), len(first_wrong - second_wrong)
    difference = (won - lost) / n
    # Wald's with half an image added on either side, after Agresti and Min (2005): never of no width.
    half = float(ndtri(0.975)) * math.sqrt(won + lost + 1 - (won - lost) ** 2 / n) / n
    accuracies = 1 - len(first_wrong) / n, 1 - len(second_wrong) / n
    p_value = exact_p_value(lost, won)
    return Change(
        "accuracy", *accuracies, difference - half, difference + half, p_value, "McNemar, exact", up_is_better=True
    )


def _accuracy(first: Mapping[str, Any], second: Mapping[str, Any]) -> Change:
    n = first["n"]
    misread = [one["misread"] for one in (first, second) if isinstance(one.get("misread"), list)]
    if len(misread) == 2:
        one, two = ({int(index) for index in indices} for indices in misread)
        return paired_change(one, two, n)
    right = (first["accuracy"] * n, second["accuracy"] * n)
    return share_change("accuracy", (round(right[0]), round(right[1])), n, up_is_better=True)


def _others(first: Mapping[str, Any], second: Mapping[str, Any], left_out: dict[str, str]) -> Iterator[Change]:
    yield _mean_change("loss", first["loss_interval"], second["loss_interval"], first["loss"], second["loss"])
    shares: list[dict[str, tuple[float, int]]] = [dict(_shares(one)) for one in (first, second)]
    for figure in [*shares[0], *(name for name in shares[1] if name not in shares[0])]:
        if not all(figure in one for one in shares):
            left_out[figure] = "in one report only"
            continue
        (one, n), (two, other_n) = (known[figure] for known in shares)
        if n != other_n:
            left_out[figure] = f"measured on {n:,} and on {other_n:,} images"
        else:
            up = figure.startswith("rejected")
            yield share_change(figure, (round(one * n), round(two * n)), n, up_is_better=up)


def _shares(report: Mapping[str, Any]) -> Iterator[tuple[str, tuple[float, int]]]:
    """Every share with the number of images that it is one of; a quick report has fewer of them."""
    findings, seed = report["findings"], report["setting"].get("seed")
    for name, one in (findings.get("robustness") or {}).get("errors", {}).items():
        yield f"corruption.{name} (seed {seed})", (one["error"]["value"], one["error"]["n"])
    for one in report.get("attacks") or ():
        name = f"attack.{one['method']}, ε = {one['epsilon']:g}, {one['steps']} steps, {one['restarts']} starts"
        yield name, (one["error"]["value"], one["error"]["n"])
    for one in findings.get("others") or ():
        if isinstance(one, dict) and "error" in one:
            yield f"other hands.{one['name']}", (one["error"]["value"], one["error"]["n"])
    for name, one in (report.get("ood") or {}).items():
        yield f"rejected.{name}", (one["rejected"], one["n"])


def _mean_change(figure: str, first: list[float], second: list[float], one: float, two: float) -> Change:
    """Two means with their normal 95 % intervals, taken for independent."""
    errors = [(high - low) / 2 / float(ndtri(0.975)) for low, high in (first, second)]
    spread = math.hypot(*errors)
    half = float(ndtri(0.975)) * spread
    p_value = 2 * float(ndtr(-abs(two - one) / spread)) if spread else float(one == two)
    return Change(figure, one, two, two - one - half, two - one + half, p_value, "normal", up_is_better=False)


def _judged(changes: list[Change]) -> Iterator[Change]:
    """Holm's step-down correction, and the verdicts after it."""
    order = np.argsort([change.p_value for change in changes], kind="stable")
    adjusted, running = np.ones(len(changes)), 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(changes) - rank) * changes[index].p_value))
        adjusted[index] = running
    for change, value in zip(changes, adjusted.tolist(), strict=True):
        up = change.second > change.first
        verdict: Verdict = "within chance" if value >= 1 - LEVEL else "better" if up == change.up_is_better else "worse"
        yield replace(change, adjusted=value, verdict=verdict)
