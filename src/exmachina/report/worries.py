"""What to worry about, each with its weight and the section that tells more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exmachina.evaluation.results import Evaluation, measured
from exmachina.formatting import percent
from exmachina.report.words import count, in_points, listed, name_of, span

if TYPE_CHECKING:
    from exmachina.evaluation.robustness.robustness import Robustness

POOR = 0.05  # an error that the nearest training image alone, without any learning, stays below


@dataclass(frozen=True)
class Worry:
    """Something to worry about: `weight` orders it, `section` says where to read on."""

    weight: float
    title: str
    text: str
    section: str


def find_worries(evaluation: Evaluation) -> Iterator[Worry]:
    """Everything to worry about, in no order."""
    yield from _about_test(evaluation)
    yield from _about_images(evaluation)
    yield from _about_non_digits(evaluation)
    yield from _about_confidence(evaluation)


def _about_test(evaluation: Evaluation) -> Iterator[Worry]:
    opening, metrics = evaluation.opening, evaluation.metrics
    if opening.runs > 1:
        text = (
            f"On this computer {count(opening.runs, 'network')} had it. If anything was chosen by the results, the "
            "best of them flatters; allowing for all of them, the accuracy lies in "
            f"{span(evaluation.accuracy_corrected)}."
        )
        yield Worry(0.2 + 0.02 * opening.runs, f"This test set was opened {opening.openings} times", text, "number")
    data, labels, writers = measured(evaluation.data), measured(evaluation.labels), measured(evaluation.writers)
    if 1 - metrics.accuracy.value >= POOR:
        text = "Copying the label of the nearest training image, with no learning at all, errs on about 3 %."
        yield Worry(3, f"It misreads {percent(1 - metrics.accuracy.value)} of clean digits", text, "data")
    elif data and data.neighbour.value >= metrics.accuracy.low:
        text = (
            f"Giving each digit the label of the nearest training image is right {percent(data.neighbour.value)} of "
            "the time."
        )
        yield Worry(3, "It is no better than no learning at all", text, "data")
    if data and data.duplicates.identical:
        text = f"{count(data.duplicates.identical, 'test image')} can be found in the training set, pixel for pixel."
        yield Worry(2, "Test images were learned", text, "data")
    if labels and labels.blamed:
        text = (
            f"{count(len(labels.blamed), 'of its mistakes is', 'of its mistakes are')} on labels that people rejected; "
            f"it agrees with the people on {len(labels.vindicated)}. By corrected labels the error is "
            f"{percent(labels.corrected.value)}, not {percent(labels.as_given.value)}."
        )
        yield Worry(0.1, "Some of its mistakes are the labels'", text, "number")
    halves = measured(evaluation.halves)
    if halves and halves.students.low > halves.census.high:
        ratio = f" ({halves.students.value / halves.census.value:.1f} times as many)" if halves.census.value else ""
        text = (
            f"It misreads {percent(halves.students.value)} of the students' digits and {percent(halves.census.value)} "
            f"of the Census employees'{ratio}. Neither may be your writers."
        )
        yield Worry(0.5, "Who wrote it matters", text, "number")
    if writers and writers.worst.p_value < 0.05:
        text = (
            f"In the worst tenth of the {writers.writers} hands it misreads {percent(writers.worst.error)}; if all "
            f"students' hands and all employees' were equally hard, chance would make that "
            f"{percent(writers.worst.by_chance)} (p = {writers.worst.p_value:.2g})."
        )
        yield Worry(0.6, "Some hands it reads worse than others", text, "number")
    slices = measured(evaluation.slices)
    if slices and slices.certain:
        first = slices.weak()[0]
        text = (
            f"Of {slices.total:,} slices, {slices.certain} stand out after correction for the search; the surest: "
            f"{first.name}, {percent(first.error.value)} misread, {first.errors} mistakes where {first.expected:.1f} "
            "would be usual."
        )
        yield Worry(0.45, "Some digits are harder for it than others", text, "slices")


def _about_images(evaluation: Evaluation) -> Iterator[Worry]:
    error = 1 - evaluation.metrics.accuracy.value
    robustness, curves = measured(evaluation.robustness), measured(evaluation.curves)
    attacks = measured(evaluation.attacks)
    if robustness:
        worst = robustness.worst(3)
        words = listed([f"{name_of(one.name)} ({percent(one.error.value)})" for one in worst])
        text = f"Worst are {words}. People read most of these without trouble."
        if robustness.reference:
            text = (
                f"Worst are {words}; over all fifteen it misreads {percent(robustness.mean_error)}, the reference "
                f"network {percent(robustness.reference.mean_error)}. People read most of these."
            )
        yield Worry(
            2 * worst[0].error.value,
            f"Spoilt images defeat it: up to {percent(worst[0].error.value, 0)} misread",
            text,
            "robustness",
        )
    yield from _about_confidence_away(robustness)
    for curve in curves or ():
        at = next((point for point in curve.points if curve.name == "shift" and point.value == 3), None)
        if at and at.error.value > 3 * error:
            text = (
                f"Moved by 3 of 28 pixels, {percent(at.error.value)} are misread instead of {percent(error)}. "
                "Centre every digit as `normalize` does."
            )
            yield Worry(at.error.value, "It expects digits in the middle", text, "robustness")
    if attacks:
        pgd = [one for one in attacks if one.method == "pgd"]
        worst_attack = min(pgd or attacks, key=lambda one: abs(one.epsilon - 0.1))
        text = (
            f"Changing each pixel by at most {worst_attack.epsilon:g} of the way from black to white, an attacker who "
            f"knows the weights makes it misread {percent(worst_attack.error.value)}. Claim no robustness."
        )
        yield Worry(0.7 * worst_attack.error.value, "Anyone who means harm can fool it", text, "robustness")
    for other in measured(evaluation.external_datasets) or ():
        external = measured(other)
        if external and external.error.low > 2 * error:
            beside = f"{external.error.value / error:.0f} times as many as at home" if error else "at home none"
            text = f"{percent(external.error.value)} of {external.n:,} are misread, {beside}."
            yield Worry(
                1.2 * external.error.value + 0.3, f"It does far worse on {name_of(external.name)}", text, "hands"
            )


def _about_confidence_away(robustness: Robustness | None) -> Iterator[Worry]:
    if robustness is None or not robustness.away:
        return
    name, worst = max(robustness.away.items(), key=lambda item: item[1].confidence - item[1].accuracy.value)
    gap = worst.confidence - worst.accuracy.value
    if gap > 0.1:
        answered = f"it still answers {percent(worst.answered.value, 0)}"
        wrong = f", {percent(worst.risk.value, 0)} of those wrongly" if worst.risk else ""
        text = (
            f"Under {name_of(name)} it says {percent(worst.confidence, 0)} and is right "
            f"{percent(worst.accuracy.value, 0)}. Told to answer its surest 98 % at home, {answered} there{wrong}."
        )
        yield Worry(0.8 * gap + 0.4, "Away from home it is sure and wrong", text, "robustness")


def _about_non_digits(evaluation: Evaluation) -> Iterator[Worry]:
    ood = measured(evaluation.out_of_distribution)
    if not ood:
        return
    worst = sorted(ood.kinds, key=lambda kind: kind.rejected)[:3]
    if 1 - worst[0].rejected > 0.05:
        words = listed([f"{percent(1 - kind.rejected, 0)} of {name_of(kind.name)}" for kind in worst])
        text = f"While it turns away {percent(ood.digits_rejected.value)} of real digits it lets in {words}."
        yield Worry(0.9 * (1 - worst[0].rejected), "It sees digits where there are none", text, "strangers")


def _about_confidence(evaluation: Evaluation) -> Iterator[Worry]:
    confidence = measured(evaluation.confidence)
    if confidence and confidence.width.ece > max(2 * confidence.ece_by_chance, 0.005):
        text = (
            f"Its confidence is off by {in_points(confidence.ece_interval)} on average; dividing its logits by "
            f"{confidence.rescaled.temperature:.2f} makes that {in_points(confidence.rescaled.ece_interval)}."
        )
        yield Worry(0.4 + 5 * confidence.width.ece, "Do not take its confidence at its word", text, "confidence")
