"""Training on PyTorch: the same events, and the same learning as on the engine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.networks import BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool, Network
from exmachina.runs import Run
from exmachina.training import Augmentation, Event, Recipe, StepEnd, TrainingEnd, train
from exmachina.training.learner import choose_backend
from exmachina.training.pytorch.learner import TorchLearner


def finish(events: Iterator[Event]) -> Run:
    *_, end = events
    assert isinstance(end, TrainingEnd)
    return end.run


def test_backend_is_the_engine_unless_something_needs_pytorch(tiny_recipe: Recipe) -> None:
    auto = tiny_recipe.replace(precision="auto")
    assert choose_backend(auto) == choose_backend(auto, device="cpu") == "engine"
    assert choose_backend(auto, "torch") == choose_backend(auto, "torch", "cpu") == "torch"
    assert choose_backend(auto.replace(precision="bf16")) == "torch"
    for backend, device in (("jax", None), ("engine", "cuda"), (None, "quantum")):
        with pytest.raises(InputError, match=r"jax|engine|quantum"):
            choose_backend(auto, backend, device)


def test_without_pytorch_one_line_says_how_to_get_it(tiny_recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exmachina.training.learner.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'hello-ex-machina\[torch\]'"):
        choose_backend(tiny_recipe, "torch")
    with pytest.raises(InputError, match=r"cuda.*needs PyTorch"):
        choose_backend(tiny_recipe, device="cuda")


def test_both_backends_see_the_same_batches_from_the_same_weights(tiny_recipe: Recipe, digits: Dataset) -> None:
    changes = Augmentation(2, 10.0, 0.1, 0.2, 0.5, 0.5, 0.5, 0.5, 0.2)
    recipe = tiny_recipe.replace(augmentation=changes, freeze_first_after=0.1)
    engine, pytorch = (
        [event.loss for event in train(recipe, digits, 4, backend=backend) if isinstance(event, StepEnd)]
        for backend in ("engine", "torch")
    )
    assert engine[:10] == pytest.approx(pytorch[:10], rel=1e-4)


def test_global_randomness_neither_matters_nor_changes(tiny_recipe: Recipe, digits: Dataset) -> None:
    import torch

    recipe = tiny_recipe.replace(epochs=0.5)
    torch.manual_seed(1)
    first = finish(train(recipe, digits, seed=3, backend="torch"))
    torch.manual_seed(2)
    before = torch.get_rng_state()
    again = finish(train(recipe, digits, seed=3, backend="torch"))
    assert all(np.array_equal(first.weights[name], again.weights[name]) for name in first.weights)
    assert torch.equal(torch.get_rng_state(), before)


def test_bf16_learns_and_says_so(tiny_recipe: Recipe, digits: Dataset, test_digits: Dataset) -> None:
    run = finish(train(tiny_recipe.replace(precision="bf16"), digits, test=test_digits))
    assert (run.precision, run.hardware["engine"]) == ("bf16", "torch") and "torch" in run.versions
    assert run.test_accuracy is not None
    assert run.test_accuracy > 0.9
    assert all(array.dtype == np.float32 for array in run.weights.values())


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_batch_norm_remembers_what_it_saw_in_either_precision(
    tiny_recipe: Recipe, digits: Dataset, test_digits: Dataset, precision: str
) -> None:
    layers = (Conv("conv1", filters=4, kernel=5), BatchNorm("norm1", "relu"), MaxPool("pool1", size=4))
    more = (Dropout("dropout1", rate=0.1), Flatten("flatten1"), Dense("dense1", "softmax", units=10))
    recipe = tiny_recipe.replace(network=Network("norm", (*layers, *more)), precision=precision)
    run = finish(train(recipe, digits, test=test_digits, backend="torch"))
    assert (run.test_accuracy or 0) > 0.95
    seen = Classifier.from_run(run).layers(digits.images[:500])["conv1"]
    np.testing.assert_allclose(run.weights["norm1.running_mean"], seen.mean((0, 2, 3)), atol=0.05)
    np.testing.assert_allclose(run.weights["norm1.running_var"], seen.var((0, 2, 3)), rtol=0.3)


def test_score_of_an_evaluation_is_that_of_the_classifier(tiny_recipe: Recipe, tiny_run: Run, digits: Dataset) -> None:
    loss, accuracy = TorchLearner(tiny_recipe, 0, tiny_run.weights).evaluate(digits)
    probabilities = Classifier.from_run(tiny_run).probabilities(digits.images)
    assert accuracy == (probabilities.argmax(axis=1) == digits.labels).mean()
    assert loss == pytest.approx(-np.log(probabilities[np.arange(len(digits)), digits.labels]).mean(), rel=1e-4)
