"""Spoilt, moved and attacked images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from exmachina.evaluation.results import Evaluation, Missing
from exmachina.evaluation.robustness.corruptions import CORRUPTIONS
from exmachina.evaluation.robustness.curves import Curve
from exmachina.evaluation.robustness.published import ALIKE
from exmachina.evaluation.robustness.robustness import Robustness
from exmachina.formatting import percent
from exmachina.report.charts import Axis, Series, chart, ladder, rung
from exmachina.report.markup import Html, Margin, absent, details, el, figure, para, table
from exmachina.report.words import name_of, plain, span

if TYPE_CHECKING:
    from exmachina.evaluation.robustness.attacks import AttackResult
from exmachina.report.markup import Section

# Knob of the augmentation → the family of corruptions that resembles it.
FAMILIES = {
    "shift": "shift",
    "rotation": "rotation",
    "scale": "scale",
    "shear": "shear",
    "light": "light",
    "noise": "noise",
    "occlusion": "occlusion",
    "convolution": "blur",
}
HANDS = {"strokes"}  # what digits with neighbours' ink and ruled lines resemble
WORN = {"strokes", "noise", "occlusion"}  # what digits under lines, from a dry pencil, specked and in patches resemble


def robustness_section(evaluation: Evaluation) -> Section:
    """Corruptions, curves and attacks."""
    robustness, curves, attacks = evaluation.robustness, evaluation.curves, evaluation.attacks
    body: list[object] = []
    if isinstance(robustness, Missing):
        finding = "How it bears damage could not be measured."
        body.append(absent(robustness.reason))
    else:
        finding = _robustness_finding(robustness)
        body += _corruptions(evaluation, robustness)
    body += _published(evaluation)
    body.append(el("h3", "How far a digit may be changed"))
    body += [absent(curves.reason)] if isinstance(curves, Missing) else [el("div", *map(_curve, curves), class_="pair")]
    body.append(el("h3", "With ill will"))
    body += [absent(attacks.reason)] if isinstance(attacks, Missing) else _attacks(attacks)
    return Section(
        finding,
        body,
        Margin(
            "People read all of these. A network that learned clean digits has no reason to, and an accuracy of 99 % "
            "says nothing about a stain, a shaky scan or an attacker.",
            "The fifteen corruptions of MNIST-C (Mu and Gilmer 2019) at their severities, drawn by this project's own "
            "code: compare networks within this report, not with published figures. mCE is the mean of error ÷ the "
            "reference network's error on the same spoilt images, times 100. FGSM and PGD are white-box, L∞.",
            "Training with one of these corruptions makes its row easy and proves little about the others; the table "
            "says which this recipe has met. Surviving PGD would need stronger attacks before I believed it.",
            plain="We made the pictures dirty, blurred, crooked and foggy. You can still read nearly all of them. The "
            "network often cannot, and what is worse, it does not notice: it goes on sounding sure.",
        ),
    )


def _robustness_finding(robustness: Robustness) -> str:
    worst, mildest = robustness.worst(1)[0], min(robustness.errors.values(), key=lambda one: one.error.value)
    words = (
        f"Spoilt in fifteen ways, {percent(robustness.mean_error)} are misread on average ({span(robustness.mean)}): "
        f"{percent(mildest.error.value)} under "
        f"{name_of(mildest.name)}, {percent(worst.error.value)} under {name_of(worst.name)}. "
    )
    if robustness.summary is None or robustness.reference is None:
        return f"{words}There is no mCE: {robustness.no_reference}."
    interval = f" ({robustness.mce.low:.0f} to {robustness.mce.high:.0f})" if robustness.mce else ""
    return (
        f"{words}{robustness.reference.name} misreads {percent(robustness.reference.mean_error)} of the same images. "
        f"mCE {robustness.summary.mce:.0f}{interval}, where that network counts as 100."
    )


def _corruptions(evaluation: Evaluation, robustness: Robustness) -> list[object]:
    met = _met(evaluation)
    order = sorted(robustness.errors.values(), key=lambda one: -one.error.value)
    rungs = [
        rung(name_of(one.name), one.error, "met in training" if CORRUPTIONS[one.name].family in met else "")
        for one in order
    ]
    met_names = [name_of(name) for name, one in CORRUPTIONS.items() if one.family in met]
    words = (
        f"It has met {', '.join(met_names)}." if met_names else "It was trained with none of these families of change."
    )
    body: list[object] = [
        ladder(f"Error on {robustness.n:,} spoilt digits each, the worst first (95 % intervals)", rungs),
        para(words),
    ]
    if robustness.summary and robustness.summary.mce > 100 > robustness.summary.geometric:
        body.append(
            para(
                "An mCE above 100 does not say that it is the worse of the two: it is a mean of fifteen ratios, in "
                "which a small error doubled weighs as much as a large one. Their geometric mean is "
                f"{robustness.summary.geometric:.0f}: the ratio of a typical corruption is below one."
            )
        )
    body += _away(robustness)
    if robustness.summary and robustness.reference:
        relative = [
            (
                name_of(one.name),
                percent(one.error.value),
                percent(robustness.reference.errors[one.name]),
                f"{robustness.summary.relative[one.name]:.0f}",
            )
            for one in order
        ]
        head = ("corruption", "this network", robustness.reference.name, "relative")
        body.append(details("Beside the reference", table("Error on the same spoilt images", head, relative)))
    if robustness.severities:
        severity_rows = [
            (name_of(name), *(percent(value) for value in values)) for name, values in robustness.severities.items()
        ]
        caption = f"Error on {robustness.severity_images:,} digits by severity"
        body.append(
            details(
                "All five severities",
                table(caption, ("corruption", *(f"severity {k}" for k in range(1, 6))), severity_rows, class_="tight"),
            )
        )
    return body


def _away(robustness: Robustness) -> list[object]:
    """What its confidence is worth on each corruption."""
    if not robustness.away:
        return []
    order = sorted(robustness.away.items(), key=lambda item: item[1].accuracy.value - item[1].confidence)
    name, worst = order[0]
    rows = [
        (
            name_of(name),
            percent(one.confidence, 0),
            percent(one.accuracy.value, 0),
            percent(one.answered.value, 0),
            "–" if one.risk is None else percent(one.risk.value),
            "–" if one.risk is None else span(one.risk),
        )
        for name, one in order
    ]
    head = ("corruption", "it says", "it is right", "answered", "misread of those", "95 % interval")
    return [
        para(
            f"Its confidence does not come along: under {name_of(name)} it says {percent(worst.confidence, 0)} and is "
            f"right {percent(worst.accuracy.value, 0)}. The rule that answers the surest 98 % at home answers "
            f"{percent(worst.answered.value, 0)} there"
            + (f", and misreads {percent(worst.risk.value)} of those." if worst.risk else ".")
        ),
        details(
            "What its confidence is worth on spoilt images",
            table("Confidence, and the rule fixed on clean digits that answers 98 % of them", head, rows),
        ),
    ]


def _met(evaluation: Evaluation) -> set[str]:
    """Families of change that the recipe's augmentation, or what was learned beside MNIST, resembles."""
    run = evaluation.subject.run
    augmentation, background = run.recipe.get("augmentation"), run.splits.get("background")
    met = HANDS if run.splits.get("hands") else set()
    if isinstance(background, dict) and background.get("worn"):
        met = met | WORN
    if isinstance(augmentation, dict):
        met = met | {family for knob, family in FAMILIES.items() if augmentation.get(knob)}
    return met


