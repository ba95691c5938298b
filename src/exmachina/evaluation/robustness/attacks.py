"""How little it takes to deceive the network: changes of every pixel by at most ε, chosen with its own gradient.

FGSM takes one step of size ε along the sign of the loss's gradient (Goodfellow, Shlens and Szegedy 2015). PGD starts
at random within ε and takes many small steps, each brought back within ε (Madry et al. 2018). A low error under
FGSM alone proves nothing; PGD is the test, and even that only gives a lower bound on what an attacker can do. APGD
(Croce and Hein 2020) halves each image's step where it no longer gets on, keeps its best image and starts anew: what
withstands PGD only because the step was a bad one does not withstand this.
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
from exmachina.evaluation.arrays import check_scores, log_softmax
from exmachina.evaluation.statistics.intervals import Interval, proportion
from exmachina.runs import Run

Floats = NDArray[np.float32]
Method = Literal["fgsm", "pgd", "apgd"]
EPSILONS = (0.05, 0.1, 0.2, 0.3)
STEPS = 40
STEP_SHARE = 2.5  # PGD's step is this times ε ÷ steps, so that the edge of the ε-box can be reached and left again
BATCH = 250
APGD_STEPS, APGD_STARTS = 100, 3
MOMENTUM = 0.75  # of APGD: how much of each step is new
TAKEN: dict[Method, int] = {"fgsm": 1, "pgd": STEPS, "apgd": APGD_STEPS}
PROGRESS = 0.75  # share of its steps that must raise the loss, or the step is halved


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
    if method not in ("fgsm", "pgd", "apgd"):
        raise InputError(f"Unknown attack '{method}'. Choose fgsm, pgd or apgd.")
    if not 0 <= epsilon <= 1:
        raise InputError(f"An ε of {epsilon} is impossible; choose one from 0 to 1, where white is 1.")
    low, high = np.clip(images - np.float32(epsilon), 0, 1), np.clip(images + np.float32(epsilon), 0, 1)
    if method == "fgsm":
        return _between(_step(model, images, labels, epsilon), low, high)
    start = generator.uniform(-epsilon, epsilon, images.shape).astype(np.float32)
    changed = _between(images + start, low, high)
    if method == "apgd":
        return _shortening(model, changed, labels, low, high, epsilon)
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
    """Yield the error under each method at each ε on all of `data`, one random start each; of APGD three.

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
            restarts = APGD_STARTS if method == "apgd" else 1
            for _ in range(restarts):
                standing = np.flatnonzero(~wrong)  # who has fallen need not be attacked again
                for start in range(0, len(standing), BATCH):
                    part = standing[start : start + BATCH]
                    changed = adversarial_images(model, pixels[part], labels[part], method, epsilon, generator)
                    wrong[part] |= _misread(model, changed, labels[part])
            error = proportion(wrong)
            yield AttackResult(method, epsilon, TAKEN[method], step_size(method, epsilon), restarts, error)


def step_size(method: Method, epsilon: float) -> float:
    """How far each step moves every pixel, before it is brought back within ε; of APGD the first one."""
    return {"fgsm": epsilon, "pgd": STEP_SHARE * epsilon / STEPS, "apgd": 2 * epsilon}[method]


def checkpoints(steps: int) -> list[int]:
    """The steps after which APGD looks back: at first after 22 % of them, then sooner, never below 6 %."""
    marks, part, before = [0.0], 0.22, 0.0
    while part <= 1:
        marks.append(part)
        part, before = part + max(part - before - 0.03, 0.06), part
    return [int(np.ceil(round(mark * steps, 6))) for mark in marks]


def _shortening(
    model: Model, images: Floats, labels: NDArray[np.uint8], low: Floats, high: Floats, epsilon: float
) -> Floats:
    """APGD from the given start: the image of the largest loss that each of (N, 1, 28, 28) came to."""
    sizes = np.full((len(images), 1, 1, 1), step_size("apgd", epsilon), np.float32)
    now, before = images, images
    loss = _losses(model, now, labels)
    best, best_loss = now.copy(), loss.copy()
    raised, halved, mark_loss = np.zeros(len(images)), np.zeros(len(images), np.bool_), loss.copy()
    marks = checkpoints(APGD_STEPS)
    for step in range(APGD_STEPS):
        moved = _between(now + sizes * np.sign(model.image_gradient(now, labels)), low, high)
        share = np.float32(MOMENTUM if step else 1.0)
        after = _between(now + share * (moved - now) + (1 - share) * (now - before), low, high)
        before, now = now, after
        previous, loss = loss, _losses(model, now, labels)
        raised += loss > previous
        better = loss > best_loss
        best[better], best_loss[better] = now[better], loss[better]
        if step + 1 in marks[1:]:
            since = step + 1 - marks[marks.index(step + 1) - 1]
            stuck = (raised < PROGRESS * since) | (~halved & (best_loss <= mark_loss))
            sizes[stuck] /= 2
            now = np.where(stuck[:, None, None, None], best, now)
            before = np.where(stuck[:, None, None, None], best, before)
            loss = np.where(stuck, best_loss, loss)
            raised, halved, mark_loss = np.zeros(len(images)), stuck, best_loss.copy()
    return best


def _losses(model: Model, images: Floats, labels: NDArray[np.uint8]) -> NDArray[np.float64]:
    return -log_softmax(model.logits(images))[np.arange(len(labels)), labels]


def _step(model: Model, images: Floats, labels: NDArray[np.uint8], size: float) -> Floats:
    return np.asarray(images + np.float32(size) * np.sign(model.image_gradient(images, labels)), np.float32)


def _between(images: Floats, low: Floats, high: Floats) -> Floats:
    return np.minimum(np.maximum(images, low), high)


def _misread(model: Model, images: Floats, labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    logits = model.logits(images)
    check_scores(logits)
    return np.asarray(logits.argmax(axis=1) != labels)
