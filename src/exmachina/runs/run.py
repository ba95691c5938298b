"""A trained network with everything needed to know where it came from, kept in one directory."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.networks.layers import Network

Weights = dict[str, NDArray[np.float32]]

FORMAT = 1
WEIGHTS, METADATA, ONNX = "model.safetensors", "run.json", "model.onnx"
PRETRAINED = Path(__file__).parent.parent / "pretrained"
MAX_METADATA_BYTES = 16 << 20
MAX_HEADER_BYTES = 1 << 20


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
    versions: dict[str, str] = field(default_factory=dict, repr=False)
    hardware: dict[str, Any] = field(default_factory=dict, repr=False)
    git_revision: str | None = field(default=None, repr=False)
    created: str | None = None

    def save(self, directory: str | Path) -> Path:
        """Write the three files of a run directory, made if need be, and return its path.

        Each file appears whole or not at all. Raises `InputError` if the directory cannot be written.
        """
        from exmachina.runs.onnx_graph import build_onnx  # onnx is slow to import and only saving needs it

        files = {WEIGHTS: _safetensors(self.weights), ONNX: build_onnx(self.network, self.weights)}
        metadata = {
            "format": FORMAT,
            **_plain(self),
            "sha256": {name: _sha256(b) for name, b in files.items()},
        }
        files[METADATA] = (json.dumps(metadata, indent=1, ensure_ascii=False) + "\n").encode()
        return write_files(directory, files)

    @classmethod
    def load(cls, source: str | Path) -> Run:
        """Read a run directory, or the run that ships with the package under a recipe's name.

        Names, shapes, types and checksums must be exactly as declared and every weight finite; anything else
        raises `InputError`. No code is ever loaded.
        """
        directory = find_run(source)
        metadata = _read_metadata(directory)
        network = Network.from_json(metadata["network"])
        weights = _read_weights(directory, network, metadata["sha256"].get(WEIGHTS))
        known = {item.name for item in fields(cls)} - {"network", "weights"}
        try:
            return cls(network, weights, **{name: value for name, value in metadata.items() if name in known})
        except TypeError as error:
            raise InputError(f"'{directory / METADATA}' is not the record of a run ({error}).") from None


def find_run(source: str | Path) -> Path:
    """The run directory that `source` names: a path, or a recipe whose weights ship with the package."""
    path = Path(source)
    if (path / METADATA).is_file():
        return path
    shipped = sorted(item.parent.name for item in PRETRAINED.glob(f"*/{METADATA}"))
    if str(source) in shipped:
        return PRETRAINED / str(source)
    names = ", ".join(shipped)
    if path.exists():
        raise InputError(f"'{source}' is not a run directory (it has no {METADATA}); pretrained runs: {names}.")
    raise InputError(f"No run at '{source}'. Give a run directory or one of the pretrained runs: {names}.")


def read_onnx(directory: Path) -> bytes:
    """The bytes of a run's ONNX model, checked against the checksum in `run.json`."""
    expected = _read_metadata(directory)["sha256"].get(ONNX)
    return _read_checked(directory / ONNX, expected, MAX_HEADER_BYTES << 9)


def check_writable(directory: str | Path) -> None:
    """Find out before a long training whether its run can be saved. Raises `InputError` if not."""
    path = Path(directory)
    if path.exists() and not path.is_dir():
        raise InputError(f"'{directory}' is a file; give a directory.")
    existing = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    probe = existing / f".exmachina-{os.getpid()}"
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise InputError(f"Cannot write to '{directory}': {error.strerror}; choose another directory.") from None


def write_files(directory: str | Path, files: Mapping[str, bytes]) -> Path:
    """Write several files into a directory so that each appears whole, all of them or, on an error, none."""
    path = Path(directory)
    created = not path.exists()
    partial = {name: path / f".{name}.{os.getpid()}.partial" for name in files}
    try:
        path.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            partial[name].write_bytes(content)
        for name in files:
            partial[name].replace(path / name)
    except OSError as error:
        for file in partial.values():
            with suppress(OSError):
                file.unlink()
        if created:
            with suppress(OSError):
                path.rmdir()
        raise InputError(f"Cannot write to '{directory}': {error.strerror}; choose another directory.") from None
    return path


def _plain(run: Run) -> dict[str, Any]:
    data = {item.name: getattr(run, item.name) for item in fields(run) if item.name not in ("network", "weights")}
    return {"network": run.network.to_json(), **data}


def _safetensors(weights: Weights) -> bytes:
    from safetensors.numpy import save

    serialized: bytes = save({name: np.ascontiguousarray(array, np.float32) for name, array in weights.items()})
    return serialized


def _read_metadata(directory: Path) -> dict[str, Any]:
    path = directory / METADATA
    try:
        if path.stat().st_size > MAX_METADATA_BYTES:
            raise InputError(f"'{path}' is larger than {MAX_METADATA_BYTES:,} bytes; it is not the record of a run.")
        metadata = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"Cannot read '{path}': {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise InputError(f"'{path}' is not valid JSON; the run is damaged.") from None
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise InputError(f"'{path}' is not a run of format {FORMAT}; train it again with this version.")
    if not isinstance(metadata.get("network"), dict) or not isinstance(metadata.get("sha256"), dict):
        raise InputError(f"'{path}' does not describe a network and its files; the run is damaged.")
    return metadata


def _read_weights(directory: Path, network: Network, sha256: str | None) -> Weights:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = directory / WEIGHTS
    shapes = network.weight_shapes()
    limit = 4 * sum(math.prod(shape) for shape in shapes.values()) + MAX_HEADER_BYTES
    content = _read_checked(path, sha256, limit)
    try:
        weights = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError):
        raise InputError(f"'{path}' is not a valid safetensors file; the run is damaged.") from None
    if weights.keys() != shapes.keys():
        name = sorted(weights.keys() ^ shapes.keys())[0]
        problem = "lacks" if name in shapes else "holds an unexpected"
        raise InputError(f"'{path}' {problem} tensor '{name}' of network '{network.name}'.")
    for name, shape in shapes.items():
        array = weights[name]
        if array.shape != shape or array.dtype != np.float32:
            raise InputError(f"'{path}': '{name}' is {array.dtype} {array.shape}, not float32 {shape}.")
        if not np.isfinite(array).all():
            raise InputError(f"'{path}': '{name}' holds values that are not finite numbers.")
    return {name: weights[name] for name in shapes}


def _read_checked(path: Path, sha256: str | None, limit: int) -> bytes:
    try:
        if path.stat().st_size > limit:
            raise InputError(f"'{path}' is larger than its network can be ({limit:,} bytes); the run is damaged.")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read '{path}': {error.strerror}.") from None
    if _sha256(content) != sha256:
        raise InputError(f"'{path}' does not match its checksum in {METADATA}; the run is damaged or was edited.")
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
