"""Sections on trust: confidence, strangers, and digits by other hands."""

from __future__ import annotations

from exmachina.evaluation.calibration.confidence import Confidence
from exmachina.evaluation.calibration.reliability import Calibration
from exmachina.evaluation.datasets.external_datasets import OtherHands
from exmachina.evaluation.results import Evaluation, Missing, found
from exmachina.evaluation.robustness.robustness import Robustness
from exmachina.report.marks import Axis, Series, bar, chart
from exmachina.report.markup import Html, Margin, absent, details, digit, el, figure, join, para, section, table
from exmachina.report.words import count, name_of, percent, plain, points, span

PERCENTS = [(0.0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100 %")]


def confidence_section(evaluation: Evaluation, place: int) -> Html:
    """Reliability, temperature, selective prediction, conformal sets."""
    confidence = evaluation.confidence
    if isinstance(confidence, Missing):
        finding: object = "What the confidence is worth could not be measured."
        body: list[object] = [absent(confidence.reason)]
    else:
        finding = _confidence_finding(confidence)
        body = _confidence_body(evaluation, confidence)
    return section(
        "confidence",
        place,
        "Confidence",
        finding,
        *body,
        margin=Margin(
            "If a reader says 90 % and is right nine times in ten, its doubts can be acted on: hand the doubtful to a "
            "person and the rest is nearly free of mistakes. A conformal set goes further and promises how often the "
            "true digit is in it, whatever the network is worth.",
            join(
                [
                    "Expected calibration error over 15 bins of equal width, and of equal mass because nearly all "
                    "confidences lie near 1. Temperature, thresholds and conformal levels were fitted to ",
                    evaluation.setting.fitted_to,
                    ". Conformal sets by 1 − p(label) (LAC).",
                ]
            ),
            "The promise of the conformal sets holds for digits like the ones they were fitted to and for no others; "
            "the last table shows how it fails elsewhere. An ECE far above what chance makes would change my mind.",
        ),
    )


def _confidence_finding(confidence: Confidence) -> str:
    risk, conformal = confidence.risk(0.98), confidence.conformal[0]
    gap = confidence.width.gap
    return (
        f"Calibration error {percent(confidence.width.ece)} (chance alone would make "
        f"{percent(confidence.ece_by_chance)}); "
        f"on average it is {percent(abs(gap))} too {'sure' if gap > 0 else 'modest'}. Answering only the surest 98 % "
        f"leaves {percent(risk.risk.value)} misread. Sets promised to hold the digit {percent(1 - conformal.alpha, 0)} "
        "of the "
        f"time held it {percent(conformal.coverage.value)}, with {conformal.mean_size:.2f} digits on average."
    )


def _confidence_body(evaluation: Evaluation, confidence: Confidence) -> list[object]:
    rescaled = confidence.rescaled
    rows = [
        ("as it answers", f"{confidence.as_shipped:.2f}", percent(confidence.width.ece), percent(confidence.mass.ece)),
        ("after temperature scaling", f"{rescaled.temperature:.2f}", percent(rescaled.calibration.ece), "–"),
    ]
    losses = ((evaluation.metrics.nll, evaluation.metrics.brier), (rescaled.nll, rescaled.brier))
    both = [(*row, plain(nll, 4), plain(brier, 4)) for row, (nll, brier) in zip(rows, losses, strict=True)]
    head = ("", "temperature", "ECE, equal width", "ECE, equal mass", "loss", "Brier")
    return [
        el("div", _reliability(confidence.mass), _risk(confidence), class_="pair"),
        table("Before and after the one number that repairs a confidence", head, both),
        table(
            "If a person takes the most doubtful",
            ("the network answers", "it misreads", "95 % interval", "surer than"),
            [
                (percent(one.coverage, 0), percent(one.risk.value), span(one.risk), percent(one.threshold))
                for one in confidence.risks
            ],
        ),
        table(
            "Sets with a promise, on the test set",
            ("promised", "held the label", "95 % interval", "mean size", "empty", "one digit", "more"),
            [
                (
                    percent(1 - one.alpha, 1),
                    percent(one.coverage.value),
                    span(one.coverage),
                    f"{one.mean_size:.3f}",
                    f"{one.sizes[0]:,}",
                    f"{one.sizes[1]:,}",
                    f"{sum(one.sizes[2:]):,}",
                )
                for one in confidence.conformal
            ],
        ),
        *_promise_elsewhere(found(evaluation.robustness)),
    ]


def _promise_elsewhere(robustness: Robustness | None) -> list[Html]:
    if robustness is None or not robustness.coverage:
        return []
    order = sorted(robustness.coverage.items(), key=lambda item: item[1].coverage.value)
    promised = percent(1 - order[0][1].alpha, 0)
    broken = sum(one.coverage.high < 1 - one.alpha for _, one in order)
    rows = [
        (name_of(name), bar(one.coverage.value, percent(one.coverage.value)), f"{one.mean_size:.2f}")
        for name, one in order
    ]
    return [
        para(
            f"Off MNIST the promise of {promised} is void: it is broken under {broken} of {len(order)} corruptions, "
            "worst "
            f"under {name_of(order[0][0])}, where the sets hold the digit {percent(order[0][1].coverage.value)} of "
            "the time."
        ),
        details(
            "The same sets on spoilt images",
            table("Sets that promised " + promised, ("corruption", "held the label", "mean size"), rows),
        ),
    ]


def _reliability(calibration: Calibration) -> Html:
    bins = calibration.bins
    gap = max(bins, key=lambda one: abs(one.accuracy.value - one.confidence))
    words = (
        f"In {len(bins)} bins of equal mass, the largest gap is where it says {percent(gap.confidence)} and is right "
        f"{percent(gap.accuracy.value)}."
    )
    low = min(0.9, *(one.confidence for one in bins), *(one.accuracy.value for one in bins))
    ticks = [(low, percent(low, 0)), (1.0, "100 %"), ((1 + low) / 2, percent((1 + low) / 2, 0 if low < 0.8 else 1))]
    series = Series(
        "",
        [one.confidence for one in bins],
        [one.accuracy.value for one in bins],
        low=[one.accuracy.low for one in bins],
        high=[one.accuracy.high for one in bins],
        kind="dots",
    )
    picture = chart(
        "Reliability",
        words,
        [series],
        Axis(low, 1, ticks, "it says"),
        Axis(low, 1, ticks, "it is right"),
        diagonal=True,
    )
    return figure(picture, "On the line, a confidence is worth what it says. Bins of equal mass; bars: 95 %.")


def _risk(confidence: Confidence) -> Html:
    curve = confidence.curve
    n = len(curve.risk)
    picked = sorted({min(n - 1, max(0, round(n * share / 100) - 1)) for share in (*range(50, 90, 4), *range(90, 101))})
    shares, risks = [curve.coverage[i] for i in picked], [curve.risk[i] for i in picked]
    top = max(1.15 * float(max(risks)), 0.001)
    x = Axis(0.5, 1, [(0.5, "50 %"), (0.75, "75 %"), (1.0, "100 %")], "share that it answers itself")
    y = Axis(0, top, [(0, "0"), (top / 2, percent(top / 2)), (top, percent(top))], "misread of those")
    words = (
        f"Its mean over all coverages is {percent(curve.aurc, 3)}; with the same mistakes in the best order it would "
        "be "
        f"{percent(curve.best_aurc, 3)}, in no order {percent(float(curve.risk[-1]))}."
    )
    picture = chart("Risk and coverage", words, [Series("", shares, risks, kind="line")], x, y)
    return figure(picture, f"The fewer it answers, the fewer it misreads. {words}")


def strangers_section(evaluation: Evaluation, place: int) -> Html:
    """Not a digit."""
    strangers = evaluation.not_digits
    if isinstance(strangers, Missing):
        finding = "Whether it notices that something is no digit could not be measured."
        body: list[object] = [absent(strangers.reason)]
    else:
        worst = min(strangers.kinds, key=lambda one: one.rejected or 0.0)
        finding = (
            f"With a threshold of {percent(strangers.rejection.threshold)} confidence, "
            f"{percent(strangers.digits_rejected.value)} of "
            f"test digits are turned away, and of {name_of(worst.name)} {percent(worst.rejected or 0.0)}. The best "
            "single "
            f"score tells {name_of(worst.name)} from digits with an AUROC of "
            f"{max(worst.max_softmax.auroc, worst.energy.auroc):.3f}."
        )
        rows = [
            (
                name_of(one.name),
                join(
                    digit(image, f"{name_of(one.name)}, example", size=28) for image in strangers.examples[one.name][:4]
                ),
                f"{one.max_softmax.auroc:.4f}",
                percent(one.max_softmax.fpr95),
                f"{one.energy.auroc:.4f}",
                percent(one.energy.fpr95),
                percent(one.rejected or 0.0),
            )
            for one in strangers.kinds
        ]
        head = ("", "examples", "AUROC", "FPR95", "AUROC, energy", "FPR95, energy", "turned away")
        origin = "stored in the run" if strangers.stored else "not stored in the run; fitted here"
        body = [
            table(f"Strangers against {strangers.digits_rejected.n:,} test digits", head, rows, texts=2, class_="pics"),
            para(
                f"The threshold ({plain(strangers.rejection.threshold, 4)}, {origin}) keeps "
                f"{percent(strangers.rejection.kept)} of "
                f"{strangers.rejection.n:,} digits outside the test set, from {strangers.source}."
            ),
        ]
    return section(
        "strangers",
        place,
        "Not a digit",
        finding,
        *body,
        margin=Margin(
            "A classifier of ten digits must answer with a digit, whatever it is shown. Only its confidence can say "
            "“none of these”, and it was never taught to.",
            "AUROC: the chance that a digit scores above a stranger. FPR95: strangers let in when 95 % of digits are. "
            "Scores: the largest probability (Hendrycks and Gimpel 2017), and the energy log Σ exp logits (Liu et al. "
            "2020). Letters are drawn from fonts, without those that look like digits.",
            "Published for an MNIST network by largest probability: AUROC .96 on Omniglot, .85 on notMNIST. Give "
            "your own strangers with --strangers; far less than that would point to a fault here.",
        ),
    )


def hands_section(evaluation: Evaluation, place: int) -> Html:
    """Digits by other hands."""
    body: list[object] = []
    said = []
    for other in evaluation.others:
        if isinstance(other, Missing):
            body.append(absent(other.reason))
        else:
            said.append(f"{percent(other.error.value)} of {name_of(other.name)} ({span(other.error)})")
            body += _other(other)
    home = percent(1 - evaluation.metrics.accuracy.value)
    finding = (
        f"At home it misreads {home}; elsewhere {', '.join(said)}." if said else "No other set of digits was read."
    )
    return section(
        "hands",
        place,
        "Other hands",
        finding,
        *body,
        margin=Margin(
            "Your digits are not the Census Bureau's. The drop on another set is the best forecast of what happens to "
            "yours, and the slices say which traits to look for.",
            "Every image is brought to MNIST's convention first. Each trait is cut at the thirds of the home test set. "
            "“Explained” is the error that home digits would show with this set's share of each slice.",
            "A drop that stays when pen, size and slant are equal is due to something the traits do not name: other "
            "shapes of digits, coarse pixels, or wrong labels. Look at the pictures.",
        ),
    )


def _other(other: OtherHands) -> list[object]:
    rows = [
        (
            one.name,
            percent(one.share, 0),
            percent(one.error.value) if one.error else "–",
            percent(one.home_share, 0),
            percent(one.home_error.value) if one.home_error else "–",
        )
        for one in other.slices
    ]
    causes = ", ".join(f"{name_of(cause.trait)} {points(cause.explained)}" for cause in other.causes)
    most = other.causes[0].explained
    share = "a good part" if most > 0.2 * other.drop else "next to nothing"
    explained = (
        f"The error is {100 * other.drop:.2f} points above home's. How common each trait is explains {share} of that "
        f"({causes} points); the rest lies within the slices, where digits with the same trait are read worse than "
        "at home."
    )
    if other.drop <= 0:
        explained = "These digits are read no worse than home's, so there is no drop to explain."
    gallery = [
        el(
            "figure",
            digit(image, f"image {index}, labelled {label}, read as {read}"),
            el("figcaption", f"{label}, read {read}"),
        )
        for image, (index, label, read) in zip(other.examples, other.misread, strict=True)
    ]
    head = ("trait", "share here", "misread here", "share at home", "misread at home")
    return [
        el("h3", f"{name_of(other.name).capitalize()}: {count(other.n, 'image')}"),
        table(f"{name_of(other.name).capitalize()}, slice by slice", head, rows),
        para(explained),
        el("div", *gallery, class_="gallery small"),
    ]
