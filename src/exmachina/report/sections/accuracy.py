"""The accuracy, and every interval it deserves."""

from __future__ import annotations

from exmachina.evaluation.datasets.label_votes import REJECTED_LABELS
from exmachina.evaluation.results import Evaluation, Missing, measured
from exmachina.evaluation.statistics.intervals import Interval, wilson
from exmachina.evaluation.statistics.metrics import ClassScore
from exmachina.formatting import percent
from exmachina.report.charts import Rung, bar, ladder, matrix, rung
from exmachina.report.markup import Html, Margin, Section, absent, el, join, para, table
from exmachina.report.verdict import widest
from exmachina.report.words import count, plain, span


def number_section(evaluation: Evaluation) -> Section:
    """Accuracy, its intervals, labels, halves, writers, classes."""
    metrics, opening = evaluation.metrics, evaluation.opening
    wrong = round((1 - metrics.accuracy.value) * metrics.n)
    interval, allowing = widest(evaluation)
    finding = join(
        [
            f"{count(wrong, 'mistake')} on {metrics.n:,} digits: an error of {percent(wrong / metrics.n)}. For "
            "digits of "
            f"the same kind by other draws, believe {percent(1 - interval.high)} to {percent(1 - interval.low)} "
            f"({allowing}).",
        ]
    )
    return Section(
        finding,
        [
            ladder("The error, counted in every honest way (95 % intervals)", _ways(evaluation)),
            *_left_out(evaluation),
            _opening_note(evaluation),
            el("h3", "Digit by digit"),
            _classes(evaluation),
            matrix(
                f"What each digit was read as, of {metrics.n:,}; dots are zeros",
                metrics.confusion,
                "read as",
                "labelled",
            ),
        ],
        Margin(
            f"The mean loss is {plain(metrics.nll)} nats (95 % interval {_loss_span(evaluation)}) and the Brier score "
            f"{plain(metrics.brier)}: both count not "
            "only "
            "whether the answer is right but how sure it was. Accuracy alone hides which digits, whose hands and how "
            "many looks it took.",
            "Wilson's score interval treats every digit as an independent ticket. Digits by one hand are not "
            "independent, so the bootstrap draws whole writers. Where several networks had the test, the chance "
            "of error is shared out among them (Bonferroni). Wrong labels are those that fewer than three of five "
            "people chose.",
            f"A new set of digits from the same source that nobody has looked at. Published for a similar network: "
            f"0.82 % errors on this test set, 1.08 % on 50,000 unseen digits of the same origin (QMNIST, 2019). "
            f"This set has been opened {count(opening.openings, 'time')} on this computer.",
            plain=f"Think of a class test. The network got {percent(metrics.accuracy.value)} right. With another "
            "test of "
            "the same kind it would get a little more or a little less, and only that much of the number is worth "
            "believing.",
        ),
    )


def _ways(evaluation: Evaluation) -> list[Rung]:
    def flipped(interval: object, label: str, note: str = "", *, strong: bool = False) -> Rung:
        value, low, high = (getattr(interval, name) for name in ("value", "low", "high"))
        return Rung(label, 1 - value, 1 - high, 1 - low, note, strong)

    metrics, opening = evaluation.metrics, evaluation.opening
    rungs = [flipped(metrics.accuracy, "As labelled", "digits independent (Wilson)", strong=True)]
    writers = measured(evaluation.writers)
    if writers:
        rungs.append(flipped(writers.accuracy, "As labelled", f"{writers.writers} writers drawn whole"))
    if opening.runs > 1:
        rungs.append(flipped(evaluation.accuracy_corrected, "As labelled", f"allowing for {opening.runs} networks"))
    decisions = measured(evaluation.decisions)
    if decisions and decisions.unseen:
        own = decisions.unseen_source == "held_out"
        note = "held out by this run" if own else "read by networks of its recipe"
        rungs.append(rung("Unseen training digits", decisions.unseen, f"{decisions.unseen.n:,}, {note}"))
    labels, halves = measured(evaluation.labels), measured(evaluation.halves)
    if labels:
        rungs.append(rung("Labels corrected", labels.corrected, "ten by people's majority"))
        rungs.append(rung("Without the ambiguous", labels.unambiguous, "five left out"))
    if halves:
        rungs.append(rung("Students' digits", halves.students, "the first 5,001"))
        rungs.append(rung("Census employees' digits", halves.census, "the last 4,999"))
    if writers:
        worst, chance = writers.worst, writers.worst.by_chance
        rungs.append(
            Rung("Worst tenth of writers", worst.error, worst.error, worst.error, f"{len(worst.writers)} hands")
        )
        rungs.append(Rung("… by chance alone", chance, chance, chance, f"mistakes shuffled, p = {worst.p_value:.2g}"))
    return rungs


def _loss_span(evaluation: Evaluation) -> str:
    writers = measured(evaluation.writers)
    interval = writers.loss if writers else evaluation.loss
    return f"{plain(interval.low)} to {plain(interval.high)}"


def _left_out(evaluation: Evaluation) -> list[Html]:
    notes = []
    for part, name in ((evaluation.labels, "Corrected labels"), (evaluation.writers, "Writers")):
        if isinstance(part, Missing):
            notes.append(absent(part.reason, name))
    labels, writers = measured(evaluation.labels), measured(evaluation.writers)
    if labels and labels.blamed:
        listed = ", ".join(f"{i} ({REJECTED_LABELS[i].given})" for i in labels.blamed)
        notes.append(
            para(
                f"Of the fifteen test labels that people rejected, the network contradicts {len(labels.blamed)}: test "
                f"images {listed}. On {len(labels.vindicated)} of them it says what the people said."
            )
        )
    if writers and writers.shared is not None:
        words = "No writer" if not writers.shared else count(writers.shared, "writer")
        notes.append(para(f"{words} of the test set wrote training digits as well."))
    return notes


def _opening_note(evaluation: Evaluation) -> Html:
    opening = evaluation.opening
    if opening.warning:
        return para(el("strong", "The log of test sets could not be kept. "), opening.warning)
    return para(
        f"K = {opening.openings}: this test set has been opened {count(opening.openings, 'time')} on this computer, by "
        f"{count(opening.runs, 'network')}; by this one {count(opening.by_this_run, 'time')}. The interval that this "
        f"deserves is {span(evaluation.accuracy_corrected)}: another network is another chance to be lucky, the same "
        "one "
        "again is not. Looks elsewhere in the world, and there were millions, are not in it."
    )


def _classes(evaluation: Evaluation) -> Html:
    metrics = evaluation.metrics
    most = max([1 - one.recall for one in metrics.per_class] + [1e-9])
    rows = [
        (
            one.label,
            bar((1 - one.recall) / most, percent(1 - one.recall)),
            span(_misread(one)) if one.support else "–",
            percent(one.precision),
            percent(one.recall),
            f"{one.f1:.4f}",
            f"{one.support:,}",
        )
        for one in metrics.per_class
    ]
    caption = "Every digit on its own; the bar is the share of its images that was misread"
    return table(caption, ("digit", "misread", "95 % interval", "precision", "recall", "F1", "images"), rows)


def _misread(one: ClassScore) -> Interval:
    return wilson(one.support - round(one.recall * one.support), one.support)
