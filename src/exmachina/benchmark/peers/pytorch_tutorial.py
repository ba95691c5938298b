"""The textbook network and recipe in plain PyTorch, as its tutorials write a training loop."""

from __future__ import annotations

import time

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from exmachina.benchmark.worker import WARM_UP, Measured
from exmachina.data import load_mnist

BATCH, EPOCHS = 128, 6


def run(seed: int, fraction: float) -> Measured:
    """Train and test once."""
    train, test = load_mnist()
    torch.manual_seed(seed)
    start = time.perf_counter()
    images = torch.tensor(train.images)[:, None].float() / 255
    data = DataLoader(TensorDataset(images, torch.tensor(train.labels).long()), BATCH, shuffle=True)
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    )
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0, rho=0.95, eps=1e-7)
    loss_function = nn.CrossEntropyLoss()
    steps = EPOCHS * len(data)
    counted = max(1, round(steps * fraction))
    step = 0
    model.train()
    for _ in range(EPOCHS):
        for batch, labels in data:
            optimizer.zero_grad()
            loss_function(model(batch), labels).backward()
            optimizer.step()
            step += 1
            if fraction < 1 and step == WARM_UP:
                start = time.perf_counter()
            if fraction < 1 and step == WARM_UP + counted:
                seconds = (time.perf_counter() - start) * steps / counted
                return Measured(seed, seconds, None, fraction, torch.get_num_threads())
    model.eval()
    with torch.no_grad():
        x_test, y_test = torch.tensor(test.images)[:, None].float() / 255, torch.tensor(test.labels)
        correct = sum(
            int((model(x).argmax(1) == y).sum()) for x, y in zip(x_test.split(1000), y_test.split(1000), strict=True)
        )
    seconds = time.perf_counter() - start
    return Measured(seed, seconds, correct / len(test), 1.0, torch.get_num_threads())
