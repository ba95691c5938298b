"""Where the network is weak, found by looking everywhere and paying for having looked.

Digits, traits, pairs of traits, digits with a trait, single hands, halves of the set, and pairs of digits taken for
one another: some must look bad by chance. Each slice gets Fisher's exact test (are mistakes more frequent in it than
in the rest?), each pair a binomial one, and every p-value is corrected for all of them: by Holm (1979), so that of
all networks with no weak slice 95 % show none, and by Benjamini and Hochberg (1995), so that of the slices shown at
most 5 % are expected to be chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, false_discovery_control, hypergeom

from exmachina.evaluation.arrays import Flags, Images, Labels, check_same_length
from exmachina.evaluation.datasets.drift import image_properties
from exmachina.evaluation.datasets.external_datasets import TRAITS
from exmachina.evaluation.datasets.label_votes import STUDENTS, is_mnist_test
from exmachina.evaluation.statistics.intervals import Interval, wilson

LEAST = 20  # digits in a slice worth a look
RISK = 0.05
SHOWN = 20


@dataclass(frozen=True)
class WeakSlice:
    """A part of the test set that was looked at.

    Of its images the share `error` was misread, where `expected` mistakes would be usual. `p_value` is one-sided;
    `holm` and `benjamini_hochberg` are the same after correction for every slice that was looked at.
    """

    kind: str
    name: str
    error: Interval
    errors: int
    expected: float
    p_value: float
    holm: float
    benjamini_hochberg: float


@dataclass(frozen=True)
class WeakSlices:
    """`looked` says how many slices of each kind were looked at; `slices` are the likeliest weak ones, the worst first.

    `certain` of all looked at are weak by Holm's correction, `likely` by Benjamini and Hochberg's.
    """

    looked: dict[str, int]
    certain: int
    likely: int
    slices: tuple[WeakSlice, ...]

    @property
    def total(self) -> int:
        """How many slices were looked at."""
        return sum(self.looked.values())

    def weak(self) -> tuple[WeakSlice, ...]:
        """Those that are weak beyond chance, whatever chance had to choose from."""
        return tuple(one for one in self.slices if one.holm < RISK)


def find_weak_slices(
    images: Images, labels: Labels, read: Labels, writers: NDArray[Any] | None = None, shown: int = SHOWN
) -> WeakSlices:
    """Look for weak slices of images (N, 28, 28) with labels (N,), read as digits (N,), by writers (N,)."""
    check_same_length(read, labels, "Predictions and labels")
    wrong = np.asarray(read != labels)
    counted = [_slice(kind, name, inside, wrong) for kind, name, inside in _slices(images, labels, writers)]
    counted += list(_confusions(labels, read))
    looked: dict[str, int] = {}
    for one in counted:
        looked[one[0]] = looked.get(one[0], 0) + 1
    p_values = np.array([one[-1] for one in counted])
    strict, lenient = holm(p_values), np.asarray(false_discovery_control(p_values))
    order = np.lexsort((-np.array([one[3] for one in counted]), p_values))[:shown]
    slices = []
    for i in order:
        kind, name, n, errors, expected, p_value = counted[i]
        error = wilson(errors, n)
        slices.append(WeakSlice(kind, name, error, errors, expected, p_value, float(strict[i]), float(lenient[i])))
    return WeakSlices(looked, int((strict < RISK).sum()), int((lenient < RISK).sum()), tuple(slices))


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Holm's corrected p-values (m,): the k-th smallest times m + 1 − k, never below the one before, 1 at the most."""
    order = np.argsort(p_values, kind="stable")
    stepped = p_values[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return corrected


Counted = tuple[str, str, int, int, float, float]  # kind, name, images, errors, expected errors, p-value


def _slice(kind: str, name: str, inside: Flags, wrong: Flags) -> Counted:
    n, errors, total = int(inside.sum()), int(wrong[inside].sum()), int(wrong.sum())
    expected = n * (total - errors) / max(len(wrong) - n, 1)  # at the error of the rest
    return kind, name, n, errors, expected, float(hypergeom.sf(errors - 1, len(wrong), total, n))


def _slices(images: Images, labels: Labels, writers: NDArray[Any] | None) -> Iterator[tuple[str, str, Flags]]:
    """Kind, name and members (N,) of every slice that has enough images and is not the whole set."""
    for kind, name, inside in _candidates(images, labels, writers):
        if LEAST <= inside.sum() <= len(labels) - LEAST:
            yield kind, name, inside


def _candidates(images: Images, labels: Labels, writers: NDArray[Any] | None) -> Iterator[tuple[str, str, Flags]]:
    traits = _traits(images)
    digits = {int(digit): np.asarray(labels == digit) for digit in np.unique(labels)}
    for digit, inside in digits.items():
        yield "digit", f"{digit}s", inside
    for _, name, inside in traits:
        yield "trait", name, inside
    for digit, members in digits.items():
        for _, name, inside in traits:
            yield "digit with a trait", f"{digit}s, {name}", members & inside
    for (first, name, inside), (second, other, also) in combinations(traits, 2):
        if first != second:
            yield "two traits", f"{name}, {other}", inside & also
    if is_mnist_test(labels):
        place = np.arange(len(labels))
        yield "half", "by students", place < STUDENTS
        yield "half", "by Census employees", place >= STUDENTS
    if writers is not None:
        for writer in np.unique(writers):
            yield "hand", f"writer {writer}", np.asarray(writers == writer)


def _traits(images: Images) -> list[tuple[str, str, Flags]]:
    """Trait, name and members of each third of every trait."""
    properties = image_properties(images)
    result = []
    for trait, names in TRAITS.items():
        place = np.digitize(properties[trait], np.quantile(properties[trait], [1 / 3, 2 / 3]))
        result += [(trait, name, np.asarray(place == number)) for number, name in enumerate(names)]
    return result


def _confusions(labels: Labels, read: Labels) -> Iterator[Counted]:
    """Every pair of digits: are its two taken for one another more often than if all mistakes fell evenly on pairs?

    Each mistake on a digit is thought to fall on any other digit alike.
    """
    digits = np.unique(np.concatenate([labels, read]))
    wrong = read != labels
    mistakes = {int(digit): int((wrong & (labels == digit)).sum()) for digit in digits}
    total = int(wrong.sum())
    for a, b in combinations(map(int, digits), 2):
        errors = int(((labels == a) & (read == b)).sum() + ((labels == b) & (read == a)).sum())
        n = int(((labels == a) | (labels == b)).sum())
        if n < LEAST:
            continue
        expected = (mistakes[a] + mistakes[b]) / max(len(digits) - 1, 1)
        share = min(expected / total, 1.0) if total else 0.0
        yield "pair of digits", f"{a} and {b}", n, errors, expected, float(binom.sf(errors - 1, total, share))
