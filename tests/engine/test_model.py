"""The engine against PyTorch in double precision: values, losses and gradients of any network."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from network_kinds import random_network, without_dropout
from oracle import NEAR, Expected, Floats, expect, images_far_from_kinks, random_weights

from exmachina.data import Dataset, scale
from exmachina.engine import Model, OptimizerSettings, initial_weights, shuffled_order
from exmachina.engine.model import GRADIENT, LOSS_ONLY
from exmachina.errors import InputError
from exmachina.networks import NETWORKS, Conv, Flatten, MaxPool, Network
from exmachina.runs import Weights
from exmachina.training.pytorch.module import build
from varied import BENT, OUT, VARIED

TEXTBOOK = Network(
    "pooled twice, the image first",
    (
        Conv("conv1", "relu", filters=10, kernel=5, padding=2),
        MaxPool("pool1", size=2),
        Conv("conv2", "relu", filters=20, kernel=3),
        MaxPool("pool2", size=3),
        Flatten("flatten1", "softmax"),
        OUT,
    ),
)
ALL = [VARIED, BENT, TEXTBOOK, *NETWORKS.values()]
ENOUGH = 1e-4  # of a tensor's largest value
NOWHERE = 0.05  # of the largest gradient of all: a bias before batch norm has none, and what is left of it is noise


def batch(network: Network, count: int, seed: int = 0) -> tuple[Floats, np.ndarray]:
    rng = np.random.default_rng(seed)
    images = rng.random((count, *network.input_shape), dtype=np.float32)
    return images, rng.integers(0, network.classes, count).astype(np.uint8)


def model_of(network: Network, weights: Weights, **uses: object) -> Model:
    model = Model(network, **uses)  # type: ignore[arg-type]
    model.set(weights)
    return model


def gradients(
    network: Network, weights: Weights, images: Floats, labels: np.ndarray, smoothing: float
) -> tuple[float, Weights]:
    model = model_of(network, weights, learns=len(images))
    model.prepare(OptimizerSettings(label_smoothing=smoothing))
    loss, _ = model.learn(images, labels, how=GRADIENT)
    return loss, model.get("gradients")


def assert_gradients_are(result: Weights, expected: Expected, single: Expected | None = None) -> None:
    """Right to `ENOUGH`; where a network loses more digits than that, as right as PyTorch in `single` precision."""
    assert result.keys() == expected.gradients.keys()
    largest = max(float(np.abs(array).max()) for array in expected.gradients.values())
    for name, array in expected.gradients.items():
        allowed = ENOUGH * max(float(np.abs(array).max()), NOWHERE * largest)
        if single is not None:
            allowed = max(allowed, 4 * float(np.abs(single.gradients[name] - array).max()))
        assert np.abs(result[name] - array).max() <= allowed, name


@pytest.mark.parametrize("network", ALL, ids=lambda network: network.name)
def test_every_layer_is_pytorchs(network: Network) -> None:
    weights = random_weights(network, 1)
    images, _ = batch(network, 5)
    result = model_of(network, weights, keeps_values=True).values(images)
    with torch.inference_mode():
        module = build(network, weights).double().eval()
        for name, expected in module.layers(torch.from_numpy(images).double()):
            if name == network.layers[-1].name:
                expected = module(torch.from_numpy(images).double())  # the engine leaves the last softmax to the loss
            assert result[name].shape == tuple(expected.shape)
            np.testing.assert_allclose(result[name], expected.numpy(), atol=2e-5 * max(float(expected.abs().max()), 1))


@pytest.mark.parametrize("network", ALL, ids=lambda network: network.name)
def test_shortcuts_change_nothing(network: Network) -> None:
    images, _ = batch(network, 40)
    weights = random_weights(network, 2)
    plain = model_of(network, weights, keeps_values=True).logits(images)
    np.testing.assert_allclose(model_of(network, weights).logits(images), plain, atol=2e-5 * np.abs(plain).max())


@pytest.mark.parametrize("network", ALL, ids=lambda network: network.name)
@pytest.mark.parametrize("count", [1, 5, 33])
def test_loss_and_gradients_are_pytorchs(network: Network, count: int) -> None:
    network = without_dropout(network)
    weights = random_weights(network, 3)
    images, labels = batch(network, count)
    expected = expect(network, weights, images, labels, smoothing=0.05)
    loss, result = gradients(network, weights, images, labels, 0.05)
    assert loss == pytest.approx(expected.loss, rel=1e-5)
    assert_gradients_are(result, expected)


@pytest.mark.parametrize("seed", range(120))
def test_random_networks_agree_with_pytorch(seed: int) -> None:
    network = random_network(seed)
    weights = random_weights(network, seed)
    for attempt in range(20):
        images, labels = batch(network, 1 + seed % 40, seed + 1000 * attempt)
        expected = expect(network, weights, images, labels, smoothing=0.1)
        if expected.margin > NEAR:  # else other images
            break
    loss, result = gradients(network, weights, images, labels, 0.1)
    single = expect(network, weights, images, labels, 0.1, torch.float32)
    assert loss == pytest.approx(expected.loss, rel=1e-5, abs=1e-6)
    assert_gradients_are(result, expected, single)


@pytest.mark.parametrize("network", [VARIED, TEXTBOOK, NETWORKS["fast"], NETWORKS["accurate"]], ids=lambda n: n.name)
def test_gradient_of_the_pixels_is_pytorchs(network: Network) -> None:
    weights = random_weights(network, 4)
    images = images_far_from_kinks(network, weights, 4)
    labels = batch(network, 4)[1]
    module = build(network, weights).double().eval()
    pixels = torch.from_numpy(images).double().requires_grad_()
    logits = module(pixels)
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels.astype(np.int64)), reduction="sum")
    (expected,) = torch.autograd.grad(loss, pixels, retain_graph=True)
    model = model_of(network, weights, explains=True)
    atol = ENOUGH * float(expected.abs().max())
    np.testing.assert_allclose(model.image_gradient(images, labels), expected.numpy(), rtol=0, atol=atol)
    seeds = np.random.default_rng(5).normal(size=logits.shape).astype(np.float32)
    (expected,) = torch.autograd.grad((logits * torch.from_numpy(seeds)).sum(), pixels)
    atol = ENOUGH * float(expected.abs().max())
    np.testing.assert_allclose(model.image_gradient(images, seeds=seeds), expected.numpy(), rtol=0, atol=atol)


def test_pixels_of_many_images_are_explained_block_by_block() -> None:
    model = model_of(TEXTBOOK, random_weights(TEXTBOOK, 1), explains=True, threads=2)
    images, labels = batch(TEXTBOOK, 75)
    together = model.image_gradient(images, labels)
    for i in (0, 31, 32, 74):
        np.testing.assert_allclose(
            together[i], model.image_gradient(images[i : i + 1], labels[i : i + 1])[0], atol=1e-6
        )


def test_gradient_from_within_is_that_of_the_sums_before_activation() -> None:
    network, weights = VARIED, random_weights(VARIED, 6)
    images = images_far_from_kinks(network, weights, 6)
    module = build(network, weights).double().eval()
    model = model_of(network, weights, explains=True, keeps_values=True)
    for name in ("conv1", "norm2", "dense1"):
        pixels = torch.from_numpy(images).double().requires_grad_()
        x = module.standardize(pixels)
        for layer in network.layers:
            sums = module.apply_layer(layer, x)
            if layer.name == name:
                break
            x = torch.relu(sums) if layer.activation == "relu" else sums
        seeds = np.random.default_rng(7).normal(size=sums.shape).astype(np.float32)
        (expected,) = torch.autograd.grad((sums * torch.from_numpy(seeds)).sum(), pixels)
        result = model.image_gradient(images, layer=name, seeds=seeds)
        np.testing.assert_allclose(result, expected.numpy(), atol=ENOUGH * float(expected.abs().max()), rtol=0)


def test_loss_alone_is_the_loss_and_changes_nothing(digits: Dataset) -> None:
    model = Model(NETWORKS["fast"], learns=50)
    model.initialize(1)
    model.prepare(OptimizerSettings())
    before = model.get()
    alone, _ = model.learn(digits.images[:50], digits.labels[:50], how=LOSS_ONLY)
    again, _ = model.learn(digits.images[:50], digits.labels[:50], how=GRADIENT)
    assert alone == again
    assert all(np.array_equal(array, before[name]) for name, array in model.get().items())


def test_bytes_are_pixels_times_255(digits: Dataset) -> None:
    model = model_of(NETWORKS["fast"], random_weights(NETWORKS["fast"], 1))
    as_pixels = model.logits(scale(digits.images[:9])[:, None])
    np.testing.assert_allclose(model.logits(digits.images[:9]), as_pixels, atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 2, 31, 32, 33, 200])
@pytest.mark.parametrize("threads", [1, 3])
def test_any_number_of_images_and_threads_gives_the_same_answers(digits: Dataset, count: int, threads: int) -> None:
    weights = random_weights(NETWORKS["fast"], 1)
    one_by_one = model_of(NETWORKS["fast"], weights, threads=1)
    result = model_of(NETWORKS["fast"], weights, threads=threads).logits(digits.images[:count])
    assert result.shape == (count, 10)
    for i, image in enumerate(digits.images[:count]):
        np.testing.assert_allclose(result[i], one_by_one.logits(image[None])[0], atol=1e-5)


def test_weights_come_back_as_they_were_given() -> None:
    for network in ALL:
        weights = random_weights(network, 8)
        result = model_of(network, weights).get()
        assert list(result) == list(network.weight_shapes())
        assert all(np.array_equal(result[name], array) for name, array in weights.items())


@pytest.mark.parametrize("network", ALL, ids=lambda network: network.name)
def test_start_is_glorot_uniform_with_zero_biases(network: Network) -> None:
    for name, tensor in initial_weights(network, 0).items():
        if tensor.ndim == 1:
            neutral = name.endswith(".running_var") or (name.startswith("norm") and name.endswith(".weight"))
            assert (tensor == neutral).all()
            continue
        area = math.prod(tensor.shape[2:])
        limit = math.sqrt(6 / (area * tensor.shape[1] + area * tensor.shape[0]))
        assert np.abs(tensor).max() <= limit
        if tensor.size > 1000:  # and uniform: fills the range, with the variance limit² / 3
            assert np.abs(tensor).max() > 0.99 * limit
            assert tensor.std() == pytest.approx(limit / math.sqrt(3), rel=0.1)


def test_same_seed_same_weights() -> None:
    first, again, other = (initial_weights(VARIED, seed) for seed in (1, 1, 2))
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
    assert (first["conv1.weight"] != other["conv1.weight"]).all()
    assert (initial_weights(VARIED, 1)["conv1.weight"] != initial_weights(VARIED, 1 + 2**32)["conv1.weight"]).any()


def test_two_models_at_work_in_one_process_do_not_disturb_each_other(digits: Dataset) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def learn(seed: int) -> Weights:
        model = Model(NETWORKS["fast"], learns=64, threads=3)
        model.initialize(seed)
        model.prepare(OptimizerSettings())
        order = shuffled_order(len(digits), seed, 0)
        for step in range(15):
            model.learn(digits.images, digits.labels, order[64 * step :][:64], rate=0.01, seed=seed, step=step)
        return model.get()

    alone = [learn(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for expected, result in zip(alone, pool.map(learn, range(4)), strict=True):
            assert all(np.array_equal(result[name], array) for name, array in expected.items())


def test_what_does_not_fit_into_memory_is_one_line() -> None:
    with pytest.raises(InputError, match="smaller batches") as caught:
        Model(NETWORKS["classic"], learns=50_000_000)
    assert "\n" not in str(caught.value)