def _curve(curve: Curve) -> Html:
    x, y = [one.value for one in curve.points], [one.error.value for one in curve.points]
    worst = max(curve.points, key=lambda one: one.error.value)
    top = min(1.0, max(1.1 * worst.error.value, 0.02))
    at = f"{worst.value:g}".replace("-", "−")
    words = f"{name_of(curve.name).capitalize()}: {percent(worst.error.value)} misread at {at} {curve.unit}."
    ticks = sorted({x[0], x[-1], *(value for value in x if value in (0, 1))})
    series = Series(
        "", x, y, low=[one.error.low for one in curve.points], high=[one.error.high for one in curve.points]
    )
    picture = chart(
        name_of(curve.name).capitalize(),
        words,
        [series],
        Axis(
            x[0],
            x[-1],
            [(tick, f"{tick:g}".replace("-", "−")) for tick in ticks],
            f"{name_of(curve.name)}, {curve.unit}",
        ),
        Axis(0, top, [(0, "0"), (top / 2, percent(top / 2, 0)), (top, percent(top, 0))], "misread"),
        height=220,
    )
    return figure(picture, words)


def _published(evaluation: Evaluation) -> list[object]:
    """MNIST-C's own files beside the images drawn here, where they were given."""
    published = evaluation.mnist_c
    if isinstance(published, Missing):
        return []
    rows = [
        (
            name_of(one.name),
            percent(one.theirs.value),
            span(one.theirs),
            percent(one.ours.value),
            span(one.ours),
            "beyond chance" if one.resolved else "",
        )
        for one in published.errors
    ]
    known = [one for one in published.errors if one.difference != ALIKE]
    apart = sum(one.resolved for one in published.errors)
    words = f"{apart} of {len(rows)} differ beyond chance." if apart else "No two differ beyond chance."
    head = ("corruption", "published", "95 % interval", "drawn here", "95 % interval", "they differ")
    return [
        el("h3", "MNIST-C as published"),
        table(f"Error on the first {published.n:,} images of each", head, rows),
        para(
            f"On average {percent(published.mean_theirs)} of the published images are misread, and "
            f"{percent(published.mean_ours)} of those drawn here. {words} Most follow {ALIKE}. Known to differ:"
        ),
        el("ul", *(el("li", f"{name_of(one.name)}: {one.difference}.") for one in known)),
    ]


def _attacks(results: Sequence[AttackResult]) -> list[object]:
    rows = [
        (
            name_of(one.method),
            f"{one.epsilon:g}",
            one.steps,
            plain(one.step_size),
            one.restarts,
            percent(one.error.value),
            span(one.error),
        )
        for one in results
    ]
    head = ("attack", "ε", "steps", "step size", "restarts", "misread", "95 % interval")
    caption = f"Error when every pixel may change by ε, on {results[0].error.n:,} digits"
    weakest = min((one for one in results if one.method == "pgd"), key=lambda one: one.epsilon, default=results[0])
    return [
        para(
            f"With ε = {weakest.epsilon:g}, a change that is hard to see, 40 steps of PGD bring the error to "
            f"{percent(weakest.error.value)}. The network was not defended, and this report claims no robustness for "
            "it."
        ),
        table(caption, head, rows),
    ]
