"""Adversarial images stay within their bounds, raise the loss, and on a linear network are what algebra says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from exmachina import InputError
from exmachina.data import Dataset
from exmachina.evaluation.attacks import adversarial_images, attack
from exmachina.networks import Dense, Flatten, Network
from exmachina.networks.module import build, set_weights
from exmachina.runs import Run


@pytest.mark.parametrize("method", ["fgsm", "pgd"])
@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.6])
def test_images_stay_within_epsilon_and_the_range_of_pixels(
    method, epsilon, tiny_run: Run, test_digits: Dataset
) -> None:
    module = build(tiny_run.network)
    set_weights(module, tiny_run.weights)
    images = torch.from_numpy(test_digits.images[:20].astype(np.float32) / 255)[:, None]
    labels = torch.from_numpy(test_digits.labels[:20].astype(np.int64))
    changed = adversarial_images(module, images, labels, method, epsilon, torch.Generator().manual_seed(0))
    assert changed.min() >= 0 and changed.max() <= 1
    assert (changed - images).abs().max() <= epsilon + 1e-6


def test_fgsm_on_a_linear_network_moves_every_pixel_against_the_label() -> None:
    # Two classes of one linear layer: the loss of class 0 grows along w1 − w0, whatever the image.
    module = build(Network("line", (Flatten("flatten"), Dense("dense", "softmax", units=2))), seed=4)
    weight = module.get_submodule("dense").weight.detach()
    images = torch.full((1, 1, 28, 28), 0.5)
    generator = torch.Generator()
    changed = adversarial_images(module, images, torch.tensor([0]), "fgsm", 0.25, generator)
    assert torch.allclose(changed.flatten(), 0.5 + 0.25 * (weight[1] - weight[0]).sign(), atol=1e-6)


def test_errors_grow_with_epsilon_and_pgd_is_no_weaker_than_fgsm(tiny_run: Run, test_digits: Dataset) -> None:
    results = list(attack(tiny_run, test_digits[:100], (0.05, 0.2)))
    errors = {(one.method, one.epsilon): one.error.value for one in results}
    plain = 1 - (tiny_run.test_accuracy or 0)
    assert plain - 0.1 <= errors["fgsm", 0.05] <= errors["fgsm", 0.2]
    assert errors["pgd", 0.05] <= errors["pgd", 0.2]
    assert errors["pgd", 0.2] >= errors["fgsm", 0.2] - 0.02
    assert {(one.steps, one.restarts) for one in results} == {(1, 1), (40, 1)}


def test_an_impossible_attack_is_refused(tiny_run: Run) -> None:
    module, images = build(tiny_run.network), torch.zeros(1, 1, 28, 28)
    for method, epsilon in (("fgsm", 2.0), ("magic", 0.1)):
        with pytest.raises(InputError, match=r"2\.0|magic"):
            adversarial_images(module, images, torch.tensor([0]), method, epsilon, torch.Generator())  # type: ignore[arg-type]
