"""What the weights remember: images that were learned are read more surely than others that are as hard.

How hard each of MNIST's 70,000 images is comes with the package: its twentieth in the order of all, by the loss of
networks that had not learned it (`scripts/difficulty.py`). Among images of one such degree, ranks of the loss tell two
groups apart (van Elteren's stratified rank test), whatever the network's own scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from scipy.special import ndtr
from scipy.stats import rankdata

from exmachina.data import Dataset, split
from exmachina.engine import shuffled_order, training_steps
from exmachina.errors import InputError
from exmachina.evaluation.arrays import Flags, Floats, Indices
from exmachina.evaluation.contamination.result import Evidence
from exmachina.evaluation.statistics.cross_validation import recipe_of
from exmachina.evaluation.test_set.test_set_log import fingerprint
from exmachina.runs import Run
from exmachina.training import RECIPES, Recipe

TABLE = Path(__file__).parent / "difficulty.safetensors"
# Of honest runs: mean and a generous spread of each contrast (benchmarks/contamination.py measures them).
TEST_AGAINST_TRAINING = (-1.0, 2.5)
ONCE_MORE = {"fast": (6.1, 1.2)}  # images learned once more than others, by recipe
HELD_OUT_SPREAD = 1.4
HARD = 18  # of 20: what many epochs remember shows in the hardest images
FORGETFUL = 5.0  # a held-out part expected to stand out by less is not judged: at 4 one honest run in 40 came close


@dataclass(frozen=True)
class Memory:
    """Loss and degree of difficulty of the N training images and of the M test images."""

    train: Floats = field(repr=False)
    test: Floats = field(repr=False)
    hardness: NDArray[np.uint8] = field(repr=False)
    test_hardness: NDArray[np.uint8] = field(repr=False)

    def test_harder_than(self, part: Indices | Flags, least: int = 0) -> float:
        """z of the test images against some training images, of `least` difficulty; below 0 the test looks learned."""
        train, test = self.hardness[part] >= least, self.test_hardness >= least
        return contrast(self.train[part][train], self.hardness[part][train], self.test[test], self.test_hardness[test])

    def harder_than(self, part: Indices | Flags, other: Indices | Flags, least: int = 0) -> float:
        """z of `other` training images against a `part` of them; above 0 the part looks learned."""
        first, second = self.hardness[part] >= least, self.hardness[other] >= least
        return contrast(
            self.train[part][first], self.hardness[part][first], self.train[other][second], self.hardness[other][second]
        )


def contrast(first: Floats, first_strata: NDArray[np.uint8], second: Floats, second_strata: NDArray[np.uint8]) -> float:
    """z of van Elteren's test: above 0 where the second losses are the larger ones within a stratum."""
    values, strata = np.concatenate([first, second]), np.concatenate([first_strata, second_strata])
    of_second = np.repeat([False, True], [len(first), len(second)])
    surplus = variance = 0.0
    for stratum in np.unique(strata):
        member = strata == stratum
        m, n = int((~of_second[member]).sum()), int(of_second[member].sum())
        if not m or not n:
            continue
        ranks = rankdata(values[member])[of_second[member]].sum()
        weight = 1 / (m + n + 1)
        surplus += weight * (ranks - n * (m + n + 1) / 2)
        variance += weight**2 * m * n * (m + n + 1) / 12
    return float(surplus / np.sqrt(variance)) if variance else 0.0


