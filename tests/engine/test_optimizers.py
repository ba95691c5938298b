"""The engine's optimizers against their published formulas and the schedule against a drawing by hand."""

from __future__ import annotations

import numpy as np
import pytest

from exmachina.engine import Optimizer, OptimizerSettings, scheduled_rate


def walk(settings: OptimizerSettings, start: np.ndarray, steps: int, rate: float) -> np.ndarray:
    """Where an optimizer gets on the loss Σ c·x⁴ / 4 − x, whose gradient is c·x³ − 1."""
    optimizer, x = Optimizer(settings, len(start)), start
    for _ in range(steps):
        x = optimizer.step(x, gradient(x), rate)
    return x


START = np.array([1.5, -0.7, 0.2], np.float64)


def gradient(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.arange(1, len(x) + 1) * x**3 - 1)


def test_adadelta_is_kerass_formula() -> None:
    settings = OptimizerSettings("adadelta", rho=0.95, epsilon=1e-7)
    x, squares, deltas = START.copy(), np.zeros(3), np.zeros(3)
    for _ in range(50):  # Zeiler 2012 as Keras writes it: root mean square of steps over that of gradients
        g = gradient(x)
        squares = 0.95 * squares + 0.05 * g**2
        delta = -np.sqrt(deltas + 1e-7) / np.sqrt(squares + 1e-7) * g
        deltas = 0.95 * deltas + 0.05 * delta**2
        x = x + 1.0 * delta
    np.testing.assert_allclose(walk(settings, START, 50, 1.0), x, rtol=2e-5)


def test_sgd_is_nesterovs_formula() -> None:
    settings = OptimizerSettings("sgd", momentum=0.9, weight_decay=0.01)
    x, velocity = START.copy(), np.zeros(3)
    for _ in range(50):
        g = gradient(x) + 0.01 * x
        velocity = 0.9 * velocity + g
        x = x - 0.02 * (g + 0.9 * velocity)
    np.testing.assert_allclose(walk(settings, START, 50, 0.02), x, rtol=2e-5)


def test_sgd_without_momentum_is_plain_descent() -> None:
    settings = OptimizerSettings("sgd", momentum=0.0)
    x = START.copy()
    for _ in range(20):
        x = x - 0.02 * gradient(x)
    np.testing.assert_allclose(walk(settings, START, 20, 0.02), x, rtol=2e-5)


def test_adamw_is_its_papers_formula() -> None:
    settings = OptimizerSettings("adamw", betas=(0.8, 0.95), weight_decay=0.1, epsilon=1e-8)
    x, m, v = START.copy(), np.zeros(3), np.zeros(3)
    for t in range(1, 51):
        g = gradient(x)
        x = x * (1 - 0.05 * 0.1)  # decay stands apart from the gradient
        m, v = 0.8 * m + 0.2 * g, 0.95 * v + 0.05 * g**2
        x = x - 0.05 * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.95**t)) + 1e-8)
    np.testing.assert_allclose(walk(settings, START, 50, 0.05), x, rtol=2e-5)


def test_constant_schedule_is_constant() -> None:
    assert {scheduled_rate(0.25, "constant", 0.1, step, 7) for step in range(7)} == {0.25}


def test_one_cycle_by_hand() -> None:
    rates = [scheduled_rate(1.0, "one_cycle", 0.25, step, 12) for step in range(12)]
    up = [1 / 3, 2 / 3, 1.0]
    down = [9 / 9, 8 / 9, 7 / 9, 6 / 9, 5 / 9, 4 / 9, 3 / 9, 2 / 9, 1 / 9]
    assert rates == pytest.approx(up + down)


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.25, 0.5, 0.99])
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 10, 469])
def test_one_cycle_rises_then_falls_and_never_passes_its_peak(warmup: float, steps: int) -> None:
    rates = np.array([scheduled_rate(0.5, "one_cycle", warmup, step, steps) for step in range(steps)])
    assert rates.min() > 0
    assert rates.max() <= 0.5 * (1 + 1e-12)
    turns = np.sign(np.diff(rates))
    assert (np.diff(turns[turns != 0]) <= 0).all()  # never rises again after it fell
    assert abs(rates.argmax() + 1 - warmup * steps) <= 1 + 1e-9
