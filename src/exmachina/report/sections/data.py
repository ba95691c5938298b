"""The data: copies, drift, doubtful labels."""

from __future__ import annotations

from exmachina.evaluation.datasets.audit import DataAudit, LabelErrorSummary
from exmachina.evaluation.results import Evaluation, Missing
from exmachina.formatting import percent
from exmachina.report.markup import (
    Margin,
    Section,
    absent,
    details,
    digit,
    el,
    para,
    table,
)
from exmachina.report.words import count, listed, plain


def data_section(evaluation: Evaluation) -> Section:
    """Duplicates, drift, doubtful labels, outliers."""
    data = evaluation.data
    if isinstance(data, Missing):
        finding = "The data could not be examined."
        body: list[object] = [absent(data.reason)]
    else:
        finding, body = _data_finding(evaluation, data), _data_body(data)
    return Section(
        finding,
        body,
        Margin(
            "A result on a test set is only as good as the set: that none of it was learned, that it is of the same "
            "kind "
            "as the training images, and that its labels are right.",
            "Nearest pairs among 50 principal components, measured again pixel by pixel. Drift by Kolmogorov and "
            "Smirnov, and by the share of labels that would have to change. Doubtful labels by confident learning "
            "(Northcutt, Jiang and Chuang 2021) on images the network had not learned. Outliers by Mahalanobis.",
            "Copies across the sets, or a property that differs by a tenth of the images. With 10,000 images even a "
            "difference too small to matter is statistically significant, so sizes count here and p-values do not.",
            plain="A test is only fair if nobody has seen its questions before, and if its answer sheet is right. We "
            "looked for questions copied from the exercises, and for wrong answers on the sheet.",
        ),
    )


def _data_finding(evaluation: Evaluation, data: DataAudit) -> str:
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


def _data_body(data: DataAudit) -> list[object]:
    near = count(len(data.duplicates.pairs), "pair")
    shares = list(zip(data.labels.train_shares, data.labels.test_shares, strict=True))
    return [
        para(
            f"{data.searched:,} test images were compared with every training image; {near} lie within "
            f"{percent(data.duplicates.limit, 0)}. The mix of digits differs by {percent(data.labels.distance)} of "
            "the labels."
        ),
        el("h3", "Labels to look at twice"),
        *_label_errors(data.test_label_errors, "test"),
        *(_label_errors(data.train_label_errors, "training") if data.train_label_errors else []),
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


def _label_errors(label_errors: LabelErrorSummary, name: str) -> list[object]:
    words = f"Of {label_errors.n:,} {name} labels, {label_errors.total:,} are doubted"
    if label_errors.votes is not None:
        doubted, missed = label_errors.votes.doubted, label_errors.votes.missed
        words += f". Of the fifteen that people rejected, {len(doubted)} are among them and {len(missed)} are not"
        if label_errors.votes.others:
            words += f"; the other {label_errors.votes.others:,} were never shown to people, or were upheld by them"
        ranks = sorted(label_errors.votes.ranks.values())
        words += (
            f". In the order of the network's own probability of the label, the half of them most doubted come within "
            f"the first {ranks[len(ranks) // 2]:,}, and all within the first {ranks[-1]:,}"
        )
    pictures = [
        el(
            "figure",
            digit(image, f"{name} image {one.index}"),
            el("figcaption", f"{one.given}, or a {one.suggested}?", el("br"), f"no. {one.index}"),
        )
        for one, image in zip(label_errors.shown, label_errors.images, strict=True)
    ]
    return [para(f"{words}."), el("div", *pictures, class_="gallery small")]
