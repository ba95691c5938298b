"""Teaching a run what is no digit: a rejector fitted to made-up images, its thresholds fixed on several hands."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.evaluation.arrays import Flags, Images
from exmachina.evaluation.ood.made_up import KINDS, made_up, other_hands
from exmachina.runs import Rejector, Run

HIDDEN = 32  # units of the rejector
KEEP, SURE = 0.99, 0.95  # shares of readable digits that are not rejected, and that are read for certain
VALIDATION = 0.15  # of the digits, kept from the fit for the thresholds


@dataclass(frozen=True)
class Lessons:
    """Digits by several hands, uint8 (N, 28, 28) with labels (N,) and the number of the hand (N,), and what is none."""

    digits: Dataset
    hands: NDArray[np.int64]
    others: Images


def lessons(train: Dataset, n: int, seed: int) -> Lessons:
    """About `n` digits of MNIST, as many by other hands, and as many made-up images that are none."""
    generator = np.random.default_rng([seed, 7])
    chosen = train[generator.permutation(len(train))[:n]]
    by_others = train[generator.permutation(len(train))[:n]]
    total = sum(weight for _, weight in KINDS.values())
    others = [made_up(kind, round(n * weight / total), train, generator) for kind, (_, weight) in KINDS.items()]
    images = np.concatenate([chosen.images, other_hands(by_others.images, generator)])
    hands = np.repeat([0, 1], [len(chosen), len(by_others)])
    digits = Dataset(images, np.concatenate([chosen.labels, by_others.labels]), "several hands")
    return Lessons(digits, hands, np.concatenate(others))


def fit_rejector(run: Run, given: Lessons, seed: int = 0, *, hidden: int = HIDDEN) -> Run:
    """The same run with a rejector fitted to what is given.

    Both thresholds are fixed on digits kept from the fit, as many of each hand, that the run reads right.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    classifier = Classifier.from_run(run)
    digits, probabilities = classifier.rejector_inputs(given.digits.images)
    others, _ = classifier.rejector_inputs(given.others)
    generator = np.random.default_rng([seed, 8])
    kept = generator.random(len(digits)) < VALIDATION
    examples = np.concatenate([digits[~kept], others])
    labels = np.repeat([1, 0], [int((~kept).sum()), len(others)])
    mean, spread = examples.mean(axis=0), examples.std(axis=0)
    spread = np.maximum(spread, 0.01 * float(spread.mean()) + 1e-6)  # a value that hardly moves says little
    model = MLPClassifier((hidden,), alpha=1e-3, learning_rate_init=2e-3, batch_size=256, max_iter=12, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # twelve rounds are meant to be all
        model.fit((examples - mean) / spread, labels)
    weight = (model.coefs_[0] / spread[:, None]).T  # the scaling goes into the weights
    rejector = Rejector(
        hidden=np.ascontiguousarray(weight, np.float32),
        hidden_bias=np.asarray(model.intercepts_[0] - weight @ mean, np.float32),
        output=np.asarray(model.coefs_[1][:, 0], np.float32),
        output_bias=float(np.float32(model.intercepts_[1][0])),
        no_digit=0.5,
        sure=0.5,
    )
    right = kept & (probabilities.argmax(axis=1) == given.digits.labels)
    return replace(run, rejector=with_thresholds(rejector, run, given.digits.images, given.hands, right))


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
