"""The same weights here and in Keras give the same probabilities, whichever wrote the file."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from exmachina.engine import initial_weights
from exmachina.errors import InputError
from exmachina.networks import CLASSIC, FAST, BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool, Network
from exmachina.runs import Run
from exmachina.runs.keras_file import export_keras, import_keras
from exmachina.training.pytorch.module import build

keras: Any
layers: Any

# Keras itself has yet to follow NumPy 2 when it reads a PyTorch tensor.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

VARIED = Network(
    "varied",
    (
        Conv("conv1", filters=4, kernel=5, stride=2, padding=2),
        BatchNorm("norm1", "relu", epsilon=1e-3),
        MaxPool("pool1", size=3),
        Conv("conv2", "relu", filters=6, kernel=2, padding=1),
        BatchNorm("norm2"),
        Conv("conv3", "softmax", filters=3, kernel=1),
        Dropout("dropout1", rate=0.25),
        Flatten("flatten1", "relu"),
        Dropout("dropout2", rate=0.25),
        Dense("dense1", "relu", units=7),
        Dense("dense2", "softmax", units=10),
    ),
    mean=0.1307,
    std=0.3081,
)
NETWORKS = [CLASSIC, FAST, VARIED]


def random_run(network: Network) -> Run:
    """A run whose every tensor, biases and batch norm's past included, is its own."""
    rng = np.random.default_rng(4)
    weights = initial_weights(network, 1)
    for name, array in weights.items():
        if array.ndim == 1:
            array[:] = rng.uniform(0.5, 2, array.shape) if "running_var" in name else rng.normal(0.1, 0.3, array.shape)
    return Run(network, weights, {"name": network.name})


@pytest.fixture(scope="module", autouse=True)
def load_keras() -> None:
    """Keras takes five seconds to import: the worker that runs this file does, not every one that collects it."""
    global keras, layers
    keras = pytest.importorskip("keras")
    layers = keras.layers


@pytest.fixture(scope="module")
def images() -> NDArray[np.float32]:
    return np.random.default_rng(0).random((6, 28, 28), dtype=np.float32)


def ours(run: Run, images: NDArray[np.float32]) -> NDArray[np.float32]:
    module = build(run.network, run.weights).eval()
    with torch.inference_mode():
        return torch.softmax(module(torch.from_numpy(images)[:, None]), 1).numpy()


def theirs(model: Any, images: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(model.predict_on_batch(images[..., None]))


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_exported_model_gives_the_same_probabilities_in_keras(
    network: Network, images: NDArray[np.float32], tmp_path: Path
) -> None:
    run = random_run(network)
    assert export_keras(run, tmp_path / "new" / "model.keras") == tmp_path / "new" / "model.keras"
    model = keras.saving.load_model(tmp_path / "new" / "model.keras")  # in Keras's safe mode
    np.testing.assert_allclose(theirs(model, images), ours(run, images), atol=1e-5)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["model.keras"]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_export_and_import_give_the_same_run(network: Network, tmp_path: Path) -> None:
    run = random_run(network)
    result = import_keras(export_keras(run, tmp_path / "model.keras"))
    assert result.network.layers == network.layers
    assert (result.network.mean, result.network.std) == pytest.approx((network.mean, network.std))
    assert result.weights.keys() == run.weights.keys()
    for name, array in run.weights.items():
        np.testing.assert_array_equal(result.weights[name], array)


def test_imported_run_can_be_saved_and_loaded(tmp_path: Path) -> None:
    run = import_keras(export_keras(random_run(VARIED), tmp_path / "model.keras"))
    assert Run.load(run.save(tmp_path / "run")).recipe == {"name": "imported", "file": "model.keras"}


def textbook() -> Any:
    """The classic network as a Keras tutorial writes it."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def others() -> Any:
    """What other people write: padding, activations and inputs said in other ways."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, padding="same", use_bias=False, name="conv-1"),
            layers.BatchNormalization(scale=False),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.ZeroPadding2D(1),
            layers.Conv2D(6, 3, activation="relu", strides=2),
            layers.BatchNormalization(center=False),
            layers.Flatten(),
            layers.Dense(12, use_bias=False, name="logits"),
            layers.Activation("relu"),
            layers.Dense(10, name="probabilities"),
            layers.Softmax(),
        ],
        name="others",
    )


