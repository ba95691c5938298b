"""The engine as WebAssembly, run by wasmtime: for machines on which nothing native can be had. One thread."""

from __future__ import annotations

import ctypes
import math
import weakref
from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from exmachina.engine.interface import FUNCTIONS
from exmachina.errors import InputError

# WebAssembly's integers have no sign of their own; wasmtime wants them signed, and floats as floats.
CONVERT: dict[str, Callable[[Any], Any]] = {
    "uint": lambda value: ctypes.c_int32(value).value,
    "float": float,
    "double": float,
}
LARGEST = 1 << 32  # bytes: all that 32 bits can address


class WasmLibrary:
    """The module and its memory, in which every array that it reads or writes must lie."""

    name = "wasm"
    parallel = False

    def __init__(self, path: Path) -> None:
        try:
            import wasmtime
        except ImportError:
            raise InputError(
                "There is no compiled engine for this machine; install a C compiler and install again, "
                "or pip install wasmtime."
            ) from None
        config = wasmtime.Config()
        config.wasm_simd = True
        engine = wasmtime.Engine(config)
        self._store = wasmtime.Store(engine)
        module = wasmtime.Module.from_file(engine, str(path))
        self._exports: Any = wasmtime.Instance(self._store, module, []).exports(self._store)
        self._memory: Any = self._exports["memory"]
        self._free: dict[int, list[int]] = {}  # bytes → places that were given back
        self._lock = RLock()  # an instance has one stack

    def call(self, name: str, *arguments: Any) -> Any:
        """Call an exported function."""
        converted = [CONVERT.get(kind, int)(value) for kind, value in zip(FUNCTIONS[name][1], arguments, strict=True)]
        with self._lock:
            return self._exports[name](self._store, *converted)

    def zeros(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        size = (math.prod(shape) if isinstance(shape, tuple) else shape) * np.dtype(dtype).itemsize
        reserved = max(-(-size // 64) * 64, 64)
        with self._lock:
            places = self._free.setdefault(reserved, [])
            fits = reserved < LARGEST
            place = places.pop() if places else fits and self._exports["allocate"](self._store, reserved)
        if not place:
            raise MemoryError(f"WebAssembly has no room for {size:,} bytes more")
        # wasmtime reserves the whole address space of a memory, so its beginning stays where it is when it grows.
        buffer = (ctypes.c_ubyte * reserved).from_address(self._begin() + place)
        array: NDArray[Any] = np.ctypeslib.as_array(buffer)
        array[:] = 0
        weakref.finalize(buffer, places.append, place)
        typed: NDArray[Any] = array[:size].view(dtype).reshape(shape)
        return typed

    def place(self, array: NDArray[Any]) -> NDArray[Any]:
        inside = 0 <= array.ctypes.data - self._begin() < self._memory.data_len(self._store)
        if inside and array.flags.c_contiguous:
            return array
        placed = self.zeros(array.shape, array.dtype)
        placed[...] = array
        return placed

    def address(self, array: NDArray[Any] | None) -> int:
        if array is None:
            return 0
        return int(array.ctypes.data) - self._begin()

    def _begin(self) -> int:
        return ctypes.addressof(self._memory.data_ptr(self._store).contents)
