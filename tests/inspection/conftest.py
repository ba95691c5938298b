"""Random networks for the oracles: strides, padding, batch norm, dropout, two dense layers."""

from __future__ import annotations

import numpy as np
import pytest

from exmachina.networks import BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool, Network
from exmachina.runs import Run

NORMED = Network(
    "normed",
    (
        Conv("first", filters=6, kernel=3, stride=2, padding=1),  # (6, 14, 14)
        BatchNorm("norm", "relu"),
        Conv("second", "relu", filters=5, kernel=4, stride=3, padding=2),  # (5, 5, 5)
        MaxPool("pool", size=2),  # (5, 2, 2): one line dropped
        Flatten("flat"),
        Dropout("drop", rate=0.4),
        Dense("hidden", "relu", units=7),
        Dense("answer", "softmax", units=10),
    ),
    mean=0.2,
    std=0.4,
)
PLAIN = Network(
    "plain",
    (
        Conv("a", "relu", filters=3, kernel=5),
        MaxPool("b", size=3),
        Conv("c", filters=4, kernel=3, padding=1),
        Dropout("d", rate=0.2),
        Flatten("e"),
        Dense("f", "softmax", units=10),
    ),
)


def random_run(network: Network, seed: int) -> Run:
    """Weights of every kind away from zero and one, batch norm's record too."""
    rng = np.random.default_rng(seed)
    weights = {
        name: (rng.uniform(0.3, 2, shape) if name.endswith("running_var") else rng.normal(0, 0.3, shape))
        for name, shape in network.weight_shapes().items()
    }
    return Run(network, {name: array.astype(np.float32) for name, array in weights.items()}, {"name": network.name})


@pytest.fixture
def normed_run() -> Run:
    return random_run(NORMED, seed=8)


@pytest.fixture(params=[NORMED, PLAIN], ids=lambda network: network.name)
def random_network_run(request: pytest.FixtureRequest) -> Run:
    return random_run(request.param, seed=3)
