"""The first page in words: three sentences for whoever decides, and what to worry about, the worst first."""

from __future__ import annotations

from dataclasses import dataclass

from exmachina.evaluation.contamination import Contamination
from exmachina.evaluation.results import Evaluation, measured
from exmachina.evaluation.statistics.intervals import Interval, complement
from exmachina.formatting import percent
from exmachina.report.words import count, listed, name_of, span, with_span
from exmachina.report.worries import POOR, Worry, find_worries

MOST_WORRIES = 6


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
        which = "all digits" if evaluation.health.faults else "digits"
        return FirstPage(False, f"{evaluation.subject.name} does not read {which}", _broken(evaluation, broken), ())
    contamination = measured(evaluation.contamination)
    suspected = contamination is not None and contamination.suspected
    worries = sorted(find_worries(evaluation), key=lambda worry: -worry.weight)[:MOST_WORRIES]
    accuracy = percent(evaluation.metrics.accuracy.value)
    good = 1 - evaluation.metrics.accuracy.value < POOR
    reads = f"{accuracy} of its test digits" if good else "poorly"
    headline = f"{evaluation.subject.name} reads {reads}"
    return FirstPage(
        not suspected,
        f"Do not trust {evaluation.subject.name}'s {accuracy}" if suspected else headline,
        (
            _suspicion(evaluation, contamination) if contamination and suspected else _exam(evaluation),
            _confidence(evaluation),
            _outside(evaluation),
        ),
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
        f"(95 % interval, {allowing}).{_unseen(evaluation)}"
    )


def _suspicion(evaluation: Evaluation, contamination: Contamination) -> str:
    chance = (
        "no honest run does"
        if contamination.p_value == 0
        else f"one honest run in {1 / contamination.p_value:,.0f} would"
    )
    return (
        f"Something is wrong with this result: {'; '.join(contamination.reasons)} ({chance}). The "
        f"{percent(evaluation.metrics.accuracy.value)} that it shows on its test say nothing of other digits."
    )


def _unseen(evaluation: Evaluation) -> str:
    """What training digits say that had not been learned; the test set's writers are not everybody."""
    decisions = measured(evaluation.decisions)
    if decisions is None or decisions.unseen is None:
        return ""
    by = "it" if decisions.unseen_source == "held_out" else "networks of its recipe"
    accuracy = complement(decisions.unseen)
    return f" Of training digits that {by} had not learned, {percent(accuracy.value)} are read ({span(accuracy)})."


def _confidence(evaluation: Evaluation) -> str:
    confidence = measured(evaluation.confidence)
    if confidence is None:
        return "What its confidence is worth could not be measured."
    gap, ece, chance = confidence.width.gap, confidence.width.ece, confidence.ece_by_chance
    measured_ece = with_span(confidence.ece_interval)
    if ece <= 1.5 * chance:
        sure = (
            f"On digits of this kind its confidence can be taken at its word (calibration error {measured_ece}, no "
            "more than chance makes)"
        )
    else:
        direction = "too sure of itself" if gap > 0 else "less sure than it could be"
        sure = f"It is {direction} (calibration error {measured_ece}, where a perfect one would show {percent(chance)})"
    risk = confidence.risk(0.98)
    return (
        f"{sure}; if the 2 % that it doubts most go to a person, it misreads {percent(risk.risk.value)} of the rest "
        f"({span(risk.risk)})."
    )


def _outside(evaluation: Evaluation) -> str:
    robustness, ood = measured(evaluation.robustness), measured(evaluation.out_of_distribution)
    # Without a mistake, half a one stands for the error that could be seen.
    error = max(1 - evaluation.metrics.accuracy.value, 0.5 / evaluation.metrics.n)
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
