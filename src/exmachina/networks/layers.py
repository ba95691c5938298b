"""Layers and networks as plain data: what the engine, ONNX, Keras, PyTorch and the page each build from.

A network is a chain of layers. Each layer knows its output shape and its parameters' shapes, so the
summary, the checks on a loaded file and the page's live parameter count need no engine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Literal, get_args

from exmachina.errors import InputError, check_number
from exmachina.networks.summary import table

Shape = tuple[int, ...]  # without the batch axis; images are (channels, height, width)
Activation = Literal["linear", "relu", "softmax"]
Limits = dict[str, tuple[float, float]]  # option → smallest and largest value

# Far beyond any network that reads digits, and near enough that a lying file costs nothing.
MAX_LAYERS, MAX_PARAMETERS, MAX_OUTPUTS = 256, 100_000_000, 4_000_000
# Names of other values in the ONNX model.
RESERVED = {"images", "centred", "standardized", "pixel_mean", "pixel_std", "logits", "probabilities"}


@dataclass(frozen=True)
class Layer:
    """A named step of a network. `activation` is applied to its output."""

    name: str
    activation: Activation = "linear"
    kind: ClassVar[str]
    limits: ClassVar[Limits] = {}

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,63}", self.name):
            raise InputError(f"Layer name {self.name!r} must be letters, digits and _, beginning with a letter.")
        if self.name in RESERVED:
            raise InputError(f"Layer name '{self.name}' is taken; choose another, such as {self.name}1.")
        if self.activation not in get_args(Activation):
            choices = ", ".join(get_args(Activation))
            raise InputError(f"Layer '{self.name}': unknown activation {self.activation!r}. Choose one of: {choices}.")
        for option, limits in self.limits.items():
            check_number(f"Layer '{self.name}': {option}", getattr(self, option), *limits)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of one output for one input of `shape`."""
        return shape

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        """Shape of every stored tensor, in PyTorch's layout, for an input of `shape`."""
        return {}

    def parameters(self, shape: Shape) -> int:
        """Number of trainable parameters for an input of `shape`."""
        return sum(math.prod(s) for name, s in self.weight_shapes(shape).items() if not name.startswith("running_"))

    def multiplications(self, shape: Shape) -> int:
        """Multiplications that one image costs in this layer."""
        return 0


@dataclass(frozen=True, kw_only=True)
class Conv(Layer):
    """Convolution (cross-correlation, as in every deep-learning library) with a square kernel."""

    filters: int
    kernel: int = 3
    stride: int = 1
    padding: int = 0
    kind: ClassVar[str] = "Conv2D"
    limits: ClassVar[Limits] = {"filters": (1, 4096), "kernel": (1, 64), "stride": (1, 64), "padding": (0, 64)}

    def output_shape(self, shape: Shape) -> Shape:
        _, height, width = _image(self, shape)
        size = [(side + 2 * self.padding - self.kernel) // self.stride + 1 for side in (height, width)]
        if min(size) < 1:
            raise InputError(
                f"Layer '{self.name}': a {self.kernel}×{self.kernel} kernel does not fit {height}×{width}; "
                "use a smaller kernel, more padding or less pooling."
            )
        return (self.filters, *size)

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        return {"weight": (self.filters, shape[0], self.kernel, self.kernel), "bias": (self.filters,)}

    def multiplications(self, shape: Shape) -> int:
        return math.prod(self.output_shape(shape)) * shape[0] * self.kernel**2


@dataclass(frozen=True, kw_only=True)
class MaxPool(Layer):
    """The largest value of each non-overlapping `size` × `size` square; a remainder at the edge is dropped."""

    size: int = 2
    kind: ClassVar[str] = "MaxPooling2D"
    limits: ClassVar[Limits] = {"size": (1, 64)}

    def output_shape(self, shape: Shape) -> Shape:
        channels, height, width = _image(self, shape)
        if min(height, width) < self.size:
            raise InputError(
                f"Layer '{self.name}': cannot pool {self.size}×{self.size} in {height}×{width}; use less pooling."
            )
        return (channels, height // self.size, width // self.size)


@dataclass(frozen=True, kw_only=True)
class BatchNorm(Layer):
    """Each channel scaled to the mean and variance of its batch (in training) or of its past (after)."""

    epsilon: float = 1e-5
    kind: ClassVar[str] = "BatchNormalization"
    limits: ClassVar[Limits] = {"epsilon": (1e-12, 1.0)}

    def output_shape(self, shape: Shape) -> Shape:
        return _image(self, shape)

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (shape[0],))

    def multiplications(self, shape: Shape) -> int:
        return math.prod(shape)


@dataclass(frozen=True, kw_only=True)
class Dropout(Layer):
    """In training, sets each value to zero with probability `rate` and scales the rest up by 1 / (1 - rate)."""

    rate: float
    kind: ClassVar[str] = "Dropout"
    limits: ClassVar[Limits] = {"rate": (0.0, 0.99)}


@dataclass(frozen=True, kw_only=True)
class Flatten(Layer):
    """The feature maps in one row: channel after channel, line after line."""

    kind: ClassVar[str] = "Flatten"

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)


@dataclass(frozen=True, kw_only=True)
class Dense(Layer):
    """Every output is a weighted sum of every input."""

    units: int
    kind: ClassVar[str] = "Dense"
    limits: ClassVar[Limits] = {"units": (1, 65_536)}

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise InputError(f"Layer '{self.name}': a dense layer takes a row of values; put a Flatten before it.")
        return (self.units,)

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        return {"weight": (self.units, shape[0]), "bias": (self.units,)}

    def multiplications(self, shape: Shape) -> int:
        return self.units * shape[0]


