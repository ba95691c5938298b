"""A real two-dimensional slice of a network's loss, and optimizers that walk in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exmachina.data import Dataset, scale
from exmachina.errors import InputError
from exmachina.networks import Network
from exmachina.runs import Run, Weights

if TYPE_CHECKING:
    from torch import Tensor

IMAGES = 128  # one batch of the classic recipe
POINTS = 17
STEPS = 60
# Adadelta has its textbook values. SGD's rate depends on the network and is found from the slope (`_sgd_rate`).
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "Adadelta": {"lr": 1.0, "rho": 0.95, "eps": 1e-7},
    "SGD": {},
    "AdamW": {"lr": 0.002, "weight_decay": 0.0},
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


def plane_through_start(run: Run, data: Dataset, *, images: int = IMAGES) -> Plane:
    """The plane through a run's trained weights (0, 0) and its own first, random weights (a, 0).

    The second axis is the way straight downhill from that start, made perpendicular to the first.
    """
    from exmachina.networks.module import build, get_weights

    start = get_weights(build(run.network, seed=run.seed))
    origin = _trainable(run.network, run.weights)
    way = _flat({name: start[name] - base for name, base in origin.items()})
    distance = float(np.linalg.norm(way))
    if not distance:
        raise InputError("This run is where it started; train it before drawing its loss.")
    downhill = _flat(_downhill(run, _trainable(run.network, start), data, images))
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
    description = f"holding {share:.0%} of the way that the training really took"
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
) -> LossSurface:
    """The loss at points × points places of the plane, between the bounds `first` and `second`.

    The bounds default to a little more than the way from start to end, and a narrow strip along it.
    """
    import torch

    loss = _PlaneLoss(run, data, plane, images)
    way = math.hypot(*plane.start)
    across = np.linspace(*(first or (min(0.0, plane.start[0]) - 0.3 * way, plane.start[0] + 0.2 * way)), points)
    up = np.linspace(*(second or (min(0.0, plane.start[1]) - 0.15 * way, max(0.0, plane.start[1]) + 0.2 * way)), points)
    with torch.no_grad():
        losses = [[float(loss(torch.tensor([a, b], dtype=torch.float32))) for a in across] for b in up]
    return LossSurface(plane, across, up, np.array(losses), loss.images)


def optimizer_walk(
    run: Run,
    data: Dataset,
    plane: Plane,
    optimizer: str,
    *,
    start: tuple[float, float] | None = None,
    steps: int = STEPS,
    images: int = IMAGES,
    **options: float,
) -> Walk:
    """Let an optimizer walk in the plane from `start` (the plane's own by default).

    Its two parameters are the plane's coordinates and its gradient is the real one of the loss that
    `loss_surface` draws, over the same images. `options` override `OPTIMIZERS[optimizer]`. The walk ends early
    where the loss is no longer a finite number.
    """
    if optimizer not in OPTIMIZERS:
        raise InputError(f"Unknown optimizer '{optimizer}'. Choose one of: {', '.join(OPTIMIZERS)}.")
    import torch

    chosen = {**OPTIMIZERS[optimizer], **options}
    loss = _PlaneLoss(run, data, plane, images)
    place = torch.tensor(plane.start if start is None else start, dtype=torch.float32, requires_grad=True)
    if optimizer == "SGD" and "lr" not in chosen:
        chosen["lr"] = _sgd_rate(loss, place)
    walker = getattr(torch.optim, optimizer)([place], **chosen)
    points, losses = [], []
    for step in range(steps + 1):
        walker.zero_grad()
        value = loss(place)
        if not torch.isfinite(value):
            break
        points.append(place.detach().tolist())
        losses.append(value.item())
        if step < steps:
            value.backward()  # type: ignore[no-untyped-call]
            walker.step()
    return Walk(optimizer, chosen, np.array(points), np.array(losses))


class _PlaneLoss:
    """The loss as a differentiable function of two coordinates, over a fixed sample of images."""

    def __init__(self, run: Run, data: Dataset, plane: Plane, images: int) -> None:
        import torch

        self.pixels, self.labels = _sample(data, images)
        self.images = len(self.labels)
        self.module = _fixed_module(run)
        self.parts = {
            name: tuple(torch.from_numpy(np.array(part[name])) for part in (plane.origin, plane.first, plane.second))
            for name in plane.origin
        }

    def __call__(self, place: Tensor) -> Tensor:
        import torch
        import torch.nn.functional as F

        weights = {name: base + place[0] * u + place[1] * v for name, (base, u, v) in self.parts.items()}
        logits = torch.func.functional_call(self.module, weights, (self.pixels,))
        return F.cross_entropy(logits, self.labels)

    def gradient(self, place: Tensor) -> Tensor:
        import torch

        here = place.detach().clone().requires_grad_()
        (slope,) = torch.autograd.grad(self(here), here)
        return slope


def _sgd_rate(loss: _PlaneLoss, start: Tensor) -> float:
    """Three quarters of the rate at which plain gradient descent would be thrown out of the valley at `start`.

    On a parabola of curvature c that limit is 2 / c; the curvature is measured along the slope.
    """
    slope = loss.gradient(start)
    size = max(float(slope.norm()), 1e-12)
    step = 0.01 * max(math.hypot(*start.tolist()), 1e-3)
    curvature = float((slope - loss.gradient(start - step * slope / size)) @ slope) / size / step
    return 1.5 / curvature if curvature > 0 else step / size


def _fixed_module(run: Run) -> Any:
    """The network without dropout, and with batch norm by the batch, as in training, leaving its record alone."""
    from torch import nn

    from exmachina.networks.module import build, set_weights

    module = build(run.network)
    set_weights(module, run.weights)
    module.eval()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.train()
            part.momentum = 0.0
    return module


def _sample(data: Dataset, images: int) -> tuple[Tensor, Tensor]:
    import torch

    if not len(data):
        raise InputError(f"'{data.name}' holds no images to measure the loss on.")
    chosen = np.sort(np.random.default_rng(0).permutation(len(data))[:images])
    pixels = torch.from_numpy(scale(data.images[chosen]))[:, None]
    return pixels, torch.from_numpy(data.labels[chosen].astype(np.int64))


def _downhill(run: Run, weights: Weights, data: Dataset, images: int) -> Weights:
    """Minus the gradient of the loss at `weights`."""
    import torch
    import torch.nn.functional as F

    pixels, labels = _sample(data, images)
    leaves = {name: torch.from_numpy(array).requires_grad_() for name, array in weights.items()}
    loss = F.cross_entropy(torch.func.functional_call(_fixed_module(run), leaves, (pixels,)), labels)
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return {name: -gradient.numpy() for name, gradient in zip(leaves, gradients, strict=True)}


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
