"""The spread over seeds."""

from __future__ import annotations

from exmachina.evaluation.results import Evaluation, Missing
from exmachina.formatting import percent, rounded
from exmachina.report.markup import Margin, Section, absent, el, para, table
from exmachina.report.words import count, span


def seeds_section(evaluation: Evaluation) -> Section:
    """Spread over seeds."""
    seeds = evaluation.seeds
    if isinstance(seeds, Missing):
        finding = "How much of the number is luck of the seed was not measured here."
        body: list[object] = [absent(seeds.reason)]
    else:
        summary = seeds.summary
        own = seeds.accuracies[0]
        spread = "" if summary.sd is None else f" ± {rounded(100 * summary.sd, 2)}"
        ahead = sum(accuracy > own for accuracy in seeds.accuracies)
        finding = (
            f"The recipe reaches {percent(summary.mean, 2)}{spread} (mean and sd over "
            f"{count(summary.n, 'seed')}). "
            f"This run, seed {seeds.seeds[0]}, has {percent(own)}"
            + (f": {ahead} of the other {summary.n - 1} did better. " if summary.n > 1 else ". ")
            + "Whether its seed was declared before the test set was opened, no run can show."
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
    return Section(
        finding,
        [
            *body,
            para(
                "To set two networks beside one another, run ",
                el("code", "exmachina compare RUN RUN"),
                ": McNemar's test on the images that one reads and the other does not, those images shown, and a "
                "sentence that says whether the difference means anything"
                + (
                    f". Two seeds of this recipe differ on {percent(seeds.discordance)} of the digits."
                    if not isinstance(seeds, Missing) and seeds.discordance
                    else "."
                ),
            ),
        ],
        Margin(
            "A gain smaller than this spread is not a better recipe; it is another seed. At 0.4 % error the spread of "
            "a recipe is about 0.045 points (Jordan 2023).",
            "The same recipe is trained anew with the following seeds on all training images; each network reads the "
            "test set once and none is chosen. That is why these looks do not count as openings.",
            "More seeds. With five, the standard deviation itself is only known to about a factor of two. A seed "
            "picked "
            "for its test result would look just like this one; only a note made beforehand tells them apart.",
            plain="Training starts from random numbers, like shuffling cards before a game. Another shuffle gives a "
            "slightly different network. Differences smaller than that are luck, not skill.",
        ),
    )
