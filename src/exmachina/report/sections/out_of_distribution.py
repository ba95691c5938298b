"""Images that are no digits."""

from __future__ import annotations

from exmachina.evaluation.calibration.held_out import WORDS
from exmachina.evaluation.ood.out_of_distribution import OutOfDistribution
from exmachina.evaluation.ood.separation import KEPT
from exmachina.evaluation.results import Evaluation, Missing
from exmachina.formatting import percent
from exmachina.report.markup import Html, Margin, Section, absent, details, digit, join, para, table
from exmachina.report.words import name_of, plain, span


def ood_section(evaluation: Evaluation) -> Section:
    """Not a digit."""
    ood = evaluation.out_of_distribution
    if isinstance(ood, Missing):
        finding = "Whether it notices that something is no digit could not be measured."
        body: list[object] = [absent(ood.reason)]
    else:
        finding, body = _finding(ood), _body(ood)
    return Section(
        finding,
        body,
        Margin(
            "A classifier of ten digits must answer with a digit, whatever it is shown. Only its confidence can say "
            "“none of these”, and it was never taught to; a rejector is.",
            "AUROC: the chance that a digit scores above a stranger. FPR95: strangers let in when 95 % of digits are. "
            "Scores: the largest probability (Hendrycks and Gimpel 2017), and the energy log Σ exp logits (Liu et al. "
            "2020). Letters are drawn from fonts, without those that look like digits.",
            "Strangers of your own (--strangers). Published for an MNIST network by largest probability: AUROC .96 on "
            "Omniglot, .85 on notMNIST, with pictures scaled plainly; cut and centred as here, the same letters are "
            "harder, so that the figures do not compare.",
            plain="Show it a letter, a blot or nothing at all: it has only ten answers, so it must say a digit. All we "
            "can hope for is that it sounds unsure, and this shows how often it does not.",
        ),
    )


def _finding(ood: OutOfDistribution) -> str:
    worst = min(ood.kinds, key=lambda one: one.rejected)
    threshold = f"a threshold of {percent(ood.rejection.threshold)} confidence"
    return (
        f"With {'its rejector' if worst.rejector else threshold}, "
        f"{percent(ood.digits_rejected.value)} of "
        f"test digits are turned away, and of {name_of(worst.name)} {percent(worst.rejected)}. The best "
        "single "
        f"score tells {name_of(worst.name)} from digits with an AUROC of "
        f"{max(one.auroc for one in (worst.max_softmax, worst.energy, worst.rejector) if one):.3f}."
    )


def _body(ood: OutOfDistribution) -> list[object]:
    rows = [
        (
            name_of(one.name),
            join(digit(image, f"{name_of(one.name)}, example", size=28) for image in ood.examples[one.name][:4]),
            percent(one.rejected),
            span(one.turned_away),
            f"{one.n:,}",
        )
        for one in ood.kinds
    ]
    head = ("", "examples", "turned away", "95 % interval", "n")
    taught = any(one.rejector for one in ood.kinds)
    origin = "stored in the run" if ood.stored else "not stored in the run; fitted here"
    halves = not ood.stored and ood.source == WORDS["halves"]
    where = (
        "of the digits of each half of the test set, for the other half" if halves else "digits outside the test set"
    )
    furthest = max(max(share.high - share.value, share.value - share.low) for one in ood.kinds for share in one.let_in)
    return [
        table("Strangers, and how many are turned away", head, rows, texts=2, class_="pics"),
        _scores(ood),
        para(
            f"The threshold ({plain(ood.rejection.threshold, 4)}, {origin}) keeps "
            f"{percent(ood.rejection.kept)} of {ood.rejection.n:,} {where}"
            + ("." if halves else f", from {ood.source}.")
            + " The run's rejector decides in its place; letters and pairs of digits are among what taught it." * taught
        ),
        table(
            "What it costs to keep strangers out: let in, where the threshold keeps so many of the digits",
            ("", *(f"keeps {percent(share, 1)}" for share in KEPT)),
            [(name_of(one.name), *(percent(share.value) for share in one.let_in)) for one in ood.kinds],
            class_="tight",
        ),
        para(
            f"Each of these shares is off by {percent(furthest, 1)} at most, with 95 % confidence (Wilson); each one's "
            "interval is in the JSON."
        ),
    ]


def _scores(ood: OutOfDistribution) -> Html:
    """How well each score tells each kind from digits."""
    rows = [
        (
            name_of(one.name),
            name,
            f"{score.auroc:.4f}",
            "{:.4f} to {:.4f}".format(*score.interval),
            percent(score.fpr95),
            " to ".join(map(percent, score.fpr95_interval)),
        )
        for one in ood.kinds
        for name, score in (("probability", one.max_softmax), ("energy", one.energy), ("rejector", one.rejector))
        if score
    ]
    head = ("", "score", "AUROC", "95 % interval", "FPR95", "95 % interval")
    caption = f"Each score, strangers against {ood.digits_rejected.n:,} test digits"
    return details("How well each score tells them from digits", table(caption, head, rows, texts=2))
