"""Every engine that this machine can run, instruction set by instruction set, and WebAssembly."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from network_kinds import random_network, without_dropout
from oracle import expect, random_weights

from exmachina.engine import Model, OptimizerSettings, initial_weights, library
from exmachina.engine.interface import Library
from exmachina.engine.loading import COMPILED, WASM, digest, file_name
from exmachina.engine.model import GRADIENT
from exmachina.engine.native import NativeLibrary
from exmachina.engine.webassembly import WasmLibrary
from exmachina.errors import InputError
from exmachina.networks import NETWORKS

BEST_LAST = ("baseline", "avx2", "avx512")


@lru_cache
def native() -> NativeLibrary:
    return NativeLibrary(COMPILED / file_name())


# All that run here: the variants up to the best for this processor, and WebAssembly.
NAMES = (*BEST_LAST[: BEST_LAST.index(native().name) + 1], "wasm")


@pytest.fixture(scope="module")
def engines() -> dict[str, Library]:
    """Loaded when a test asks: WebAssembly takes a third of a second, which not every worker need spend."""
    return {
        name: WasmLibrary(WASM) if name == "wasm" else NativeLibrary(COMPILED / file_name(), name) for name in NAMES
    }


def test_library_is_that_of_the_sources() -> None:
    assert native().sources == digest()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("network", [*NETWORKS.values(), random_network(3), random_network(11)], ids=lambda n: n.name)
def test_every_variant_agrees_with_pytorch(engines: dict[str, Library], name: str, network: Any) -> None:
    network = without_dropout(network)
    rng = np.random.default_rng(0)
    images = rng.random((9, *network.input_shape), dtype=np.float32)
    labels = rng.integers(0, network.classes, 9).astype(np.uint8)
    weights = random_weights(network, 1)
    expected = expect(network, weights, images, labels)
    model = Model(network, learns=9, engine=engines[name])
    model.prepare(OptimizerSettings())
    model.set(weights)
    assert model.learn(images, labels, how=GRADIENT)[0] == pytest.approx(expected.loss, rel=1e-5)
    last = f"{network.layers[-1].name}.weight"
    result = model.get("gradients")[last]
    np.testing.assert_allclose(result, expected.gradients[last], atol=1e-4 * np.abs(result).max())


def test_a_seed_means_the_same_weights_in_every_variant(engines: dict[str, Library]) -> None:
    network = random_network(5)
    expected = initial_weights(network, 9)
    for engine in engines.values():
        model = Model(network, engine=engine)
        model.initialize(9)
        assert all(np.array_equal(array, expected[name]) for name, array in model.get().items())


def test_memory_of_webassembly_is_used_again() -> None:
    wasm = WasmLibrary(WASM)
    kept = wasm.zeros(1000, np.float32)
    kept[:] = 7
    places = set()
    for _ in range(20):
        passing = wasm.zeros((100, 100), np.float32)
        assert not passing.any()
        passing[:] = 1
        places.add(wasm.address(passing))
        del passing
    assert len(places) <= 2 and (kept == 7).all()
    assert wasm.address(wasm.place(kept)) == wasm.address(kept) and wasm.address(None) == 0
    with pytest.raises(MemoryError):
        wasm.zeros(1 << 40, np.uint8)


def test_an_engine_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXMACHINA_ENGINE", "sse9")
    library.cache_clear()
    with pytest.raises(InputError, match=r"sse9.*EXMACHINA_ENGINE"):
        library()
    library.cache_clear()


def test_where_nothing_native_is_webassembly_serves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("EXMACHINA_ENGINE", raising=False)
    monkeypatch.setattr("exmachina.engine.loading.COMPILED", tmp_path)
    library.cache_clear()
    assert library().name == "wasm"
    library.cache_clear()
