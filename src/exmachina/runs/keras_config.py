"""What a Keras 3 model's `config.json` describes, read as plain data: nothing that it names is ever looked up."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exmachina.errors import InputError
from exmachina.networks.layers import RESERVED, BatchNorm, Conv, Dense, Dropout, Flatten, Layer, MaxPool, Network

INSTALL = 'Keras files need h5py; install it with pip install "hello-ex-machina[keras]".'
CONFIG, WEIGHTS = "config.json", "model.weights.h5"
# Layer → its group in the HDF5 file, and its tensors there in order.
STORED = {
    "Conv2D": ("conv2d", ("weight", "bias")),
    "Dense": ("dense", ("weight", "bias")),
    "BatchNormalization": ("batch_normalization", ("weight", "bias", "running_mean", "running_var")),
}

KNOWN = (
    *("Activation", "BatchNormalization", "Conv2D", "Dense", "Dropout", "Flatten", "MaxPooling2D", "ReLU"),
    *("Rescaling", "Softmax", "ZeroPadding2D"),
)
NORM = {"weight": "scale", "bias": "center"}
# What these layers may say beyond their name.
PLAIN: dict[str, dict[str, Any]] = {
    "ReLU": {"max_value": None, "negative_slope": 0, "threshold": 0},
    "Softmax": {"axis": -1},
}


def read_config(config: bytes, path: Path) -> KerasModel:
    """The chain of layers in a `config.json`. Raises `InputError`, naming `path`, if it is not one."""
    model = KerasModel()
    try:
        description = json.loads(config)
        for kind, options in _chain(description):
            model.add(kind, options)
        if model.padding:
            raise InputError("it ends in ZeroPadding2D")
        name = description["config"]["name"]
        if isinstance(name, str) and name.isprintable() and 1 <= len(name) <= 64:
            model.name = name
        _ = model.network  # raises if the layers do not fit
    except InputError as error:
        raise InputError(f"Cannot import '{path}': {str(error).rstrip('.')}.") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError, RecursionError) as error:
        raise InputError(f"Cannot import '{path}': its description makes no sense ({error!r}).") from None
    return model


@dataclass
class KerasModel:
    """What a `config.json` described, as far as it has been read."""

    layers: list[Layer] = field(default_factory=list)
    mean: float = 0.0
    std: float = 1.0
    padding: int = 0
    absent: set[str] = field(default_factory=set)  # tensors that the file leaves out: `use_bias=False`
    name: str = "imported"

    @property
    def network(self) -> Network:
        """The network read so far. Raises `InputError` if its layers do not fit."""
        return Network(self.name, tuple(self.layers), (1, 28, 28), self.mean, self.std)

    def add(self, kind: str, options: dict[str, Any]) -> None:
        """Take in one Keras layer. `options` is its configuration."""
        if self.padding and kind != "Conv2D":
            raise InputError("ZeroPadding2D is known only right before a Conv2D")
        if kind == "Rescaling":
            self._rescale(float(options["scale"]), float(options["offset"]))
        elif kind == "ZeroPadding2D":
            self.padding = _same([side for pair in options["padding"] for side in pair], "padding")
        elif kind in ("Activation", "ReLU", "Softmax"):
            self._activate(kind, options)
        else:
            self.layers.append(self._layer(kind, self._free_name(str(options["name"])), options))

    def _layer(self, kind: str, name: str, options: dict[str, Any]) -> Layer:
        if options.get("data_format", "channels_last") != "channels_last":
            raise InputError(f"{name} has channels first; only channels_last is read")
        activation = options.get("activation", "linear")
        if kind in ("Conv2D", "Dense") and not options["use_bias"]:
            self.absent.add(f"{name}.bias")
        if kind == "Conv2D":
            kernel, stride = _same(options["kernel_size"], "kernel_size"), _same(options["strides"], "strides")
            if _same(options["dilation_rate"], "dilation_rate") != 1 or options["groups"] != 1:
                raise InputError(f"{name} is dilated or grouped")
            padding, self.padding = self.padding, 0
            if options["padding"] == "same":
                if stride != 1 or kernel % 2 == 0 or padding:
                    raise InputError(f"{name} has padding 'same', which is read for odd kernels and stride 1")
                padding = kernel // 2
            return Conv(name, activation, filters=options["filters"], kernel=kernel, stride=stride, padding=padding)
        if kind == "Dense":
            return Dense(name, activation, units=options["units"])
        if kind == "MaxPooling2D":
            if options["padding"] != "valid" or options["strides"] != options["pool_size"]:
                raise InputError(f"{name} pools overlapping or padded squares")
            return MaxPool(name, size=_same(options["pool_size"], "pool_size"))
        if kind == "BatchNormalization":
            if options["axis"] not in (-1, 3, [-1], [3]) or options.get("renorm"):
                raise InputError(f"{name} normalises another axis than the channels, or renormalises")
            self.absent |= {f"{name}.{ours}" for ours, theirs in NORM.items() if not options[theirs]}
            return BatchNorm(name, epsilon=options["epsilon"])
        if kind == "Flatten":
            return Flatten(name)
        if kind == "Dropout":
            return Dropout(name, rate=options["rate"])
        raise InputError(f"it has a layer of type {kind}; known are {', '.join(KNOWN)}")

    def _activate(self, kind: str, options: dict[str, Any]) -> None:
        activation = options["activation"] if kind == "Activation" else kind.lower()
        if any(options.get(option, value) != value for option, value in PLAIN.get(kind, {}).items()):
            raise InputError(f"its {kind} has options")
        if not self.layers or self.layers[-1].activation != "linear":
            raise InputError(f"its activation {activation} follows no layer, or another activation")
        last = self.layers[-1]
        self.layers[-1] = type(last)(**{**vars(last), "activation": activation})

    def _rescale(self, scale: float, offset: float) -> None:
        if self.layers or (self.mean, self.std) != (0, 1) or not scale > 0:
            raise InputError("Rescaling is known only as the first layer, once, with a scale above 0")
        if scale < 0.1:  # takes bytes; the pixels here are bytes / 255
            scale *= 255
        self.mean, self.std = -offset / scale, 1 / scale
        if math.isclose(self.std, 1, rel_tol=1e-6):
            self.std = 1.0

    def _free_name(self, name: str) -> str:
        name = re.sub("[^A-Za-z0-9_]", "_", name)[:48]
        name = name if name[:1].isalpha() else f"layer_{name}"
        taken = RESERVED | {layer.name for layer in self.layers}
        return next(free for free in (name, *(f"{name}_{n}" for n in range(1, 1000))) if free not in taken)


def _chain(description: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Type and options of each layer after the input, which must be (28, 28, 1)."""
    kind, config = description["class_name"], description["config"]
    if kind not in ("Sequential", "Functional"):
        raise InputError(f"it is a {kind} model; Sequential and Functional ones are read")
    layers = config["layers"]
    shape = config.get("build_input_shape")
    previous, chain = None, []
    for layer in layers:
        if kind == "Functional":
            sources = [tensor for node in layer["inbound_nodes"] for tensor in node["args"]]
            names = [source["config"]["keras_history"][0] for source in sources]
            if names != ([] if previous is None else [previous]):
                raise InputError(f"its layer '{layer['config']['name']}' does not follow the one before it alone")
        previous = layer["config"]["name"]
        if layer["class_name"] == "InputLayer":
            shape = layer["config"].get("batch_shape") or layer["config"].get("batch_input_shape")
        elif layer.get("module", "keras.layers") != "keras.layers" or not isinstance(layer["config"], dict):
            raise InputError(f"its layer '{previous}' comes from {layer['module']}, not from Keras")
        else:
            chain.append((str(layer["class_name"]), layer["config"]))
    if not isinstance(shape, list) or shape[1:] != [28, 28, 1]:
        raise InputError(f"its input is {shape}; it must be (28, 28, 1)")
    return chain


def _same(values: list[int], name: str) -> int:
    """The one number that all of `values` are."""
    if any(type(value) is not int or value != values[0] for value in values):
        raise InputError(f"{name} {values} is not the same on all sides")
    return values[0]
