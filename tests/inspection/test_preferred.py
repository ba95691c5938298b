"""Images that please a neuron do please it, by the network's own numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.inspection import before_activation, preferred_images
from exmachina.runs import Run
from exmachina.training.pytorch.module import build


def test_preferred_image_beats_every_real_digit(tiny_run: Run, test_digits: Dataset) -> None:
    module = build(tiny_run.network, tiny_run.weights)
    module.eval()
    result = preferred_images(tiny_run, channels=[3, 8], steps=60)
    with torch.no_grad():
        real = module(torch.from_numpy(test_digits.images[:, None].astype(np.float32) / 255)).numpy()
        made = module(torch.from_numpy(np.stack([item.image for item in result]))[:, None]).numpy()
    for i, item in enumerate(result):
        assert item.value == pytest.approx(float(made[i, item.channel]), rel=1e-3)
        assert item.value > real[:, item.channel].max()
        assert item.image.min() >= 0 and item.image.max() <= 1


def test_a_kernels_preference_raises_its_mean_sum(tiny_run: Run) -> None:
    # A kernel whose weights add up to more than nothing can only gain from ink.
    kernel = int(tiny_run.weights["conv1.weight"].sum(axis=(1, 2, 3)).argmax())
    (result,) = preferred_images(tiny_run, "conv1", [kernel], steps=30)
    blank = before_activation(tiny_run, np.zeros((28, 28), np.uint8), "conv1")[kernel].mean()
    assert result.blank == pytest.approx(float(blank), rel=1e-3, abs=1e-4)
    assert result.value > result.blank


def test_the_same_seed_gives_the_same_image(tiny_run: Run) -> None:
    first, again = (preferred_images(tiny_run, channels=[2], steps=3, seed=5)[0].image for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_channel_that_does_not_exist_is_refused(tiny_run: Run) -> None:
    with pytest.raises(InputError, match="'conv1' has no channel 4; choose from 0 to 3"):
        preferred_images(tiny_run, "conv1", [4])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fast", "classic", "accurate"])
def test_every_digit_of_every_shipped_network_gets_ink_that_pleases_it(name: str) -> None:
    """Begun nearly black, with ink dear from the first step, nine of ten once stayed black for `classic`."""
    for item in preferred_images(Run.load(name)):
        assert item.image.max() > 0.5 and 0.02 < item.image.mean() < 0.5, item
        assert item.value > item.blank + 1.5, item
