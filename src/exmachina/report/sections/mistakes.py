"""Every mistake, and the map of all images."""

from __future__ import annotations

from exmachina.evaluation.mistakes import Mistake, Mistakes
from exmachina.evaluation.results import Evaluation, Missing
from exmachina.formatting import percent
from exmachina.report.charts import scatter
from exmachina.report.markup import (
    Html,
    Margin,
    Section,
    absent,
    details,
    digit,
    el,
    figure,
    join,
    para,
    signed,
)
from exmachina.report.words import count

OPEN = 12  # mistakes in sight; the others unfold
ATTRIBUTED = (
    "Attribution: what each pixel adds to the digit read, less what it adds to the label (integrated gradients, "
    "Sundararajan, Taly and Yan 2017). Orange speaks for the digit read, blue for the label. "
)


def mistakes_section(evaluation: Evaluation) -> Section:
    """Every mistake, and the map."""
    mistakes = evaluation.mistakes
    if isinstance(mistakes, Missing):
        finding = "Why it erred could not be examined."
        body: list[object] = [absent(mistakes.reason)]
    else:
        finding = _mistakes_finding(mistakes)
        body = _mistakes_body(evaluation, mistakes)
    return Section(
        finding,
        body,
        Margin(
            "Some mistakes anyone would make, some are the label's, and some show what the network never understood. "
            "Sort them yourself: that is the quickest way to know what to train next.",
            (ATTRIBUTED if _attributed(mistakes) else "")
            + "Neighbours by Euclidean distance in the last hidden layer.",
            (
                "Attributions explain this network, not the digit, and a different baseline than black gives different "
                "ones. "
                if _attributed(mistakes)
                else ""
            )
            + "If the neighbours look nothing like the mistake, the layer has confused what it should not.",
            plain="Here are the digits that it got wrong. Cover the captions and read them yourself: some you will get "
            "wrong too, some are plainly its own fault.",
        ),
    )


def _attributed(mistakes: Mistakes | Missing) -> bool:
    return not isinstance(mistakes, Missing) and any(one.attribution is not None for one in mistakes.shown)


def _mistakes_finding(mistakes: Mistakes) -> str:
    if not mistakes.total:
        return "It made no mistake on this test set, which says more about the set than about the network."
    sure = sum(one.top[0][1] > 0.9 for one in mistakes.shown)
    second = sum(len(one.top) > 1 and one.top[1][0] == one.label for one in mistakes.shown)
    every = "all of them are" if mistakes.total == len(mistakes.shown) else f"the surest {len(mistakes.shown):,} are"
    return (
        f"{count(mistakes.total, 'mistake')}; {every} here. In {sure} it was more than 90 % sure, and in {second} "
        "the label "
        "was its second guess."
    )


def _mistakes_body(evaluation: Evaluation, mistakes: Mistakes) -> list[object]:
    body: list[object] = []
    if mistakes.shown:
        if _attributed(mistakes):
            scale = el("span", class_="swatch", aria_hidden="true")
            body.append(para("For the label ", scale, " for the digit read; no colour: neither."))
        first, others = mistakes.shown[:OPEN], mistakes.shown[OPEN:]
        body.append(el("div", *map(_mistake, first), class_="gallery"))
        if others:
            folded = el("div", *map(_mistake, others), class_="gallery")
            body.append(details(f"The other {count(len(others), 'mistake')}", folded))
    embedding = mistakes.embedding
    if len(embedding.points):
        words = (
            f"{len(embedding.points):,} test images as the layer {mistakes.layer} sees them, "
            f"{int(embedding.wrong.sum())} of "
            f"them mistakes ({embedding.method})."
        )
        picture = scatter("A map of digits", words, embedding.points, list(embedding.labels), embedding.wrong)
        body.append(
            figure(
                picture,
                f"{words} Each stands as its label; the large ones were misread. Where one stands far from its kind, "
                "the "
                "layer had already lost it. Distances between the islands mean nothing.",
            )
        )
    return body


def _mistake(mistake: Mistake) -> Html:
    others = ", ".join(f"{k} {percent(p)}" for k, p in mistake.top[1:])
    pictures = [digit(mistake.image, f"test image {mistake.index}, labelled {mistake.label}", size=64)]
    if mistake.attribution is not None:
        words = f"what speaks for {mistake.read} and for {mistake.label}"
        pictures.append(signed(mistake.attribution, words, size=64))
    neighbours = [
        digit(one.image, f"nearest training image {one.index}, labelled {one.label}", size=28)
        for one in mistake.neighbours
    ]
    labels = " ".join(str(one.label) for one in mistake.neighbours)
    lines: list[object] = [
        el("strong", f"{mistake.label}, read as {mistake.read}"),
        el("span", f"{percent(mistake.top[0][1])} sure; then {others}"),
    ]
    if mistake.votes is not None:
        votes = mistake.votes
        of_five = votes.for_given + votes.for_guessed + votes.neither
        lines.append(
            el(
                "span",
                f"people: {votes.for_given} of {of_five} for {votes.given}, {votes.for_guessed} for {votes.guessed}",
            )
        )
    near = el("div", *neighbours, el("span", f"like {labels}"), class_="near") if neighbours else Html("")
    caption = el("figcaption", *lines, near, el("small", f"test image {mistake.index}"))
    return el("figure", el("div", join(pictures), class_="faces"), caption)
