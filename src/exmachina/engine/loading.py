"""Which engine this process uses, chosen once."""

from __future__ import annotations

import hashlib
import os
import platform
from functools import lru_cache
from pathlib import Path

from exmachina.engine.interface import Library
from exmachina.errors import InputError

CHOICE = "EXMACHINA_ENGINE"  # avx512, avx2, baseline or wasm, to run another than the best
COMPILED = Path(__file__).parent / "compiled"
WASM = Path(__file__).parents[1] / "lesson" / "web" / "engine" / "engine.wasm"
SOURCES = Path(__file__).parents[3] / "engine"  # of a checkout
ENDINGS = {"macos": "dylib", "windows": "dll"}


@lru_cache
def library() -> Library:
    """The engine: native for this processor, or else WebAssembly. Raises `InputError` if neither runs."""
    from exmachina.engine.native import NativeLibrary
    from exmachina.engine.webassembly import WasmLibrary

    choice = os.environ.get(CHOICE) or None
    path = COMPILED / file_name()
    if choice == "wasm" or (choice is None and not path.exists()):
        return WasmLibrary(WASM)
    try:
        loaded = NativeLibrary(path, choice)
    except (OSError, AttributeError) as error:
        raise InputError(f"The engine '{choice or path.name}' cannot be loaded ({error}); unset {CHOICE}.") from None
    if (SOURCES / "build.py").exists() and loaded.sources != digest():
        raise InputError("The compiled engine is not that of its sources; run: python engine/build.py")
    return loaded


def file_name() -> str:
    """The compiled library for this kind of machine, as `engine/build.py` names it."""
    system, machine = platform.system().lower(), platform.machine().lower()
    system = {"darwin": "macos"}.get(system, system)
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(machine, machine)
    return f"{system}-{machine}.{ENDINGS.get(system, 'so')}"


def digest() -> str:
    """Of the sources in this checkout, as `engine/build.py` puts it into what it compiles."""
    whole = hashlib.sha256()
    for path in sorted([*SOURCES.glob("*.h"), *SOURCES.glob("*.c")]):
        whole.update(path.read_bytes())
    return whole.hexdigest()[:16]
