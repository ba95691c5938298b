"""Writing Keras's own file format: a zip of a description in JSON and weights in HDF5. Keras itself is not needed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.networks.layers import BatchNorm, Conv, Dense, Dropout, Flatten, Layer, MaxPool, Network, Shape
from exmachina.runs.keras_config import CONFIG, INSTALL, STORED, WEIGHTS
from exmachina.runs.run import Weights

VERSION = "3.8.0"  # of Keras, whose format this is


def keras_bytes(network: Network, weights: Weights) -> bytes:
    """The content of a `.keras` file. Raises `InputError` if h5py is not installed."""
    metadata = {"keras_version": VERSION, "date_saved": datetime.now(UTC).strftime("%Y-%m-%d@%H:%M:%S")}
    files = {
        "metadata.json": json.dumps(metadata).encode(),
        CONFIG: json.dumps(_description(network)).encode(),
        WEIGHTS: _hdf5(network, weights),
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def _description(network: Network) -> dict[str, Any]:
    channels, height, width = network.input_shape
    batch = [None, height, width, channels]
    layers = [_object("InputLayer", name="images", batch_shape=batch, dtype="float32")]
    if network.mean != 0 or network.std != 1:
        scale, offset = 1 / network.std, -network.mean / network.std
        layers.append(_object("Rescaling", name="standardized", scale=scale, offset=offset, dtype="float32"))
    for layer in network.layers:
        layers += _layers(layer)
    config = {"name": "network", "trainable": True, "layers": layers, "build_input_shape": batch}
    return {**_object("Sequential", **config), "module": "keras", "build_config": {"input_shape": batch}}


def _layers(layer: Layer) -> Iterator[dict[str, Any]]:
    """The Keras layers that do what one of ours does: itself, what pads before it, what activates after it."""
    options: dict[str, Any] = {"name": layer.name, "dtype": "float32"}
    maps: dict[str, Any] = {**options, "data_format": "channels_last"}
    if isinstance(layer, Conv):
        if layer.padding:
            sides = [[layer.padding] * 2] * 2
            yield _object("ZeroPadding2D", **{**maps, "name": f"{layer.name}_padding"}, padding=sides)
        size = {"filters": layer.filters, "kernel_size": [layer.kernel] * 2, "strides": [layer.stride] * 2}
        plain = {"padding": "valid", "dilation_rate": [1, 1], "groups": 1, "use_bias": True}
        yield _object("Conv2D", **maps, **size, **plain, activation=layer.activation)
        return
    if isinstance(layer, Dense):
        yield _object("Dense", **options, units=layer.units, activation=layer.activation, use_bias=True)
        return
    if isinstance(layer, MaxPool):
        yield _object("MaxPooling2D", **maps, pool_size=[layer.size] * 2, strides=[layer.size] * 2, padding="valid")
    elif isinstance(layer, BatchNorm):
        plain = {"axis": -1, "momentum": 0.9, "center": True, "scale": True}
        yield _object("BatchNormalization", **options, **plain, epsilon=layer.epsilon)
    elif isinstance(layer, Flatten):
        yield _object("Flatten", **maps)
    elif isinstance(layer, Dropout):
        yield _object("Dropout", **options, rate=layer.rate)
    else:
        raise TypeError(f"no Keras form for {layer.kind}")
    if layer.activation != "linear":
        yield _object("Activation", name=f"{layer.name}_activation", dtype="float32", activation=layer.activation)


def _object(kind: str, **config: Any) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": kind, "config": config, "registered_name": None}


def _hdf5(network: Network, weights: Weights) -> bytes:
    try:
        import h5py
    except ImportError:
        raise InputError(INSTALL) from None
    content = io.BytesIO()
    flattened: Shape | None = None
    count: dict[str, int] = {}
    with h5py.File(content, "w") as file:
        for step in network.steps():
            if isinstance(step.layer, Flatten):
                flattened = step.input_shape
            if step.layer.kind not in STORED:
                continue
            group, names = STORED[step.layer.kind]
            number = count[group] = count.get(group, -1) + 1
            variables = file.create_group(f"layers/{group}_{number}/vars" if number else f"layers/{group}/vars")
            for position, name in enumerate(names):
                array = weights[f"{step.layer.name}.{name}"]
                dense = flattened if isinstance(step.layer, Dense) else None
                variables.create_dataset(str(position), data=kernel_to_keras(array, dense))
            if isinstance(step.layer, Dense):
                flattened = None
    return content.getvalue()


def kernel_to_keras(kernel: NDArray[np.float32], flattened: Shape | None) -> NDArray[np.float32]:
    """(filters, C, k, k) → (k, k, C, filters), (units, inputs) → (inputs, units), a vector as it is."""
    if kernel.ndim == 2 and flattened is not None:  # (units, C, H, W) → (H, W, C, units)
        kernel = kernel.reshape(-1, *flattened).transpose(2, 3, 1, 0).reshape(kernel.shape[1], -1)
        return np.ascontiguousarray(kernel)
    return np.ascontiguousarray(kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel.T)
