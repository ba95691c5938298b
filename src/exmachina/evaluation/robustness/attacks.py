"""How little it takes to deceive the network: changes of every pixel by at most ε, chosen with its own gradient.

FGSM takes one step of size ε along the sign of the loss's gradient (Goodfellow, Shlens and Szegedy 2015). PGD starts
at random within ε and takes many small steps, each brought back within ε (Madry et al. 2018). A low error under
FGSM alone proves nothing; PGD is the test, and even that only gives a lower bound on what an attacker can do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exmachina.data import Dataset, scale
from exmachina.engine import Model
from exmachina.errors import InputError
from exmachina.evaluation.arrays import check_scores
from exmachina.evaluation.statistics.intervals import Interval, wilson
from exmachina.runs import Run

Floats = NDArray[np.float32]
Method = Literal["fgsm", "pgd"]
EPSILONS = (0.05, 0.1, 0.2, 0.3)
STEPS = 40
STEP_SHARE = 2.5  # PGD's step is this times ε ÷ steps, so that the edge of the ε-box can be reached and left again
BATCH = 250


@dataclass(frozen=True)
class AttackResult:
    """The error when every image is changed by at most `epsilon` a pixel (white is 1); steps and restarts stated."""

    method: Method
    epsilon: float
    steps: int
    step_size: float
    restarts: int
    error: Interval


def adversarial_images(
    model: Model,
    images: Floats,
    labels: NDArray[np.uint8],
    method: Method,
    epsilon: float,
    generator: np.random.Generator,
) -> Floats:
    """Images (N, 1, 28, 28) in [0, 1] within `epsilon` of the given ones, made to raise the loss."""
    if method not in ("fgsm", "pgd"):
        raise InputError(f"Unknown attack '{method}'. Choose fgsm or pgd.")
    if not 0 <= epsilon <= 1:
        raise InputError(f"An ε of {epsilon} is impossible; choose one from 0 to 1, where white is 1.")
    low, high = np.clip(images - np.float32(epsilon), 0, 1), np.clip(images + np.float32(epsilon), 0, 1)
    if method == "fgsm":
        return _between(_step(model, images, labels, epsilon), low, high)
    start = generator.uniform(-epsilon, epsilon, images.shape).astype(np.float32)
    changed = _between(images + start, low, high)
    for _ in range(STEPS):
        changed = _between(_step(model, changed, labels, step_size("pgd", epsilon)), low, high)
    return changed


def attack(
    run: Run,
    data: Dataset,
    epsilons: Sequence[float] = EPSILONS,
    seed: int = 0,
    methods: Sequence[Method] = ("fgsm", "pgd"),
) -> Iterator[AttackResult]:
    """Yield the error under each method at each ε on all of `data`, one random start each.

    Images that the network misreads anyhow count as errors, whatever the attack makes of them.
    """
    model = Model(run.network, explains=True)
    model.set(run.weights)
    pixels, labels = scale(data.images)[:, None], data.labels
    fooled = _misread(model, pixels, labels)
    for method in methods:
        for epsilon in epsilons:
            generator = np.random.default_rng(seed)
            wrong = fooled.copy()
            for start in range(0, len(labels), BATCH):
                part = slice(start, start + BATCH)
                changed = adversarial_images(model, pixels[part], labels[part], method, epsilon, generator)
                wrong[part] |= _misread(model, changed, labels[part])
            steps = STEPS if method == "pgd" else 1
            error = wilson(int(wrong.sum()), len(labels))
            yield AttackResult(method, epsilon, steps, step_size(method, epsilon), 1, error)


def step_size(method: Method, epsilon: float) -> float:
    """How far each step moves every pixel, before it is brought back within ε."""
    return epsilon if method == "fgsm" else STEP_SHARE * epsilon / STEPS


def _step(model: Model, images: Floats, labels: NDArray[np.uint8], size: float) -> Floats:
    return np.asarray(images + np.float32(size) * np.sign(model.image_gradient(images, labels)), np.float32)


def _between(images: Floats, low: Floats, high: Floats) -> Floats:
    return np.minimum(np.maximum(images, low), high)


def _misread(model: Model, images: Floats, labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    logits = model.logits(images)
    check_scores(logits)
    return np.asarray(logits.argmax(axis=1) != labels)
