"""The engine compiled: for every platform, under sanitizers, for another processor, and for the page byte for byte."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np
import pytest

from exmachina.engine import Model, initial_weights
from exmachina.engine.loading import WASM
from exmachina.engine.native import NativeLibrary
from exmachina.networks import FAST
from needed import needed

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "engine"
HERE = Path(__file__).parent
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def build() -> Any:
    spec = importlib.util.spec_from_file_location("engine_build", ENGINE / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["engine_build"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def zig(build: Any) -> list[str]:
    compiler: list[str] = build.zig()
    needed(compiler is not None, "ziglang is not installed: the engine is NOT compiled for other platforms.")
    return compiler


def numbers(output: str) -> list[float]:
    return [float(word) for line in output.splitlines() for word in line.split() if word[-1].isdigit()]


@pytest.fixture(scope="module")
def checked(build: Any, tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """What engine/check.c prints here."""
    compiler = build.own_compiler() or build.zig()
    program = tmp_path_factory.mktemp("check") / "check"
    subprocess.run([*compiler, *build.FLAGS, "check.c", "-o", program], cwd=ENGINE, check=True)
    return numbers(subprocess.run([program], capture_output=True, text=True, check=True).stdout)


@pytest.mark.long
def test_check_learns(checked: list[float]) -> None:
    losses, right = checked[0:24:2], checked[1:24:2]
    assert losses[0] > 1.5 and losses[-1] < 0.6 and right[-1] >= 45


@pytest.mark.long
def test_arm_finds_the_same(build: Any, zig: list[str], checked: list[float], tmp_path: Path) -> None:
    emulator = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    needed(emulator, "NO qemu-aarch64: the engine is NOT run on ARM. Install qemu-user to test it.")
    assert emulator is not None
    target = ["-target", "aarch64-linux-musl", "-static", "-nostdlib", "-fno-builtin", "-DALONE"]
    subprocess.run([*zig, *target, *build.FLAGS, "check.c", "-o", tmp_path / "check"], cwd=ENGINE, check=True)
    result = subprocess.run([emulator, tmp_path / "check"], capture_output=True, text=True, check=True)
    np.testing.assert_allclose(numbers(result.stdout)[:24], checked[:24], rtol=1e-3)  # losses; then rounding has grown


@pytest.mark.long
def test_memory_is_used_within_its_bounds_and_arithmetic_is_defined(build: Any, tmp_path: Path) -> None:
    compiler = build.own_compiler()
    runtime = (
        compiler
        and subprocess.run(
            [*compiler, "-print-file-name=libasan.so"], capture_output=True, text=True, check=False
        ).stdout.strip()
    )
    needed(compiler == ["gcc"] and Path(runtime).is_absolute(), "NO gcc with libasan: memory is NOT watched.")
    names = list(build.VARIANTS.get(build.this_platform().machine, {"baseline": []}))
    variant = names[names.index(NativeLibrary(build.COMPILED / build.this_platform().library).name)]
    flags = build.VARIANTS[build.this_platform().machine][variant]
    watching = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-DFENCES", "-O1", "-g"]
    sources = ["engine.c", "variant.c"]
    command = ["gcc", *build.FLAGS, *flags, *watching, f"-DVARIANT=_{variant}", "-shared", "-fPIC", *sources]
    subprocess.run([*command, "-o", tmp_path / "watched.so"], cwd=ENGINE, check=True)
    environment = {**os.environ, "LD_PRELOAD": runtime, "ASAN_OPTIONS": "detect_leaks=0"}
    script = [sys.executable, HERE / "exercise.py", tmp_path / "watched.so", variant, "60"]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "63 networks" in done.stdout, done.stderr[-3000:]


def test_webassembly_in_the_repository_is_of_these_sources(build: Any) -> None:
    for name in build.WASM:
        kept = (WASM.parent / f"{name}.wasm").read_bytes()
        assert kept.endswith(build.wasm_sources(name)), "run: python engine/build.py --wasm"
        assert len(kept) < 200_000


@pytest.mark.long
def test_webassembly_is_compiled_to_the_same_bytes_again(build: Any, zig: list[str], tmp_path: Path) -> None:
    name = "engine-relaxed-threads"  # what most browsers get; `make release` compiles them all
    build.compile_wasm(tmp_path, [name])
    assert (tmp_path / f"{name}.wasm").read_bytes() == (WASM.parent / f"{name}.wasm").read_bytes()


@pytest.fixture(scope="module")
def unpacked(zig: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a release's wheel, unpacked: what an installation is."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    wanted = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in wanted:
        if name.startswith(("src/", "engine/", "pyproject.toml", "PACKAGE.md", "LICENSE", "MANIFEST.in")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w"]
    # Six systems at once; slow code, which takes a thirtieth of the time to make. `make release` makes the quick one.
    slow = "-O0 -fno-sanitize=undefined -fno-stack-protector -mno-stack-arg-probe"
    environment = {**os.environ, "EXMACHINA_RELEASE": "1", "EXMACHINA_CFLAGS": slow}
    subprocess.run([*command, folder, copy], env=environment, check=True)
    (wheel,) = folder.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


@pytest.mark.long
def test_one_wheel_carries_every_platform(build: Any, unpacked: Path) -> None:
    compiled = unpacked / "exmachina" / "engine" / "compiled"
    assert {kind.library for kind in build.RELEASED} <= {file.name for file in compiled.iterdir()}
    assert {f"{name}.wasm" for name in build.WASM} <= {
        file.name for file in (unpacked / "exmachina" / "lesson" / "web" / "engine").iterdir()
    }
    # So that a release is the same bytes when built again: a macOS library names itself, not where it was linked.
    assert not [file.name for file in compiled.iterdir() if gettempdir().encode() in file.read_bytes()]
    here = compiled / build.this_platform().library
    if here.exists():  # and the one for this machine, made by another compiler, works
        released = NativeLibrary(here)
        images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
        answers = []
        for engine in (released, None):
            model = Model(FAST, engine=engine)
            model.set(initial_weights(FAST, 1))
            answers.append(model.logits(images))
        np.testing.assert_allclose(answers[0], answers[1], atol=1e-4)


INSTALLED = """
import sys
from pathlib import Path
from tempfile import gettempdir
import exmachina
from exmachina.lesson.site import export_site
from exmachina.widget import Pad
assert Path(exmachina.__file__).is_relative_to(sys.argv[1]), exmachina.__file__
pad = Pad("fast", exmachina.load_mnist()[1].images[257])
assert pad.prediction.digit == 8
print(len(pad.get_state("_esm")["_esm"]), len(pad._repr_mimebundle_()[0]["image/png"]))
export_site("site", {"fast": "fast"})
"""


@pytest.mark.long
def test_wheel_shows_the_widget_and_writes_the_page_outside_the_repository(unpacked: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    command = [sys.executable, "-c", INSTALLED, str(unpacked)]
    shown = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    module, picture = map(int, shown.stdout.split())
    assert module == len((ROOT / "src" / "exmachina" / "widget" / "widget.js").read_text("utf-8")) and picture > 1000
    site = tmp_path / "site"
    listed = json.loads((site / "site.json").read_text("utf-8"))["files"]
    assert {"main.js", "data/summary.json", "data/runs/fast/model.safetensors"} <= set(listed)
    assert [name for name in listed if not (site / name).stat().st_size] == []
    web = ROOT / "src" / "exmachina" / "lesson" / "web"
    for source in web.rglob("*.js"):  # the page as it is here, whole; a class's needs the server
        if source.parent.name != "class":
            assert (site / source.relative_to(web)).read_bytes() == source.read_bytes()
