"""A real two-dimensional slice of a network's loss, and optimizers that walk in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exmachina.data import Dataset
from exmachina.engine import Model, Optimizer, OptimizerSettings, initial_weights
from exmachina.engine.model import GRADIENT, LOSS_ONLY
from exmachina.errors import InputError
from exmachina.formatting import percent
from exmachina.networks import Dropout, Network
from exmachina.runs import Run, Weights

IMAGES = 128  # one batch of the classic recipe
POINTS = 17
STEPS = 60
# Adadelta has its textbook values. SGD's rate depends on the network and is found from the slope (`_sgd_rate`).
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "Adadelta": {"learning_rate": 1.0, "rho": 0.95, "epsilon": 1e-7},
    "SGD": {},
    "AdamW": {"learning_rate": 0.002},
}


@dataclass(frozen=True, eq=False)
class Plane:
    """All weights origin + a · first + b · second. Batch norm's running statistics are not among them.

    Both axes are as long as the square root of the number of weights, so that a coordinate is the change of a
    weight (root mean square over all): the unit in which optimizers' usual learning rates are meant. `start` is
    where training began, `labels` say in words what the two axes are, `description` what the plane is.
    """

    origin: Weights = field(repr=False)
    first: Weights = field(repr=False)
    second: Weights = field(repr=False)
    labels: tuple[str, str]
    description: str
    start: tuple[float, float]

    def at(self, a: float, b: float) -> Weights:
        """The weights at coordinates (a, b)."""
        shift_a, shift_b = np.float32(a), np.float32(b)
        return {
            name: base + shift_a * self.first[name] + shift_b * self.second[name] for name, base in self.origin.items()
        }

    def project(self, weights: Mapping[str, NDArray[np.float32]]) -> tuple[float, float]:
        """Coordinates of the point of the plane that is nearest to `weights`."""
        offset = _flat({name: weights[name] - base for name, base in self.origin.items()})
        axes = np.stack([_flat(self.first), _flat(self.second)], axis=1)
        a, b = np.linalg.lstsq(axes, offset, rcond=None)[0]
        return float(a), float(b)


@dataclass(frozen=True, eq=False)
class LossSurface:
    """Mean cross-entropy over `images` training images: `losses` (len(second), len(first)) over two coordinates."""

    plane: Plane
    first: NDArray[np.float64] = field(repr=False)
    second: NDArray[np.float64] = field(repr=False)
    losses: NDArray[np.float64] = field(repr=False)
    images: int


@dataclass(frozen=True, eq=False)
class Walk:
    """The path of an optimizer: `points` (steps + 1, 2) in the plane and the loss at each."""

    optimizer: str
    options: dict[str, Any]
    points: NDArray[np.float64] = field(repr=False)
    losses: NDArray[np.float64] = field(repr=False)


def plane_through_start(run: Run, data: Dataset, *, images: int = IMAGES, threads: int | None = None) -> Plane:
    """The plane through a run's trained weights (0, 0) and its own first, random weights (a, 0).

    The second axis is the way straight downhill from that start, made perpendicular to the first. Here and below the
    engine works on `threads` cores, or on all.
    """
    start = initial_weights(run.network, run.seed)
    origin = _trainable(run.network, run.weights)
    way = _flat({name: start[name] - base for name, base in origin.items()})
    distance = float(np.linalg.norm(way))
    if not distance:
        raise InputError("This run is where it started; train it before drawing its loss.")
    downhill = -_flat(_Loss(run, data, images, threads).gradient(_trainable(run.network, start))[1])
    across = downhill - way * (downhill @ way) / (way @ way)
    return Plane(
        origin,
        _axis(way, origin),
        _axis(across, origin),
        ("from the trained network towards its start", "downhill from the start"),
        "through the trained network and the random weights it started from",
        (distance / math.sqrt(len(way)), 0.0),
    )


def plane_of_trajectory(snapshots: Sequence[Run]) -> Plane:
    """The plane in which a training moved most: the first two principal components of its snapshots.

    The origin is the last snapshot; the first snapshot is the start. Source: Li et al. 2018, section 7.
    """
    if len(snapshots) < 3:
        raise InputError(f"{len(snapshots)} snapshots span no plane; take at least 3 during training.")
    last = snapshots[-1]
    origin = _trainable(last.network, last.weights)
    rows = np.stack([_flat(_trainable(s.network, s.weights)) for s in snapshots]) - _flat(origin)
    _, sizes, axes = np.linalg.svd(rows, full_matrices=False)
    if not sizes[0] or sizes[1] <= 1e-6 * sizes[0]:
        raise InputError("The snapshots lie on one line and span no plane; take them at different steps.")
    share = np.square(sizes[:2]).sum() / np.square(sizes).sum()
    signs = np.where(axes[:2] @ rows[0] < 0, -1, 1)  # the start to the right and up
    first, second = (_axis(axis * sign, origin) for axis, sign in zip(axes[:2], signs, strict=True))
    plane = Plane(origin, first, second, ("first principal component", "second principal component"), "", (0, 0))
    start = plane.project(_trainable(snapshots[0].network, snapshots[0].weights))
    description = f"holding {percent(share, 0)} of the way that the training really took"
    return Plane(origin, first, second, plane.labels, description, start)


def loss_surface(
    run: Run,
    data: Dataset,
    plane: Plane,
    *,
    first: tuple[float, float] | None = None,
    second: tuple[float, float] | None = None,
    points: int = POINTS,
    images: int = IMAGES,
    threads: int | None = None,
) -> LossSurface:
    """The loss at points × points places of the plane, between the bounds `first` and `second`.

    The bounds default to a little more than the way from start to end, and a narrow strip along it.
    """
    loss = _Loss(run, data, images, threads)
    way = math.hypot(*plane.start)
    across = np.linspace(*(first or (min(0.0, plane.start[0]) - 0.3 * way, plane.start[0] + 0.2 * way)), points)
    up = np.linspace(*(second or (min(0.0, plane.start[1]) - 0.15 * way, max(0.0, plane.start[1]) + 0.2 * way)), points)
    losses = [[loss(plane.at(a, b)) for a in across] for b in up]
    return LossSurface(plane, across, up, np.array(losses), loss.images)


def optimizer_walk(
    run: Run,
    data: Dataset,
    plane: Plane,
    optimizer: str,
    *,
    steps: int = STEPS,
    images: int = IMAGES,
    threads: int | None = None,
    **options: float,
) -> Walk:
    """Let an optimizer walk in the plane from its start.

    Its two parameters are the plane's coordinates and its gradient is the real one of the loss that
    `loss_surface` draws, over the same images. `options` override `OPTIMIZERS[optimizer]`. The walk ends early
    where the loss is no longer a finite number.
    """
    if optimizer not in OPTIMIZERS:
        raise InputError(f"Unknown optimizer '{optimizer}'. Choose one of: {', '.join(OPTIMIZERS)}.")
    chosen = {**OPTIMIZERS[optimizer], **options}
    slope = _Slope(_Loss(run, data, images, threads), plane)
    place = np.array(plane.start, np.float32)
    if optimizer == "SGD" and "learning_rate" not in chosen:
        chosen["learning_rate"] = _sgd_rate(slope, place)
    settings = {name: value for name, value in chosen.items() if name != "learning_rate"}
    walker = Optimizer(OptimizerSettings(**{"optimizer": optimizer.lower(), "momentum": 0.0, **settings}), 2)
    points, losses = [], []
    for _ in range(steps + 1):
        loss, gradient = slope(place)
        if not math.isfinite(loss):
            break
        points.append(place.tolist())
        losses.append(loss)
        place = walker.step(place, gradient, chosen["learning_rate"])
    return Walk(optimizer, chosen, np.array(points), np.array(losses))


class _Loss:
    """The loss as a function of all weights, over a fixed sample of images.

    Without dropout, and with batch norm by the batch, as in training; its running statistics stay as they are.
    """

    def __init__(self, run: Run, data: Dataset, images: int, threads: int | None) -> None:
        if not len(data):
            raise InputError(f"'{data.name}' holds no images to measure the loss on.")
        chosen = np.sort(np.random.default_rng(0).permutation(len(data))[:images])
        self.images = len(chosen)
        layers = tuple(replace(item, rate=0.0) if isinstance(item, Dropout) else item for item in run.network.layers)
        self._model = Model(replace(run.network, layers=layers), learns=self.images, threads=threads)
        self._model.prepare(OptimizerSettings())
        self._given = self._model.engine.place(data.images[chosen]), self._model.engine.place(data.labels[chosen])
        self._running = run.weights

    def __call__(self, weights: Weights) -> float:
        self._model.set({**self._running, **weights})
        return self._model.learn(*self._given, how=LOSS_ONLY)[0]

    def gradient(self, weights: Weights) -> tuple[float, Weights]:
        """The loss and its gradient."""
        self._model.set({**self._running, **weights})
        loss, _ = self._model.learn(*self._given, how=GRADIENT)
        return loss, self._model.get("gradients")


class _Slope:
    """The loss and its gradient with respect to the two coordinates of a plane."""

    def __init__(self, loss: _Loss, plane: Plane) -> None:
        self._loss, self._plane = loss, plane
        self._axes = np.stack([_flat(plane.first), _flat(plane.second)])

    def __call__(self, place: NDArray[np.floating]) -> tuple[float, NDArray[np.float64]]:
        loss, gradient = self._loss.gradient(self._plane.at(float(place[0]), float(place[1])))
        return loss, self._axes @ _flat({name: gradient[name] for name in self._plane.first})


def _sgd_rate(slope: _Slope, start: NDArray[np.floating]) -> float:
    """Three quarters of the rate at which plain gradient descent would be thrown out of the valley.

    On a parabola of curvature c that limit is 2 / c. The curvature is measured along the slope, at five places on the
    way from `start` to the plane's origin, and the largest counts: valleys tend to narrow towards their bottom.
    """
    step = 0.01 * max(math.hypot(*start.tolist()), 1e-3)
    curvatures, sizes = [], []
    for share in np.linspace(1, 0.2, 5):
        here = slope(share * start)[1]
        size = max(float(np.linalg.norm(here)), 1e-12)
        curvatures.append(float((here - slope(share * start - step * here / size)[1]) @ here) / size / step)
        sizes.append(size)
    largest = max(curvatures)
    return 1.5 / largest if largest > 0 else step / max(sizes)


def _trainable(network: Network, weights: Weights) -> Weights:
    names = [name for name in network.weight_shapes() if not name.split(".")[-1].startswith("running_")]
    return {name: np.array(weights[name], np.float32) for name in names}


def _axis(direction: NDArray[np.float64], like: Weights) -> Weights:
    """`direction` as weights, stretched to the length of a plane's axis."""
    return _unflat(direction * math.sqrt(len(direction)) / float(np.linalg.norm(direction)), like)


def _flat(weights: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float64]:
    return np.concatenate([array.ravel() for array in weights.values()]).astype(np.float64)


def _unflat(flat: NDArray[np.float64], like: Weights) -> Weights:
    parts = np.split(flat, np.cumsum([array.size for array in like.values()])[:-1])
    return {
        name: part.reshape(array.shape).astype(np.float32)
        for (name, array), part in zip(like.items(), parts, strict=True)
    }
