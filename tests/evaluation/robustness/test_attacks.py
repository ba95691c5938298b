"""Adversarial images stay within their bounds, raise the loss, and on a linear network are what algebra says."""

from __future__ import annotations

import numpy as np
import pytest

from exmachina import InputError
from exmachina.data import Dataset, scale
from exmachina.engine import Model, initial_weights
from exmachina.evaluation.robustness.attacks import Method, adversarial_images, attack, checkpoints
from exmachina.networks import Dense, Flatten, Network
from exmachina.runs import Run

GREY, ZERO = np.full((1, 1, 28, 28), 0.5, np.float32), np.zeros(1, np.uint8)


def model_of(run: Run) -> Model:
    model = Model(run.network, explains=True)
    model.set(run.weights)
    return model


def seeded() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("method", ["fgsm", "pgd", "apgd"])
@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.6])
def test_images_stay_within_epsilon_and_the_range_of_pixels(
    method: Method, epsilon: float, tiny_run: Run, test_digits: Dataset
) -> None:
    images = scale(test_digits.images[:20])[:, None]
    changed = adversarial_images(model_of(tiny_run), images, test_digits.labels[:20], method, epsilon, seeded())
    assert changed.min() >= 0 and changed.max() <= 1
    assert np.abs(changed - images).max() <= epsilon + 1e-6


def test_fgsm_on_a_linear_network_moves_every_pixel_against_the_label() -> None:
    # Two classes of one linear layer: the loss of class 0 grows along w1 − w0, whatever the image.
    network = Network("line", (Flatten("flatten"), Dense("dense", "softmax", units=2)))
    weights = initial_weights(network, 4)
    changed = adversarial_images(model_of(Run(network, weights, {})), GREY, ZERO, "fgsm", 0.25, seeded())
    expected = 0.5 + 0.25 * np.sign(weights["dense.weight"][1] - weights["dense.weight"][0])
    np.testing.assert_allclose(changed.ravel(), expected, atol=1e-6)


def test_errors_grow_with_epsilon_and_pgd_is_no_weaker_than_fgsm(tiny_run: Run, test_digits: Dataset) -> None:
    results = list(attack(tiny_run, test_digits[:100], (0.05, 0.2)))
    errors = {(one.method, one.epsilon): one.error.value for one in results}
    plain = 1 - (tiny_run.test_accuracy or 0)
    assert plain - 0.1 <= errors["fgsm", 0.05] <= errors["fgsm", 0.2]
    assert errors["pgd", 0.05] <= errors["pgd", 0.2]
    assert errors["pgd", 0.2] >= errors["fgsm", 0.2] - 0.02
    assert {(one.steps, one.restarts) for one in results} == {(1, 1), (40, 1)}


def test_an_impossible_attack_is_refused(tiny_run: Run) -> None:
    for method, epsilon in (("fgsm", 2.0), ("magic", 0.1)):
        with pytest.raises(InputError, match=r"2\.0|magic"):
            adversarial_images(model_of(tiny_run), GREY, ZERO, method, epsilon, seeded())  # type: ignore[arg-type]


def test_apgd_looks_back_where_croce_and_hein_do() -> None:
    # Their paper's list for 100 steps: 22 %, then parts of 19, 16, 13, 10, 7, 6, 6 %.
    assert checkpoints(100)[:8] == [0, 22, 41, 57, 70, 80, 87, 93]


def test_shortening_steps_and_new_starts_are_no_weaker_than_pgd(tiny_run: Run, test_digits: Dataset) -> None:
    results = list(attack(tiny_run, test_digits[:60], (0.05, 0.1), methods=("pgd", "apgd")))
    errors = {(one.method, one.epsilon): one.error.value for one in results}
    assert all(errors["apgd", epsilon] >= errors["pgd", epsilon] for epsilon in (0.05, 0.1))
    assert {(one.steps, one.restarts) for one in results if one.method == "apgd"} == {(100, 3)}
