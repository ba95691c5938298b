"""Compiles the engine; and, as the build backend of pyproject.toml, does so whenever the package is installed.

    python engine/build.py             for this machine, with its own clang or gcc, or else with ziglang
    python engine/build.py --all       for every platform, with ziglang
    python engine/build.py --wasm      the two WebAssembly modules, with ziglang; they are in the repository

What ziglang makes is the same everywhere, to the byte. EXMACHINA_CFLAGS are flags after our own for native code;
not CFLAGS, which environments set to what would slow down the quickest variants.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from setuptools import build_meta

HERE = Path(__file__).parent
PACKAGE = HERE.parent / "src" / "exmachina"
COMPILED = PACKAGE / "engine" / "compiled"
WEB = PACKAGE / "lesson" / "web" / "engine"
ZIGLANG = "ziglang==0.17.1"

FLAGS = ["-std=gnu11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-fno-strict-aliasing"]
FLAGS += ["-fvisibility=hidden", "-g0", "-Wall", "-Wextra"]
AVX2 = ["-mavx2", "-mfma", "-mbmi", "-mbmi2"]
AVX512 = [*AVX2, "-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl"]
VARIANTS = {"x86_64": {"baseline": [], "avx2": AVX2, "avx512": AVX512}, "arm64": {"baseline": []}}
# LLVM's rewriting of addresses in loops makes all operands of WebAssembly's wide sums spill.
WASM_FLAGS = ["--target=wasm32-freestanding", "-msimd128", "-mllvm", "-disable-lsr", "-nostdlib", "-Wl,--no-entry"]
WASM_FLAGS += ["-Wl,--export-dynamic", "-Wl,--strip-all", "-Wl,-z,stack-size=262144"]
THREADS = ["-matomics", "-mbulk-memory", "-Wl,--shared-memory,--import-memory,--max-memory=1073741824"]
THREADS += ["-Wl,--export=__stack_pointer"]  # of which every thread has its own
WASM = {"engine": [], "engine-relaxed": ["-mrelaxed-simd"]}
WASM |= {f"{name}-threads": [*flags, *THREADS] for name, flags in WASM.items()}


@dataclass(frozen=True)
class Platform:
    """A system and a kind of processor, and how ziglang calls them."""

    system: str
    machine: str
    target: str = ""

    @property
    def library(self) -> str:
        """File name of the engine for this platform."""
        return f"{self.system}-{self.machine}.{ {'macos': 'dylib', 'windows': 'dll'}.get(self.system, 'so') }"


RELEASED = (
    # On Linux and Windows linked to no C library, so that every one will do.
    Platform("linux", "x86_64", "x86_64-linux-musl"),
    Platform("linux", "arm64", "aarch64-linux-musl"),
    Platform("macos", "x86_64", "x86_64-macos"),
    Platform("macos", "arm64", "aarch64-macos"),
    Platform("windows", "x86_64", "x86_64-windows-gnu"),
    Platform("windows", "arm64", "aarch64-windows-gnu"),
)


def this_platform() -> Platform:
    """What this machine is."""
    system = {"darwin": "macos"}.get(platform.system().lower(), platform.system().lower())
    machine = platform.machine().lower()
    return Platform(system, {"amd64": "x86_64", "aarch64": "arm64"}.get(machine, machine))


def own_compiler() -> list[str] | None:
    """The machine's own compiler, if it has one of the two that know vector extensions."""
    return next(([name] for name in ("clang", "gcc") if shutil.which(name)), None)


def zig() -> list[str] | None:
    """The compiler in the wheel, if it is installed."""
    return [sys.executable, "-m", "ziglang", "cc"] if importlib.util.find_spec("ziglang") else None


def digest(leave_out: Sequence[str] = (), more: str = "") -> str:
    """Of the sources."""
    whole = hashlib.sha256()
    for path in sorted([*HERE.glob("*.h"), *HERE.glob("*.c")]):
        if path.name not in leave_out:
            whole.update(path.read_bytes())
    whole.update(more.encode())
    return whole.hexdigest()[:16]


def compile_native(kind: Platform, compiler: list[str], folder: Path = COMPILED) -> Path:
    """One library with every variant for a kind of machine. Raises `CalledProcessError` if the compiler fails."""
    target = ["-target", kind.target] if kind.target else []
    position = [] if kind.system == "windows" else ["-fPIC"]
    further = os.environ.get("EXMACHINA_CFLAGS", "").split()
    alone = {
        "linux": ["-nostdlib", "-s"],
        "windows": ["-nostdlib", "-s", "-lkernel32"],
        # The system's library alone, for which ziglang has a description; the name, or else where it was linked.
        "macos": ["-nostdlib", "-lSystem", "-install_name", f"@rpath/{kind.library}"],
    }.get(kind.system, [])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        jobs = {"variant": ["variant.c", f'-DSOURCES="{digest()}"']}
        for name, flags in VARIANTS.get(kind.machine, {"baseline": []}).items():
            jobs[name] = ["engine.c", f"-DVARIANT=_{name}", *flags]
        objects = [str(Path(scratch, f"{name}.o")) for name in jobs]
        run_all(
            [*compiler, *target, *FLAGS, *position, *further, "-c", *job, "-o", made]
            for job, made in zip(jobs.values(), objects, strict=True)
        )
        partial = Path(scratch, kind.library)
        run_all([[*compiler, *target, "-shared", *objects, *(alone if kind.target else []), "-o", str(partial)]])
        shutil.copyfile(partial, folder / f".{kind.library}")
    return (folder / f".{kind.library}").replace(folder / kind.library)  # whole or not at all


