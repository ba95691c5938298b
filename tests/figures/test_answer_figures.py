"""Confidence, attributions, curves and the confusion matrix say what the numbers say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix as sklearn_matrix

from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.figures import attributions, confidence, confusion_matrix, preferred, training_curve
from exmachina.figures.progress import running_mean
from exmachina.inspection import Attribution, PreferredImage

Read = Callable[[Figure], list[str]]
See = Callable[[Figure], list[np.ndarray]]


def test_bars_are_as_long_as_the_probabilities(test_digits: Dataset, words: Read, off_the_page: Read) -> None:
    chances = np.array([0.01, 0.02, 0.6, 0.05, 0.0, 0.00001, 0.1, 0.12, 0.05, 0.04999])
    figure = confidence(chances, test_digits.images[0], 7)
    bars = next(axes for axes in figure.axes if axes.patches).patches
    assert [bar.get_width() for bar in bars] == pytest.approx(chances)  # type: ignore[attr-defined]
    texts = words(figure)
    assert "The network reads a 2 and gives it 60.0 %; people labelled it 7" in texts
    assert {"60.0 %", "< 0.01 %", "label 7"} <= set(texts)
    assert off_the_page(figure) == []


def test_agreement_needs_no_second_name(words: Read) -> None:
    assert "The network reads an 8 and gives it 100 %" in words(confidence(np.eye(10)[8], label=8))


def test_each_attribution_has_its_own_legend(
    test_digits: Dataset, words: Read, pictures: See, off_the_page: Read
) -> None:
    values = np.linspace(-2, 1, 784, dtype=np.float32).reshape(28, 28)
    result = {
        "integrated_gradients": Attribution("integrated_gradients", 8, values, 3.0),
        "saliency": Attribution("saliency", 8, np.abs(values) * 2, 3.0),
    }
    figure = attributions(result, test_digits.images[0])
    texts = words(figure)
    assert "Which pixels speak for an 8, asked in two ways" in texts
    assert {"−2.0", "2.0", "4.0", "logit", "logit per pixel"} <= set(texts)
    np.testing.assert_array_equal(pictures(figure)[1], values)
    assert off_the_page(figure) == []


def test_preferred_images_are_numbered_with_their_value(words: Read, pictures: See) -> None:
    result = [PreferredImage("out", i, np.full((28, 28), i / 10, np.float32), 3.0 + i, 0.0) for i in (2, 7)]
    figure = preferred(result)
    assert {"2", "7", "logit 5.0", "logit 10"} <= set(words(figure))
    np.testing.assert_array_equal(pictures(figure)[1], result[1].image)


def test_curve_says_where_the_loss_began_and_ended(words: Read, off_the_page: Read) -> None:
    losses = np.geomspace(2.5, 0.05, 200)
    history = [
        {"step": 100, "loss": 0.9, "accuracy": 0.8, "validation_loss": 0.5, "validation_accuracy": 0.9},
        {"step": 200, "loss": 0.2, "accuracy": 0.95, "validation_loss": 0.1, "validation_accuracy": 0.97},
    ]
    figure = training_curve(history, losses, test_accuracy=0.9712)
    texts = words(figure)
    end = f"{running_mean(losses)[-1]:.3f}"
    assert f"The loss falls from 2.50 to {end} in 200 steps; 97.12 % of the test digits are read right" in texts
    assert {"batches", "epochs", "validation", "training", "test", "loss (nats)", "accuracy (%)", "step"} <= set(texts)
    upper, lower = figure.axes
    np.testing.assert_allclose(np.asarray(upper.lines[0].get_ydata()), losses)
    np.testing.assert_allclose(np.asarray(lower.lines[0].get_ydata()), [80, 95])
    assert off_the_page(figure) == []


def test_curve_of_steps_alone_and_of_epochs_alone(words: Read, off_the_page: Read) -> None:
    alone = training_curve([], [2.0, 1.0, 0.5])
    assert len(alone.axes) == 1
    epochs = training_curve([{"step": 10, "loss": 0.5, "accuracy": 0.9}, {"step": 20, "loss": 0.25, "accuracy": 0.91}])
    assert "The loss falls from 0.50 to 0.250 in 20 steps" in words(epochs)
    assert off_the_page(alone) == off_the_page(epochs) == []
    with pytest.raises(InputError, match="nothing to draw yet"):
        training_curve([])


def test_running_mean_is_the_mean_of_the_steps_around() -> None:
    values = np.arange(100.0) ** 2
    smooth = running_mean(values)  # 3 steps to either side
    assert smooth[50] == pytest.approx(values[47:54].mean())
    assert smooth[0] == pytest.approx(values[:4].mean())
    assert smooth[99] == pytest.approx(values[96:].mean())


def test_confusion_matrix_has_scikit_learns_counts(words: Read, pictures: See, off_the_page: Read) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 3000)
    read = np.where(rng.random(3000) < 0.1, rng.integers(0, 10, 3000), labels)
    read[:12], labels[:12] = 9, 4
    figure = confusion_matrix(labels, read)
    matrix = sklearn_matrix(labels, read)
    wrong = matrix - np.diag(np.diag(matrix))
    np.testing.assert_array_equal(pictures(figure)[0], wrong)
    texts = words(figure)
    for count in np.diag(matrix):
        assert f"{count:,}" in texts
    title = f"{wrong.sum()} of 3,000 digits are misread; most often a 4 as a 9 ({wrong[4, 9]} times)"
    assert title in texts
    assert off_the_page(figure) == []
