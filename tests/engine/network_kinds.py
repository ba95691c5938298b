"""Networks to try the engine on."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import get_args

import numpy as np

from exmachina.errors import InputError
from exmachina.networks import BatchNorm, Conv, Dense, Dropout, Flatten, Layer, MaxPool, Network
from exmachina.networks.layers import Activation

ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)


def without_dropout(network: Network) -> Network:
    layers = tuple(replace(layer, rate=0.0) if isinstance(layer, Dropout) else layer for layer in network.layers)
    return replace(network, layers=layers)


def random_network(seed: int, dropout: float = 0.0) -> Network:
    """Any chain that the layer list allows: odd sizes, channels that fill no vector, every activation anywhere."""
    rng = np.random.default_rng(seed)
    for attempt in itertools.count():
        try:
            return _random_network(rng, f"random {seed}.{attempt}", dropout)
        except InputError:  # the shapes do not fit: roll again
            continue
    raise AssertionError


def _random_network(rng: np.random.Generator, name: str, dropout: float) -> Network:
    def some(low: int, high: int | None = None) -> int:
        return int(rng.integers(low, high))

    def activation() -> Activation:
        return ACTIVATIONS[rng.choice(3, p=[0.4, 0.5, 0.1])]

    layers: list[Layer] = []
    flat = False
    for i in range(some(1, 7)):
        kind = str(
            rng.choice(
                ["conv", "conv3", "pool", "norm", "dropout", "flatten", "dense"],
                p=[0.3, 0.2, 0.2, 0.1, 0.05, 0.05, 0.1],
            )
        )
        if kind in ("flatten", "dense") and not flat:
            layers.append(Flatten(f"flatten{i}", activation()))
            flat = True
        if kind == "dense" or (flat and kind not in ("flatten", "dropout")):
            layers.append(Dense(f"dense{i}", activation(), units=some(1, 50)))
        elif kind == "conv":
            layers.append(
                Conv(
                    f"conv{i}", activation(), filters=some(1, 40), kernel=some(1, 6), stride=some(1, 4), padding=some(4)
                )
            )
        elif kind == "conv3":
            layers.append(Conv(f"conv{i}", activation(), filters=8 * some(1, 5), kernel=3, padding=some(2)))
        elif kind == "pool":
            layers.append(MaxPool(f"pool{i}", activation(), size=some(1, 4)))
        elif kind == "norm":
            layers.append(BatchNorm(f"norm{i}", activation()))
        elif kind == "dropout":
            layers.append(Dropout(f"dropout{i}", activation(), rate=0.0))
    if not flat:
        layers.append(Flatten("flatten"))
    layers.append(Dense("out", "softmax", units=some(2, 20)))
    side = some(5, 29)
    return Network(name, tuple(layers), (some(1, 4), side, side + some(3)), mean=0.1, std=0.5)
