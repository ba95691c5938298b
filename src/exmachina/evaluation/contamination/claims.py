"""What the record says, held against the weights: the figures it quotes, and the seed they began from."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from exmachina.engine import initial_weights
from exmachina.errors import InputError
from exmachina.evaluation.contamination.memory import same_as_shipped
from exmachina.evaluation.contamination.result import Evidence
from exmachina.evaluation.statistics.cross_validation import recipe_of
from exmachina.formatting import percent
from exmachina.runs import Run

ROUNDING = {"fp32": (3e-4, 1e-3)}  # accuracy, and loss as a share of itself: between kinds of processor
COARSE = (2e-3, 5e-2)  # in lower precision
FORGOTTEN, REMEMBERED = 5.0, 10.0  # z of the weights against the numbers that a seed begins with
SEARCHED, SEARCH_PARAMETERS = 64, 20_000_000  # other seeds that are tried, as many as this many numbers allow


def recorded_figures(run: Run, accuracy: float, loss: float, images: int) -> Evidence:
    """The recorded test accuracy and loss are those of these weights, to rounding; `loss` at temperature 1."""
    name = "recorded figures"
    if run.test_accuracy is None or run.splits.get("test") != images:
        return Evidence(name, None, "its record quotes no result on this test set")
    near, share = ROUNDING.get(run.precision, COARSE)
    wrong = []
    if abs(run.test_accuracy - accuracy) > near:
        wrong.append(f"an accuracy of {percent(run.test_accuracy, 2)} where it has {percent(accuracy, 2)}")
    if run.test_loss is not None and abs(run.test_loss - loss) > max(share * loss, 1e-5):
        wrong.append(f"a test loss of {run.test_loss:.4f} where it has {loss:.4f}")
    if wrong:
        return Evidence(
            name, 0.0, f"its record claims {' and '.join(wrong)}: record and weights do not belong together"
        )
    return Evidence(name, 1.0, "the recorded accuracy and loss are those of these weights")


def seed_is_remembered(run: Run) -> Evidence:
    """Trained weights still resemble the random numbers that they began with, and only those of their own seed.

    A seed is called false only where another one fits, or where the recipe is one of this package's, whose weights are
    known to remember theirs.
    """
    name = "the seed"
    recipe = recipe_of(run)
    if not 0 <= run.seed < 2**63:
        raise InputError("its record has no seed")
    own = resemblance(run, run.seed)
    if own >= FORGOTTEN:
        return Evidence(name, 1.0, f"its weights began as those of seed {run.seed} (z = {own:.0f})", own)
    tried = min(SEARCHED, SEARCH_PARAMETERS // max(run.network.parameters, 1))
    other = next((seed for seed in range(tried) if resemblance(run, seed) > REMEMBERED), None)
    if other is not None:
        return Evidence(
            name, 0.0, f"its weights began as those of seed {other}, not of seed {run.seed} as recorded", own
        )
    if same_as_shipped(recipe):
        says = f"its weights did not begin as those of seed {run.seed}, which its record claims (z = {own:.1f})"
        return Evidence(name, 0.0, says, own)
    return Evidence(name, None, "these weights remember no seed that was tried, nor need they with this recipe")


def resemblance(run: Run, seed: int) -> float:
    """Fisher's z of the correlation between the kernels and those that a training with this seed begins from."""
    begun = initial_weights(run.network, seed)
    kernels = [name for name, array in begun.items() if array.ndim > 1]
    pairs = [(_standardised(begun[name]), _standardised(run.weights[name])) for name in kernels]
    first, second = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    correlation = float(np.clip(first @ second / len(first), -0.999999, 0.999999))
    return math.atanh(correlation) * math.sqrt(max(len(first) - 3, 1))


def _standardised(array: NDArray[np.float32]) -> NDArray[np.float64]:
    numbers = array.ravel().astype(np.float64)
    return np.asarray((numbers - numbers.mean()) / max(float(numbers.std()), 1e-30))
