"""What a test set gives away: to whoever chooses by it, and to a network that has seen it."""

from __future__ import annotations

from exmachina.evaluation.results import Evaluation, Missing
from exmachina.evaluation.test_set.selection_bias import SelectionBias
from exmachina.formatting import percent, rounded
from exmachina.report.charts import Axis, Series, chart
from exmachina.report.markup import Html, Margin, Section, absent, el, para, table
from exmachina.report.words import count, points


def selection_bias_section(evaluation: Evaluation) -> Section:
    """The experiment on choosing by the test set."""
    selection_bias = evaluation.selection_bias
    if isinstance(selection_bias, Missing):
        body: list[object] = [absent(selection_bias.reason)]
        finding = (
            "Whoever chooses on the test set reports a number that is too good; by how much was not measured here."
        )
    else:
        mean, sd = selection_bias.points.mean, selection_bias.points.sd
        spread = f" ± {rounded(100 * sd, 3)}" if sd is not None else ""
        largest = max(selection_bias.growth, key=lambda one: one.points)
        finding = (
            f"Choosing among {selection_bias.tried} networks on the test set itself adds "
            f"{rounded(100 * mean, 3)}{spread} percentage points that no new image will give back (mean and sd over "
            f"{count(selection_bias.points.n, 'seed')}, test set of {selection_bias.images:,}); "
            f"among {largest.tried} networks on a test set of {largest.images:,} it is {points(largest.points)}."
        )
        rows = [
            (f"seed {i}", percent(peeking, 3), percent(honest, 3), points(peeking - honest, 3))
            for i, (peeking, honest) in enumerate(selection_bias.by_seed)
        ]
        caption = f"What two people report of the same {selection_bias.tried} networks, by seed"
        body = [
            el(
                "figure",
                _growth(selection_bias, largest.points),
                el("figcaption", "Nothing was learned between the left and the right of this picture."),
            ),
            table(caption, ("", "chose on the test set", "chose on validation", "from nowhere"), rows),
        ]
    return Section(
        finding,
        body,
        Margin(
            "Most first tutorials pass the test set as validation data, watch it epoch by epoch, and report it. Nobody "
            "cheats, and still the number is no longer about new digits: it has been chosen for being high.",
            "Networks of the recipe fast, at three learning rates, looked at after several epochs, over seeds; all "
            "images are training images, so that this page wears out no test set. Those that judge are drawn by lot "
            "into “test” and “validation” a hundred times, in both roles.",
            "If the same person chose on validation and still got the higher number on fresh images. Here the choice "
            "is the only difference, and it always flatters.",
            plain="If you may sit the same test ten times and hand in the best sheet, you look cleverer than you are. "
            "That is what happens when people pick the network that does best on the test.",
        ),
    )


def _growth(selection_bias: SelectionBias, largest: float) -> Html:
    """Points from nowhere against the number of networks, one line a size of test set."""
    tries = sorted({one.tried for one in selection_bias.growth})
    top = max(0.001, 1.15 * max(one.points for one in selection_bias.growth))
    colours = ("positive", "muted", "accent")
    series = [
        Series(
            f"{size:,} images",
            [one.tried for one in selection_bias.growth if one.images == size],
            [100 * one.points for one in selection_bias.growth if one.images == size],
            colours[i % 3],
        )
        for i, size in enumerate(sorted({one.images for one in selection_bias.growth}))
    ]
    ticks = [(value, f"{value:g}") for value in _round_ticks(100 * top)]
    return chart(
        "Points from nowhere",
        f"With more networks to choose from and fewer test images the reported accuracy rises by up to "
        f"{rounded(100 * largest, 2)} points above the truth.",
        series,
        Axis(min(tries), max(tries), [(t, str(t)) for t in tries], "networks tried", log=len(tries) > 1),
        Axis(0, 100 * top, ticks, "points from nowhere"),
    )


def _round_ticks(top: float) -> list[float]:
    """Three or four round values from 0 to `top`."""
    for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50):
        if top / step <= 5:
            return [round(i * step, 4) for i in range(int(top / step) + 1)]
    return [0.0, top]


def contamination_section(evaluation: Evaluation) -> Section:
    """Each test with its p-value, and the standing list of what a report cannot know."""
    result = evaluation.contamination
    if isinstance(result, Missing):
        finding = "Whether it has seen its test was not looked for."
        body: list[object] = [absent(result.reason)]
    else:
        made = [one for one in result.evidence if one.p_value is not None]
        reasons = "; ".join(result.reasons)
        finding = (
            f"This result is not to be trusted: {reasons}."
            if result.suspected
            else f"Nothing says that it has seen its test or that its record lies, by {len(made)} tests."
        )
        rows = [(one.name, _outcome(one.p_value), _statistic(one.statistic)) for one in result.evidence]
        skipped = [el("li", f"{one.name}: {one.says}.") for one in result.evidence if one.p_value is None]
        body = [
            table("Each test, and how often an honest run looks as suspicious", ("test", "p", "count or z"), rows),
            *([para("Not made:"), el("ul", *skipped)] if skipped else []),
            para("What this report cannot know:"),
            el("ul", *(el("li", f"{one}.") for one in result.unknown)),
        ]
    return Section(
        finding,
        body,
        Margin(
            "A number on a test set is worth nothing if the test was learned, and a record is only what somebody "
            "wrote.",
            "Labels that people rejected are repeated only by who learned them; learned images are read more surely "
            "than others as hard; weights remember the random numbers that they began with and the images that they "
            "ended with. The p-values are corrected for their number: of 200 honest runs at most one is suspected.",
            "The same recipe with the same seed, trained here: it must give the same weights.",
            "Whoever has seen the answers before an exam can have every one right. This looks for signs of that.",
        ),
    )


def _outcome(p_value: float | None) -> str:
    return "–" if p_value is None else "contradiction" if p_value == 0 else f"{p_value:.2g}"


def _statistic(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
