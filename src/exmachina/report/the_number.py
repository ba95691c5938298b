"""Sections on the number itself: its interval, its labels and writers, its classes, the leak and the seeds."""

from __future__ import annotations

from exmachina.evaluation.datasets.label_votes import REJECTED_LABELS
from exmachina.evaluation.results import Evaluation, Missing, found
from exmachina.report.marks import Axis, Rung, Series, bar, chart, ladder, matrix, rung
from exmachina.report.markup import Html, Margin, absent, el, join, para, section, table
from exmachina.report.verdict import widest
from exmachina.report.words import count, percent, plain, points, span


def number_section(evaluation: Evaluation, place: int) -> Html:
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
    return section(
        "number",
        place,
        "The number and its doubt",
        finding,
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
        margin=Margin(
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
        ),
    )


def leak_section(evaluation: Evaluation, place: int) -> Html:
    """The experiment on choosing by the test set."""
    leak = evaluation.leak
    if isinstance(leak, Missing):
        body: list[object] = [absent(leak.reason)]
        finding = (
            "Whoever chooses on the test set reports a number that is too good; by how much was not measured here."
        )
    else:
        mean, sd = leak.points.mean, leak.points.sd
        spread = f" ± {100 * sd:.3f}" if sd is not None else ""
        largest = max(leak.growth, key=lambda one: one.points)
        finding = (
            f"Choosing among {leak.tried} networks on the test set itself adds {100 * mean:.3f}{spread} percentage "
            "points "
            f"that no new image will give back (mean and sd over {count(leak.points.n, 'seed')}, test set of "
            f"{leak.images:,}); "
            f"among {largest.tried} networks on a test set of {largest.images:,} it is {points(largest.points)}."
        )
        tries = sorted({one.tried for one in leak.growth})
        top = max(0.001, 1.15 * max(one.points for one in leak.growth))
        inks = ("positive", "muted", "accent")
        series = [
            Series(
                f"{size:,} images",
                [one.tried for one in leak.growth if one.images == size],
                [100 * one.points for one in leak.growth if one.images == size],
                inks[i % 3],
            )
            for i, size in enumerate(sorted({one.images for one in leak.growth}))
        ]
        ticks = [(value, f"{value:g}") for value in _round_ticks(100 * top)]
        picture = chart(
            "Points from nowhere",
            f"With more networks to choose from and fewer test images the reported accuracy rises by up to "
            f"{100 * largest.points:.2f} points above the truth.",
            series,
            Axis(min(tries), max(tries), [(t, str(t)) for t in tries], "networks tried", log=len(tries) > 1),
            Axis(0, 100 * top, ticks, "points from nowhere"),
        )
        rows = [
            (f"seed {i}", percent(peeking, 3), percent(honest, 3), points(peeking - honest, 3))
            for i, (peeking, honest) in enumerate(leak.by_seed)
        ]
        caption = f"What two people report of the same {leak.tried} networks, by seed"
        body = [
            el(
                "figure",
                picture,
                el("figcaption", "Nothing was learned between the left and the right of this picture."),
            ),
            table(caption, ("", "chose on the test set", "chose on validation", "from nowhere"), rows),
        ]
    return section(
        "leak",
        place,
        "The leak, shown",
        finding,
        *body,
        margin=Margin(
            "Most first tutorials pass the test set as validation data, watch it epoch by epoch, and report it. Nobody "
            "cheats, and still the number is no longer about new digits: it has been chosen for being high.",
            "Networks of the recipe fast, at three learning rates, looked at after several epochs, over seeds; all "
            "images are training images, so that this page wears out no test set. Those that judge are drawn by lot "
            "into “test” and “validation” a hundred times, in both roles.",
            "If the same person chose on validation and still got the higher number on fresh images. Here the choice "
            "is the only difference, and it always flatters.",
        ),
    )


