"""Agreement with labels that people rejected: nobody who reads arrives at them, whoever learned them repeats them."""

from __future__ import annotations

import numpy as np

from exmachina.errors import InputError
from exmachina.evaluation.arrays import Floats, Labels
from exmachina.evaluation.contamination.result import Evidence
from exmachina.evaluation.datasets.label_votes import REJECTED_LABELS, is_mnist_test

# How often honest networks repeat each label at most: the largest (agreements + 1) ÷ (networks + 2) among 120 of `fast`
# and the shipped `classic` and `accurate`. A kind with one network can say no more than 2/3 or 1/3, which errs on the
# side of the suspected.
HONEST: dict[int, float] = {
    947: 1 / 3,
    1621: 2 / 3,
    1901: 1 / 3,
    2130: 1 / 3,
    2462: 1 / 3,
    2597: 2 / 3,
    2654: 1 / 3,
    3520: 2 / 3,
    3558: 2 / 3,
    5937: 1 / 3,
    6651: 2 / 3,
    6783: 2 / 3,
    8527: 2 / 3,
    9679: 2 / 3,
    9729: 1 / 3,
}


def rejected_labels(predicted: Labels, labels: Labels) -> Evidence:
    """How many of the fifteen the network repeats, and the chance of as many at the rates of honest networks."""
    if not is_mnist_test(labels):
        raise InputError("people have voted on MNIST's test labels only")
    agreed = sum(int(predicted[index] == labels[index]) for index in REJECTED_LABELS)
    p_value = float(agreement_distribution(list(HONEST.values()))[agreed:].sum())
    return Evidence(
        "rejected labels",
        p_value,
        f"it repeats {agreed} of the {len(REJECTED_LABELS)} test labels that people rejected; honest networks repeat "
        "0 to 7",
        float(agreed),
    )


def agreement_distribution(rates: list[float]) -> Floats:
    """Chances of 0, 1, … n agreements when each happens with its own rate (Poisson's binomial)."""
    chances = np.ones(1)
    for rate in rates:
        chances = np.convolve(chances, [1 - rate, rate])
    return chances
