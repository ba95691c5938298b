"""PyTorch's optimizers by the names that a recipe uses."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from exmachina.training.recipes import Recipe


def build_optimizer(recipe: Recipe, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The recipe's optimizer over `parameters`."""
    if recipe.optimizer == "adadelta":
        return torch.optim.Adadelta(
            parameters, lr=recipe.learning_rate, rho=recipe.rho, eps=recipe.epsilon, foreach=True
        )
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            parameters,
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            nesterov=recipe.momentum > 0,
            fused=True,
        )
    return torch.optim.AdamW(
        parameters,
        lr=recipe.learning_rate,
        betas=recipe.betas,
        eps=recipe.epsilon,
        weight_decay=recipe.weight_decay,
        fused=True,
    )
