"""Images that are no digits."""

from __future__ import annotations

from exmachina.evaluation.results import Evaluation, Missing
from exmachina.formatting import percent
from exmachina.report.markup import Margin, Section, absent, digit, join, para, table
from exmachina.report.words import name_of, plain


def ood_section(evaluation: Evaluation) -> Section:
    """Not a digit."""
    ood = evaluation.out_of_distribution
    if isinstance(ood, Missing):
        finding = "Whether it notices that something is no digit could not be measured."
        body: list[object] = [absent(ood.reason)]
    else:
        worst = min(ood.kinds, key=lambda one: one.rejected)
        taught = worst.rejector is not None
        means = "With its rejector" if taught else f"With a threshold of {percent(ood.rejection.threshold)} confidence"
        finding = (
            f"{means}, {percent(ood.digits_rejected.value)} of "
            f"test digits are turned away, and of {name_of(worst.name)} {percent(worst.rejected)}. The best "
            "single "
            f"score tells {name_of(worst.name)} from digits with an AUROC of "
            f"{max(one.auroc for one in (worst.max_softmax, worst.energy, worst.rejector) if one):.3f}."
        )
        rows = [
            (
                name_of(one.name),
                join(digit(image, f"{name_of(one.name)}, example", size=28) for image in ood.examples[one.name][:4]),
                f"{one.max_softmax.auroc:.4f}",
                percent(one.max_softmax.fpr95),
                f"{one.energy.auroc:.4f}",
                percent(one.energy.fpr95),
                *((f"{one.rejector.auroc:.4f}", percent(one.rejector.fpr95)) if one.rejector else ()),
                percent(one.rejected),
            )
            for one in ood.kinds
        ]
        scores = ("AUROC", "FPR95", "AUROC, energy", "FPR95, energy")
        head = ("", "examples", *scores, *(("AUROC, rejector", "FPR95, rejector") if taught else ()), "turned away")
        origin = "stored in the run" if ood.stored else "not stored in the run; fitted here"
        body = [
            table(f"Strangers against {ood.digits_rejected.n:,} test digits", head, rows, texts=2, class_="pics"),
            para(
                f"The threshold ({plain(ood.rejection.threshold, 4)}, {origin}) keeps "
                f"{percent(ood.rejection.kept)} of "
                f"{ood.rejection.n:,} digits outside the test set, from {ood.source}."
                + (
                    " The run's rejector takes its place; letters and pairs of digits are among what it learned."
                    * taught
                )
            ),
        ]
    return Section(
        finding,
        body,
        Margin(
            "A classifier of ten digits must answer with a digit, whatever it is shown. Only its confidence can say "
            "“none of these”, and it was never taught to; a rejector is.",
            "AUROC: the chance that a digit scores above a stranger. FPR95: strangers let in when 95 % of digits are. "
            "Scores: the largest probability (Hendrycks and Gimpel 2017), and the energy log Σ exp logits (Liu et al. "
            "2020). Letters are drawn from fonts, without those that look like digits.",
            "Published for an MNIST network by largest probability: AUROC .96 on Omniglot, .85 on notMNIST. Give "
            "your own strangers with --strangers; far less than that would point to a fault here.",
        ),
    )
