"""The ideas are shown on real numbers, worked out right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox
from scipy.special import expit
from scipy.special import softmax as scipy_softmax

from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.figures import cross_entropy, dropout, gradient_descent, relu, softmax
from exmachina.inspection import LossSurface, Plane, Walk

Read = Callable[[Figure], list[str]]
See = Callable[[Figure], list[np.ndarray]]


def test_relu_counts_what_it_zeroes_and_shows_before_and_after(words: Read, pictures: See, off_the_page: Read) -> None:
    sums = np.full((2, 3, 3), -1.0)
    sums[1, 0] = 2.0
    sums[1, 1, 1] = 0.0
    figure = relu(sums, "conv")
    texts = words(figure)
    assert "ReLU sets 83 % of conv's sums to zero for this digit" in texts
    assert "15 sums become 0" in texts
    assert "3 pass" in texts
    before, after = pictures(figure)[:2]
    np.testing.assert_array_equal(before, sums[1])
    np.testing.assert_array_equal(after, np.maximum(sums[1], 0))
    curve = figure.axes[0].lines[0]
    np.testing.assert_array_equal(curve.get_ydata(), np.maximum(np.asarray(curve.get_xdata()), 0))
    assert off_the_page(figure) == []


def test_softmax_column_is_scipys_and_the_sigmoid_is_told_apart(words: Read, off_the_page: Read) -> None:
    logits = np.array([-3.2, 0.4, 5.1, 4.0, -8.0, 0.0, 1.5, 2.2, -1.1, 3.3])
    figure = softmax(logits)
    texts = words(figure)
    for value, single in zip(scipy_softmax(logits), expit(logits), strict=True):
        assert (f"{value:.4f}" if value >= 0.0001 else "< 0.0001") in texts
        assert f"{single:.4f}" in texts
    assert "Ten logits become ten shares of 1; the 2 takes 0.6258" in texts
    assert any("logistic sigmoid" in word and f"add up to {expit(logits).sum():.2f}" in word for word in texts)
    assert any(r"\frac{e^{z_i}}{e^{z_0} + e^{z_1} + \cdots + e^{z_9}}" in word for word in texts)
    assert off_the_page(figure) == []


def test_softmax_of_huge_logits_does_not_overflow(words: Read) -> None:
    assert any("takes 1.0000" in word for word in words(softmax([600.0] + [-600.0] * 9)))


def test_dropout_drops_about_its_rate_and_scales_up_the_rest(words: Read, pictures: See, off_the_page: Read) -> None:
    values = np.random.default_rng(0).uniform(1, 2, 900)
    figure = dropout(values, 0.4, "dense")
    everything, first, second = pictures(figure)[:3]
    np.testing.assert_array_equal(everything.ravel(), values)
    for draw in (first, second):
        kept = draw.ravel() > 0
        assert 0.33 < 1 - kept.mean() < 0.47  # 900 draws at 0.4: four standard deviations
        np.testing.assert_allclose(draw.ravel()[kept], values[kept] / 0.6)
    assert (first != second).any()
    assert "Dropout silences 40 % of dense, others each time" in words(figure)
    assert "random draw 2" in words(figure)
    assert off_the_page(figure) == []
    with pytest.raises(InputError, match=r"rate of 1 leaves nothing"):
        dropout(values, 1, "dense")


def test_examples_lie_on_the_curve_of_minus_log_p(test_digits: Dataset, words: Read, off_the_page: Read) -> None:
    chances = [0.98, 0.5, 0.01]
    figure = cross_entropy(test_digits.images[:3], [4, 5, 6], chances)
    texts = words(figure)
    points = [np.asarray(line.get_xydata())[0] for line in figure.axes[0].lines if line.get_marker() == "o"]
    np.testing.assert_allclose(points, [[p, -np.log(p)] for p in chances])
    for label, p in zip([4, 5, 6], chances, strict=True):
        assert f"{label}: p = {p:.4f} loss {-np.log(p):.2f}" in texts
    assert "The less the right digit gets, the more it costs: p = 0.0100 costs 4.6" in texts
    assert len(figure.findobj(AnnotationBbox)) == 3
    assert off_the_page(figure) == []


def test_descent_draws_the_walks_and_ranks_them(words: Read, off_the_page: Read) -> None:
    plane = Plane({}, {}, {}, ("along", "across"), "through nothing real", (0.05, 0.0))
    first, second = np.linspace(-0.02, 0.06, 9), np.linspace(-0.02, 0.02, 7)
    bowl = 0.01 + 900 * (first[None] ** 2 + 9 * second[:, None] ** 2)
    way = np.linspace(0, 1, 21)[:, None]
    walks = [
        Walk(name, {"learning_rate": 0.5}, (1 - way * reach) * np.array([[0.05, bend]]), np.geomspace(2, end, 21))
        for name, reach, bend, end in (
            ("SGD", 0.3, 0.0, 1.0),
            ("Adadelta", 0.9, 0.004, 0.125),
            ("AdamW", 1.0, -0.008, 0.0625),
        )
    ]
    figure = gradient_descent(LossSurface(plane, first, second, bowl, 64), walks)
    texts = words(figure)
    title = "20 steps from the same start: AdamW is at a loss of 0.062, Adadelta 0.12, SGD 1"
    assert title in texts
    assert any("through nothing real; the loss of 64 training images" in word for word in texts)
    assert {"start", "trained", "AdamW", "Adadelta", "SGD", "loss (nats)"} <= set(texts)
    drawn = [np.asarray(line.get_xydata()) for axes in figure.axes[:1] for line in axes.lines]
    drawn = [line for line in drawn if len(line) == 21]
    for walk, line in zip(walks, drawn, strict=True):
        np.testing.assert_allclose(line, walk.points)
    assert off_the_page(figure) == []