@lru_cache
def difficulty(train_set: str, test_set: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Degrees (N,) and (M,) of the two sets that go by these fingerprints."""
    with safe_open(TABLE, framework="numpy") as table:
        if table.metadata() != {"train_set": train_set, "test_set": test_set}:
            raise InputError("how hard each image is is known of MNIST's training and test set only")
        return table.get_tensor("train"), table.get_tensor("test")


def degrees(train: Dataset, test: Dataset) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """How hard each image is. Raises `InputError` unless both sets are MNIST's."""
    names = (fingerprint(one.images, one.labels) for one in (train, test))
    return difficulty(*names)


def learned_part(run: Run, count: int) -> Indices:
    """The training images that the record says were learned. Raises `InputError` where it does not say which."""
    record = run.splits.get("held_out")
    if "hands" in run.splits or "rehearsal" in run.splits:
        raise InputError("it learned other images as well")
    if isinstance(record, dict) and isinstance(record.get("images"), int) and isinstance(record.get("seed"), int):
        held_out = record["images"]
        if 0 < held_out < count and 0 <= record["seed"] < 2**63 and run.splits.get("train") == count - held_out:
            empty = Dataset(np.zeros((count, 28, 28), np.uint8), np.zeros(count, np.uint8))
            return split(empty, held_out, seed=record["seed"]).train_indices
    if run.splits.get("train") != count:
        raise InputError("its record does not say which training images it learned")
    return np.arange(count)


def test_looks_learned(memory: Memory, learned: Indices | None) -> Evidence:
    """Test images that are read more surely than the training images that were learned: no honest run has them."""
    z = memory.test_harder_than(np.arange(len(memory.train)) if learned is None else learned)
    mean, spread = TEST_AGAINST_TRAINING
    return Evidence(
        "test against training images",
        float(ndtr((z - mean) / spread)),
        f"the test images look learned: it reads them more surely than training images that are as hard (z = {z:.1f})",
        z,
    )


def held_out_looks_learned(memory: Memory, learned: Indices) -> Evidence:
    """Training images that the record calls held out must stand out from the learned ones as the test images do."""
    name = "held-out images"
    held_out = np.setdiff1d(np.arange(len(memory.train)), learned)
    if not len(held_out):
        raise InputError("its record names no images that were held out")
    share = math.sqrt(min(len(held_out) / len(memory.test), 1.0))  # a z grows with the root of the smaller group
    expected = share * memory.test_harder_than(learned, HARD)
    z = memory.harder_than(learned, held_out, HARD)
    if expected < FORGETFUL:
        return Evidence(name, None, "it remembers too little of what it learned to tell held-out images from it", z)
    return Evidence(
        name,
        float(ndtr((z - expected) / HELD_OUT_SPREAD)),
        f"the images that its record calls held out look as learned as the others (z = {z:.1f} against them, where new "
        f"images would have {expected:.1f})",
        z,
    )


def order_is_remembered(run: Run, memory: Memory, learned: Indices) -> Evidence:
    """A training that ends within an epoch has learned some images once more; its seed says which.

    Judged for the recipes of this package only, of which it is known how much more they remember.
    """
    recipe = recipe_of(run)
    expected = ONCE_MORE.get(recipe.name) if same_as_shipped(recipe) else None
    if expected is None or run.interrupted or not 0 <= run.seed < 2**63:
        raise InputError("how much this recipe remembers of its last batches is not known")
    per_epoch = -(-len(learned) // recipe.batch_size)
    epoch, steps = divmod(training_steps(recipe.epochs, per_epoch), per_epoch)
    order = learned[shuffled_order(len(learned), run.seed, epoch)]
    again = np.zeros(len(memory.train), np.bool_)
    again[order[: steps * recipe.batch_size]] = True
    z = memory.harder_than(again, ~again)
    return Evidence(
        "images of the last epoch",
        float(ndtr((z - expected[0]) / expected[1])),
        "it does not remember the training images that its seed and splits say it learned: it learned others, or in "
        f"another order (z = {z:.1f}, where honest runs have {expected[0]:.1f} ± {expected[1]:.1f})",
        z,
    )


def same_as_shipped(recipe: Recipe) -> bool:
    """Whether this is one of the package's recipes, no knob turned."""
    shipped = RECIPES.get(recipe.name)
    return shipped is not None and shipped.to_record() == recipe.to_record() and shipped.network == recipe.network
