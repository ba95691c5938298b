"""Labelled sets from elsewhere."""

from __future__ import annotations

from exmachina.evaluation.datasets.external_datasets import ExternalDataset
from exmachina.evaluation.results import Evaluation, Missing, measured
from exmachina.formatting import percent, rounded
from exmachina.report.markup import Margin, Section, absent, digit, el, para, table
from exmachina.report.words import count, name_of, points, span, with_span


def external_section(evaluation: Evaluation) -> Section:
    """Labelled sets from elsewhere."""
    body: list[object] = []
    words = []
    for other in measured(evaluation.external_datasets) or ():
        if isinstance(other, Missing):
            body.append(absent(other.reason))
        else:
            words.append(f"{percent(other.error.value)} of {name_of(other.name)} ({span(other.error)})")
            body += _other(other)
    home = percent(1 - evaluation.metrics.accuracy.value)
    finding = (
        f"At home it misreads {home}; elsewhere {', '.join(words)}." if words else "No other set of digits was read."
    )
    return Section(
        finding,
        body,
        Margin(
            "Your digits are not the Census Bureau's. The drop on another set is the best forecast of what happens to "
            "yours, and the slices say which traits to look for.",
            "Every image is brought to MNIST's convention first. Each trait is cut at the thirds of the home test set. "
            "“Explained” is the error that home digits would show with this set's share of each slice.",
            "A drop that stays when pen, size and slant are equal is due to something the traits do not name: other "
            "shapes of digits, coarse pixels, or wrong labels. Look at the pictures.",
            plain="You read your friend's handwriting easily and your doctor's hardly. The network has that too: "
            "here it "
            "reads digits from people and pens that it never met.",
        ),
    )


def _other(other: ExternalDataset) -> list[object]:
    rows = [
        (
            one.name,
            percent(one.share, 0),
            percent(one.error.value) if one.error else "–",
            percent(one.home_share, 0),
            percent(one.home_error.value) if one.home_error else "–",
        )
        for one in other.slices
    ]
    causes = ", ".join(f"{name_of(cause.trait)} {points(cause.explained)}" for cause in other.causes)
    most = other.causes[0].explained
    share = "a good part" if most > 0.2 * other.drop else "next to nothing"
    explained = (
        f"The error is {rounded(100 * other.drop, 2)} points above home's. How common each trait is explains {share} "
        f"of that ({causes} points); the rest lies within the slices, where digits with the same trait are read worse "
        "than at home."
    )
    if other.drop <= 0:
        explained = "These digits are read no worse than home's, so there is no drop to explain."
    gallery = [
        el(
            "figure",
            digit(image, f"image {index}, labelled {label}, read as {read}"),
            el("figcaption", f"{label}, read {read}"),
        )
        for image, (index, label, read) in zip(other.examples, other.misread, strict=True)
    ]
    away = []
    if other.away is not None:
        one = other.away
        risk = f", {percent(one.risk.value)} of them wrongly ({span(one.risk)})" if one.risk else ""
        away.append(
            para(
                f"It says {percent(one.confidence)} on average and is right {percent(one.accuracy.value)} of the "
                "time: a "
                f"calibration error of {with_span(one.ece_interval)}. "
                f"The rule that answers the surest 98 % at home (surer than "
                f"{percent(one.threshold)}) answers {percent(one.answered.value)} here{risk}."
            )
        )
    head = ("trait", "share here", "misread here", "share at home", "misread at home")
    return [
        el("h3", f"{name_of(other.name).capitalize()}: {count(other.n, 'image')}"),
        table(f"{name_of(other.name).capitalize()}, slice by slice", head, rows),
        para(explained),
        *away,
        el("div", *gallery, class_="gallery small"),
    ]
