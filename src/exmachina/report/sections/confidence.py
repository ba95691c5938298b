"""What the confidence is worth."""

from __future__ import annotations

from exmachina.evaluation.calibration.confidence import Confidence
from exmachina.evaluation.calibration.reliability import Calibration
from exmachina.evaluation.results import Evaluation, Missing, measured
from exmachina.evaluation.robustness.robustness import Robustness
from exmachina.formatting import percent, rounded
from exmachina.report.charts import Axis, Series, bar, chart
from exmachina.report.markup import Html, Margin, Section, absent, details, el, figure, join, para, table
from exmachina.report.words import name_of, plain, span, with_span

SET_NAMES = {
    "lac": "one threshold (LAC)",
    "mondrian": "one for each digit (Mondrian)",
    "aps": "adaptive (APS)",
    "raps": "adaptive, fined (RAPS)",
}


def confidence_section(evaluation: Evaluation) -> Section:
    """Reliability, temperature, selective prediction, conformal sets."""
    confidence = evaluation.confidence
    if isinstance(confidence, Missing):
        finding: object = "What the confidence is worth could not be measured."
        body: list[object] = [absent(confidence.reason)]
    else:
        finding = _confidence_finding(confidence)
        body = _confidence_body(evaluation, confidence)
    return Section(
        finding,
        body,
        Margin(
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
            plain="When the weather report says 90 % rain, it should rain nine times in ten. We check the same "
            "here: when "
            "it says that it is 90 % sure, is it right nine times in ten?",
        ),
    )


def _confidence_finding(confidence: Confidence) -> str:
    risk, conformal = confidence.risk(0.98), confidence.conformal[0]
    gap = confidence.width.gap
    return (
        f"Calibration error {percent(confidence.width.ece)} ({span(confidence.ece_interval)}; chance alone would make "
        f"{percent(confidence.ece_by_chance)}); on average it is {rounded(100 * abs(gap), 2)} percentage points too "
        f"{'sure' if gap > 0 else 'modest'}. Answering only the surest 98 % leaves {percent(risk.risk.value)} misread. "
        f"Sets promised to hold the digit {percent(1 - conformal.alpha, 0)} of the time held it "
        f"{percent(conformal.coverage.value)}, with {conformal.mean_size:.2f} digits on average."
    )


def _confidence_body(evaluation: Evaluation, confidence: Confidence) -> list[object]:
    rescaled = confidence.rescaled
    width, mass = with_span(confidence.ece_interval), with_span(confidence.mass_interval)
    rows = [
        ("as it answers", f"{confidence.as_shipped:.2f}", width, mass),
        ("after temperature scaling", f"{rescaled.temperature:.2f}", with_span(rescaled.ece_interval), "–"),
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
        *_sets(confidence),
        *_promise_elsewhere(measured(evaluation.robustness)),
    ]


def _sets(confidence: Confidence) -> list[Html]:
    """Four kinds of set side by side, and whether their promise may be given."""
    rows = [
        (
            SET_NAMES[one.method],
            percent(one.coverage.value),
            span(one.coverage),
            f"{one.worst_digit}s: {percent(one.worst.value)}",
            percent(one.hardest.value),
            f"{one.mean_size:.3f}",
        )
        for one in confidence.sets
    ]
    head = ("sets", "held the label", "95 % interval", "worst digit", "hardest tenth", "mean size")
    by_method = {one.method: one for one in confidence.sets}
    plain_sets, each, adaptive = (by_method[name] for name in ("lac", "mondrian", "aps"))
    checks = "; ".join(
        f"{one.first} against {one.second}: at most {percent(one.distance, 1)} apart, "
        + ("they could change places" if one.p_value > 0.05 else "they could not change places")
        + (" (p < 0.0001)" if one.p_value < 1e-4 else f" (p = {one.p_value:.2g})")
        for one in confidence.exchange
    )
    return [
        table(f"Four ways to promise {percent(1 - plain_sets.alpha, 0)}", head, rows, class_="named"),
        para(
            f"One threshold for all digits holds {plain_sets.worst_digit}s only {percent(plain_sets.worst.value)} "
            "of the "
            f"time; a threshold for each brings the worst digit to {percent(each.worst.value)}. Of the tenth of the "
            f"images that it doubts most, plain sets hold {percent(plain_sets.hardest.value)}, adaptive ones "
            f"{percent(adaptive.hardest.value)}, for {adaptive.mean_size:.2f} digits a set instead of "
            f"{plain_sets.mean_size:.2f}. Even if every promise is kept, the worst of ten digits lies below it by "
            "chance."
        ),
        para(f"The promise needs images that could change places with those fitted to. Compared: {checks}."),
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
        f"Its mean over all coverages (AURC) is {percent(curve.aurc, 3)} ({percent(confidence.aurc.low, 3)} to "
        f"{percent(confidence.aurc.high, 3)}); with the same mistakes in the best order it would "
        "be "
        f"{percent(curve.best_aurc, 3)}, in no order {percent(float(curve.risk[-1]))}."
    )
    picture = chart("Risk and coverage", words, [Series("", shares, risks, kind="line")], x, y)
    return figure(picture, f"The fewer it answers, the fewer it misreads. {words}")
