"""A training on PyTorch, walked by the engine: from the same weights, batches and dropout the same loss.

Left to itself any training soon goes its own way, for each step magnifies rounding: PyTorch in single precision is
1 % from PyTorch in double precision after about 35 steps of `fast`, and after 15 of `classic`. So the engine is set
upon PyTorch's path again at every step.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import random_oracle
import torch

from exmachina.data import Dataset, load_mnist_split
from exmachina.engine import Model, initial_weights, shuffled_order
from exmachina.engine.model import LOSS_ONLY
from exmachina.networks import Dropout
from exmachina.training import Recipe, StepEnd, get_recipe, train
from exmachina.training.learner import settings_of
from exmachina.training.pytorch import module as pytorch_module

STEPS, BATCH, SEED = 50, 32, 11


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    return load_mnist_split("train")


def steps_of(recipe: Recipe, data: Dataset, backend: str, count: int) -> list[StepEnd]:
    steps = (event for event in train(recipe, data, SEED, backend=backend) if isinstance(event, StepEnd))
    return list(itertools.islice(steps, count))


@pytest.fixture(params=["fast", "classic", "sprint"])
def recipe(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """A recipe of small batches for which PyTorch drops what the engine drops."""
    chosen = get_recipe(request.param).replace(precision="fp32", batch_size=BATCH)
    numbers = [i for i, layer in enumerate(chosen.network.layers) if isinstance(layer, Dropout)]
    calls = itertools.count()

    def engines_dropout(x: torch.Tensor, rate: float, generator: object) -> torch.Tensor:
        step, which = divmod(next(calls), len(numbers))
        kept = random_oracle.kept(tuple(x.shape), rate, SEED, step, numbers[which])
        return x * torch.from_numpy(kept) / (1 - rate)

    monkeypatch.setattr(pytorch_module, "dropout", engines_dropout)
    return chosen


@pytest.mark.slow
def test_losses_of_fifty_steps_are_pytorchs(recipe: Recipe, mnist: Dataset) -> None:
    model = Model(recipe.network, learns=recipe.batch_size)
    model.prepare(settings_of(recipe))
    order = shuffled_order(len(mnist), SEED, 0)
    weights, expected, result = initial_weights(recipe.network, SEED), [], []
    events = train(recipe, mnist, SEED, backend="torch")
    for event in itertools.islice((event for event in events if isinstance(event, StepEnd)), STEPS):
        step = event.step - 1
        batch = order[step * recipe.batch_size :][: recipe.batch_size]
        model.set(weights)
        result.append(model.learn(mnist.images, mnist.labels, batch, seed=SEED, step=step, how=LOSS_ONLY)[0])
        expected.append(event.loss)
        weights = event.snapshot().weights
    np.testing.assert_allclose(result, expected, rtol=1e-4)
    assert expected[-1] < expected[0] / 2


@pytest.mark.slow
def test_first_steps_go_pytorchs_way_by_themselves(mnist: Dataset) -> None:
    recipe = get_recipe("fast").replace(precision="fp32")
    engine, pytorch = ([step.loss for step in steps_of(recipe, mnist, backend, 5)] for backend in ("engine", "torch"))
    np.testing.assert_allclose(engine, pytorch, rtol=1e-2)
