"""Teaching a run what is no digit: a rejector fitted to made-up images, its thresholds fixed on several hands."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, count, islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.data.hands.ink import written
from exmachina.data.hands.mixture import crowds, drawn_pens, drawn_typefaces, made_digits, worn_digits
from exmachina.data.hands.skeletons import skeleton
from exmachina.evaluation.arrays import Flags, Images
from exmachina.evaluation.ood.made_up import KINDS, altered, bold, made_up
from exmachina.runs import Rejector, Run

if TYPE_CHECKING:  # scikit-learn is imported where something is fitted
    from sklearn.neural_network import MLPClassifier

HIDDEN, FITS = 16, 3  # units of one fit; their scores are averaged, for one alone wavers by several points
KEEP, SURE = 0.99, 0.95  # shares of readable digits that are not rejected, and that are read for certain
VALIDATION = 0.15  # of the digits, kept from the fit for the thresholds


HANDS: dict[str, float] = {"MNIST": 0.26, "altered": 0.2, "made": 0.15, "pens": 0.2, "typefaces": 0.05}
HANDS |= {"crowded": 0.05, "bold": 0.04, "worn": 0.05}
PLAIN_HANDS = (0, 1, 2, 3, 4)  # the thresholds' digits: neighbours' ink, ones like bars and wear are harder than hands


@dataclass(frozen=True)
class RejectorData:
    """Digits by several hands, uint8 (N, 28, 28) with labels (N,) and the number of the hand (N,), and what is none."""

    digits: Dataset
    hands: NDArray[np.int64]
    non_digits: Images


def rejector_data(train: Dataset, n: int = 60_000, seed: int = 0) -> RejectorData:
    """About `n` digits by the hands of `HANDS`, those of `train` among them, and as many images that are none."""
    generator = np.random.default_rng([seed, 7])
    images, labels, hands = [], [], []
    for number, (hand, share) in enumerate(HANDS.items()):
        for image, label in islice(_digits(hand, train, generator), round(n * share)):
            images.append(image)
            labels.append(label)
            hands.append(number)
    total = sum(weight for _, weight in KINDS.values())
    non_digits = [made_up(kind, round(n * weight / total), train, generator) for kind, (_, weight) in KINDS.items()]
    digits = Dataset(np.stack(images), np.array(labels, np.uint8), "several hands")
    return RejectorData(digits, np.array(hands), np.concatenate(non_digits))


def _digits(hand: str, train: Dataset, generator: np.random.Generator) -> Iterator[tuple[Images, int]]:
    """Digits of one hand with their labels, without end."""
    if hand in ("MNIST", "altered"):
        return (
            (train.images[i] if hand == "MNIST" else altered(train.images[i], generator), int(train.labels[i]))
            for i in chain.from_iterable(generator.permutation(len(train)) for _ in count())
        )
    if hand == "bold":
        return ((bold(one, generator), 1) for one in _ones(train, generator))
    made = {"made": made_digits, "pens": drawn_pens, "typefaces": drawn_typefaces}
    beside = {"crowded": crowds, "worn": worn_digits}
    return beside[hand](train, generator) if hand in beside else made[hand](generator)


def _ones(train: Dataset, generator: np.random.Generator) -> Iterator[Images]:
    """Ones of `train` and made ones with flags, loops and feet in turn, without end."""
    ones = np.flatnonzero(train.labels == 1)
    while True:
        yield train.images[generator.choice(ones)]
        yield written(skeleton(1, generator), generator)


def fit_rejector(run: Run, data: RejectorData, seed: int = 0, *, hidden: int = HIDDEN) -> Run:
    """The same run with a rejector fitted to what is given: `FITS` fits side by side, of `hidden` units each.

    Both thresholds are fixed on digits kept from the fit that the run reads right, every plain hand counting alike.
    """
    classifier = Classifier.from_run(run)
    digits, probabilities = classifier.rejector_inputs(data.digits.images)
    non_digits, _ = classifier.rejector_inputs(data.non_digits)
    generator = np.random.default_rng([seed, 8])
    kept = generator.random(len(digits)) < VALIDATION
    examples = np.concatenate([digits[~kept], non_digits])
    labels = np.repeat([1, 0], [int((~kept).sum()), len(non_digits)])
    mean, spread = examples.mean(axis=0), examples.std(axis=0)
    spread = np.maximum(spread, 0.01 * float(spread.mean()) + 1e-6)  # a value that hardly moves says little
    scaled = (examples - mean) / spread
    fits = [_fit(scaled, labels, hidden, [seed, number]) for number in range(FITS)]
    weight = np.concatenate([fit.coefs_[0] / spread[:, None] for fit in fits], axis=1).T  # the scaling goes into them
    rejector = Rejector(
        hidden=np.ascontiguousarray(weight, np.float32),
        hidden_bias=np.asarray(np.concatenate([fit.intercepts_[0] for fit in fits]) - weight @ mean, np.float32),
        output=np.asarray(np.concatenate([fit.coefs_[1][:, 0] for fit in fits]) / FITS, np.float32),
        output_bias=float(np.float32(np.mean([fit.intercepts_[1][0] for fit in fits]))),
        no_digit=0.5,
        sure=0.5,
    )
    right = kept & (probabilities.argmax(axis=1) == data.digits.labels) & np.isin(data.hands, PLAIN_HANDS)
    return replace(run, rejector=with_thresholds(rejector, run, data.digits.images, data.hands, right))


def _fit(examples: NDArray[np.float64], labels: NDArray[np.int64], hidden: int, seed: list[int]) -> MLPClassifier:
    """One fit: twelve rounds over `examples` (N, values), 1 for digits and 0 for what is none."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        (hidden,),
        alpha=1e-3,
        learning_rate_init=2e-3,
        batch_size=min(256, len(examples)),
        max_iter=12,
        random_state=int(np.random.default_rng(seed).integers(2**31)),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # twelve rounds are meant to be all
        return model.fit(examples, labels)


def with_thresholds(rejector: Rejector, run: Run, images: Images, hands: NDArray[np.int64], right: Flags) -> Rejector:
    """The rejector with thresholds that keep their shares of the digits that are `right`, every hand counting alike."""
    classifier = Classifier.from_run(replace(run, rejector=rejector))
    chosen = np.flatnonzero(right)
    predictions = classifier.predict_prepared(images[chosen])
    chances = np.array([one.is_digit for one in predictions], np.float64)
    trusts = chances * np.array([one.probability for one in predictions])
    _, of, counts = np.unique(hands[chosen], return_inverse=True, return_counts=True)
    shares = (1 / counts / len(counts))[of]
    return replace(rejector, no_digit=_quantile(chances, shares, 1 - KEEP), sure=_quantile(trusts, shares, 1 - SURE))


def _quantile(values: NDArray[np.float64], shares: NDArray[np.float64], below: float) -> float:
    """The highest of the values with no more than a share `below` under it, as float32 holds it."""
    order = np.argsort(values)
    under = np.cumsum(shares[order]) - shares[order]
    return float(np.float32(values[order][np.flatnonzero(under <= below)[-1]]))
