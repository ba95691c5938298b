"""Kernels and maps show the network's numbers on one scale, and tell silent from dead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from exmachina.figures import feature_maps, feature_overview, kernels, network_diagram
from exmachina.figures.maps import _columns
from exmachina.inspection import FeatureMaps, Kernels
from exmachina.networks import CLASSIC

Read = Callable[[Figure], list[str]]
See = Callable[[Figure], list[np.ndarray]]


def limits(figure: Figure) -> set[tuple[float, float]]:
    """Of the pictures, without the colour bar's own."""
    shown = [image for axes in figure.axes if axes.get_label() != "<colorbar>" for image in axes.findobj(AxesImage)]
    return {(round(float(image.norm.vmin), 6), round(float(image.norm.vmax), 6)) for image in shown}  # type: ignore[arg-type]


def test_small_kernels_write_every_number_on_one_scale_around_zero(words: Read, off_the_page: Read) -> None:
    values = np.linspace(-0.5, 0.25, 27, dtype=np.float32).reshape(3, 1, 3, 3)
    figure = kernels(Kernels("first", values, np.array([0.1, -0.2, 0.3], np.float32)))
    texts = words(figure)
    for value in values.ravel():
        written = f"{value:.2f}".replace("-", "−")
        assert written in texts or (abs(value) < 0.005 and "0" in texts)
    assert limits(figure) == {(-0.5, 0.5)}
    assert {"bias 0.10", "bias −0.20", "bias 0.30"} <= set(texts)
    assert {"−0.50", "0.50", "weight"} <= set(texts)  # the legend
    assert off_the_page(figure) == []


def test_kernels_of_many_channels_become_a_matrix_of_slices(words: Read, pictures: See) -> None:
    values = np.random.default_rng(0).normal(size=(3, 4, 2, 2)).astype(np.float32)
    figure = kernels(Kernels("second", values, np.zeros(3, np.float32)))
    canvas = pictures(figure)[0]
    assert canvas.shape == (3 * 3 - 1, 4 * 3 - 1)
    np.testing.assert_array_equal(canvas[3:5, 6:8], values[1, 2])
    assert "second has 3 kernels, each 2 × 2 for every one of 4 channels" in words(figure)


def test_maps_share_one_scale_and_silent_ones_are_told_from_dead(words: Read, pictures: See) -> None:
    values = np.random.default_rng(1).uniform(0, 2, (5, 4, 4)).astype(np.float32)
    values[[1, 3]] = 0
    maps = FeatureMaps("conv", "Conv2D", "relu", values)
    figure = feature_maps(maps, dead=np.array([False, False, False, True, False]))
    texts = words(figure)
    assert "conv: 5 maps of 4 × 4 for this digit, 2 of them silent" in texts
    assert texts.count("silent") == 1
    assert texts.count("dead") == 1
    top = round(float(values.max()), 6)
    assert limits(figure) == {(0.0, top)}
    np.testing.assert_array_equal(pictures(figure)[2], values[2])


def test_signed_maps_get_the_signed_scale(words: Read) -> None:
    values = np.array([[[1.0, -3.0]]], np.float32)
    figure = feature_maps(FeatureMaps("norm", "BatchNormalization", "linear", values))
    assert limits(figure) == {(-3.0, 3.0)}
    assert {"−3.0", "3.0"} <= set(words(figure))


@pytest.mark.parametrize("units", [10, 128, 800])
def test_units_are_counted_and_their_values_placed_in_lines(
    units: int, words: Read, pictures: See, off_the_page: Read
) -> None:
    values = np.maximum(np.random.default_rng(2).normal(size=units), 0).astype(np.float32)
    figure = feature_maps(FeatureMaps("dense", "Dense", "relu", values))
    assert f"dense: {(values > 0).sum()} of {units} units answer to this digit" in words(figure)
    np.testing.assert_array_equal(pictures(figure)[0].ravel()[:units], values)
    assert off_the_page(figure) == []


def test_overview_ranks_maps_and_ends_in_the_answer(words: Read, pictures: See, off_the_page: Read) -> None:
    rng = np.random.default_rng(3)
    conv = rng.uniform(0.5, 1, (12, 6, 6)).astype(np.float32) * 2.0 ** np.arange(12)[:, None, None]
    chances = np.full(10, 0.05, np.float32)
    chances[6] = 0.55
    maps = {
        "conv": FeatureMaps("conv", "Conv2D", "relu", conv),
        "drop": FeatureMaps("drop", "Dropout", "linear", conv),
        "dense": FeatureMaps("dense", "Dense", "softmax", chances),
    }
    image = np.zeros((28, 28), np.uint8)
    figure = feature_overview(maps, image)
    assert "From pixels to the answer: 6" in words(figure)
    assert "drop" not in words(figure)
    assert "6 0.55" in words(figure)
    shown = pictures(figure)
    assert len(shown) == 1 + 8 + 1
    np.testing.assert_array_equal(shown[1], conv[11])  # the strongest first
    np.testing.assert_array_equal(shown[-1][0], chances)
    assert off_the_page(figure) == []


def test_diagram_names_shapes_and_parameters_of_every_layer(words: Read, off_the_page: Read) -> None:
    figure = network_diagram(CLASSIC)
    texts = " | ".join(words(figure))
    assert "'classic' has 1,199,882 parameters, 98 % of them in dense1" in texts
    for layer in CLASSIC.layers:
        assert layer.name in texts
    for fact in ("32 × 26 × 26", "64 × 12 × 12", "9,216", "320 parameters", "18,496 parameters", "dropout 0.25"):
        assert fact in texts
    assert off_the_page(figure) == []


@pytest.mark.parametrize(
    ("count", "fitting", "columns"), [(16, 3.99, 4), (32, 6.3, 8), (4, 3.9, 4), (7, 3.9, 3), (1, 9, 1)]
)
def test_a_grid_leaves_no_kernel_alone_in_a_row(count: int, fitting: float, columns: int) -> None:
    assert _columns(count, fitting) == columns