KINDS: dict[str, type[Layer]] = {layer.kind: layer for layer in (Conv, MaxPool, BatchNorm, Dropout, Flatten, Dense)}


@dataclass(frozen=True)
class Step:
    """A layer in its place: the shapes that flow in and out, and its stored tensors by full name."""

    layer: Layer
    input_shape: Shape
    output_shape: Shape

    @property
    def weights(self) -> dict[str, Shape]:
        """Shapes of this layer's tensors under their full names, e.g. `conv1.weight`."""
        shapes = self.layer.weight_shapes(self.input_shape)
        return {f"{self.layer.name}.{name}": shape for name, shape in shapes.items()}

    @property
    def parameters(self) -> int:
        """Trainable parameters of this layer."""
        return self.layer.parameters(self.input_shape)

    @property
    def multiplications(self) -> int:
        """Multiplications that one image costs in this layer."""
        return self.layer.multiplications(self.input_shape)


@dataclass(frozen=True)
class Network:
    """A chain of layers from an image of (1, 28, 28) values in [0, 1] to class probabilities.

    `mean` and `std` standardise the pixels before the first layer: (pixel / 255 - mean) / std.
    """

    name: str
    layers: tuple[Layer, ...]
    input_shape: Shape = (1, 28, 28)
    mean: float = 0.0
    std: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isprintable() or not 1 <= len(self.name) <= 64:
            raise InputError(f"A network's name must be 1 to 64 printable characters, not {self.name!r}.")
        if not isinstance(self.input_shape, tuple) or len(self.input_shape) != 3:
            raise InputError(f"Input shape {self.input_shape!r} must be (channels, height, width).")
        for side in self.input_shape:
            check_number(f"Network '{self.name}': a side of input_shape", side, 1, 1024)
        check_number(f"Network '{self.name}': mean", self.mean, -1e3, 1e3)
        check_number(f"Network '{self.name}': std", self.std, 1e-6, 1e3)
        if not isinstance(self.layers, tuple) or not all(isinstance(layer, Layer) for layer in self.layers):
            raise InputError(f"Network '{self.name}': layers must be a tuple of layers.")
        if len(self.layers) > MAX_LAYERS:
            raise InputError(f"Network '{self.name}' has {len(self.layers)} layers; the limit is {MAX_LAYERS}.")
        names = [layer.name for layer in self.layers]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise InputError(f"Network '{self.name}' has two layers named '{min(twice)}'; give each its own name.")
        if not self.layers or not isinstance(self.layers[-1], Dense) or self.layers[-1].activation != "softmax":
            raise InputError(f"Network '{self.name}' must end in a Dense layer with softmax.")
        values = max(math.prod(step.output_shape) for step in self.steps())  # raises if the shapes do not fit
        check_number(f"Network '{self.name}': values that one layer gives", values, 1, MAX_OUTPUTS)
        check_number(f"Network '{self.name}': parameters", self.parameters, 1, MAX_PARAMETERS)

    def steps(self) -> Iterator[Step]:
        """Every layer in order, with the shapes that flow in and out."""
        shape = self.input_shape
        for layer in self.layers:
            output = layer.output_shape(shape)
            yield Step(layer, shape, output)
            shape = output

    def step(self, name: str) -> Step:
        """The layer called `name`, in its place. Raises `InputError` if there is none."""
        for step in self.steps():
            if step.layer.name == name:
                return step
        names = ", ".join(layer.name for layer in self.layers)
        raise InputError(f"Network '{self.name}' has no layer '{name}'. Choose one of: {names}.")

    @property
    def parameters(self) -> int:
        """Trainable parameters in all."""
        return sum(step.parameters for step in self.steps())

    @property
    def classes(self) -> int:
        """Number of classes."""
        return self.layers[-1].output_shape((1,))[0]

    def summary(self) -> str:
        """The layers as a table: output shapes, parameters, and the multiplications that one image costs."""
        return table(self)

    def weight_shapes(self) -> dict[str, Shape]:
        """Shape of every stored tensor by its full name, in order."""
        return {name: shape for step in self.steps() for name, shape in step.weights.items()}

    def replace(self, layer: str, /, **changes: Any) -> Network:
        """The same with one layer changed: `replace("conv1", kernel=5)`. Raises `InputError` for what does not fit."""
        changed = self.step(layer).layer  # raises if there is none
        options_of = [item.name for item in fields(changed) if item.init and item.name != "name"]
        unknown = sorted(changes.keys() - set(options_of))
        if unknown:
            options = ", ".join(options_of)
            raise InputError(f"Layer '{layer}' has no option '{unknown[0]}'. Choose one of: {options}.")
        layers = tuple(replace(item, **changes) if item.name == layer else item for item in self.layers)
        return replace(self, layers=layers)

    def to_json(self) -> dict[str, Any]:
        """Plain data for `run.json`; `Network.from_json` reads it back."""
        layers = [{"type": layer.kind, **asdict(layer)} for layer in self.layers]
        shape = list(self.input_shape)
        return {"name": self.name, "input_shape": shape, "mean": self.mean, "std": self.std, "layers": layers}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Network:
        """The network that `to_json` described. Raises `InputError` on anything else."""
        try:
            layers = tuple(
                KINDS[item["type"]](**{option: value for option, value in item.items() if option != "type"})
                for item in data["layers"]
            )
            return cls(**{**data, "layers": layers, "input_shape": tuple(data["input_shape"])})
        except InputError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"Not a network description ({error}); was the file edited?") from None


def _image(layer: Layer, shape: Shape) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise InputError(f"Layer '{layer.name}' takes feature maps (channels, height, width), not {shape}.")
    return shape[0], shape[1], shape[2]
