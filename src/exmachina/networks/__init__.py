"""The registry of networks: one file per network, described as plain data."""

from exmachina.errors import InputError
from exmachina.networks.accurate import ACCURATE
from exmachina.networks.classic import CLASSIC
from exmachina.networks.fast import FAST
from exmachina.networks.layers import (
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool,
    Network,
    Step,
)

NETWORKS = {network.name: network for network in (CLASSIC, FAST, ACCURATE)}

__all__ = [
    "ACCURATE",
    "CLASSIC",
    "FAST",
    "NETWORKS",
    "BatchNorm",
    "Conv",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "MaxPool",
    "Network",
    "Step",
    "get_network",
]


def get_network(name: str) -> Network:
    """The registered network called `name`. Raises `InputError` naming the choices."""
    try:
        return NETWORKS[name]
    except KeyError:
        raise InputError(f"Unknown network '{name}'. Choose one of: {', '.join(sorted(NETWORKS))}.") from None
