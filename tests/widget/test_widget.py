"""The widgets as Python sees them, without a notebook."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import traitlets

from exmachina import Classifier, InputError, Run, get_recipe, train
from exmachina.data import Dataset
from exmachina.inspection import kernels
from exmachina.training import Event, Recipe, StepEnd, TrainingEnd
from exmachina.widget import Layers, Pad, TrainingView, watch
from exmachina.widget.training import POINTS


def test_pad_reads_the_image_that_it_is_given(tiny_run: Run, digits: Dataset) -> None:
    pad = Pad(tiny_run)
    assert pad.image is None and pad.prediction is None and "nothing to read" in repr(pad)
    pad.image = digits.images[3]
    assert pad.prediction == Classifier.from_run(tiny_run).predict(digits.images[3], prepared=True)
    pad.image = None
    assert pad.prediction is None


def test_prediction_tells_its_observers(tiny_run: Run, digits: Dataset) -> None:
    pad, heard = Pad(tiny_run), []
    pad.observe(lambda change: heard.append(change["new"]), "prediction")
    pad.image = digits.images[0]
    assert heard == [pad.prediction]


def test_what_the_page_sends_becomes_an_image(tiny_run: Run, digits: Dataset) -> None:
    pad = Pad(tiny_run)
    pad.set_state({"image": memoryview(digits.images[5].tobytes()), "strokes": [[[1, 2], [3, 4]]]})
    np.testing.assert_array_equal(pad.image, digits.images[5])
    assert pad.prediction == Classifier.from_run(tiny_run).predict(digits.images[5], prepared=True)
    assert pad.get_state("image")["image"] == digits.images[5].tobytes()


def test_another_classifier_reads_the_same_image(tiny_run: Run, digits: Dataset) -> None:
    pad = Pad(tiny_run, digits.images[1])
    pad.classifier = Classifier.load("fast")
    assert pad.prediction == pad.classifier.predict(digits.images[1], prepared=True)
    assert pad.classifier.rejector is not None  # the page's modules read it as the library does
    assert pad.get_state("_classifier")["_classifier"]["rejector"] == pad.classifier.rejector.to_bytes()


@pytest.mark.parametrize("image", [np.zeros((27, 28), np.uint8), np.zeros((28, 28)), "seven.png"])
def test_image_of_another_form_is_refused(tiny_run: Run, image: Any) -> None:
    with pytest.raises(InputError, match=r"uint8 \(28, 28\)"):
        Pad(tiny_run).image = image


def test_layers_follow_a_pad(tiny_run: Run, digits: Dataset) -> None:
    pad, layers = Pad(tiny_run), Layers(tiny_run, digits.images[0])
    traitlets.dlink((pad, "image"), (layers, "image"))
    pad.image = digits.images[7]
    np.testing.assert_array_equal(layers.image, digits.images[7])
    assert layers.prediction == pad.prediction


@pytest.mark.parametrize("part", [Pad, Layers])
def test_who_has_no_kernel_gets_a_picture(part: Any, tiny_run: Run, digits: Dataset) -> None:
    assert "image/png" not in part(tiny_run)._repr_mimebundle_()[0]
    data, _ = part(tiny_run, digits.images[0])._repr_mimebundle_()
    assert b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert "reads" in data["text/plain"] and "application/vnd.jupyter.widget-view+json" in data


@pytest.fixture
def recipe(tiny_run: Run) -> Recipe:
    return get_recipe("fast").replace(network=tiny_run.network, epochs=2, batch_size=40)


def sent(view: TrainingView) -> dict[str, Any]:
    """What the page gets, its bytes as arrays."""
    state = dict(view._training)
    state["points"] = np.frombuffer(state["points"], np.float32).reshape(-1, 4)
    state["kernels"] = np.frombuffer(state["kernels"], np.float32).reshape(-1, *state["kernel_shape"])
    state["probabilities"] = np.frombuffer(state["probabilities"], np.float32).reshape(-1, 10)
    return state


def test_training_on_show_learns_what_it_learns_unseen(recipe: Recipe, digits: Dataset) -> None:
    view, image = TrainingView(digits.images[0]), digits.images[0]
    steps = [event for event in train(recipe, digits, 3) if isinstance(event, StepEnd)]
    run = view.follow(train(recipe, digits, 3, test=digits))
    *_, end = train(recipe, digits, 3)
    assert isinstance(end, TrainingEnd)
    for name, values in end.run.weights.items():
        np.testing.assert_array_equal(run.weights[name], values)
    state = sent(view)
    assert state["status"] == "done" and state["test_accuracy"] == run.test_accuracy
    np.testing.assert_allclose(state["points"][:, 1], [event.loss for event in steps], rtol=1e-6)
    np.testing.assert_allclose(state["points"][:, 2], [event.accuracy for event in steps], rtol=1e-6)
    assert state["moments"][0] == 0 and state["moments"][-1] == len(steps)
    np.testing.assert_array_equal(state["kernels"][-1], kernels(run).values)
    np.testing.assert_allclose(
        state["probabilities"][-1], Classifier.from_run(run).probabilities(image[None])[0], atol=1e-6
    )
    assert np.abs(state["kernels"][0] - state["kernels"][-1]).max() > 1e-3


def test_a_long_training_is_sent_as_means_of_its_batches(recipe: Recipe, digits: Dataset) -> None:
    longer = recipe.replace(epochs=3, batch_size=1)
    losses = [event.loss for event in train(longer, digits, 0) if isinstance(event, StepEnd)]
    view = TrainingView()
    view.follow(train(longer, digits, 0))
    points = sent(view)["points"]
    batches = -(-len(losses) // POINTS)
    assert batches > 1 and len(points) == -(-len(losses) // batches) <= POINTS
    np.testing.assert_allclose(points[0, 1], np.mean(losses[:batches]), rtol=1e-5)


def interrupted_after(count: int, events: Iterator[Event]) -> Iterator[Event]:
    """What an interrupted kernel does."""
    for event in events:
        yield event
        if isinstance(event, StepEnd) and event.step == count:
            raise KeyboardInterrupt


def test_interrupting_keeps_what_was_learned(recipe: Recipe, digits: Dataset) -> None:
    view = TrainingView()
    run = view.follow(interrupted_after(3, train(recipe, digits, 0)))
    assert run.interrupted and sent(view)["status"] == "stopped" and sent(view)["points"][-1, 0] == 3
    assert "interrupted" in repr(view)


def test_events_that_end_too_early_are_refused(recipe: Recipe, digits: Dataset) -> None:
    events = [event for event in train(recipe, digits, 0) if isinstance(event, StepEnd)]
    with pytest.raises(ValueError, match="all that `train` yields"):
        TrainingView().follow(events)


def test_watch_returns_the_run(recipe: Recipe, digits: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    run = watch(train(recipe, digits, 0, test=digits), digits.images[0])
    assert run.test_accuracy is not None and "TrainingView" in capsys.readouterr().out
