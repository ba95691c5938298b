"""Random numbers by counting, against the same written out in NumPy, and against what chance should look like."""

from __future__ import annotations

import numpy as np
import pytest
import random_oracle
from scipy import stats

from exmachina.engine import Model, initial_weights, shuffled_order
from exmachina.networks import Conv, Dense, Dropout, Flatten, Network


@pytest.mark.parametrize(("seed", "epoch"), [(0, 0), (7, 3), (2**63 - 1, 1)])
def test_order_of_an_epoch_is_the_written_out_shuffle(seed: int, epoch: int) -> None:
    assert shuffled_order(500, seed, epoch).tolist() == random_oracle.order(500, seed, epoch)


def test_orders_are_permutations_and_every_epochs_and_seeds_is_another() -> None:
    orders = [tuple(shuffled_order(1000, seed, epoch).tolist()) for seed in range(5) for epoch in range(5)]
    assert all(sorted(order) == list(range(1000)) for order in orders)
    assert len(set(orders)) == 25


def test_every_image_is_as_likely_at_every_place() -> None:
    firsts = np.bincount([shuffled_order(20, seed, 0)[0] for seed in range(4000)], minlength=20)
    assert stats.chisquare(firsts).pvalue > 1e-4


def test_first_weights_are_the_written_out_uniform_numbers() -> None:
    network = Network("n", (Conv("conv1", filters=3, kernel=4), Flatten("flat"), Dense("out", "softmax", units=5)))
    weights = initial_weights(network, 42)
    drawn = random_oracle.uniform(42, random_oracle.WEIGHTS, 0, 0, 48)
    limit = np.sqrt(6 / (16 + 48))
    np.testing.assert_allclose(weights["conv1.weight"].ravel(), limit * (2 * drawn - 1), rtol=1e-5)
    drawn = random_oracle.uniform(42, random_oracle.WEIGHTS, 2, 0, weights["out.weight"].size)
    limit = np.sqrt(6 / (5 + 3 * 25 * 25))
    np.testing.assert_allclose(weights["out.weight"].ravel(), limit * (2 * drawn - 1), rtol=1e-5)


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 0.9])
def test_dropout_keeps_its_share_scales_it_and_draws_anew_each_step(rate: float) -> None:
    # A network of dropout alone: the gradient of the last layer's weights is that of the values it was given.
    network = Network("d", (Dropout("drop", rate=rate), Flatten("flat"), Dense("out", "softmax", units=2)), (3, 20, 20))
    shown = []
    for step in range(4):
        model = Model(network, learns=1)
        model.learn(np.ones((1, 3, 20, 20), np.float32), np.zeros(1, np.uint8), seed=9, step=step, how=1)
        gradient = model.get("gradients")
        shown.append((gradient["out.weight"][0] / gradient["out.bias"][0]).reshape(1, 3, 20, 20))
    for step, values in enumerate(shown):
        expected = random_oracle.kept((1, 3, 20, 20), rate, 9, step, 0) / (1 - rate)
        np.testing.assert_allclose(values, expected, atol=1e-5)
    kept = np.stack(shown) > 0
    assert stats.binomtest(int(kept.sum()), kept.size, 1 - rate).pvalue > 1e-4
    assert (kept[0] != kept[1]).any()


def test_neighbouring_streams_and_numbers_are_not_correlated() -> None:
    drawn = np.stack([random_oracle.uniform(seed, random_oracle.DROPOUT, 0, 0, 2000) for seed in range(20)])
    drawn = drawn - 0.5
    together = drawn @ drawn.T / 2000 * 12
    assert np.abs(together - np.eye(20)).max() < 0.12
    assert abs(float((drawn[:, 1:] * drawn[:, :-1]).mean()) * 12) < 0.02