def seeds_section(evaluation: Evaluation, place: int) -> Html:
    """Spread over seeds."""
    seeds = evaluation.seeds
    if isinstance(seeds, Missing):
        finding = "How much of the number is luck of the seed was not measured here."
        body: list[object] = [absent(seeds.reason)]
    else:
        summary = seeds.summary
        own = seeds.accuracies[0]
        sd = 100 * (summary.sd or 0.0)
        ahead = sum(accuracy > own for accuracy in seeds.accuracies)
        finding = (
            f"The recipe reaches {100 * summary.mean:.2f} ± {sd:.2f} % (mean and sd over {summary.n} seeds). This "
            "run, with "
            f"the seed {seeds.seeds[0]} declared beforehand, has {percent(own)}: {ahead} of the other "
            f"{summary.n - 1} did better."
        )
        rows = [
            (f"seed {seed}" + (" (this run)" if i == 0 else ""), percent(accuracy))
            for i, (seed, accuracy) in enumerate(zip(seeds.seeds, seeds.accuracies, strict=True))
        ]
        note = (
            f"95 % interval of the mean: {span(summary.interval)} (Student's t)."
            if summary.interval
            else "One seed only."
        )
        body = [table("Test accuracy by seed", ("", "accuracy"), rows), para(note)]
    return section(
        "seeds",
        place,
        "Seeds, and other networks",
        finding,
        *body,
        para(
            "To set two networks beside one another, run ",
            el("code", "exmachina compare RUN RUN"),
            ": McNemar's test on the images that one reads and the other does not, those images shown, and a sentence "
            "that says whether the difference means anything.",
        ),
        margin=Margin(
            "A gain smaller than this spread is not a better recipe; it is another seed. At 0.4 % error the spread of "
            "a recipe is about 0.045 points (Jordan 2023).",
            "The same recipe is trained anew with the following seeds on all training images; each network reads the "
            "test set once and none is chosen. That is why these looks do not count as openings.",
            "More seeds. With five, the standard deviation itself is only known to about a factor of two.",
        ),
    )


def _ways(evaluation: Evaluation) -> list[Rung]:
    def flipped(interval: object, label: str, note: str = "", *, strong: bool = False) -> Rung:
        value, low, high = (getattr(interval, name) for name in ("value", "low", "high"))
        return Rung(label, 1 - value, 1 - high, 1 - low, note, strong)

    metrics, opening = evaluation.metrics, evaluation.opening
    rungs = [flipped(metrics.accuracy, "As labelled", "digits independent (Wilson)", strong=True)]
    writers = found(evaluation.writers)
    if writers:
        rungs.append(flipped(writers.accuracy, "As labelled", f"{writers.writers} writers drawn whole"))
    if opening.runs > 1:
        rungs.append(flipped(evaluation.accuracy_corrected, "As labelled", f"allowing for {opening.runs} networks"))
    labels, halves = found(evaluation.labels), found(evaluation.halves)
    if labels:
        rungs.append(rung("Labels corrected", labels.corrected, "ten by people's majority"))
        rungs.append(rung("Without the ambiguous", labels.unambiguous, "five left out"))
    if halves:
        rungs.append(rung("Students' digits", halves.students, "the first 5,001"))
        rungs.append(rung("Census employees' digits", halves.census, "the last 4,999"))
    if writers:
        worst = writers.worst
        rungs.append(
            Rung("Worst tenth of writers", worst.error, worst.error, worst.error, f"{len(worst.writers)} hands")
        )
        rungs.append(Rung("… by chance alone", worst.by_chance, worst.by_chance, worst.by_chance, "mistakes shuffled"))
    return rungs


def _loss_span(evaluation: Evaluation) -> str:
    writers = found(evaluation.writers)
    interval = writers.loss if writers else evaluation.loss
    return f"{plain(interval.low)} to {plain(interval.high)}"


def _left_out(evaluation: Evaluation) -> list[Html]:
    notes = []
    for part, name in ((evaluation.labels, "Corrected labels"), (evaluation.writers, "Writers")):
        if isinstance(part, Missing):
            notes.append(absent(part.reason, name))
    labels, writers = found(evaluation.labels), found(evaluation.writers)
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
        return para(el("strong", "The ledger could not be kept. "), opening.warning)
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
            percent(one.precision),
            percent(one.recall),
            f"{one.f1:.4f}",
            f"{one.support:,}",
        )
        for one in metrics.per_class
    ]
    caption = "Every digit on its own; the bar is the share of its images that was misread"
    return table(caption, ("digit", "misread", "precision", "recall", "F1", "images"), rows)


def _round_ticks(top: float) -> list[float]:
    """Three or four round values from 0 to `top`."""
    for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50):
        if top / step <= 5:
            return [round(i * step, 4) for i in range(int(top / step) + 1)]
    return [0.0, top]
