"""What to decide: your pile, when to refuse, how many digits a comparison takes, and how a person does."""

from __future__ import annotations

import json

from exmachina.evaluation.decisions import Decisions, HumanBaseline, Power
from exmachina.evaluation.results import Evaluation, Missing
from exmachina.formatting import percent
from exmachina.report.charts import Axis, Series, chart
from exmachina.report.markup import Html, Margin, Section, absent, details, digit, el, figure, para, table
from exmachina.report.words import count, points, span

PILE = 500  # digits in the field to begin with


def decisions_section(evaluation: Evaluation) -> Section:
    """The answers, with fields to put in one's own numbers."""
    decisions = evaluation.decisions
    if isinstance(decisions, Missing):
        finding: object = "What follows from all this could not be worked out."
        body: list[object] = [absent(decisions.reason)]
    else:
        finding = _finding(evaluation, decisions)
        body = [
            *_piles(decisions),
            *_costs(decisions),
            *_power(decisions.power),
            *_human(decisions.human),
        ]
    return Section(
        finding,
        body,
        Margin(
            "An accuracy decides nothing. What decides is how many mistakes will be in your pile, what one of them "
            "costs you, and whether another network would really do better.",
            "Piles: beta-binomial with Jeffreys' prior, its n reduced to what the widest interval allows; hands by "
            "maximum likelihood. Costs: the cheapest threshold on digits that were not learned, measured on the test "
            "set; Chow's rule (1970) beside it. Power: McNemar's test at 5 %, 80 % power (Connor 1987).",
            "Digits of yours, with labels: they replace every forecast here (--data). A person who also misreads makes "
            "refusing dearer than it looks. If two networks share fewer mistakes than assumed, more digits are needed.",
            plain="Put in how many digits you have, and how bad a mistake would be for you. You get how many "
            "mistakes to "
            "expect, and when the network had better say “I don't know, ask a person”.",
        ),
    )


def report_data(evaluation: Evaluation) -> Html:
    """What the page's fields compute with, as JSON in a script element."""
    decisions = evaluation.decisions
    data: dict[str, list[dict[str, object]]] = {"rules": [], "laws": [], "quiz": []}
    if not isinstance(decisions, Missing):
        data["rules"] = [
            {
                "ratio": one.ratio,
                "threshold": one.threshold,
                "refused": one.refused.value,
                "misread": one.misread.value,
                "cost": one.cost.value,
                "all": one.answering_all,
            }
            for one in decisions.costs
        ]
        data["laws"] = [{"like": one.like, "a": one.law.a, "b": one.law.b} for one in decisions.forecasts]
        human = decisions.human
        data["quiz"] = [{"label": a, "read": b} for a, b in zip(human.labels, human.read, strict=True)]
    return Html(json.dumps(data).replace("<", "\\u003c"))


def _finding(evaluation: Evaluation, decisions: Decisions) -> str:
    words = []
    thousand = decisions.forecasts[0].piles[1]
    words.append(
        f"Among {thousand.digits:,} new digits like the test set's expect {thousand.low} to {thousand.high} mistakes."
    )
    if decisions.unseen is not None:
        other = decisions.forecasts[1].piles[1]
        words.append(
            f"Among as many like the training digits that {_by(decisions)} had not learned, {other.low} to "
            f"{other.high}: of those {percent(decisions.unseen.value)} are misread ({span(decisions.unseen)}), "
            f"against {percent(1 - evaluation.metrics.accuracy.value)} of the test set."
        )
    dear = next((one for one in decisions.costs if one.ratio == 100), decisions.costs[-1])
    words.append(
        f"If a mistake costs as much as {dear.ratio:g} refusals, it should refuse {percent(dear.refused.value)} and "
        f"will misread {percent(dear.misread.value)}."
    )
    return " ".join(words)


def _by(decisions: Decisions) -> str:
    return "it" if decisions.unseen_source == "held_out" else "networks of its recipe"


def _piles(decisions: Decisions) -> list[object]:
    sizes = [one.digits for one in decisions.forecasts[0].piles]
    rows = [
        (one.like.capitalize(), *(f"{pile.low:,} to {pile.high:,}" for pile in one.piles))
        for one in decisions.forecasts
    ]
    notes = []
    if decisions.unseen is not None and decisions.unseen_source == "cross_validation":
        notes.append(
            para(
                "The networks that read the unseen training digits had learned three quarters as many, so this is "
                "somewhat too gloomy; the test set, whose writers were cleaner, is somewhat too rosy."
            )
        )
    field = el("input", id_="pile", type="number", min=1, max=1_000_000, value=PILE, inputmode="numeric")
    return [
        el("h3", "Your pile"),
        el(
            "form",
            el("label", "How many digits are yours? ", field, for_="pile"),
            el("ul", id_="pile-answer", aria_live="polite"),
            class_="ask",
            hidden="",
            data_live="",
        ),
        table(
            "Mistakes to expect (95 % prediction intervals), if yours are like …",
            ("", *(f"in {size:,}" for size in sizes)),
            rows,
        ),
        *notes,
    ]


