"""Keras's own file format, out and in: `.keras`, a zip of a description in JSON and weights in HDF5.

Both ways need h5py and no Keras. `import_keras` is a JSON and an HDF5 parser: nothing in the file is ever given to
Keras, whose loaders can run code that a file names.

Keras puts channels last, so an image is (28, 28, 1) and a flattened map runs line by line with all channels of a
pixel side by side; here a map is flattened channel by channel. The first dense layer's weights are reordered.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exmachina.errors import InputError
from exmachina.networks.layers import Dense, Flatten, Shape
from exmachina.runs.files import write_files
from exmachina.runs.keras_config import CONFIG, INSTALL, STORED, WEIGHTS, KerasModel, read_config
from exmachina.runs.keras_write import keras_bytes
from exmachina.runs.run import Run, Weights, check_weights

MAX_FILE_BYTES, MAX_CONFIG_BYTES, MAX_REST_BYTES = 1 << 30, 4 << 20, 16 << 20
OPTIMIZER_COPIES = 4  # an optimizer may keep as many numbers for each weight in the same file
# Where layers keep their weights in the HDF5 file; the second name was used by the first versions of Keras 3.
ROOTS = ("layers", "_layer_checkpoint_dependencies")


def export_keras(run: Run, path: str | Path) -> Path:
    """Write a run as a Keras 3 model and return its path, which must end in `.keras`.

    The model takes float32 (N, 28, 28, 1) in [0, 1] and gives probabilities (N, classes); the run's temperature
    is not applied. Raises `InputError` if h5py is not installed or the file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise InputError(f"'{path}' must end in .keras, or Keras will not read it.")
    write_files(path.parent, {path.name: keras_bytes(run.network, run.weights)})
    return path


def import_keras(path: str | Path) -> Run:
    """Read a `.keras` file of a chain of layers that this package has: convolutions, pooling, dense and the like.

    The model must take (28, 28, 1) images in [0, 1] and end in a softmax; where it begins with
    `Rescaling(1 / 255)` it takes bytes, which comes to the same. Raises `InputError` on anything else.
    """
    path = Path(path)
    model = read_config(_read_entry(path, CONFIG, MAX_CONFIG_BYTES), path)
    limit = 4 * model.network.parameters * (1 + OPTIMIZER_COPIES) + MAX_REST_BYTES
    weights = _read_weights(model, _read_entry(path, WEIGHTS, limit), path)
    check_weights(weights, model.network, f"'{path}'")
    return Run(model.network, weights, {"name": "imported", "file": path.name})


def _kernel_from_keras(kernel: NDArray[np.float32], flattened: Shape | None) -> NDArray[np.float32]:
    if kernel.ndim == 2 and flattened is not None:
        channels, height, width = flattened
        kernel = kernel.reshape(height, width, channels, -1).transpose(3, 2, 0, 1).reshape(kernel.shape[1], -1)
        return np.ascontiguousarray(kernel)
    return np.ascontiguousarray(kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T)


def _read_entry(path: Path, name: str, limit: int) -> bytes:
    """One file of the zip at `path`, which may hold at most `limit` bytes."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"No file at '{path}', or one of more than {MAX_FILE_BYTES:,} bytes; give a .keras file.")
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo(name)
            if entry.file_size > limit:
                raise InputError(f"'{path}': {name} is {entry.file_size:,} bytes; its network needs {limit:,} at most.")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise zipfile.BadZipFile
            with archive.open(entry) as file:
                return file.read(limit)
    except KeyError:
        raise InputError(f"'{path}' is not a Keras 3 model (it has no {name}).") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError):
        raise InputError(f"'{path}' is not a .keras file, or a damaged one.") from None


def _read_weights(model: KerasModel, content: bytes, path: Path) -> Weights:
    try:
        import h5py
    except ImportError:
        raise InputError(INSTALL) from None
    weights: Weights = {}
    count: dict[str, int] = {}
    flattened: Shape | None = None
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            root = next(_entry(h5py, file, name) for name in ROOTS if name in file)
            for step in model.network.steps():
                if isinstance(step.layer, Flatten):
                    flattened = step.input_shape
                if not step.weights:
                    continue
                group, names = STORED[step.layer.kind]
                number = count[group] = count.get(group, -1) + 1
                variables = _entry(h5py, _entry(h5py, root, f"{group}_{number}" if number else group), "vars")
                position = 0
                for name in names:
                    full = f"{step.layer.name}.{name}"
                    shape = step.weights[full]
                    if full in model.absent:
                        weights[full] = np.full(shape, float(name == "weight"), np.float32)
                        continue
                    dense = flattened if isinstance(step.layer, Dense) else None
                    stored = _entry(h5py, variables, str(position))
                    weights[full] = _kernel_from_keras(_tensor(stored, shape), dense)
                    position += 1
                if isinstance(step.layer, Dense):
                    flattened = None
    except (OSError, KeyError, RuntimeError, TypeError, ValueError, AttributeError, StopIteration) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"'{path}': its weights do not belong to its description, or are damaged.") from None
    return weights


def _entry(h5py: Any, group: Any, name: str) -> Any:
    """A member of an HDF5 group that is really in this file: links may point to any file of this computer."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise KeyError(name)
    return group[name]


def _tensor(stored: Any, shape: Shape) -> NDArray[np.float32]:
    """A dataset of the expected size that is stored in full, so that it costs no more memory than the file has."""
    size = math.prod(shape)
    theirs = shape[2:] + shape[1::-1] if len(shape) == 4 else shape[::-1]
    if stored.shape != theirs or stored.dtype.kind != "f":
        raise ValueError(stored.shape)
    if (
        stored.external
        or stored.is_virtual
        or stored.chunks
        or stored.id.get_storage_size() != size * stored.dtype.itemsize
    ):
        raise ValueError("not stored in full")
    return np.asarray(stored[()], np.float32)
