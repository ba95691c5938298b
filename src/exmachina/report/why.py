"""Sections on the data itself and on every mistake."""

from __future__ import annotations

from exmachina.evaluation.datasets.audit import DataItself, Suspects
from exmachina.evaluation.mistakes import Mistake, Mistakes
from exmachina.evaluation.results import Evaluation, Missing
from exmachina.report.marks import bar, scatter
from exmachina.report.markup import Html, Margin, absent, details, digit, el, figure, join, para, section, signed, table
from exmachina.report.words import count, listed, percent, plain


def data_section(evaluation: Evaluation, place: int) -> Html:
    """Duplicates, drift, doubtful labels, outliers, weak segments."""
    data = evaluation.data
    if isinstance(data, Missing):
        finding = "The data could not be examined."
        body: list[object] = [absent(data.reason)]
    else:
        finding, body = _data_finding(evaluation, data), _data_body(data)
    return section(
        "data",
        place,
        "The data itself",
        finding,
        *body,
        margin=Margin(
            "A result on a test set is only as good as the set: that none of it was learned, that it is of the same "
            "kind "
            "as the training images, and that its labels are right.",
            "Nearest pairs among 50 principal components, measured again pixel by pixel. Drift by Kolmogorov and "
            "Smirnov, and by the share of labels that would have to change. Doubtful labels by confident learning "
            "(Northcutt, Jiang and Chuang 2021) on images the network had not learned. Outliers by Mahalanobis.",
            "Copies across the sets, or a property that differs by a tenth of the images. With 10,000 images even a "
            "difference too small to matter is statistically significant, so sizes count here and p-values do not.",
        ),
    )


def _data_finding(evaluation: Evaluation, data: DataItself) -> str:
    closest = data.duplicates.closest
    copies = "No test image is" if not data.duplicates.identical else f"{data.duplicates.identical:,} test images are"
    moved = [one for one in data.properties if one.noticeable]
    drift = (
        f"{listed([one.name for one in moved])} differ noticeably"
        if moved
        else "no measured property drifts noticeably"
    )
    accuracy = evaluation.metrics.accuracy.value
    ratio = (1 - data.neighbour.value) / max(1 - accuracy, 1e-9)
    beside = f"{ratio:.1f} times this network's error" if ratio >= 1 else "better than this network"
    return (
        f"{copies} a copy of a training image; the nearest pair differs by {percent(closest.distance, 0)} of its ink. "
        f"Between the two sets {drift}. Copying the label of the nearest training image, with no learning at all, "
        "errs on "
        f"{percent(1 - data.neighbour.value)}: {beside}."
    )


def _data_body(data: DataItself) -> list[object]:
    near = count(len(data.duplicates.pairs), "pair")
    shares = list(zip(data.labels.train_shares, data.labels.test_shares, strict=True))
    worst = sorted((one for one in data.segments if one.error), key=lambda one: -(one.error.value if one.error else 0))
    most = max([one.error.value for one in worst if one.error] + [1e-9])
    return [
        para(
            f"{data.searched:,} test images were compared with every training image; {near} lie within "
            f"{percent(data.duplicates.limit, 0)}. The mix of digits differs by {percent(data.labels.distance)} of "
            "the labels."
        ),
        el("h3", "Labels to look at twice"),
        *_suspects(data.test_suspects, "test"),
        *(_suspects(data.train_suspects, "training") if data.train_suspects else []),
        el("h3", "Digits like no other"),
        el(
            "div",
            *(
                el(
                    "figure",
                    digit(image, f"test image {one.index}"),
                    el("figcaption", f"{one.label} · no. {one.index}"),
                )
                for one, image in zip(data.outliers, data.outlier_images, strict=True)
            ),
            class_="gallery small",
        ),
        el("h3", "Where it is weak"),
        table(
            "Error by trait of the test digits, in thirds, the worst first",
            ("trait", "misread", "share"),
            [
                (one.name, bar(one.error.value / most, percent(one.error.value)), percent(one.share, 0))
                for one in worst
                if one.error
            ],
        ),
        details(
            "Drift of every measured property, and of the labels",
            table(
                "Training against test images",
                ("property", "distance (KS)", "mean, training", "mean, test"),
                [
                    (one.name, f"{one.statistic:.3f}", plain(one.train_mean), plain(one.test_mean))
                    for one in data.properties
                ],
            ),
            table(
                "Share of each digit",
                ("digit", "training", "test"),
                [(k, percent(a), percent(b)) for k, (a, b) in enumerate(shares)],
            ),
        ),
    ]


def _suspects(suspects: Suspects, name: str) -> list[object]:
    said = f"Of {suspects.n:,} {name} labels, {suspects.total:,} are doubted"
    if suspects.votes is not None:
        found, missed = suspects.votes.found, suspects.votes.missed
        said += f". Of the fifteen that people rejected, {len(found)} are among them and {len(missed)} are not"
        if suspects.votes.others:
            said += f"; the other {suspects.votes.others:,} were never shown to people, or were upheld by them"
    pictures = [
        el(
            "figure",
            digit(image, f"{name} image {one.index}"),
            el("figcaption", f"{one.given}, or a {one.suggested}?", el("br"), f"no. {one.index}"),
        )
        for one, image in zip(suspects.shown, suspects.images, strict=True)
    ]
    return [para(f"{said}."), el("div", *pictures, class_="gallery small")]


def mistakes_section(evaluation: Evaluation, place: int) -> Html:
    """Every mistake, and the map."""
    mistakes = evaluation.mistakes
    if isinstance(mistakes, Missing):
        finding = "Why it erred could not be examined."
        body: list[object] = [absent(mistakes.reason)]
    else:
        finding = _mistakes_finding(mistakes)
        body = _mistakes_body(evaluation, mistakes)
    return section(
        "mistakes",
        place,
        "Why it erred",
        finding,
        *body,
        margin=Margin(
            "Some mistakes anyone would make, some are the label's, and some show what the network never understood. "
            "Sort them yourself: that is the quickest way to know what to train next.",
            "Attribution: what each pixel adds to the digit read, less what it adds to the label (integrated "
            "gradients, "
            "Sundararajan, Taly and Yan 2017). Orange speaks for the digit read, blue for the label. "
            "Neighbours by Euclidean distance in the last hidden layer.",
            "Attributions explain this network, not the digit, and a different baseline than black gives different "
            "ones. If the neighbours look nothing like the mistake, the layer has confused what it should not.",
        ),
    )


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
        if any(one.attribution is not None for one in mistakes.shown):
            scale = el("span", class_="swatch", aria_hidden="true")
            body.append(para("For the label ", scale, " for the digit read; no colour: neither."))
        body.append(el("div", *map(_mistake, mistakes.shown), class_="gallery"))
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
