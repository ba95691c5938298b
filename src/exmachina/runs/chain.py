"""A network that is being read from somebody else's file, layer by layer."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import Any

from exmachina.errors import InputError
from exmachina.networks.layers import RESERVED, Layer, Network

BYTES_BELOW = 0.1  # a scale this small is meant for bytes; the pixels here are bytes / 255


@dataclass
class Chain:
    """The layers read so far, and how pixels are standardised before the first."""

    layers: list[Layer] = field(default_factory=list)
    mean: float = 0.0
    std: float = 1.0
    name: str = "imported"

    @property
    def network(self) -> Network:
        """The network read so far. Raises `InputError` if its layers do not fit."""
        return Network(self.name, tuple(self.layers), (1, 28, 28), self.mean, self.std)

    def call(self, name: object) -> None:
        """Take the file's own name for the network, if it is one."""
        if isinstance(name, str) and name.isprintable() and 1 <= len(name) <= 64:
            self.name = name

    def activate(self, activation: Any) -> None:
        """Apply an activation to the last layer's output; the layer checks that it is one."""
        if not self.layers or self.layers[-1].activation != "linear":
            raise InputError(f"its activation {activation} follows no layer, or another activation")
        self.layers[-1] = replace(self.layers[-1], activation=activation)

    def rescale(self, scale: float, offset: float) -> None:
        """Standardise: pixel · `scale` + `offset`, before the first layer."""
        if self.layers or (self.mean, self.std) != (0, 1) or not scale > 0:
            raise InputError("Rescaling is known only before the first layer, once, with a scale above 0")
        if scale < BYTES_BELOW:
            scale *= 255
        self.mean, self.std = -offset / scale, 1 / scale
        if math.isclose(self.std, 1, rel_tol=1e-6):
            self.std = 1.0

    def free_name(self, name: str) -> str:
        """A layer's name like `name` that no other layer has."""
        name = re.sub("[^A-Za-z0-9_]", "_", name)[:48]
        name = name if name[:1].isalpha() else f"layer_{name}"
        taken = RESERVED | {layer.name for layer in self.layers}
        return next(free for free in (name, *(f"{name}_{n}" for n in range(1, 1000))) if free not in taken)
