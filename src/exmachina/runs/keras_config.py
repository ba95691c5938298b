"""What a Keras 3 model's `config.json` describes, read as plain data: nothing that it names is ever looked up."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exmachina.errors import InputError
from exmachina.networks.layers import BatchNorm, Conv, Dense, Dropout, Flatten, Layer, MaxPool
from exmachina.runs.chain import Chain

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
        model.call(description["config"]["name"])
        _ = model.network  # raises if the layers do not fit
    except InputError as error:
        raise InputError(f"Cannot import '{path}': {str(error).rstrip('.')}.") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError, RecursionError) as error:
        raise InputError(f"Cannot import '{path}': its description makes no sense ({error!r}).") from None
    return model


@dataclass
class KerasModel(Chain):
    """What a `config.json` described, as far as it has been read."""

    padding: int = 0
    absent: set[str] = field(default_factory=set)  # tensors that the file leaves out: `use_bias=False`

    def add(self, kind: str, options: dict[str, Any]) -> None:
        """Take in one Keras layer. `options` is its configuration."""
        if self.padding and kind != "Conv2D":
            raise InputError("ZeroPadding2D is known only right before a Conv2D")
        if kind == "Rescaling":
            self.rescale(float(options["scale"]), float(options["offset"]))
        elif kind == "ZeroPadding2D":
            self.padding = _same([side for pair in options["padding"] for side in pair], "padding")
        elif kind in ("Activation", "ReLU", "Softmax"):
            self._activate(kind, options)
        else:
            self.layers.append(self._layer(kind, self.free_name(str(options["name"])), options))

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
        self.activate(activation)


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
