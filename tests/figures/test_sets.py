"""The complete sets, light and dark: every promised figure, on the page, with a title that says a finding."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from exmachina.data import Dataset
from exmachina.figures import explain_figures, hello_figures, inspect_figures, palette
from exmachina.figures.drawing.style import Plate
from exmachina.figures.sets import Figures
from exmachina.runs import Run

pytestmark = pytest.mark.slow

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
    assert {"kernels", "overview", "confidence", "softmax", "relu", "cross-entropy", "gradient-descent"} <= set(figures)
    assert "image 50" in words(figures["digits"])
    assert "classic's dense1" in " ".join(words(figures["dropout"]))  # for `tiny` has none


def test_dropout_is_shown_where_there_is_some(digits: Dataset, words: Read) -> None:
    classic = explain_figures(Run.load("classic"), digits)
    assert "25 %" in " ".join(words(classic["dropout"])) or "50 %" in " ".join(words(classic["dropout"]))
    assert "dropout" not in explain_figures(Run.load("fast"), digits)


def test_a_curve_needs_more_than_one_point(digits: Dataset) -> None:
    assert "training" not in explain_figures(Run.load("fast"), digits)  # half an epoch
    assert "training" in explain_figures(Run.load("classic"), digits)
    assert "training" in explain_figures(Run.load("fast"), digits, step_losses=[2.3, 1.1, 0.6])


def test_figures_are_drawn_when_they_are_asked_for() -> None:
    drawn: list[str] = []

    def maker(name: str) -> Plate:
        drawn.append(name)
        return Plate()

    figures = Figures({name: partial(maker, name) for name in ("one", "two")})
    assert len(figures) == 2 and not drawn
    assert figures["two"] is figures["two"] and drawn == ["two"]
    assert [name for name, _ in figures.items()] == ["one", "two"] and drawn == ["two", "one"]
