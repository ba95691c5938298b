"""The part of a run that says "no digit": a small network over the last values of the large one.

A classifier of ten classes has only ten answers, and gives one to a smiley too. What its last layer sees of a smiley is
another matter: unlike anything it sees of digits. One hidden layer over those values, the logits and the probabilities
tells them apart:

    x = [values before the last layer, logits, probabilities]
    score = w · ReLU(W x + b) + c          and  1 / (1 + exp(−score)) is the chance that this is a digit
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.networks.layers import Network

REJECTOR = "rejector.safetensors"
MOST_HIDDEN = 1024
UNTHREADED = 2**18  # multiplications that OpenBLAS does on one thread
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Rejector:
    """Hidden weights (H, F) and biases (H,), output weights (H,) and bias, and the two thresholds.

    An image whose chance to be a digit is below `no_digit` is rejected. One whose chance, times the probability of the
    digit that is read, is below `sure` is read, but not for certain.
    """

    hidden: Floats = field(repr=False)
    hidden_bias: Floats = field(repr=False)
    output: Floats = field(repr=False)
    output_bias: float
    no_digit: float
    sure: float

    def chances(self, inputs: Floats) -> Floats:
        """How likely each image (N,) is a digit, from what the network makes of it (N, F)."""
        together = max(1, UNTHREADED // self.hidden.size)  # threads of BLAS would wait for each other far longer
        if len(inputs) <= together:
            return self._chances(inputs)
        return np.concatenate(
            [self._chances(inputs[start : start + together]) for start in range(0, len(inputs), together)]
        )

    def _chances(self, inputs: Floats) -> Floats:
        scores = np.maximum(inputs @ self.hidden.T + self.hidden_bias, 0) @ self.output + np.float32(self.output_bias)
        result: Floats = 1 / (1 + np.exp(-scores))
        return result

    def to_bytes(self) -> bytes:
        """The rejector as a safetensors file, its thresholds beside the weights."""
        from safetensors.numpy import save

        tensors = {
            "hidden.weight": np.ascontiguousarray(self.hidden),
            "hidden.bias": self.hidden_bias,
            "output.weight": self.output,
            "output.bias": np.array([self.output_bias], np.float32),
            "thresholds": np.array([self.no_digit, self.sure], np.float32),
        }
        content: bytes = save(tensors)
        return content

    @classmethod
    def from_bytes(cls, content: bytes, network: Network, source: str) -> Rejector:
        """Read such a file for a network. Raises `InputError` if it is damaged or another network's."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            tensors = load(content)
        except (SafetensorError, ValueError, KeyError, TypeError):
            raise InputError(f"{source} is not a valid safetensors file; the run is damaged.") from None
        hidden = tensors.get("hidden.weight", np.zeros(0)).shape[:1]
        shapes = {
            "hidden.weight": (*hidden, features(network)),
            "hidden.bias": hidden,
            "output.weight": hidden,
            "output.bias": (1,),
            "thresholds": (2,),
        }
        for name, shape in shapes.items():
            array = tensors.get(name)
            if array is None or array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
                raise InputError(f"{source}: '{name}' is not finite float32 {shape}; the run is damaged.")
        no_digit, sure = (float(value) for value in tensors["thresholds"])
        if not (0 <= no_digit <= 1 and 0 <= sure <= 1):
            raise InputError(f"{source}: its thresholds are {no_digit:g} and {sure:g}, not from 0 to 1.")
        return cls(
            tensors["hidden.weight"],
            tensors["hidden.bias"],
            tensors["output.weight"],
            float(tensors["output.bias"][0]),
            no_digit,
            sure,
        )


def largest(network: Network) -> int:
    """The most bytes that a rejector of this network may take."""
    return 4 * MOST_HIDDEN * (features(network) + 4)


def features(network: Network) -> int:
    """How many numbers a rejector of this network reads of an image."""
    return math.prod(list(network.steps())[-1].input_shape) + 2 * network.classes


def last_values(network: Network) -> str:
    """The layer whose values the last layer reads."""
    return network.layers[-2].name
