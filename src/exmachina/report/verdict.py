"""The first page in words: three sentences for whoever decides, and what to worry about, the worst first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exmachina.evaluation.results import Evaluation, measured
from exmachina.evaluation.statistics.intervals import Interval
from exmachina.formatting import percent
from exmachina.report.words import count, listed, name_of, span

MOST_WORRIES = 6
POOR = 0.05  # an error that the nearest training image alone, without any learning, stays below


@dataclass(frozen=True)
class Worry:
    """Something to worry about: `weight` orders it, `section` says where to read on."""

    weight: float
    title: str
    text: str
    section: str


@dataclass(frozen=True)
class FirstPage:
    """Headline, three sentences and the worries. `fit`: there is a reader to speak of at all."""

    fit: bool
    headline: str
    sentences: tuple[str, str, str]
    worries: tuple[Worry, ...]


def first_page(evaluation: Evaluation) -> FirstPage:
    """Judge an evaluation."""
    broken = evaluation.health.verdict(evaluation.metrics.accuracy)
    if broken is not None:
        return FirstPage(False, f"{evaluation.subject.name} does not read digits", _broken(evaluation, broken), ())
    worries = sorted(_worries(evaluation), key=lambda worry: -worry.weight)[:MOST_WORRIES]
    accuracy = percent(evaluation.metrics.accuracy.value)
    good = 1 - evaluation.metrics.accuracy.value < POOR
    return FirstPage(
        True,
        f"{evaluation.subject.name} reads {accuracy} of its test"
        if good
        else f"{evaluation.subject.name} reads poorly",
        (_exam(evaluation), _confidence(evaluation), _outside(evaluation)),
        tuple(worries),
    )


def widest(evaluation: Evaluation) -> tuple[Interval, str]:
    """The interval that owns up to most doubt, and what it allows for."""
    candidates = [(evaluation.metrics.accuracy, "if each digit were an independent draw")]
    if evaluation.opening.runs > 1:
        times = f"{evaluation.opening.runs} networks that had this test"
        candidates.append((evaluation.accuracy_corrected, f"allowing for {times}"))
    writers = measured(evaluation.writers)
    if writers:
        candidates.append((writers.accuracy, f"allowing for digits of the same {writers.writers} hands"))
    return max(candidates, key=lambda pair: pair[0].high - pair[0].low)


def _broken(evaluation: Evaluation, broken: str) -> tuple[str, str, str]:
    metrics = evaluation.metrics
    return (
        broken,
        f"It is right about {percent(metrics.accuracy.value)} of {metrics.n:,} test digits, where always saying the "
        f"commonest digit gets {percent(evaluation.health.guessing.value)}; its loss is {metrics.nll:.3g}, and that "
        "of ten equal guesses is 2.30.",
        "The rest of this report is complete as far as it could be measured, but it describes a machine that does "
        "not work: no number in it is a recommendation.",
    )


def _exam(evaluation: Evaluation) -> str:
    metrics = evaluation.metrics
    wrong = round((1 - metrics.accuracy.value) * metrics.n)
    interval, allowing = widest(evaluation)
    return (
        f"{evaluation.subject.name} reads {percent(metrics.accuracy.value)} of {metrics.n:,} test digits as people "
        f"labelled them ({count(wrong, 'mistake')}); for other digits of the same kind expect {span(interval)} "
        f"(95 % interval, {allowing})."
    )


def _confidence(evaluation: Evaluation) -> str:
    confidence = measured(evaluation.confidence)
    if confidence is None:
        return "What its confidence is worth could not be measured."
    gap, ece, chance = confidence.width.gap, confidence.width.ece, confidence.ece_by_chance
    if ece <= 1.5 * chance:
        sure = f"Its confidence can be taken at its word (calibration error {percent(ece)}, no more than chance makes)"
    else:
        direction = "too sure of itself" if gap > 0 else "less sure than it could be"
        sure = f"It is {direction} (calibration error {percent(ece)}, where a perfect one would show {percent(chance)})"
    risk = confidence.risk(0.98)
    return (
        f"{sure}; if the 2 % that it doubts most go to a person, it misreads {percent(risk.risk.value)} of the rest "
        f"({span(risk.risk)})."
    )


def _outside(evaluation: Evaluation) -> str:
    robustness, ood = measured(evaluation.robustness), measured(evaluation.out_of_distribution)
    error = max(1 - evaluation.metrics.accuracy.value, 1e-9)
    sentences = []
    for other in measured(evaluation.external_datasets) or ():
        external = measured(other)
        if external:
            sentences.append(
                (
                    external.error.value / error,
                    f"it misreads {percent(external.error.value)} of {name_of(external.name)}",
                )
            )
    if robustness:
        worst = robustness.worst(1)[0]
        sentences.append(
            (worst.error.value / error, f"{percent(worst.error.value)} of digits under {name_of(worst.name)}")
        )
    words = listed([text for _, text in sentences]) if sentences else ""
    if words and error >= POOR:
        start = f"Elsewhere it can be no better: {words}"
    elif words and max(ratio for ratio, _ in sentences) > 3:
        start = f"Away from its own kind of image it is another matter: {words}"
    elif words:
        start = f"Away from its own kind of image it holds up better than most: {words}"
    else:
        start = "How it does on other kinds of image could not be measured"
    if ood:
        let_in = max(ood.kinds, key=lambda kind: 1 - kind.rejected)
        passed = 1 - let_in.rejected
        start += f", and {percent(passed)} of {name_of(let_in.name)} pass for digits"
    return f"{start}."


def _worries(evaluation: Evaluation) -> Iterator[Worry]:
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
        ratio = halves.students.value / max(halves.census.value, 1e-9)
        text = (
            f"It misreads {percent(halves.students.value)} of the students' digits and {percent(halves.census.value)} "
            f"of the Census employees' ({ratio:.1f} times as many). Neither may be your writers."
        )
        yield Worry(0.5, "Who wrote it matters", text, "number")
    if writers and writers.worst.error > 1.3 * writers.worst.by_chance:
        text = (
            f"In the worst tenth of the {writers.writers} hands it misreads {percent(writers.worst.error)}; if all "
            f"hands were equally hard, chance would make that {percent(writers.worst.by_chance)}."
        )
        yield Worry(0.6, "Some hands it hardly reads", text, "number")


def _about_images(evaluation: Evaluation) -> Iterator[Worry]:
    error = 1 - evaluation.metrics.accuracy.value
    robustness, curves = measured(evaluation.robustness), measured(evaluation.curves)
    attacks = measured(evaluation.attacks)
    if robustness:
        worst = robustness.worst(3)
        words = listed([f"{name_of(one.name)} ({percent(one.error.value)})" for one in worst])
        text = f"Worst are {words}. People read most of these without trouble."
        if robustness.summary and robustness.summary.mce > 100:
            times = f"{robustness.summary.mce / 100:.1f} times as often as the reference network"
            text = f"Worst are {words}; over all fifteen it errs {times}. People read most of these."
        yield Worry(
            2 * worst[0].error.value,
            f"Spoilt images defeat it: up to {percent(worst[0].error.value, 0)} misread",
            text,
            "robustness",
        )
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
            text = (
                f"{percent(external.error.value)} of {external.n:,} are misread, "
                f"{external.error.value / max(error, 1e-9):.0f} times as many as at home."
            )
            yield Worry(
                1.2 * external.error.value + 0.3, f"It does far worse on {name_of(external.name)}", text, "hands"
            )


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
            f"Its confidence is off by {percent(confidence.width.ece)} on average; dividing its logits by "
            f"{confidence.rescaled.temperature:.2f} makes that {percent(confidence.rescaled.calibration.ece)}."
        )
        yield Worry(0.4 + 5 * confidence.width.ece, "Do not take its confidence at its word", text, "confidence")
