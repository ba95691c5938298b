"""How many points appear from nowhere when one test set both chooses and reports.

Two people train the same networks. One looks at the test set after every half epoch of every recipe and reports the
best figure seen there. The other chooses by a validation set and opens the test set once. They differ only in where
they looked. So that the demonstration does not itself wear out a test set, both sets are carved from training images,
and each takes either part: what is chosen on A is reported on A and again on B, and the other way round.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation.intervals import SeedSummary, over_seeds
from exmachina.evaluation.user_folder import user_folder
from exmachina.training.recipes import Recipe

RATES = (0.5, 1.0, 2.0)  # times the recipe's learning rate
EPOCHS = 3
LOOKS_PER_EPOCH = 2
LEARNED, JUDGING = 20_000, 10_000  # images that are learned, and in each of the two sets that judge
SEEDS = 5


class Look(NamedTuple):
    """One look at a network in training: its accuracy on each of the two judging sets."""

    rate: float
    epoch: float
    on_a: float
    on_b: float


@dataclass(frozen=True)
class LeakTrial:
    """All looks of one seed; each of the two sets plays the test set once, and validation once."""

    seed: int
    looks: tuple[Look, ...]

    def chosen(self, by: str) -> Look:
        """The look with the best accuracy on set "a" or "b"; of equals the first."""
        return max(self.looks, key=lambda look: look.on_a if by == "a" else look.on_b)

    @property
    def peeking(self) -> float:
        """What is reported by whoever chooses on the test set."""
        return (self.chosen("a").on_a + self.chosen("b").on_b) / 2

    @property
    def honest(self) -> float:
        """What is reported by whoever chooses on validation."""
        return (self.chosen("b").on_a + self.chosen("a").on_b) / 2

    @property
    def points(self) -> float:
        """The accuracy that appears from nowhere; never below 0."""
        return self.peeking - self.honest


@dataclass(frozen=True)
class Leak:
    """The experiment over seeds; `points` is a fraction, 0.001 for a tenth of a percentage point."""

    recipe: str
    trials: tuple[LeakTrial, ...]
    images: int
    judging: int
    peeking: SeedSummary
    honest: SeedSummary
    points: SeedSummary

    @property
    def looks(self) -> int:
        """How many networks each seed has to choose from."""
        return len(self.trials[0].looks)


def show_leak(
    recipe: Recipe,
    data: Dataset,
    *,
    seeds: int = SEEDS,
    images: int = LEARNED,
    judging: int = JUDGING,
    epochs: float = EPOCHS,
    rates: tuple[float, ...] = RATES,
) -> Iterator[LeakTrial | Leak]:
    """Yield a trial a seed and at last the summary; `data` is a training set, no test image is touched.

    Every seed draws its own images. The learning rate stays constant, as in most first tutorials, so that accuracy
    goes up and down from look to look.
    """
    if len(data) < images + 2 * judging or seeds < 1 or not rates:
        raise InputError(
            f"{len(data):,} images are too few for {images:,} to learn and 2 × {judging:,} to judge by; ask for fewer."
        )
    trials = []
    for seed in range(seeds):
        order = np.random.default_rng([seed, 5]).permutation(len(data))
        learned = data[order[:images]]
        a, b = (data[order[images + k * judging : images + (k + 1) * judging]] for k in (0, 1))
        looks: list[Look] = []
        for rate in rates:
            tried = recipe.replace(
                learning_rate=recipe.learning_rate * rate, schedule="constant", epochs=epochs, name="leak"
            )
            looks += _looks(tried, learned, (a, b), seed)
        trial = LeakTrial(seed, tuple(looks))
        trials.append(trial)
        yield trial
    yield _summary(recipe.name, trials, images, judging)


def known_leak(recipe: Recipe, folder: Path | None = None) -> Leak | None:
    """The outcome of this experiment with this recipe, if it was done on this computer before."""
    try:
        kept = json.loads(_path(recipe, folder).read_text())
        trials = [
            LeakTrial(int(trial["seed"]), tuple(Look(*map(float, look)) for look in trial["looks"]))
            for trial in kept["trials"]
        ]
        return _summary(recipe.name, trials, int(kept["images"]), int(kept["judging"]))
    except (OSError, ValueError, KeyError, TypeError, InputError):
        return None  # only a memory: the experiment can be done again


def keep_leak(leak: Leak, recipe: Recipe, folder: Path | None = None) -> None:
    """Remember the outcome in the user's data folder, if it can be written."""
    kept = {"images": leak.images, "judging": leak.judging, "trials": [asdict(trial) for trial in leak.trials]}
    try:
        path = _path(recipe, folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(kept))
    except OSError:
        return


def _looks(recipe: Recipe, learned: Dataset, judges: tuple[Dataset, Dataset], seed: int) -> Iterator[Look]:
    """Train, and look after every half epoch from the end of the first on."""
    from exmachina.training import StepEnd, TrainingStarted, train

    times: set[int] = set()
    per_epoch = 1
    for event in train(recipe, learned, seed):
        if isinstance(event, TrainingStarted):
            per_epoch = event.steps_per_epoch
            marks = range(LOOKS_PER_EPOCH, round(recipe.epochs * LOOKS_PER_EPOCH) + 1)
            times = {max(1, round(mark * per_epoch / LOOKS_PER_EPOCH)) for mark in marks}
        elif isinstance(event, StepEnd) and event.step in times:
            reader = Classifier.from_run(event.snapshot())
            on_a, on_b = (reader.accuracy(judge.images, judge.labels) for judge in judges)
            yield Look(recipe.learning_rate, event.step / per_epoch, on_a, on_b)


def _summary(recipe: str, trials: list[LeakTrial], images: int, judging: int) -> Leak:
    def over(name: str) -> SeedSummary:
        return over_seeds([float(getattr(trial, name)) for trial in trials])

    return Leak(recipe, tuple(trials), images, judging, over("peeking"), over("honest"), over("points"))


def _path(recipe: Recipe, folder: Path | None) -> Path:
    settings: dict[str, Any] = {"recipe": recipe.to_json(), "network": recipe.network.to_json()}
    settings["grid"] = [RATES, EPOCHS, LOOKS_PER_EPOCH, LEARNED, JUDGING, SEEDS]
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
    return (folder or user_folder()) / f"leak-{digest}.json"