def functional() -> Any:
    image = x = keras.Input((28, 28, 1))
    for layer in others().layers:
        x = layer(x)
    return keras.Model(image, x)


@pytest.mark.parametrize("make", [textbook, others, functional])
def test_model_from_keras_gives_the_same_probabilities_here(
    make: Any, images: NDArray[np.float32], tmp_path: Path
) -> None:
    model = make()
    rng = np.random.default_rng(1)
    for layer in model.layers:
        layer.set_weights(
            [rng.normal(0.1, 0.3, array.shape) ** (1 + (array.ndim == 1)) for array in layer.get_weights()]
        )
    model.save(tmp_path / "model.keras")
    run = import_keras(tmp_path / "model.keras")
    scale = 1 if make is textbook else 255  # the others take bytes
    np.testing.assert_allclose(ours(run, images), theirs(model, images * scale), atol=1e-5)


def test_compiled_and_fitted_model_is_read_though_it_carries_an_optimizer(
    images: NDArray[np.float32], tmp_path: Path
) -> None:
    model = textbook()
    model.compile("adadelta", "sparse_categorical_crossentropy")
    model.train_on_batch(images[..., None], np.arange(6))
    model.save(tmp_path / "model.keras")
    np.testing.assert_allclose(ours(import_keras(tmp_path / "model.keras"), images), theirs(model, images), atol=1e-5)


def test_kerass_own_summary_counts_the_classic_as_we_do() -> None:
    model = textbook()
    assert [layer.count_params() for layer in model.layers] == [step.parameters for step in CLASSIC.steps()]
    assert model.count_params() == CLASSIC.parameters == 1_199_882
    shapes = [tuple(layer.output.shape[1:]) for layer in model.layers]
    assert shapes == [
        (step.output_shape[1], step.output_shape[2], step.output_shape[0])
        if len(step.output_shape) == 3
        else step.output_shape
        for step in CLASSIC.steps()
    ]


def test_classic_starts_as_keras_starts_it() -> None:
    keras.utils.set_random_seed(0)
    model, weights = textbook(), initial_weights(CLASSIC, 0)
    layer_of = dict(zip(("conv1", "conv2", "dense1", "dense2"), (0, 1, 5, 7), strict=True))
    for name, index in layer_of.items():
        kernel, bias = model.layers[index].get_weights()
        mine = weights[f"{name}.weight"]
        assert mine.size == kernel.size
        assert not bias.any()
        assert not weights[f"{name}.bias"].any()
        tolerance = 4 / math.sqrt(kernel.size)
        assert mine.std() == pytest.approx(kernel.std(), rel=tolerance)
        assert np.abs(mine).max() == pytest.approx(np.abs(kernel).max(), rel=tolerance)
        assert abs(mine.mean()) < tolerance * kernel.std()


def test_both_ways_need_h5py_alone_and_say_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    file = export_keras(random_run(VARIED), tmp_path / "model.keras")
    assert import_keras(file).network.layers == VARIED.layers
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match=r'pip install "hello-ex-machina\[keras\]"'):
        import_keras(file)
    with pytest.raises(InputError, match=r'pip install "hello-ex-machina\[keras\]"'):
        export_keras(random_run(VARIED), tmp_path / "another.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_export_to_places_that_cannot_be_is_refused(tmp_path: Path) -> None:
    run = random_run(VARIED)
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder.keras").mkdir()
    for place in ("model.h5", "file/model.keras", "folder.keras"):
        with pytest.raises(InputError, match=r"keras|write"):
            export_keras(run, tmp_path / place)


def test_neither_import_nor_the_module_loads_keras(tmp_path: Path) -> None:
    file = export_keras(random_run(VARIED), tmp_path / "model.keras")
    code = (
        "import sys; from exmachina.runs.keras_file import export_keras, import_keras;"
        "export_keras(import_keras(sys.argv[1]), sys.argv[1]);"
        "assert not {'keras', 'torch', 'tensorflow'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code, file], check=True, env={**os.environ})
