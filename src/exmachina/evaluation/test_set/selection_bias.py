"""How many points appear from nowhere when one test set both chooses and reports.

Two people have the same networks: one recipe at several learning rates, looked at after several epochs, over seeds.
One looks at the test set for each of them and reports the best figure seen there. The other chooses by a validation
set of the same size and opens the test set once. The difference is no skill of the network's. So that the
demonstration does not itself wear out a test set, all images come from a training set; those that judge are drawn by
lot into "test" and "validation" again and again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags
from exmachina.evaluation.statistics.intervals import SeedSummary, over_seeds
from exmachina.evaluation.user_folder import user_folder
from exmachina.runs import write_files
from exmachina.training.recipes import Recipe

RATES = (0.5, 1.0, 2.0)  # times the recipe's learning rate
EPOCHS = 4
FIRST_LOOK = 2  # epoch
LEARNED, JUDGING = 10_000, 20_000  # images that are learned, and that judge
SEEDS = 3
SIZES = (500, 2_000, 10_000)  # of the test set
DRAWS = 100
SHIPPED = Path(__file__).parent  # where the outcome for `fast` lies, kept there from `exmachina leak`


@dataclass(frozen=True)
class SelectionTrial:
    """One seed: what each of its networks is right about, (networks, judging images)."""

    seed: int
    right: Flags


@dataclass(frozen=True)
class Growth:
    """Mean points from nowhere when the best of `tried` networks is chosen on a test set of `images`."""

    images: int
    tried: int
    points: float


@dataclass(frozen=True)
class SelectionBias:
    """The experiment, over seeds; accuracies and points are fractions, 0.001 a tenth of a percentage point.

    `peeking` is reported by whoever chooses on the test set, `honest` by whoever chooses on validation; `points` is
    the first less the second. `tried` networks a seed, a test set of `images`. `growth` pools the seeds' networks.
    """

    recipe: str
    learned: int
    images: int
    tried: int
    peeking: SeedSummary
    honest: SeedSummary
    points: SeedSummary
    by_seed: tuple[tuple[float, float], ...]  # peeking, honest
    growth: tuple[Growth, ...]


def measure_selection_bias(
    recipe: Recipe,
    data: Dataset,
    *,
    seeds: int = SEEDS,
    learned: int = LEARNED,
    judging: int = JUDGING,
    rates: Sequence[float] = RATES,
    sizes: Sequence[int] = SIZES,
) -> Iterator[SelectionTrial | SelectionBias]:
    """Yield a trial a seed and at last the summary; `data` is a training set, no test image is touched.

    The learning rate stays constant, as in most first tutorials, so that accuracy goes up and down between looks.
    """
    if len(data) < learned + judging or min(seeds, len(rates), len(sizes)) < 1 or judging < 2 * max(sizes):
        raise InputError(
            f"{len(data):,} images are too few for {learned:,} to learn and {judging:,} to judge by; ask for fewer."
        )
    order = np.random.default_rng(5).permutation(len(data))
    pupil, judge = data[order[:learned]], data[order[learned : learned + judging]]
    trials = []
    for seed in range(seeds):
        rows: list[Flags] = []
        for rate in rates:
            tried = recipe.replace(
                learning_rate=recipe.learning_rate * rate, schedule="constant", epochs=EPOCHS, name="leak"
            )
            rows += _looks(tried, pupil, judge, seed)
        trials.append(SelectionTrial(seed, np.array(rows)))
        yield trials[-1]
    yield summarise_selection_bias(recipe.name, trials, learned, sizes)


def reported(
    right: Flags, images: int, generator: np.random.Generator, tried: int | None = None
) -> tuple[float, float]:
    """What the one who peeks and the one who validates report, on average over draws of the two sets.

    `right` (networks, judging images) says what each network is right about; both sets have `images` images, and
    `tried` networks, drawn by lot, are there to choose from. The roles of the two sets are swapped in every draw.
    """
    count = len(right) if tried is None else tried
    peeking, honest = 0.0, 0.0
    for _ in range(DRAWS):
        networks = generator.permutation(len(right))[:count]
        chosen = generator.permutation(right.shape[1])[: 2 * images]
        scores = right[np.ix_(networks, chosen)].reshape(count, 2, images).mean(axis=2)  # (networks, set)
        first, second = scores.argmax(axis=0)
        peeking += float(scores[first, 0] + scores[second, 1]) / 2
        honest += float(scores[second, 0] + scores[first, 1]) / 2
    return peeking / DRAWS, honest / DRAWS


def summarise_selection_bias(
    recipe: str, trials: Sequence[SelectionTrial], learned: int, sizes: Sequence[int]
) -> SelectionBias:
    """Points from nowhere by seed, and over all networks by their number and the size of the test set."""
    generator = np.random.default_rng(6)
    images = max(sizes)
    pairs = [reported(trial.right, images, generator) for trial in trials]
    pooled = np.concatenate([trial.right for trial in trials])
    counts = sorted({count for count in (3, 9, 27, 81) if count < len(pooled)} | {len(pooled)})
    growth = []
    for size in sizes:
        for count in counts:
            peeking, honest = reported(pooled, size, generator, count)
            growth.append(Growth(size, count, peeking - honest))
    return _selection_bias(recipe, learned, images, len(trials[0].right), pairs, growth)


def _selection_bias(
    recipe: str, learned: int, images: int, tried: int, pairs: Sequence[tuple[float, float]], growth: Sequence[Growth]
) -> SelectionBias:
    return SelectionBias(
        recipe=recipe,
        learned=learned,
        images=images,
        tried=tried,
        peeking=over_seeds([peeking for peeking, _ in pairs]),
        honest=over_seeds([honest for _, honest in pairs]),
        points=over_seeds([peeking - honest for peeking, honest in pairs]),
        by_seed=tuple(pairs),
        growth=tuple(growth),
    )


def stored_selection_bias(recipe: Recipe, folder: Path | None = None) -> SelectionBias | None:
    """The outcome of this experiment with this recipe, if it was done here before or comes with the package.

    `exmachina leak` repeats what comes with it (`fast`), and what is stored on this computer is preferred.
    """
    places = (user_folder(), SHIPPED) if folder is None else (folder,)
    return next((one for one in (_stored(recipe, place) for place in places) if one is not None), None)


def _stored(recipe: Recipe, folder: Path) -> SelectionBias | None:
    try:
        kept = json.loads(_path(recipe, folder).read_text())
        pairs = [(float(peeking), float(honest)) for peeking, honest in kept["by_seed"]]
        growth = [Growth(int(one["images"]), int(one["tried"]), float(one["points"])) for one in kept["growth"]]
        return _selection_bias(
            recipe.name, int(kept["learned"]), int(kept["images"]), int(kept["tried"]), pairs, growth
        )
    except (OSError, ValueError, KeyError, TypeError, InputError):
        return None  # only a memory: the experiment can be done again


def store_selection_bias(selection_bias: SelectionBias, recipe: Recipe, folder: Path | None = None) -> None:
    """Remember the outcome in the user's data folder, if it can be written."""
    try:
        path = _path(recipe, folder)
        write_files(path.parent, {path.name: json.dumps(asdict(selection_bias)).encode()})
    except InputError:
        return


def _looks(recipe: Recipe, pupil: Dataset, judge: Dataset, seed: int) -> Iterator[Flags]:
    """Train, and after each epoch from `FIRST_LOOK` on tell which of the judging images are read right."""
    from exmachina.training import EpochEnd, train

    for event in train(recipe, pupil, seed):
        if isinstance(event, EpochEnd) and event.epoch >= FIRST_LOOK:
            logits = Classifier.from_run(event.snapshot()).logits(judge.images)
            yield np.asarray(logits.argmax(axis=1) == judge.labels)


def _path(recipe: Recipe, folder: Path | None) -> Path:
    settings = recipe.to_json(), [RATES, EPOCHS, FIRST_LOOK, LEARNED, JUDGING, SEEDS, SIZES, DRAWS]
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
    return (folder or user_folder()) / f"leak-{digest}.json"
