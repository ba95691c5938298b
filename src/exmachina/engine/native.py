"""The engine in this machine's own instructions, called through ctypes."""

from __future__ import annotations

import ctypes
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from exmachina.engine.interface import FUNCTIONS

ALIGNMENT = 64  # bytes: a cache line, and the widest vector
KINDS: dict[str, Any] = {
    "address": ctypes.c_void_p,
    "int": ctypes.c_int,
    "uint": ctypes.c_uint32,
    "size": ctypes.c_ssize_t,
    "float": ctypes.c_float,
    "double": ctypes.c_double,
    "none": None,
}


class NativeLibrary:
    """A compiled engine. Its memory is NumPy's own, so arrays are handed over as they are."""

    parallel = True

    def __init__(self, path: Path, variant: str | None = None) -> None:
        """Load the best variant for this processor, or the one called `variant`."""
        library = ctypes.CDLL(str(path))
        library.best_variant.restype = library.engine_sources.restype = ctypes.c_char_p
        self.sources: str = library.engine_sources().decode()
        self.name: str = variant or library.best_variant().decode()
        self._functions = {}
        for name, (result, arguments) in FUNCTIONS.items():
            function = library[f"{name}_{self.name}"]
            function.restype = KINDS[result]
            function.argtypes = [KINDS[kind] for kind in arguments]
            self._functions[name] = function

    def call(self, name: str, *arguments: Any) -> Any:
        """Call an exported function; other threads of Python go on meanwhile."""
        return self._functions[name](*arguments)

    def zeros(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        size = (math.prod(shape) if isinstance(shape, tuple) else shape) * np.dtype(dtype).itemsize
        raw = np.zeros(size + ALIGNMENT, np.uint8)
        return np.ndarray(shape, dtype, raw, -raw.ctypes.data % ALIGNMENT)

    def place(self, array: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(array)

    def address(self, array: NDArray[Any] | None) -> int:
        return 0 if array is None else array.ctypes.data
