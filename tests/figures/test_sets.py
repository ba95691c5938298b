"""The complete sets, light and dark: every promised figure, on the page, with a title that says a finding."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from exmachina.data import Dataset
from exmachina.figures import explain_figures, hello_figures, inspect_figures, palette
from exmachina.runs import Run

Read = Callable[[Figure], list[str]]


def test_inspection_covers_every_layer(tiny_run: Run, test_digits: Dataset, off_the_page: Read) -> None:
    figures = inspect_figures(tiny_run, test_digits.images[0], label=int(test_digits.labels[0]), data=test_digits)
    for layer in tiny_run.network.layers:
        assert f"maps-{layer.name}" in figures
    promised = ("confidence", "overview", "network", "kernels-conv1", "convolution-conv1", "neuron-dense1")
    assert {*promised, "receptive-field", "attributions", "preferred"} <= set(figures)
    assert {name: out for name, figure in figures.items() if (out := off_the_page(figure))} == {}


def test_explanation_covers_every_idea(
    tiny_run: Run, digits: Dataset, test_digits: Dataset, off_the_page: Read
) -> None:
    figures = explain_figures(tiny_run, digits, test=test_digits, points=5, steps=4, dark=True)
    assert list(figures) == [
        "digits",
        "preprocessing",
        "network",
        "convolution",
        "relu",
        "softmax",
        "dropout",
        "cross-entropy",
        "gradient-descent",
        "training",
        "confusion",
        "mistakes",
    ]
    assert {name: out for name, figure in figures.items() if (out := off_the_page(figure))} == {}
    for figure in figures.values():
        assert to_hex(figure.get_facecolor()) == palette(dark=True).paper.lower()


def test_hello_leaves_its_figures(tiny_run: Run, digits: Dataset, test_digits: Dataset, words: Read) -> None:
    figures = hello_figures(tiny_run, digits, test_digits)
    assert list(figures)[:3] == ["digits", "preprocessing", "network"]
    assert {"kernels", "overview", "confidence", "softmax", "relu"} <= set(figures)
    assert "image 50" in words(figures["digits"])
