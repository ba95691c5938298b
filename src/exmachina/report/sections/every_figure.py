"""Every figure with its interval, for whoever wants to check: n, method, and which independent code agrees."""

from __future__ import annotations

from collections.abc import Iterator

from exmachina.evaluation.ood.separation import OODKind
from exmachina.evaluation.results import Evaluation, measured
from exmachina.evaluation.statistics.intervals import Interval
from exmachina.formatting import percent
from exmachina.report.markup import Margin, Section, details, table
from exmachina.report.words import name_of, plain, span

Row = tuple[str, str, str, str, str]  # figure, value, interval, n, method


def figures_section(evaluation: Evaluation) -> Section:
    """One table of all that was measured."""
    rows, head = list(_rows(evaluation)), ("figure", "value", "95 % interval", "n", "method")
    return Section(
        f"{len(rows)} figures, each with an interval that holds the true value in 95 of 100 such tests, if its "
        "assumptions hold. None is corrected for there being so many: of twenty, expect one to miss.",
        [details(f"All {len(rows)} figures", table("Every figure", head, rows, class_="named methods"))],
        Margin(
            "For one question decided beforehand, an interval is as it says. Whoever looks through the whole table for "
            "something remarkable will find it by chance.",
            "Wilson's score interval for shares; percentile bootstrap for areas and ratios, reflected for the "
            "calibration error; whole writers drawn where they are known. Which independent implementation agrees with "
            "each figure, and to how many digits, is in docs/evaluation.md; the comparisons are tests.",
            "An implementation that you trust and that disagrees: the JSON beside this file holds every number, "
            "and the "
            "indices of the images that were misread.",
            plain="No measurement is exact. The second number column says how far each one might be off.",
        ),
    )


def _share(name: str, interval: Interval, method: str | None = None) -> Row:
    return name, percent(interval.value), span(interval), f"{interval.n:,}", method or interval.method


def _rows(evaluation: Evaluation) -> Iterator[Row]:
    metrics = evaluation.metrics
    yield _share("accuracy", metrics.accuracy)
    writers, labels, halves = measured(evaluation.writers), measured(evaluation.labels), measured(evaluation.halves)
    if writers:
        yield _share("accuracy, writers drawn whole", writers.accuracy)
    if evaluation.opening.runs > 1:
        yield _share("accuracy, allowing for other networks", evaluation.accuracy_corrected)
    loss = writers.loss if writers else evaluation.loss
    yield (
        "loss (nats)",
        plain(loss.value, 4),
        f"{plain(loss.low, 4)} to {plain(loss.high, 4)}",
        f"{loss.n:,}",
        loss.method,
    )
    if labels:
        yield _share("error, labels corrected", labels.corrected)
        yield _share("error, without the ambiguous", labels.unambiguous)
    if halves:
        yield _share("error, students", halves.students)
        yield _share("error, Census employees", halves.census)
    decisions = measured(evaluation.decisions)
    if decisions and decisions.unseen:
        yield _share("error, unseen training digits", decisions.unseen)
    yield from _of_confidence(evaluation)
    robustness = measured(evaluation.robustness)
    if robustness:
        yield _share("error, mean of fifteen corruptions", robustness.mean)
        if robustness.mce:
            low, high = robustness.mce.low, robustness.mce.high
            value = f"{robustness.mce.value:.0f}"
            yield (
                "mCE",
                value,
                f"{low:.0f} to {high:.0f}",
                f"{robustness.n:,}",
                "bootstrap",
            )
        for name, one in robustness.errors.items():
            yield _share(f"error, {name_of(name)}", one.error)
    for attack in measured(evaluation.attacks) or ():
        yield _share(f"error, {name_of(attack.method)}, ε = {attack.epsilon:g}", attack.error)
    ood = measured(evaluation.out_of_distribution)
    if ood:
        for kind in ood.kinds:
            yield from _of_strangers(kind)
        yield _share("test digits turned away", ood.digits_rejected)
    for other in measured(evaluation.external_datasets) or ():
        external = measured(other)
        if external:
            yield _share(f"error, {name_of(external.name)}", external.error)
            if external.away:
                yield _share(f"calibration error, {name_of(external.name)}", external.away.ece_interval)


def _of_strangers(kind: OODKind) -> Iterator[Row]:
    scores = ((kind.max_softmax, "largest probability"), (kind.energy, "energy"), (kind.rejector, "rejector"))
    for score, name in scores:
        if score:
            n, low, high = f"{kind.n:,}", *score.interval
            yield (
                f"AUROC, {name_of(kind.name)}, {name}",
                f"{score.auroc:.4f}",
                f"{low:.4f} to {high:.4f}",
                n,
                "bootstrap",
            )
            ends = " to ".join(map(percent, score.fpr95_interval))
            yield f"FPR95, {name_of(kind.name)}, {name}", percent(score.fpr95), ends, n, "bootstrap"
    yield _share(f"{name_of(kind.name)} turned away", kind.turned_away)


def _of_confidence(evaluation: Evaluation) -> Iterator[Row]:
    confidence = measured(evaluation.confidence)
    if confidence is None:
        return
    aurc = confidence.aurc
    n = f"{aurc.n:,}"
    for name, ece in (
        ("calibration error (ECE, 15 bins)", confidence.ece_interval),
        ("calibration error, bins of equal mass", confidence.mass_interval),
        ("calibration error, after temperature scaling", confidence.rescaled.ece_interval),
    ):
        yield _share(name, ece, f"{ece.method}, reflected")
    area = f"{percent(aurc.low, 3)} to {percent(aurc.high, 3)}"
    yield "area under risk and coverage (AURC)", percent(aurc.value, 3), area, n, aurc.method
    for risk in confidence.risks[1:]:  # the first is all of them
        yield _share(f"error of the surest {percent(risk.coverage, 0)}", risk.risk)
    for one in confidence.sets:
        yield _share(f"coverage, {one.method.upper()}, promised {percent(1 - one.alpha, 0)}", one.coverage)
