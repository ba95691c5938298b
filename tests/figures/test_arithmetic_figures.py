"""The sums on the page are the network's, and add up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.errors import InputError
from exmachina.figures import convolution, neuron, receptive_field
from exmachina.inspection import feature_maps, neuron_sum, strongest_neuron
from exmachina.inspection import receptive_field as trace
from exmachina.networks import Conv
from exmachina.runs import Run

Read = Callable[[Figure], list[str]]
See = Callable[[Figure], list[np.ndarray]]


def written_terms(texts: list[str]) -> list[tuple[str, float]]:
    """The lines of the sum: sign and number."""
    result = []
    for word in texts:
        sign, _, size = word.rpartition(" ")
        if (
            sign in ("", "+", "−", "=", "= −")
            and size.replace("−", "").count(".") == 1
            and len(size.split(".")[1]) == 4
        ):
            value = float(size.replace("−", "-"))
            result.append((sign, -value if sign == "−" else value))
    return result


def test_convolutions_terms_add_up_to_the_networks_value(
    tiny_run: Run, test_digits: Dataset, words: Read, pictures: See, off_the_page: Read
) -> None:
    image = test_digits.images[1]
    place = strongest_neuron(tiny_run, image, "conv1")
    figure = convolution(neuron_sum(tiny_run, image, "conv1", *place))
    network_value = float(Classifier.from_run(tiny_run).layers(image[None])["conv1"][(0, *place)])
    terms = written_terms(words(figure))
    parts, results = [v for sign, v in terms if "=" not in sign], [v for sign, v in terms if "=" in sign]
    assert sum(parts) == pytest.approx(network_value, abs=2e-4)
    assert results == pytest.approx([network_value] * 2, abs=1e-4)  # together, and after ReLU
    seen, kernel, products = pictures(figure)[:3]
    np.testing.assert_allclose(seen * kernel, products)
    np.testing.assert_allclose(kernel, tiny_run.weights["conv1.weight"][place[0], 0], rtol=1e-6)
    assert any(word.startswith("25 products, added up, give one number of conv1: ") for word in words(figure))
    assert off_the_page(figure) == []


def test_neuron_ranks_its_channels_and_adds_the_rest(
    tiny_run: Run, test_digits: Dataset, words: Read, off_the_page: Read
) -> None:
    image = test_digits.images[2]
    result = neuron_sum(tiny_run, image, "dense1", 5)
    figure = neuron(result, shown=2)
    texts = words(figure)
    assert "these 2 add" in texts
    assert "the other 2 add" in texts
    logit = float(Classifier.from_run(tiny_run).logits(image[None])[0, 5])
    terms = written_terms(texts)
    assert sum(value for sign, value in terms if "=" not in sign) == pytest.approx(logit, abs=3e-4)
    assert terms[-1][1] * (-1 if terms[-1][0] == "= −" else 1) == pytest.approx(logit, abs=1e-4)
    assert f"channel {result.contributions[0].channel}" in texts
    assert off_the_page(figure) == []


def test_neuron_of_plain_inputs_has_bars_alone(words: Read, pictures: See) -> None:
    from exmachina.inspection import Contribution, NeuronSum

    items = tuple(Contribution(i, np.full((1, 1), v), np.ones((1, 1))) for i, v in ((4, -3.0), (1, 2.0), (0, 0.5)))
    figure = neuron(NeuronSum("out", "Dense", 7, 0, 0, items, 0.25, 1.0, 0.0, "linear", -0.25), shown=6)
    texts = words(figure)
    assert "out, unit 7: input 4 takes away most, 3.00" in texts
    assert {"−3.00", "+2.00", "+0.500"} <= set(texts)
    assert not [word for word in texts if word.startswith("the other")]
    assert [item for item in pictures(figure) if item.size > 1] == []
    widths = sorted(p.get_width() for axes in figure.axes for p in axes.patches if isinstance(p, Rectangle))
    assert widths == pytest.approx([-3, 0.5, 2])


def test_dense_layer_has_no_kernel_to_write_out(tiny_run: Run, test_digits: Dataset) -> None:
    from exmachina.inspection import Contribution, NeuronSum

    items = (Contribution(0, np.ones((1, 1)), np.ones((1, 1))),)
    with pytest.raises(InputError, match="'out' has no small kernels"):
        convolution(NeuronSum("out", "Dense", 0, 0, 0, items, 0, 1, 0, "linear", 1))


def test_receptive_field_is_outlined_on_every_map(
    tiny_run: Run, test_digits: Dataset, words: Read, off_the_page: Read
) -> None:
    image = test_digits.images[3]
    field = trace(tiny_run.network, "pool1", 2, 3)
    figure = receptive_field(field, feature_maps(tiny_run, image), image, channel=1)
    boxes = [axes.patches[0] for axes in figure.axes]
    outlines = [(b.get_x(), b.get_y(), b.get_width(), b.get_height()) for b in boxes if isinstance(b, Rectangle)]
    assert outlines == [(11.5, 7.5, 8, 8), (11.5, 7.5, 4, 4), (2.5, 1.5, 1, 1)]
    assert "One neuron of pool1 sees 8 × 8 pixels, 8 % of the image" in words(figure)
    assert {"8 × 8", "4 × 4", "1 × 1"} <= set(words(figure))
    assert off_the_page(figure) == []


def test_kernel_slides_on_by_its_own_stride(words: Read) -> None:
    run = Run.load("fast")
    stride = next(layer.stride for layer in run.network.layers if isinstance(layer, Conv))
    assert stride == 2
    output = " ".join(words(convolution(neuron_sum(run, np.full((28, 28), 200, np.uint8), "conv1", 3, 4, 5))))
    assert "slides on by 2 places" in output
