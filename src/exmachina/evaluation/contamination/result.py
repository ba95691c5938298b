"""What the tests for contamination found, and what none of them can know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEVEL = 1 / 200  # of honest runs may be suspected, by all tests together

CANNOT_KNOW = (
    "whether this network was picked as the best of many by its test result: one run does not show how many there "
    "were. The same recipe with other seeds shows how much of it is luck",
    "whether a recipe was tuned on the test set before its first honest run",
    "whether test images were learned a single time among many others, or a network that learned them taught this "
    "one on other images",
    "whether its weights are a mean that holds those of another network",
)


@dataclass(frozen=True)
class Evidence:
    """One test: the chance that an honest run looks as suspicious as this one does.

    `p_value` is None where the test could not be made; then `says` tells why. It is 0 where the record and the weights
    contradict each other outright. `statistic` is what it was read from: agreements, or a z.
    """

    name: str
    p_value: float | None
    says: str
    statistic: float | None = None


@dataclass(frozen=True)
class Contamination:
    """All tests together. `p_value` is Bonferroni's: the smallest of those made, times their number, at most 1.

    `unknown` is what no test here can tell, of any run.
    """

    suspected: bool
    reasons: tuple[str, ...]
    p_value: float
    evidence: tuple[Evidence, ...]
    unknown: tuple[str, ...] = CANNOT_KNOW


def combine(evidence: Sequence[Evidence]) -> Contamination:
    """Suspect a run whose worst test, corrected for having made several, fewer than 1 honest run in 200 would give."""
    made = [one for one in evidence if one.p_value is not None]
    corrected = {one.name: min(1.0, len(made) * (one.p_value or 0.0)) for one in made}
    p_value = min(corrected.values(), default=1.0)
    reasons = tuple(one.says for one in made if corrected[one.name] < LEVEL)
    return Contamination(p_value < LEVEL, reasons, p_value, tuple(evidence))
