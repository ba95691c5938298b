"""Whether the network has seen its test, and what nobody can tell from it."""

from __future__ import annotations

from exmachina.evaluation.results import Evaluation, Missing
from exmachina.report.markup import Margin, Section, absent, el, para, table


def contamination_section(evaluation: Evaluation) -> Section:
    """Each test with its p-value, and the standing list of what a report cannot know."""
    result = evaluation.contamination
    if isinstance(result, Missing):
        finding = "Whether it has seen its test was not looked for."
        body: list[object] = [absent(result.reason)]
    else:
        made = [one for one in result.evidence if one.p_value is not None]
        found = "; ".join(result.reasons)
        finding = (
            f"This result is not to be trusted: {found}."
            if result.suspected
            else f"Nothing says that it has seen its test or that its record lies, by {len(made)} tests."
        )
        rows = [(one.name, _outcome(one.p_value), _statistic(one.statistic)) for one in result.evidence]
        skipped = [el("li", f"{one.name}: {one.says}.") for one in result.evidence if one.p_value is None]
        body = [
            table("Each test, and how often an honest run looks as suspicious", ("test", "p", "statistic"), rows),
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
        ),
    )


def _outcome(p_value: float | None) -> str:
    return "–" if p_value is None else "contradiction" if p_value == 0 else f"{p_value:.2g}"


def _statistic(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
