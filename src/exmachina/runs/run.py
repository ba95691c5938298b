"""A trained network with everything needed to know where it came from, kept in one directory."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.networks.layers import Network
from exmachina.runs.files import finish_writing, read_limited, sha256, write_files
from exmachina.runs.onnx_graph import build_onnx, check_onnx
from exmachina.runs.record import check_record, to_plain
from exmachina.runs.rejector import REJECTOR, Rejector, largest

Weights = dict[str, NDArray[np.float32]]

FORMAT = 1
APART = ("weights", "rejector")  # fields with a file of their own
WEIGHTS, METADATA, ONNX = "model.safetensors", "run.json", "model.onnx"
PRETRAINED = Path(__file__).parent.parent / "pretrained"
MAX_METADATA_BYTES = 16 << 20
MAX_HEADER_BYTES = 1 << 20
MAX_ONNX_BYTES = 512 << 20


@dataclass(frozen=True, eq=False)
class Run:
    """A network, its weights and its history.

    Accuracies are fractions, losses mean cross-entropy in nats, times seconds. `train_seconds` runs from uint8
    arrays in memory to the end of training, one full test evaluation included when there was a test set.
    """

    network: Network
    weights: Weights = field(repr=False)
    recipe: dict[str, Any]
    seed: int = 0
    history: list[dict[str, float | None]] = field(default_factory=list, repr=False)
    splits: dict[str, Any] = field(default_factory=dict)
    train_seconds: float = 0.0
    test_loss: float | None = None
    test_accuracy: float | None = None
    precision: str = "fp32"
    device: str = "cpu"
    threads: int = 1
    interrupted: bool = False
    rejection_threshold: float | None = None
    temperature: float = 1.0
    rejector: Rejector | None = field(default=None, repr=False)
    versions: dict[str, str] = field(default_factory=dict, repr=False)
    hardware: dict[str, Any] = field(default_factory=dict, repr=False)
    git_revision: str | None = field(default=None, repr=False)
    created: str | None = None

    def save(self, directory: str | Path, *, onnx: bool = True) -> Path:
        """Write the files of a run directory, three and a rejector if it has one, made if need be, and return its path.

        Each file appears whole, `run.json` with the checksums of the others last. `onnx`: with the ONNX model, which
        can be made from the rest at any time. Raises `InputError` if the directory cannot be written or the run could
        not be loaded again.
        """
        check_weights(self.weights, self.network, "This run")
        record = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in APART}
        record = to_plain({**record, "network": self.network.to_json()})
        check_record(record, "This run")
        files = {WEIGHTS: _safetensors(self.weights)}
        if onnx:
            files[ONNX] = build_onnx(self.network, self.weights)
        if self.rejector is not None:
            files[REJECTOR] = self.rejector.to_bytes()
        metadata = {"format": FORMAT, **record, "sha256": {name: sha256(content) for name, content in files.items()}}
        files[METADATA] = (json.dumps(metadata, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
        return write_files(directory, files)

    @classmethod
    def load(cls, source: str | Path) -> Run:
        """Read a run directory, or the run that ships with the package under a recipe's name.

        Names, shapes, types and checksums must be exactly as declared, every weight finite and the ONNX model the one
        that layers and weights make; anything else raises `InputError`. No code is ever loaded, and the weights are
        what predicts: the ONNX model is for others.
        A run that a browser wrote or the package ships has none and is whole without; `Run.load(run).save(folder)`
        adds it.
        """
        directory = find_run(source)
        finish_writing(directory)
        metadata = _read_metadata(directory)
        network = Network.from_json(metadata["network"])
        weights = _read_weights(directory, network, metadata["sha256"].get(WEIGHTS))
        if ONNX in metadata["sha256"] or (directory / ONNX).exists():  # all parts belong together
            content = _read_checked(directory / ONNX, metadata["sha256"].get(ONNX), MAX_ONNX_BYTES)
            check_onnx(content, network, weights, f"'{directory / ONNX}'")
        rejector = None
        if REJECTOR in metadata["sha256"]:
            content = _read_checked(directory / REJECTOR, metadata["sha256"][REJECTOR], largest(network))
            rejector = Rejector.from_bytes(content, network, f"'{directory / REJECTOR}'")
        known = {item.name for item in fields(cls)} - {"network", *APART}
        return cls(
            network, weights, rejector=rejector, **{name: value for name, value in metadata.items() if name in known}
        )


def find_run(source: str | Path) -> Path:
    """The run directory that `source` names: a path, or a recipe whose weights ship with the package."""
    path = Path(source)
    try:
        if (path / METADATA).is_file():
            return path
        exists = path.exists()
    except OSError as error:  # a folder without permission, a name too long
        raise InputError(f"Cannot read '{source}': {error.strerror or error}.") from None
    shipped = sorted(item.parent.name for item in PRETRAINED.glob(f"*/{METADATA}"))
    if str(source) in shipped:
        return PRETRAINED / str(source)
    names = ", ".join(shipped) or "none yet"
    if exists:
        raise InputError(f"'{source}' is not a run directory (it has no {METADATA}); pretrained runs: {names}.")
    raise InputError(f"No run at '{source}'. Give a run directory or one of the pretrained runs: {names}.")


def check_shapes(weights: Mapping[str, NDArray[Any]], network: Network, source: str) -> None:
    """Raise `InputError` unless `weights` are exactly the float32 tensors of `network`."""
    shapes = network.weight_shapes()
    if weights.keys() != shapes.keys():
        name = min(weights.keys() ^ shapes.keys())
        problem = "lacks" if name in shapes else "holds an unexpected"
        raise InputError(f"{source} {problem} tensor '{name}' for network '{network.name}'.")
    for name, shape in shapes.items():
        array = weights[name]
        if array.shape != shape or array.dtype != np.float32:
            raise InputError(f"{source}: '{name}' is {array.dtype} {array.shape}, not float32 {shape}.")


def check_weights(weights: Mapping[str, NDArray[Any]], network: Network, source: str) -> None:
    """Raise `InputError` unless `weights` are, besides, finite numbers."""
    check_shapes(weights, network, source)
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise InputError(f"{source}: '{name}' is not finite; the training diverged, so lower the learning rate.")
        if name.endswith(".running_var") and array.min() < 0:
            raise InputError(f"{source}: '{name}' holds a negative variance.")


def _safetensors(weights: Weights) -> bytes:
    from safetensors.numpy import save

    serialized: bytes = save({name: np.ascontiguousarray(array) for name, array in weights.items()})
    return serialized


def _read_metadata(directory: Path) -> dict[str, Any]:
    path = directory / METADATA
    try:
        # Infinity and NaN are not JSON, though Python reads them.
        metadata = json.loads(read_limited(path, MAX_METADATA_BYTES), parse_constant=_refuse)
    except InputError:
        raise
    except (ValueError, RecursionError):
        raise InputError(f"'{path}' is not valid JSON; the run is damaged.") from None
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise InputError(f"'{path}' is not a run of format {FORMAT}; train it again with this version.")
    check_record(metadata, f"'{path}'")
    if not isinstance(metadata.get("sha256"), dict):
        raise InputError(f"'{path}' has no checksums; the run is damaged.")
    return metadata


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _read_weights(directory: Path, network: Network, checksum: str | None) -> Weights:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = directory / WEIGHTS
    shapes = network.weight_shapes()
    limit = 4 * sum(math.prod(shape) for shape in shapes.values()) + MAX_HEADER_BYTES
    content = _read_checked(path, checksum, limit)
    try:
        weights = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError):
        raise InputError(f"'{path}' is not a valid safetensors file; the run is damaged.") from None
    check_weights(weights, network, f"'{path}'")
    return {name: weights[name] for name in shapes}


def _read_checked(path: Path, checksum: str | None, limit: int) -> bytes:
    content = read_limited(path, limit)
    if sha256(content) != checksum:
        raise InputError(f"'{path}' does not match its checksum in {METADATA}; the run is damaged or was edited.")
    return content
