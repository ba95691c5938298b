"""PyTorch's optimizers, as a recipe sets them, against their published formulas."""

from __future__ import annotations

import numpy as np
import torch

from exmachina.networks import CLASSIC
from exmachina.training import Recipe
from exmachina.training.pytorch.optimizers import build_optimizer


def walk(recipe: Recipe, start: np.ndarray, steps: int) -> np.ndarray:
    """Where an optimizer gets on the loss Σ c·x⁴ / 4 − x, whose gradient is c·x³ − 1."""
    x = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = build_optimizer(recipe, [x])
    for _ in range(steps):
        optimizer.zero_grad()
        (torch.arange(1, len(start) + 1) * x**4 / 4 - x).sum().backward()
        optimizer.step()
    return x.detach().numpy()


START = np.array([1.5, -0.7, 0.2], np.float64)


def gradient(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.arange(1, len(x) + 1) * x**3 - 1)


def test_adadelta_is_kerass_formula() -> None:
    recipe = Recipe("r", CLASSIC, optimizer="adadelta", learning_rate=1.0, rho=0.95, epsilon=1e-7)
    x, squares, deltas = START.copy(), np.zeros(3), np.zeros(3)
    for _ in range(50):  # Zeiler 2012 as Keras writes it: root mean square of steps over that of gradients
        g = gradient(x)
        squares = 0.95 * squares + 0.05 * g**2
        delta = -np.sqrt(deltas + 1e-7) / np.sqrt(squares + 1e-7) * g
        deltas = 0.95 * deltas + 0.05 * delta**2
        x = x + 1.0 * delta
    np.testing.assert_allclose(walk(recipe, START, 50), x, rtol=1e-9)


def test_sgd_is_nesterovs_formula() -> None:
    recipe = Recipe("r", CLASSIC, optimizer="sgd", learning_rate=0.02, momentum=0.9, weight_decay=0.01)
    x, velocity = START.copy(), np.zeros(3)
    for _ in range(50):
        g = gradient(x) + 0.01 * x
        velocity = 0.9 * velocity + g
        x = x - 0.02 * (g + 0.9 * velocity)
    np.testing.assert_allclose(walk(recipe, START, 50), x, rtol=1e-9)


def test_sgd_without_momentum_is_plain_descent() -> None:
    recipe = Recipe("r", CLASSIC, optimizer="sgd", learning_rate=0.02, momentum=0.0)
    x = START.copy()
    for _ in range(20):
        x = x - 0.02 * gradient(x)
    np.testing.assert_allclose(walk(recipe, START, 20), x, rtol=1e-9)


def test_adamw_is_its_papers_formula() -> None:
    recipe = Recipe(
        "r", CLASSIC, optimizer="adamw", learning_rate=0.05, betas=(0.8, 0.95), weight_decay=0.1, epsilon=1e-8
    )
    x, m, v = START.copy(), np.zeros(3), np.zeros(3)
    for t in range(1, 51):
        x = x * (1 - 0.05 * 0.1)
        g = gradient(x / (1 - 0.05 * 0.1))  # decay stands apart from the gradient
        m, v = 0.8 * m + 0.2 * g, 0.95 * v + 0.05 * g**2
        x = x - 0.05 * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.95**t)) + 1e-8)
    np.testing.assert_allclose(walk(recipe, START, 50), x, rtol=1e-7)
