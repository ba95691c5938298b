"""What the engine exports, once for every way of loading it."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import DTypeLike, NDArray

# Name → what it returns, and what it takes. An address is a pointer or, in WebAssembly, a place in its memory.
FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "model_size": ("int", ()),
    "model_floats": ("double", ("address", "address", *("int",) * 7)),
    "model_create": ("address", ("address", "address", *("int",) * 7, "float", "float")),
    "model_initialize": ("none", ("address", "uint", "uint")),
    "model_set": ("none", ("address", "address")),
    "model_get": ("none", ("address", "int", "address")),
    "model_settings": ("none", ("address", "int", *("float",) * 7)),
    "model_augment": ("none", ("address", "address")),
    "model_want": ("none", ("address", "int", "address", "address")),
    "model_read": ("none", ("address", *("address",) * 3, "int")),
    "model_learn": ("none", ("address", *("address",) * 4, "int", "float", "uint", "uint", "int", "int")),
    "model_explain": ("none", ("address", *("address",) * 3, "int", "int", "address")),
    "model_freeze_first": ("none", ("address",)),
    "model_work": ("none", ("address", "int")),
    "model_finish": ("none", ("address",)),
    "model_loss": ("float", ("address",)),
    "model_right": ("int", ("address",)),
    "optimize": ("none", ("int", *("float",) * 6, "int", "float", *("address",) * 4, "int")),
    "augment_scratch": ("size", ("int", "int")),
    "augment": ("none", ("address", "int", "int", "int", "address", "uint", "uint", "uint", "address", "address")),
    "shuffle": ("none", ("address", "int", "uint", "uint", "uint")),
    "training_steps": ("int", ("double", "int")),
    "learning_rate": ("float", ("float", "int", "float", "int", "int")),
}


class Library(Protocol):
    """A loaded engine: its functions, and memory that it can reach."""

    name: str  # the instruction set, or wasm
    parallel: bool  # whether several threads may be inside at once

    def call(self, name: str, *arguments: Any) -> Any:
        """Call one of `FUNCTIONS`."""

    def zeros(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array of zeros that the engine can read and write. Raises `MemoryError` where there is no room."""

    def place(self, array: NDArray[Any]) -> NDArray[Any]:
        """The same values where the engine can read them: the array itself, if it can be."""

    def address(self, array: NDArray[Any] | None) -> int:
        """What stands for an array of `zeros` or `place`, or a part of one; 0 for `None`."""


def halves(seed: int) -> tuple[int, int]:
    """A 64-bit seed as two unsigned numbers of 32 bits."""
    return seed & 0xFFFFFFFF, seed >> 32