def _costs(decisions: Decisions) -> list[object]:
    rules = decisions.costs
    rows = [
        (
            f"{one.ratio:g}",
            "answer all" if one.threshold == 0 else "answer none" if one.refused.value == 1 else percent(one.threshold),
            percent(one.by_chow),
            percent(one.refused.value),
            percent(one.misread.value),
            f"{1000 * one.cost.value:.1f}",
            f"{1000 * max(one.cost.low, 0):.1f} to {1000 * one.cost.high:.1f}",
            f"{1000 * one.answering_all:,.0f}",
        )
        for one in rules
    ]
    head = (
        "a mistake costs",
        "surer than",
        "by Chow's rule",
        "to a person",
        "misread",
        "cost of 1,000",
        "95 % interval",
        "answering all",
    )
    start = min(range(len(rules)), key=lambda i: abs(rules[i].ratio - 100))
    slider = el("input", id_="cost", type="range", min=0, max=len(rules) - 1, value=start)
    return [
        el("h3", "When it should refuse"),
        el(
            "form",
            el("label", "A mistake is cheap", slider, "dear", for_="cost"),
            el("p", id_="cost-answer", aria_live="polite"),
            class_="ask",
            hidden="",
            data_live="",
        ),
        _cost_chart(decisions),
        details(
            "The cheapest threshold for every price",
            el(
                "div",
                table("Costs in refusals; a person is taken to make no mistake", head, rows),
                id_="cost-table",
            ),
        ),
    ]


def _cost_chart(decisions: Decisions) -> Html:
    rules = decisions.costs
    ratios = [one.ratio for one in rules]
    series = [
        Series("a person", ratios, [1000.0] * len(rules), "muted", kind="line"),
        Series("answer all", ratios, [1000 * one.answering_all for one in rules], "positive", kind="line"),
        Series("the cheapest", ratios, [1000 * one.cost.value for one in rules], "accent"),
    ]
    lowest = min(1.0, *(1000 * one.cost.value or 1.0 for one in rules))
    words = (
        f"At {rules[-1].ratio:g} refusals a mistake, the cheapest threshold costs {1000 * rules[-1].cost.value:,.0f} "
        f"refusals for 1,000 digits, answering everything {1000 * rules[-1].answering_all:,.0f}."
    )
    top = max(1000.0, 1000 * rules[-1].answering_all)
    ticks = [(value, f"{value:,g}") for value in (1, 10, 100, 1000, 10_000, 100_000) if lowest <= value <= top]
    picture = chart(
        "What reading 1,000 digits costs",
        words,
        series,
        Axis(ratios[0], ratios[-1], [(value, f"{value}") for value in (1, 10, 100, 1000)], "a mistake costs", log=True),
        Axis(lowest, top, ticks, "refusals' worth", log=True),
    )
    return figure(picture, words)


def _power(power: Power) -> list[object]:
    source = (
        "as between seeds of its recipe" if power.measured else "if their mistakes have nothing to do with one another"
    )
    smallest = (
        f"The {power.n:,} digits of this test notice a difference of {points(power.smallest)[1:]} points four times in "
        "five; anything smaller is more likely missed than seen."
        if power.smallest
        else f"The {power.n:,} digits of this test tell no two such networks apart."
    )
    rows = [
        (f"{points(one.difference)[1:]} points", f"{one.digits:,}", "yes" if one.digits <= power.n else "no")
        for one in power.needed
    ]
    return [
        el("h3", "How many digits tell two networks apart"),
        para(
            f"{smallest} Two networks as good as this one are taken to differ on {percent(power.discordance)} of the "
            f"digits, {source}."
        ),
        table("Digits for 80 % power, McNemar's test at 5 %", ("to notice", "digits", "this test will do"), rows),
    ]


def _human(human: HumanBaseline) -> list[object]:
    parts: list[object] = [el("h3", "And a person?")]
    if human.best is not None:
        low, high = human.best
        parts.append(
            para(
                f"Nobody can reach 100 %: by people's votes, at least ten of the labels are wrong, so a reader without "
                f"fault gets {percent(low)} to {percent(high)}. For people 0.2 % of errors is often quoted (LeCun et "
                "al. 1995), without saying how it was measured; on the harder digits of the US Postal Service it was "
                "2.4 to 2.5 %. No published figure is for these very images, so measure it: read some yourself."
            )
        )
    if not human.indices:
        return parts
    faces = [
        el(
            "label",
            digit(image, f"a digit to read, test image {index}", size=64),
            el("input", type="text", inputmode="numeric", maxlength=1, size=1, aria_label=f"test image {index}"),
        )
        for index, image in zip(human.indices, human.images, strict=True)
    ]
    right = sum(a == b for a, b in zip(human.labels, human.read, strict=True))
    answers = ", ".join(
        f"{index}: {label}" + ("" if label == read else f" (it read {read})")
        for index, label, read in zip(human.indices, human.labels, human.read, strict=True)
    )
    return [
        *parts,
        el(
            "form",
            para(
                f"The {count(len(faces), 'test digit')} least like any other of their label, chosen without asking the "
                "network:"
            ),
            el("div", *faces, class_="quiz", id_="quiz"),
            el("p", id_="quiz-answer", aria_live="polite"),
            class_="ask",
            hidden="",
            data_live="",
        ),
        details(
            "The labels",
            para(
                f"The network reads {right} of {len(human.labels)} as they are labelled. By number of the image: "
                f"{answers}."
            ),
        ),
    ]
