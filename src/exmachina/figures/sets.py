"""The complete sets: everything to see inside a network for one digit, and every idea explained on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exmachina import inspection
from exmachina.classifier import Classifier
from exmachina.data import Dataset
from exmachina.figures.answers import attributions, confidence, preferred
from exmachina.figures.arithmetic import LARGEST, convolution, neuron, receptive_field
from exmachina.figures.descent import gradient_descent
from exmachina.figures.diagram import network_diagram
from exmachina.figures.digits import digits_grid, mistakes, preprocessing
from exmachina.figures.drawing.style import Plate
from exmachina.figures.ideas import cross_entropy, dropout, relu, softmax
from exmachina.figures.maps import feature_maps, feature_overview, kernels
from exmachina.figures.progress import confusion_matrix, training_curve
from exmachina.networks import Conv, Dense, Dropout, Flatten, Network
from exmachina.runs import Run

EXAMPLES = (0.98, 0.6, 0.25, 0.05, 0.005)  # probabilities of the right digit to look for in real images
ALIVE = 500  # images that must all leave a map silent before it is called dead
HELLO = 257  # the introduction's test image
TEXTBOOK = "classic"  # the shipped network that has dropout
QUICK = 2_000_000  # multiplications an image, of a network whose landscape is drawn there
HELLO_POINTS = 15  # of the landscape on a side: coarser than elsewhere, and drawn in a second or two


class Figures(Mapping[str, Plate]):
    """Figures by file stem, in reading order, each drawn when it is first asked for."""

    def __init__(self, makers: Mapping[str, Callable[[], Plate]]) -> None:
        self._makers = dict(makers)
        self._drawn: dict[str, Plate] = {}

    def __getitem__(self, name: str) -> Plate:
        if name not in self._drawn:
            self._drawn[name] = self._makers[name]()
        return self._drawn[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def inspect_figures(
    run: Run,
    image: NDArray[np.uint8],
    *,
    label: int | None = None,
    data: Dataset | None = None,
    dark: bool = False,
) -> Figures:
    """Everything to see inside a network for one image uint8 (28, 28): figures by file stem, in reading order.

    `label` is what people call the image. With `data`, maps that are silent for its first 500 images too are
    called dead.
    """
    network = run.network
    maps = inspection.feature_maps(run, image)
    dead = inspection.dead_channels(run, data.images[:ALIVE]) if data is not None else {}
    answer = Classifier.from_run(run).probabilities(image[None])[0]
    figures: dict[str, Callable[[], Plate]] = {
        "confidence": lambda: confidence(answer, image, label, dark=dark),
        "overview": lambda: feature_overview(maps, image, dark=dark),
        "network": lambda: network_diagram(network, maps, image, dark=dark),
    }
    for layer in network.layers:
        if isinstance(layer, Conv):
            figures[f"kernels-{layer.name}"] = partial(_kernels, run, layer.name, dark)
    for step in network.steps():
        name = step.layer.name
        if not isinstance(step.layer, Dropout):  # which does nothing now
            columns = _line(step.input_shape) if isinstance(step.layer, Flatten) else None
            figures[f"maps-{name}"] = partial(feature_maps, maps[name], dead=dead.get(name), columns=columns, dark=dark)
    for layer in network.layers:
        if isinstance(layer, Conv | Dense):
            result = inspection.neuron_sum(run, image, layer.name, *inspection.strongest_neuron(run, image, layer.name))
            if isinstance(layer, Conv) and 2 <= layer.kernel <= LARGEST:
                figures[f"convolution-{layer.name}"] = partial(convolution, result, dark=dark)
            if len(result.contributions) > 1:
                figures[f"neuron-{layer.name}"] = partial(neuron, result, dark=dark)
    layers = [name for name, item in maps.items() if item.values.ndim == 3 and item.kind != "Dropout"]
    if layers:
        figures["receptive-field"] = lambda: _sight(run, maps, layers[-1], image, dark)
    figures["attributions"] = lambda: attributions(inspection.attribute(run, image), image, dark=dark)
    figures["preferred"] = lambda: preferred(inspection.preferred_images(run), dark=dark)
    return Figures(figures)


def hello_figures(
    run: Run, train: Dataset, test: Dataset, *, image: NDArray[np.uint8] | None = None, dark: bool = False
) -> Figures:
    """The figures that the introduction leaves behind, in some seconds: by file stem, in its order.

    `image`, uint8 (28, 28), defaults to test image 257.
    """
    shown = image if image is not None else _hello_image(train, test)
    maps = inspection.feature_maps(run, shown)
    classifier = Classifier.from_run(run)
    figures = _opening(run, train, maps, shown, dark)
    figures |= _dropout(run.network, maps, dark) or _dropout_elsewhere(shown, dark)
    figures["cross-entropy"] = lambda: _cross_entropy(test, classifier.probabilities(test.images), dark)
    first = next((layer.name for layer in run.network.layers if isinstance(layer, Conv)), None)
    if first is not None:
        figures["kernels"] = partial(_kernels, run, first, dark)
    figures["overview"] = lambda: feature_overview(maps, shown, dark=dark)
    figures["confidence"] = lambda: confidence(classifier.probabilities(shown[None])[0], shown, dark=dark)
    if sum(step.multiplications for step in run.network.steps()) <= QUICK:  # a landscape is thousands of forward passes
        # Last, and begun at once: the engine computes it while Python draws the others.
        landscape = ThreadPoolExecutor(1).submit(_landscape, run, train, points=HELLO_POINTS, threads=1)
        figures["gradient-descent"] = lambda: gradient_descent(*landscape.result(), dark=dark)
    return Figures(figures)


def explain_figures(
    run: Run,
    train: Dataset,
    *,
    test: Dataset | None = None,
    image: NDArray[np.uint8] | None = None,
    step_losses: ArrayLike | None = None,
    snapshots: Sequence[Run] = (),
    points: int = inspection.surface.POINTS,
    steps: int = inspection.surface.STEPS,
    dark: bool = False,
) -> Figures:
    """Every idea of the introduction at work on one network: figures by file stem, in the order of the lesson.

    `image`, uint8 (28, 28), defaults to test image 257, or the first training image. `step_losses` (steps,) are those
    of `StepEnd`; without them a run of one epoch has no curve to draw, and a network without dropout none to show.
    Gradient descent walks the plane through the run's start and end (`points` × `points` losses, `steps` steps),
    or, given at least 3 `snapshots` of its training, the plane in which it moved most, with its real way drawn.
    """
    shown = image if image is not None else _hello_image(train, test)
    maps = inspection.feature_maps(run, shown)
    classifier = Classifier.from_run(run)
    data = test if test is not None else train
    probabilities = classifier.probabilities(data.images)
    figures = _opening(run, train, maps, shown, dark)
    figures |= _dropout(run.network, maps, dark)
    figures["cross-entropy"] = lambda: _cross_entropy(data, probabilities, dark)
    figures["gradient-descent"] = lambda: gradient_descent(
        *_landscape(run, train, snapshots, points=points, steps=steps), dark=dark
    )
    if len(run.history) > 1 or step_losses is not None:
        accuracy = run.test_accuracy
        figures["training"] = lambda: training_curve(run.history, step_losses, test_accuracy=accuracy, dark=dark)
    if test is not None:
        figures["confusion"] = lambda: confusion_matrix(test.labels, probabilities.argmax(axis=1), dark=dark)
        figures["mistakes"] = lambda: mistakes(test.images, test.labels, probabilities, dark=dark)
    return Figures(figures)


def _hello_image(train: Dataset, test: Dataset | None) -> NDArray[np.uint8]:
    image: NDArray[np.uint8] = test.images[HELLO] if test is not None and len(test) > HELLO else train.images[0]
    return image


def _opening(
    run: Run, train: Dataset, maps: dict[str, inspection.FeatureMaps], image: NDArray[np.uint8], dark: bool
) -> dict[str, Callable[[], Plate]]:
    """Digits, preprocessing, the network, and its arithmetic for one image."""
    some = range(50, 54) if len(train) >= 54 else range(min(4, len(train)))
    figures: dict[str, Callable[[], Plate]] = {
        "digits": lambda: digits_grid(train.images[some], train.labels[some], some, dark=dark),
        "preprocessing": lambda: preprocessing(train.images[0], int(train.labels[0]), run.network, dark=dark),
        "network": lambda: network_diagram(run.network, maps, image, dark=dark),
    }
    first = next((layer for layer in run.network.layers if isinstance(layer, Conv)), None)
    if first is not None and 2 <= first.kernel <= LARGEST:
        place = inspection.strongest_neuron(run, image, first.name)
        figures["convolution"] = lambda: convolution(inspection.neuron_sum(run, image, first.name, *place), dark=dark)
    active = next((layer.name for layer in run.network.layers if layer.activation == "relu"), None)
    if active is not None:
        figures["relu"] = lambda: relu(inspection.before_activation(run, image, active), active, dark=dark)
    figures["softmax"] = lambda: softmax(Classifier.from_run(run).logits(image[None])[0], dark=dark)
    return figures


def _kernels(run: Run, layer: str, dark: bool) -> Plate:
    return kernels(inspection.kernels(run, layer), dark=dark)


def _dropout(
    network: Network, maps: dict[str, inspection.FeatureMaps], dark: bool, of: str = ""
) -> dict[str, Callable[[], Plate]]:
    """What the last dropout does to the layer that feeds it, if there is one."""
    layers = network.layers
    for before, layer in reversed(list(pairwise(layers))):
        if isinstance(layer, Dropout) and layer.rate > 0:
            return {"dropout": partial(dropout, maps[before.name].values, layer.rate, of + before.name, dark=dark)}
    return {}


def _dropout_elsewhere(image: NDArray[np.uint8], dark: bool) -> dict[str, Callable[[], Plate]]:
    """Dropout in the textbook network, for an introduction with a network that has none."""

    def draw() -> Plate:
        run = Run.load(TEXTBOOK)
        return _dropout(run.network, inspection.feature_maps(run, image), dark, of=f"{TEXTBOOK}'s ")["dropout"]()

    return {"dropout": draw}


def _cross_entropy(data: Dataset, probabilities: NDArray[np.float32], dark: bool) -> Plate:
    right = probabilities[np.arange(len(data)), data.labels]
    chosen = sorted({int(np.abs(right - wanted).argmin()) for wanted in EXAMPLES})
    return cross_entropy(data.images[chosen], data.labels[chosen].tolist(), right[chosen].tolist(), dark=dark)


def _landscape(
    run: Run,
    train: Dataset,
    snapshots: Sequence[Run] = (),
    *,
    points: int,
    steps: int = inspection.surface.STEPS,
    threads: int | None = None,
) -> tuple[inspection.LossSurface, list[inspection.Walk], NDArray[np.float64] | None]:
    """A slice of the loss, every optimizer's walk in it, and the way that the training really took, if it is known."""
    if len(snapshots) >= 3:
        plane = inspection.plane_of_trajectory(snapshots)
        trajectory = np.array([plane.project(item.weights) for item in snapshots])
    else:
        plane, trajectory = inspection.plane_through_start(run, train, threads=threads), None
    walks = [
        inspection.optimizer_walk(run, train, plane, name, steps=steps, threads=threads)
        for name in inspection.OPTIMIZERS
    ]
    first, second = _bounds(walks, plane, trajectory)
    surface = inspection.loss_surface(run, train, plane, first=first, second=second, points=points, threads=threads)
    return surface, walks, trajectory


