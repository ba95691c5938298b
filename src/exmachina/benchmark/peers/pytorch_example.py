"""PyTorch's own MNIST example (pytorch/examples): batch 64, Adadelta at 1.0 falling by 0.7 an epoch, 14 epochs."""

from __future__ import annotations

import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from exmachina.benchmark.worker import WARM_UP, Measured
from exmachina.data import load_mnist

BATCH, EPOCHS = 64, 14


class Net(nn.Module):
    """Two convolutions, one pooling, two dense layers, two dropouts."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.fc1, self.fc2 = nn.Linear(9216, 128), nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Log-probabilities (N, 10)."""
        x = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(x)))), 2)
        x = torch.flatten(F.dropout(x, 0.25, self.training), 1)
        x = F.dropout(F.relu(self.fc1(x)), 0.5, self.training)
        return F.log_softmax(self.fc2(x), dim=1)


def run(seed: int, fraction: float) -> Measured:
    """Train and test once."""
    train, test = load_mnist()
    torch.manual_seed(seed)
    start = time.perf_counter()
    images = (torch.tensor(train.images)[:, None].float() / 255 - 0.1307) / 0.3081
    data = DataLoader(TensorDataset(images, torch.tensor(train.labels).long()), BATCH, shuffle=True)
    model = Net()
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    steps = EPOCHS * len(data)
    counted = max(1, round(steps * fraction))
    step = 0
    for _ in range(EPOCHS):
        model.train()
        for batch, labels in data:
            optimizer.zero_grad()
            F.nll_loss(model(batch), labels).backward()
            optimizer.step()
            step += 1
            if fraction < 1 and step == WARM_UP:
                start = time.perf_counter()
            if fraction < 1 and step == WARM_UP + counted:
                seconds = (time.perf_counter() - start) * steps / counted
                return Measured(seed, seconds, None, fraction, torch.get_num_threads())
        schedule.step()
    model.eval()
    with torch.no_grad():
        x_test = (torch.tensor(test.images)[:, None].float() / 255 - 0.1307) / 0.3081
        y_test = torch.tensor(test.labels)
        correct = sum(
            int((model(x).argmax(1) == y).sum()) for x, y in zip(x_test.split(1000), y_test.split(1000), strict=True)
        )
    seconds = time.perf_counter() - start
    return Measured(seed, seconds, correct / len(test), 1.0, torch.get_num_threads())