def compile_wasm(folder: Path = WEB, names: Iterable[str] = WASM) -> None:
    """WebAssembly modules, with ziglang."""
    folder.mkdir(parents=True, exist_ok=True)
    compiler = zig() or exit_with("WebAssembly needs ziglang: pip install ziglang")
    made = {name: (folder / f"{name}.wasm").absolute() for name in names}
    run_all([*compiler, *FLAGS, *WASM_FLAGS, *WASM[name], "wasm.c", "-o", str(module)] for name, module in made.items())
    for name, module in made.items():
        module.write_bytes(module.read_bytes() + wasm_sources(name))


def wasm_sources(name: str) -> bytes:
    """The section at the end of a module that tells of which sources, by which compiler and with what flags it is."""
    flags = " ".join([ZIGLANG, *FLAGS, *WASM_FLAGS, *WASM[name]])
    content = b"\7sources" + digest(("check.c", "variant.c"), flags).encode()  # its name with its length, its content
    return bytes([0, len(content)]) + content  # 0: a section for those who ask for it by name


def run_all(commands: Iterable[list[str]]) -> None:
    """Run commands side by side in the folder of the sources."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in pool.map(lambda command: subprocess.run(command, cwd=HERE, check=False), commands):
            done.check_returncode()


def exit_with(line: str) -> Any:
    """Stop with one line."""
    raise SystemExit(line)


def compile_for_installation() -> None:
    """Make what an installation here, or with EXMACHINA_RELEASE a wheel for everywhere, should contain."""
    if os.environ.get("EXMACHINA_RELEASE"):
        compiler = zig() or exit_with(f"A release is compiled by ziglang: pip install {ZIGLANG}")
        for kind in RELEASED:
            compile_native(kind, compiler)
        return
    compiler = own_compiler() or zig()
    try:
        if compiler is None:
            raise OSError("neither clang, gcc nor ziglang is there")
        compile_native(this_platform(), compiler)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"No native engine ({error}); the WebAssembly one will serve, with wasmtime.", file=sys.stderr)


# ---- what pip calls ------------------------------------------------------------------------------------------------

prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable
get_requires_for_build_sdist = build_meta.get_requires_for_build_sdist


def build_sdist(directory: str, settings: Any = None) -> str:
    """A source distribution; with SOURCE_DATE_EPOCH, the same bytes every time."""
    name = build_meta.build_sdist(directory, settings)
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        repack(Path(directory, name), int(epoch))
    return name


def repack(archive: Path, epoch: int) -> None:
    """Write a .tar.gz anew, in order, with nothing in it of when, where and by whom it was packed."""
    with tarfile.open(archive) as packed:
        files = {item.name: (packed.extractfile(item), item.mode) for item in packed if item.isfile()}
        contents = {name: (file.read() if file else b"", mode) for name, (file, mode) in files.items()}
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", 9, raw, mtime=epoch) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as made,
    ):
        for name, (content, mode) in sorted(contents.items()):
            item = tarfile.TarInfo(name)
            item.size, item.mtime, item.mode = len(content), epoch, 0o755 if mode & 0o100 else 0o644
            made.addfile(item, io.BytesIO(content))


def get_requires_for_build_wheel(settings: Any = None) -> list[str]:
    """Setuptools alone, where the machine has a compiler; else the compiler in a wheel, where there is such a wheel."""
    known = {(kind.system, kind.machine) for kind in RELEASED}
    here = this_platform()
    needs_zig = os.environ.get("EXMACHINA_RELEASE") or own_compiler() is None
    zig_if_needed = [ZIGLANG] if needs_zig and (here.system, here.machine) in known else []
    return [*build_meta.get_requires_for_build_wheel(settings), *zig_if_needed]


get_requires_for_build_editable = get_requires_for_build_wheel


def build_wheel(directory: str, settings: Any = None, metadata: str | None = None) -> str:
    """A wheel, the engine compiled first."""
    compile_for_installation()
    return build_meta.build_wheel(directory, settings, metadata)


def build_editable(directory: str, settings: Any = None, metadata: str | None = None) -> str:
    """The same for `pip install -e`."""
    compile_for_installation()
    return build_meta.build_editable(directory, settings, metadata)


if __name__ == "__main__":
    if "--wasm" in sys.argv:
        compile_wasm()
    elif "--all" in sys.argv:
        for each in RELEASED:
            print(compile_native(each, zig() or exit_with(f"pip install {ZIGLANG}")))
    else:
        print(compile_native(this_platform(), own_compiler() or zig() or exit_with(f"pip install {ZIGLANG}")))