def _bounds(
    walks: Sequence[inspection.Walk], plane: inspection.Plane, trajectory: NDArray[np.float64] | None
) -> tuple[tuple[float, float], tuple[float, float]]:
    """What the picture must hold: start, end and every path, with some room; a path that flies off is cut."""
    way = float(np.hypot(*plane.start))
    paths = [walk.points for walk in walks] + ([] if trajectory is None else [trajectory])
    points = np.concatenate([[plane.start, (0.0, 0.0)], *(np.clip(path, -1.5 * way, 2 * way) for path in paths)])
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.maximum(0.15 * (high - low), [0.1 * way, 0.1 * way])
    (left, bottom), (right, top) = (low - room).tolist(), (high + room).tolist()
    return (left, right), (bottom, top)


def _sight(
    run: Run, maps: dict[str, inspection.FeatureMaps], layer: str, image: NDArray[np.uint8], dark: bool
) -> Plate:
    """The receptive field of the strongest neuron in a layer of maps."""
    channel, y, x = inspection.strongest_neuron(run, image, layer)
    field = inspection.receptive_field(run.network, layer, y, x)
    return receptive_field(field, maps, image, channel=channel, dark=dark)


def _line(shape: tuple[int, ...]) -> int | None:
    """How many values of a flattened shape to a line: a whole map, or of few maps one of their rows."""
    if len(shape) != 3:
        return None
    return shape[1] * shape[2] if shape[0] >= 8 else shape[2]
