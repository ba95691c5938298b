"""The page: first what a manager needs, then the model card, then every section with its notes."""

from __future__ import annotations

from pathlib import Path

from exmachina.evaluation.results import Evaluation, found
from exmachina.report.card import card, repeat_section
from exmachina.report.damage import robustness_section
from exmachina.report.marks import Rung, ladder, rung
from exmachina.report.markup import Html, el
from exmachina.report.the_number import leak_section, number_section, seeds_section
from exmachina.report.trust import confidence_section, hands_section, strangers_section
from exmachina.report.verdict import FirstPage, first_page, widest
from exmachina.report.why import data_section, mistakes_section
from exmachina.report.words import name_of

STYLE = Path(__file__).parent / "report.css"
SECTIONS = (
    ("number", "The number", number_section),
    ("leak", "The leak", leak_section),
    ("seeds", "Seeds", seeds_section),
    ("confidence", "Confidence", confidence_section),
    ("robustness", "Damage", robustness_section),
    ("strangers", "Not a digit", strangers_section),
    ("hands", "Other hands", hands_section),
    ("data", "The data", data_section),
    ("mistakes", "Mistakes", mistakes_section),
)


def render_page(evaluation: Evaluation) -> str:
    """One HTML document that asks nothing of any network."""
    front = first_page(evaluation)
    sections = [make(evaluation, place) for place, (_, _, make) in enumerate(SECTIONS, 1)]
    body = el(
        "body",
        _front(evaluation, front),
        el("main", card(evaluation), *sections, repeat_section(evaluation)),
    )
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el(
            "meta",
            http_equiv="Content-Security-Policy",
            content="default-src 'none'; img-src data:; style-src 'unsafe-inline'",
        ),
        el("title", f"{front.headline} · Hello Ex Machina"),
        el("style", Html(STYLE.read_text(encoding="utf-8"))),
    )
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n"


def _front(evaluation: Evaluation, front: FirstPage) -> Html:
    setting = evaluation.setting
    kind = "A quick evaluation" if setting.quick else "An evaluation"
    strip = el("p", f"{kind} by Hello Ex Machina · {evaluation.subject.name} · {setting.created[:10]}", class_="strip")
    worries = [el("li", el("a", worry.title, href=f"#{worry.section}"), el("p", worry.text)) for worry in front.worries]
    if not front.fit:
        listed = el("p", "Nothing else, until this network works: every other worry is about one that reads.")
    else:
        listed = el("ol", *worries) if worries else el("p", "Nothing stands out. Read on all the same.")
    links = [("card", "Model card"), *((key, title) for key, title, _ in SECTIONS), ("repeat", "Repeat it")]
    contents = el(
        "nav", el("ol", *(el("li", el("a", title, href=f"#{key}")) for key, title in links)), aria_label="Sections"
    )
    return el(
        "header",
        strip,
        el("h1", front.headline),
        el("div", *(el("p", sentence) for sentence in front.sentences), class_="verdict"),
        el(
            "div",
            el("div", ladder("How often it errs, from the exam to the street", _rungs(evaluation)), class_="stage"),
            el("div", el("h2", "What to worry about"), listed, class_="worries"),
            class_="front",
        ),
        contents,
        class_="first" if front.fit else "first unfit",
    )


def _rungs(evaluation: Evaluation) -> list[Rung]:
    """From the cleanest images to the worst, with the number everybody quotes in the accent."""
    metrics = evaluation.metrics
    interval, _ = widest(evaluation)
    error = 1 - metrics.accuracy.value
    exam = "The test it was made for"
    rungs = [Rung("As labelled", error, 1 - interval.high, 1 - interval.low, "the number quoted", True, exam)]
    labels, halves, confidence = found(evaluation.labels), found(evaluation.halves), found(evaluation.confidence)
    if labels:
        rungs.append(rung("With labels corrected", labels.corrected, group=exam))
    if halves:
        rungs.append(rung("Students' digits", halves.students, group=exam))
        rungs.append(rung("Census employees' digits", halves.census, group=exam))
    if confidence:
        rungs.append(rung("The surest 98 %", confidence.risk(0.98).risk, group=exam))
    for other in evaluation.others:
        hands = found(other)
        if hands:
            rungs.append(rung(name_of(hands.name).capitalize(), hands.error, group="Other hands"))
    robustness = found(evaluation.robustness)
    if robustness:
        order = sorted(robustness.errors.values(), key=lambda one: one.error.value)
        for one in (order[0], order[len(order) // 2], order[-1]):
            rungs.append(rung(name_of(one.name).capitalize(), one.error, group="Damaged: mildest, middle, worst of 15"))
    strangers = found(evaluation.not_digits)
    if strangers:
        from exmachina.evaluation.statistics.intervals import wilson

        worst = sorted(strangers.kinds, key=lambda kind: kind.rejected or 0.0)[:2]
        for kind in reversed(worst):
            passed = wilson(round((1 - (kind.rejected or 0.0)) * kind.n), kind.n)
            rungs.append(rung(name_of(kind.name).capitalize(), passed, group="No digits at all, but taken for one"))
    attacks = [one for one in found(evaluation.attacks) or () if one.method == "pgd"]
    if attacks:
        chosen = min(attacks, key=lambda one: abs(one.epsilon - 0.1))
        rungs.append(rung(f"PGD, ε = {chosen.epsilon:g}", chosen.error, group="Attacked"))
    return rungs
