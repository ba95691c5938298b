"""The page: first what a manager needs, then the model card, then every section with its notes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

from exmachina.evaluation.results import Evaluation, measured
from exmachina.report.card import card, repeat_section
from exmachina.report.charts import Rung, ladder, rung
from exmachina.report.markup import Html, Section, el, section
from exmachina.report.sections.accuracy import number_section
from exmachina.report.sections.confidence import confidence_section
from exmachina.report.sections.data import data_section
from exmachina.report.sections.decisions import decisions_section, report_data
from exmachina.report.sections.every_figure import figures_section
from exmachina.report.sections.external_datasets import external_section
from exmachina.report.sections.mistakes import mistakes_section
from exmachina.report.sections.out_of_distribution import ood_section
from exmachina.report.sections.robustness import robustness_section
from exmachina.report.sections.seeds import seeds_section
from exmachina.report.sections.selection_bias import contamination_section, selection_bias_section
from exmachina.report.sections.weak_slices import slices_section
from exmachina.report.verdict import FirstPage, first_page, widest
from exmachina.report.words import name_of

STYLE = Path(__file__).parent / "report.css"
SCRIPT = Path(__file__).parent / "report.js"
# Anchor, name in the contents, heading, and what writes it.
SECTIONS: tuple[tuple[str, str, str, Callable[[Evaluation], Section]], ...] = (
    ("number", "The number", "The number and its doubt", number_section),
    ("decide", "What to decide", "What to decide", decisions_section),
    ("seen", "Seen before?", "Has it seen its test?", contamination_section),
    ("leak", "The leak", "The leak, shown", selection_bias_section),
    ("seeds", "Seeds", "Seeds, and other networks", seeds_section),
    ("confidence", "Confidence", "Confidence", confidence_section),
    ("robustness", "Damage", "Damage, change and ill will", robustness_section),
    ("strangers", "Not a digit", "Not a digit", ood_section),
    ("hands", "Other hands", "Other hands", external_section),
    ("data", "The data", "The data itself", data_section),
    ("slices", "Weak spots", "Where it is weak", slices_section),
    ("mistakes", "Mistakes", "Why it erred", mistakes_section),
    ("figures", "Every figure", "Every figure with its doubt", figures_section),
)


def render_page(evaluation: Evaluation) -> str:
    """One HTML document that asks nothing of any network."""
    front = first_page(evaluation)
    sections = [
        section(key, number, title, write(evaluation)) for number, (key, _, title, write) in enumerate(SECTIONS, 1)
    ]
    script = SCRIPT.read_text(encoding="utf-8")
    body = el(
        "body",
        _front(evaluation, front),
        el("main", card(evaluation), *sections, repeat_section(evaluation)),
        el("script", report_data(evaluation), type="application/json", id_="report-data"),
        el("script", Html(script), type="module"),
    )
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el(
            "meta",
            http_equiv="Content-Security-Policy",
            content=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'",
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
    if not front.fit and not front.worries:
        listed = el("p", "Nothing else, until this network works: every other worry is about one that reads.")
    else:
        listed = el("ol", *worries) if worries else el("p", "Nothing stands out. Read on all the same.")
    links = [("card", "Model card"), *((key, name) for key, name, _, _ in SECTIONS), ("repeat", "Repeat it")]
    contents = el(
        "nav", el("ol", *(el("li", el("a", title, href=f"#{key}")) for key, title in links)), aria_label="Sections"
    )
    return el(
        "header",
        strip,
        el("h1", front.headline),
        el("div", *(el("p", sentence) for sentence in front.sentences), class_="verdict"),
        _readers(),
        el(
            "div",
            el("div", ladder("How often it errs, from the exam to the street", _rungs(evaluation)), class_="stage"),
            el("div", el("h2", "What to worry about"), listed, class_="worries"),
            class_="front",
        ),
        contents,
        class_="first" if front.fit else "first unfit",
    )


def _readers() -> Html:
    """How long each reader needs, and what would overturn the page."""
    return el(
        "p",
        el("strong", "One minute: "),
        "this page. ",
        el("strong", "At fourteen: "),
        "the line “In plain words” in each section. ",
        el("strong", "A statistician: "),
        el("a", "every figure with its interval and its check", href="#figures"),
        ". ",
        el("strong", "What would overturn this page: "),
        "a set of your own digits with labels (--data), or signs that the network has seen this test before.",
        class_="readers",
    )


def _rungs(evaluation: Evaluation) -> list[Rung]:
    """From the cleanest images to the worst, with the number everybody quotes in the accent."""
    metrics = evaluation.metrics
    interval, _ = widest(evaluation)
    error = 1 - metrics.accuracy.value
    exam = "The test it was made for"
    rungs = [Rung("As labelled", error, 1 - interval.high, 1 - interval.low, "the number quoted", True, exam)]
    decisions = measured(evaluation.decisions)
    if decisions and decisions.unseen:
        rungs.append(rung("Unseen training digits", decisions.unseen, group=exam))
    labels, halves, confidence = (
        measured(evaluation.labels),
        measured(evaluation.halves),
        measured(evaluation.confidence),
    )
    if labels:
        rungs.append(rung("With labels corrected", labels.corrected, group=exam))
    if halves:
        rungs.append(rung("Students' digits", halves.students, group=exam))
        rungs.append(rung("Census employees' digits", halves.census, group=exam))
    if confidence:
        rungs.append(rung("The surest 98 %", confidence.risk(0.98).risk, group=exam))
    for other in measured(evaluation.external_datasets) or ():
        external = measured(other)
        if external:
            rungs.append(rung(name_of(external.name).capitalize(), external.error, group="Other hands"))
    robustness = measured(evaluation.robustness)
    if robustness:
        order = sorted(robustness.errors.values(), key=lambda one: one.error.value)
        for one in (order[0], order[len(order) // 2], order[-1]):
            rungs.append(rung(name_of(one.name).capitalize(), one.error, group="Damaged: mildest, middle, worst of 15"))
    ood = measured(evaluation.out_of_distribution)
    if ood:
        from exmachina.evaluation.statistics.intervals import wilson

        worst = sorted(ood.kinds, key=lambda kind: kind.rejected)[:2]
        for kind in reversed(worst):
            passed = wilson(round((1 - kind.rejected) * kind.n), kind.n)
            rungs.append(rung(name_of(kind.name).capitalize(), passed, group="No digits at all, but taken for one"))
    attacks = [one for one in measured(evaluation.attacks) or () if one.method == "pgd"]
    if attacks:
        chosen = min(attacks, key=lambda one: abs(one.epsilon - 0.1))
        rungs.append(rung(f"PGD, ε = {chosen.epsilon:g}", chosen.error, group="Attacked"))
    return rungs
