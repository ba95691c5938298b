"""Every figure of the evaluation beside an independent implementation, on real answers: `fast` on MNIST's test set.

Each entry names the figure, who agrees, to how many decimals, and computes both. docs/evaluation.md has the same table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, optimize, stats
from sklearn import metrics as sk
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from exmachina import Classifier
from exmachina.data import load_mnist_split
from exmachina.evaluation.arrays import softmax
from exmachina.evaluation.calibration.conformal import conformal_coverage, fit_threshold
from exmachina.evaluation.calibration.costs import cheapest_threshold
from exmachina.evaluation.calibration.held_out import HeldOut
from exmachina.evaluation.calibration.prediction_sets import compare_methods, exchangeability
from exmachina.evaluation.calibration.rejection import fit_rejection
from exmachina.evaluation.calibration.reliability import Binning, calibration, ece_interval, fit_temperature
from exmachina.evaluation.calibration.selective import risk_at, risk_coverage
from exmachina.evaluation.datasets.label_votes import REJECTED_LABELS, labelled_errors
from exmachina.evaluation.datasets.weak_slices import find_weak_slices
from exmachina.evaluation.ood.non_digits import letters
from exmachina.evaluation.ood.separation import auroc, fpr95, measure_kind
from exmachina.evaluation.statistics.bootstrap import bootstrap, mean_risk, separation_intervals
from exmachina.evaluation.statistics.comparison import exact_p_value
from exmachina.evaluation.statistics.intervals import corrected_for_openings, normal_mean, over_seeds, wilson
from exmachina.evaluation.statistics.metrics import losses, measure
from exmachina.evaluation.statistics.prediction import pile, rate_law

pytestmark = pytest.mark.slow

Numbers = Any  # a number, or an array of them


class Answers:
    """What both sides start from: the raw logits of `fast`, the labels, and a few things counted from them."""

    @cached_property
    def logits(self) -> NDArray[np.float64]:
        self.test = load_mnist_split("test")
        self.classifier = Classifier.load("fast")
        return np.asarray(self.classifier.logits(self.test.images), np.float64)

    @cached_property
    def labels(self) -> NDArray[np.uint8]:
        assert len(self.logits)
        return self.test.labels

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        shares = np.exp(self.logits - self.logits.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    @cached_property
    def sure(self) -> NDArray[np.float64]:
        return np.asarray(self.probabilities.max(axis=1))

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        return np.asarray(self.logits.argmax(axis=1) != self.labels)

    @cached_property
    def away(self) -> NDArray[np.float64]:
        """The confidence in 300 printed letters."""
        return np.asarray(softmax(self.strange).max(axis=1))

    @cached_property
    def strange(self) -> NDArray[np.float64]:
        """The logits of 300 printed letters."""
        assert len(self.logits)
        return np.asarray(self.classifier.logits(letters(300, np.random.default_rng(0))), np.float64)


@dataclass(frozen=True)
class Oracle:
    """`figure` by this project agrees with `by` to so many `decimals`; `both` computes ours and theirs."""

    figure: str
    by: str
    decimals: int
    both: Callable[[Answers], tuple[Numbers, Numbers]]


def classes(a: Answers) -> tuple[Numbers, Numbers]:
    ours = [(one.precision, one.recall, one.f1) for one in measure(a.logits, a.labels).per_class]
    return ours, np.transpose(sk.precision_recall_fscore_support(a.labels, a.logits.argmax(axis=1))[:3])


def corrected(a: Answers) -> tuple[Numbers, Numbers]:
    read, truth, clear = a.logits.argmax(axis=1), a.labels.copy(), np.ones(len(a.labels), np.bool_)
    for index, votes in REJECTED_LABELS.items():
        if votes.for_guessed >= 3:
            truth[index] = votes.guessed
        else:
            clear[index] = False
    result = labelled_errors(read, a.labels)
    return (result.corrected.value, result.unambiguous.value), (
        sk.zero_one_loss(truth, read),
        sk.zero_one_loss(truth[clear], read[clear]),
    )


def equal_width(a: Answers) -> tuple[Numbers, Numbers]:
    binned = [stats.binned_statistic(a.sure, x, "sum", 15, (0, 1)).statistic for x in (a.sure, ~a.wrong)]
    return calibration(a.probabilities, a.labels).ece, np.abs(binned[0] - binned[1]).sum() / len(a.labels)


def equal_mass(a: Answers) -> tuple[Numbers, Numbers]:
    order = np.argsort(a.sure)
    ends = [-(-len(order) * k // 15) for k in range(16)]
    gaps = [abs((a.sure[order[i:j]] - ~a.wrong[order[i:j]]).sum()) for i, j in pairwise(ends)]
    return calibration(a.probabilities, a.labels, binning="mass").ece, sum(gaps) / len(order)


def temperature(a: Answers) -> tuple[Numbers, Numbers]:
    # The loss is least where the expected logit equals the label's, on average.
    at_label = a.logits[np.arange(len(a.labels)), a.labels]

    def slope(scale: float) -> float:
        return float(((softmax(a.logits * scale) * a.logits).sum(axis=1) - at_label).mean())

    return fit_temperature(a.logits, a.labels).value, 1 / optimize.brentq(slope, 0.1, 10)


def area(a: Answers) -> tuple[Numbers, Numbers]:
    lost, total = 0, 0.0
    for kept, index in enumerate(sorted(range(len(a.sure)), key=lambda i: -a.sure[i]), start=1):
        lost += int(a.wrong[index])
        total += lost / kept
    return risk_coverage(a.sure, a.wrong).aurc, total / len(a.sure)


def surest(a: Answers) -> tuple[Numbers, Numbers]:
    kept = np.argsort(-a.sure, kind="stable")[:9_800]
    return risk_at(a.sure, a.wrong, 0.98).risk.value, a.wrong[kept].mean()


def conformal(a: Answers) -> tuple[Numbers, Numbers]:
    fitted, judged = a.probabilities[:5_000], a.probabilities[5_000:]
    ours = conformal_coverage(judged, a.labels[5_000:], fit_threshold(fitted, a.labels[:5_000], 0.01))
    misfit = 1 - fitted[np.arange(5_000), a.labels[:5_000]]
    level = np.quantile(misfit, 0.99 * 5_001 / 5_000, method="inverted_cdf")
    sets = judged >= 1 - level
    return (ours.coverage.value, ours.mean_size), (
        sets[np.arange(5_000), a.labels[5_000:]].mean(),
        sets.sum(axis=1).mean(),
    )


def one_threshold_each(a: Answers) -> tuple[Numbers, Numbers]:
    held_out = HeldOut("held_out", a.logits[:5_000], a.labels[:5_000])
    ours = compare_methods(a.logits[5_000:], a.labels[5_000:], held_out)[1]
    held, size = 0, 0
    for digit in range(10):
        misfit = 1 - a.probabilities[:5_000][a.labels[:5_000] == digit, digit]
        level = np.quantile(misfit, min(0.99 * (len(misfit) + 1) / len(misfit), 1), method="inverted_cdf")
        inside = 1 - a.probabilities[5_000:, digit] <= level
        held, size = held + int(inside[a.labels[5_000:] == digit].sum()), size + int(inside.sum())
    return (ours.coverage.value, ours.mean_size), (held / 5_000, size / 5_000)


def kolmogorov(a: Answers) -> tuple[Numbers, Numbers]:
    first, second = np.split(a.sure, 2)
    grid = np.concatenate([first, second])
    below = [np.searchsorted(np.sort(part), grid, side="right") / len(part) for part in (first, second)]
    return exchangeability(first, second, ("a", "b")).distance, np.abs(below[0] - below[1]).max()


def cheapest(a: Answers) -> tuple[Numbers, Numbers]:
    def cost(threshold: float) -> float:
        answered = a.sure > threshold
        return 100 * float((answered & a.wrong).sum()) + float((~answered).sum())

    # Where the curve of costs is flat, several thresholds are equally cheap: compare what they cost.
    return cost(cheapest_threshold(a.sure, a.wrong, 100)), min(map(cost, [0.0, *np.sort(a.sure)[:2_000]]))


def let_in(a: Answers) -> tuple[Numbers, Numbers]:
    truth = np.repeat([1, 0], [len(a.sure), len(a.away)])
    false, true, _ = sk.roc_curve(truth, np.concatenate([a.sure, a.away]), drop_intermediate=False)
    return fpr95(a.sure, a.away), false[np.argmax(true >= 0.95)]


def separation(a: Answers) -> tuple[Numbers, Numbers]:
    truth = np.repeat([1, 0], [len(a.sure), len(a.away)])
    return auroc(a.sure, a.away), sk.roc_auc_score(truth, np.concatenate([a.sure, a.away]))


def around_separation(a: Answers) -> tuple[Numbers, Numbers]:
    # DeLong, DeLong and Clarke-Pearson (1988): the variance of an area from the placements, in a normal interval.
    wins = (np.sign(a.sure[:, None] - a.away[None]) + 1) / 2
    spread = np.sqrt(wins.mean(axis=1).var(ddof=1) / len(a.sure) + wins.mean(axis=0).var(ddof=1) / len(a.away))
    ends = stats.norm.interval(0.95, wins.mean(), spread)
    return separation_intervals(a.sure, a.away, np.random.default_rng(0))[0], ends


def around_let_in(a: Answers) -> tuple[Numbers, Numbers]:
    def share(home: NDArray[np.float64], away: NDArray[np.float64]) -> float:
        return float((away >= np.quantile(home, 0.05, method="inverted_cdf")).mean())

    few = a.sure[::5]
    theirs = stats.bootstrap(
        (few, a.away), share, vectorized=False, method="percentile", n_resamples=1_999, rng=1
    ).confidence_interval
    return separation_intervals(few, a.away, np.random.default_rng(0), resamples=4_000)[1], tuple(theirs)


def turned_away(a: Answers) -> tuple[Numbers, Numbers]:
    kind = measure_kind("letters", a.logits, a.strange, fit_rejection(a.logits), np.random.default_rng(0), (0.99,))
    energies = (np.log(np.exp(scores).sum(axis=1)) for scores in (a.logits, a.strange))
    home, away = (np.sort(one) for one in energies)
    counts = (int((away < home[50]).sum()), int((a.away >= 0.99).sum()))
    ours = [(one.low, one.high) for one in (kind.turned_away, *kind.let_in)]
    return ours, [proportion_confint(one, 300, method="wilson") for one in counts]


def around_gaps(a: Answers, binning: Binning) -> tuple[Numbers, Numbers]:
    ours = ece_interval(a.probabilities, a.labels, np.random.default_rng(0), binning=binning)
    edges = np.linspace(0, 1, 16)
    if binning == "mass":
        edges[1:-1] = np.quantile(a.sure, np.arange(1, 15) / 15, method="inverted_cdf")

    def error(sure: NDArray[np.float64], right: NDArray[np.float64]) -> float:
        member = np.digitize(sure, edges, right=True)
        return float(np.abs(np.bincount(member, sure - right)).sum() / len(sure))

    theirs = stats.bootstrap(
        (a.sure, ~a.wrong), error, paired=True, vectorized=False, method="basic", n_resamples=999, rng=1
    ).confidence_interval
    return (ours.low, ours.high), (max(theirs.low, 0), theirs.high)


def around_area(a: Answers) -> tuple[Numbers, Numbers]:
    few = slice(0, 2_000)
    ours = bootstrap(mean_risk(a.sure[few], a.wrong[few]), 2_000, np.random.default_rng(0))

    def mean(sure: NDArray[np.float64], wrong: NDArray[np.float64]) -> float:
        ordered = wrong[np.argsort(-sure, kind="stable")]
        return float((np.cumsum(ordered) / np.arange(1, len(ordered) + 1)).mean())

    theirs = stats.bootstrap(
        (a.sure[few], a.wrong[few]), mean, paired=True, vectorized=False, method="percentile", n_resamples=999, rng=1
    ).confidence_interval
    return (ours.low, ours.high), tuple(theirs)


def to_come(a: Answers) -> tuple[Numbers, Numbers]:
    law = rate_law(wilson(int(a.wrong.sum()), len(a.wrong)))
    result = pile(law, 500)

    def at_most(k: int) -> float:
        rate = stats.beta(law.a, law.b)
        return float(integrate.quad(lambda p: stats.binom.cdf(k, 500, p) * rate.pdf(p), 0, 0.05, epsabs=1e-12)[0])

    low = next(k for k in range(501) if at_most(k) >= 0.025)
    return (result.low, result.high), (low, next(k for k in range(501) if at_most(k) >= 0.975))


def slices(a: Answers) -> tuple[Numbers, Numbers]:
    result = find_weak_slices(a.test.images, a.labels, a.logits.argmax(axis=1), shown=10_000).slices
    p_values = [one.p_value for one in result]
    theirs = [multipletests(p_values, method=name)[1] for name in ("holm", "fdr_bh")]
    return [[one.holm for one in result], [one.benjamini_hochberg for one in result]], theirs


def one_slice(a: Answers) -> tuple[Numbers, Numbers]:
    result = find_weak_slices(a.test.images, a.labels, a.logits.argmax(axis=1), shown=10_000).slices
    ours = [next(one.p_value for one in result if one.name == f"{digit}s") for digit in range(10)]
    tables = [
        [[(a.wrong[m] == w).sum() for w in (True, False)] for m in (a.labels == d, a.labels != d)] for d in range(10)
    ]
    return ours, [stats.fisher_exact(table, alternative="greater").pvalue for table in tables]


def entries() -> Iterator[Oracle]:
    yield Oracle(
        "accuracy",
        "scikit-learn",
        12,
        lambda a: (measure(a.logits, a.labels).accuracy.value, sk.accuracy_score(a.labels, a.logits.argmax(axis=1))),
    )
    yield Oracle(
        "Wilson's interval",
        "statsmodels",
        12,
        lambda a: ((wilson(93, 10_000).low, wilson(93, 10_000).high), proportion_confint(93, 10_000, method="wilson")),
    )
    yield Oracle(
        "interval for several networks",
        "statsmodels",
        12,
        lambda a: (corrected_for_openings(93, 10_000, 7).high, proportion_confint(93, 10_000, 0.05 / 7, "wilson")[1]),
    )
    yield Oracle("precision, recall, F1", "scikit-learn", 12, classes)
    yield Oracle(
        "confusion matrix",
        "scikit-learn",
        12,
        lambda a: (measure(a.logits, a.labels).confusion, sk.confusion_matrix(a.labels, a.logits.argmax(axis=1))),
    )
    yield Oracle(
        "loss", "scikit-learn", 9, lambda a: (measure(a.logits, a.labels).nll, sk.log_loss(a.labels, a.probabilities))
    )
    yield Oracle(
        "loss, interval",
        "statsmodels",
        9,
        lambda a: (
            (normal_mean(losses(a.logits, a.labels)).low, normal_mean(losses(a.logits, a.labels)).high),
            DescrStatsW(losses(a.logits, a.labels)).zconfint_mean(),
        ),
    )
    yield Oracle(
        "Brier score",
        "scikit-learn",
        9,
        lambda a: (
            measure(a.logits, a.labels).brier,
            sk.brier_score_loss(a.labels, a.probabilities, labels=np.arange(10), scale_by_half=False),
        ),
    )
    yield Oracle("error by corrected labels, and without the ambiguous", "scikit-learn", 12, corrected)
    yield Oracle("ECE, equal width", "SciPy (binned_statistic)", 9, equal_width)
    yield Oracle("ECE, equal mass", "recount by ranks", 6, equal_mass)
    yield Oracle("ECE, interval", "SciPy (bootstrap)", 3, lambda a: around_gaps(a, "width"))
    yield Oracle("ECE, equal mass, interval", "SciPy (bootstrap)", 3, lambda a: around_gaps(a, "mass"))
    yield Oracle("temperature", "SciPy (root of the derivative)", 4, temperature)
    yield Oracle("AURC", "recount, digit by digit", 9, area)
    yield Oracle("AURC, interval", "SciPy (bootstrap)", 3, around_area)
    yield Oracle("error of the surest 98 %", "recount", 12, surest)
    yield Oracle("conformal coverage and size", "NumPy (quantile)", 12, conformal)
    yield Oracle("the same, a threshold for each digit", "NumPy (quantile)", 12, one_threshold_each)
    yield Oracle("exchangeability, distance", "recount", 12, kolmogorov)
    yield Oracle("cheapest threshold, cost", "search through all", 12, cheapest)
    yield Oracle("AUROC", "scikit-learn", 9, separation)
    yield Oracle("AUROC, interval", "DeLong's variance by hand", 2, around_separation)
    yield Oracle("FPR95", "scikit-learn (roc_curve)", 12, let_in)
    yield Oracle("FPR95, interval", "SciPy (bootstrap)", 2, around_let_in)
    yield Oracle("turned away and let in, intervals", "statsmodels", 12, turned_away)
    yield Oracle("mistakes in your pile", "SciPy (numerical integral)", 12, to_come)
    yield Oracle(
        "McNemar's p",
        "statsmodels",
        9,
        lambda a: (
            [exact_p_value(*pair) for pair in ((3, 11), (40, 25), (0, 0))],
            [mcnemar([[0, b], [c, 0]], exact=True).pvalue for b, c in ((3, 11), (40, 25), (0, 0))],
        ),
    )
    yield Oracle("weak slices, Fisher's p", "SciPy (fisher_exact)", 9, one_slice)
    yield Oracle("weak slices, Holm and Benjamini–Hochberg", "statsmodels", 9, slices)
    yield Oracle("mean over seeds, interval", "SciPy (ttest_1samp)", 9, seeds)


def seeds(a: Answers) -> tuple[Numbers, Numbers]:
    values = [0.9907, 0.9911, 0.9899, 0.9905, 0.9902]
    ours = over_seeds(values).interval
    assert ours is not None
    return (ours.low, ours.high), tuple(stats.ttest_1samp(values, 0).confidence_interval())


ORACLES = tuple(entries())
DOCS = Path(__file__).parents[2] / "docs" / "evaluation.md"


@pytest.fixture(scope="module")
def answers() -> Answers:
    return Answers()


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda oracle: oracle.figure)
def test_the_figure_agrees(oracle: Oracle, answers: Answers) -> None:
    ours, theirs = (np.asarray(side, np.float64) for side in oracle.both(answers))
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 0.5 * 10.0**-oracle.decimals


def test_the_docs_say_the_same() -> None:
    table = DOCS.read_text("utf-8").split("## Who agrees with it")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (\d+) \|$", table, re.M)
    assert rows == [(one.figure, one.by, str(one.decimals)) for one in ORACLES]
