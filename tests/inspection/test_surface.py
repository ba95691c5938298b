"""The slice of the loss and the walks in it, against the training loop's own loss and steps by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from exmachina.data import Dataset, scale
from exmachina.engine import initial_weights
from exmachina.errors import InputError
from exmachina.inspection import (
    Plane,
    loss_surface,
    optimizer_walk,
    plane_of_trajectory,
    plane_through_start,
)
from exmachina.runs import Run
from exmachina.training import StepEnd, get_recipe, train
from exmachina.training.pytorch.module import build


@pytest.fixture(scope="module")
def plane(tiny_run: Run, digits: Dataset) -> Plane:
    return plane_through_start(tiny_run, digits)


@pytest.fixture(scope="module")
def sample(digits: Dataset) -> Dataset:
    """All of so few that the surface's sample is the whole."""
    return digits[:60]


def loss_of(run: Run, weights: dict[str, np.ndarray], data: Dataset) -> float:
    module = build(run.network, {**run.weights, **weights}).eval()
    with torch.inference_mode():
        logits = module(torch.from_numpy(scale(data.images)[:, None]))
        return float(F.cross_entropy(logits, torch.from_numpy(data.labels.astype(np.int64))))


def test_plane_holds_the_trained_and_the_first_weights(tiny_run: Run, plane: Plane) -> None:
    start = initial_weights(tiny_run.network, tiny_run.seed)
    for name, array in tiny_run.weights.items():
        np.testing.assert_array_equal(plane.at(0, 0)[name], array)
        np.testing.assert_allclose(plane.at(*plane.start)[name], start[name], atol=1e-5)
    # A coordinate is the root mean square of the weights' changes.
    changes = np.concatenate([(start[name] - tiny_run.weights[name]).ravel() for name in start])
    assert plane.start[0] == pytest.approx(math.sqrt(float(np.square(changes).mean())), rel=1e-4)
    assert plane.start[1] == 0


def test_axes_are_perpendicular_and_equally_long(plane: Plane) -> None:
    first, second = (np.concatenate([array.ravel() for array in axis.values()]) for axis in (plane.first, plane.second))
    assert abs(float(first @ second)) < 1e-3 * float(first @ first)
    assert float(first @ first) == pytest.approx(len(first), rel=1e-4)
    assert float(second @ second) == pytest.approx(len(second), rel=1e-4)


def test_projection_undoes_at(plane: Plane) -> None:
    assert plane.project(plane.at(0.03, -0.02)) == pytest.approx((0.03, -0.02), abs=1e-5)


def test_surface_is_the_training_loops_loss(tiny_run: Run, plane: Plane, sample: Dataset) -> None:
    first, second = (0.0, plane.start[0]), (-0.01, 0.01)
    surface = loss_surface(tiny_run, sample, plane, first=first, second=second, points=3, images=60)
    assert surface.images == 60
    for i, b in enumerate(surface.second):
        for j, a in enumerate(surface.first):
            assert surface.losses[i, j] == pytest.approx(loss_of(tiny_run, plane.at(a, b), sample), rel=1e-3)
    assert surface.losses[1, 0] < surface.losses[1, 2]  # trained is better than untrained


def test_sgd_takes_the_step_that_finite_differences_give(tiny_run: Run, plane: Plane, sample: Dataset) -> None:
    rate, tiny = 1e-6, 1e-4
    walk = optimizer_walk(tiny_run, sample, plane, "SGD", steps=1, images=60, learning_rate=rate)
    a, b = plane.start
    slope = [
        (loss_of(tiny_run, plane.at(a + da, b + db), sample) - loss_of(tiny_run, plane.at(a - da, b - db), sample))
        / (2 * tiny)
        for da, db in ((tiny, 0), (0, tiny))
    ]
    np.testing.assert_allclose(walk.points[0], plane.start, atol=1e-7)
    np.testing.assert_allclose((walk.points[0] - walk.points[1]) / rate, slope, rtol=0.05)
    assert walk.losses[0] == pytest.approx(loss_of(tiny_run, plane.at(a, b), sample), rel=1e-3)


@pytest.mark.parametrize("optimizer", ["Adadelta", "SGD", "AdamW"])
def test_every_optimizer_gets_down(tiny_run: Run, plane: Plane, sample: Dataset, optimizer: str) -> None:
    walk = optimizer_walk(tiny_run, sample, plane, optimizer, steps=25)
    assert walk.points.shape == (26, 2)
    assert walk.losses[-1] < walk.losses[0]
    assert walk.options["learning_rate"] > 0


def test_walk_that_flies_off_ends_early(tiny_run: Run, plane: Plane, sample: Dataset) -> None:
    walk = optimizer_walk(tiny_run, sample, plane, "SGD", steps=20, learning_rate=1e30)
    assert len(walk.points) < 21
    assert np.isfinite(walk.losses).all()


def test_trajectory_plane_holds_the_way_it_was_made_from(tiny_run: Run, digits: Dataset) -> None:
    recipe = get_recipe("fast").replace(network=tiny_run.network, batch_size=50, epochs=0.5, precision="fp32")
    snapshots = [event.snapshot() for event in train(recipe, digits[:400], seed=1) if isinstance(event, StepEnd)]
    plane = plane_of_trajectory(snapshots)
    assert plane.project(snapshots[-1].weights) == pytest.approx((0, 0), abs=1e-6)
    assert plane.start == pytest.approx(plane.project(snapshots[0].weights))
    assert plane.start[0] > 0
    # Principal components: no direction holds more of the way than the first.
    way = np.stack([np.concatenate([w.ravel() for w in s.weights.values()]) for s in snapshots])
    way = way - way[-1]
    largest = np.linalg.svd(way, compute_uv=False)[0]
    axis = np.concatenate([array.ravel() for array in plane.first.values()])
    assert np.linalg.norm(way @ axis) / np.linalg.norm(axis) == pytest.approx(largest, rel=1e-3)
    assert "% of the way" in plane.description


def test_batch_norms_record_is_neither_moved_nor_learned_from(normed_run: Run, digits: Dataset) -> None:
    run = normed_run
    plane = plane_through_start(run, digits, images=40)
    assert not any(name.split(".")[-1].startswith("running_") for name in plane.origin)
    surface = loss_surface(run, digits, plane, points=2, images=40)
    other = dataclasses.replace(
        run, weights={name: array * (2 if "running" in name else 1) for name, array in run.weights.items()}
    )
    np.testing.assert_allclose(loss_surface(other, digits, plane, points=2, images=40).losses, surface.losses)


def test_bad_input_is_refused(tiny_run: Run, plane: Plane, digits: Dataset) -> None:
    with pytest.raises(InputError, match=r"Unknown optimizer 'Adam'\. Choose one of: Adadelta, SGD, AdamW"):
        optimizer_walk(tiny_run, digits, plane, "Adam")
    with pytest.raises(InputError, match="2 snapshots span no plane"):
        plane_of_trajectory([tiny_run, tiny_run])
    with pytest.raises(InputError, match="on one line"):
        plane_of_trajectory([tiny_run] * 3)
    with pytest.raises(InputError, match="holds no images"):
        plane_through_start(tiny_run, digits[:0])
    untrained = dataclasses.replace(tiny_run, weights=initial_weights(tiny_run.network, 0), seed=0)
    with pytest.raises(InputError, match="where it started"):
        plane_through_start(untrained, digits)
