"""The same training on PyTorch: for a GPU, for bf16, and as an oracle of the engine."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from exmachina.data import Dataset, scale
from exmachina.engine import augmented
from exmachina.runs import Weights
from exmachina.training.learner import Batch
from exmachina.training.pytorch.hardware import choose_device, choose_precision, keep_freed_memory
from exmachina.training.pytorch.module import build, get_weights
from exmachina.training.pytorch.optimizers import build_optimizer
from exmachina.training.pytorch.parameters import Parameters
from exmachina.training.recipes import Recipe

EVALUATION_BATCH = 500


class TorchLearner:
    """A PyTorch module and its optimizer. Batches, their order and their augmentation are the engine's."""

    backend = engine = "torch"

    def __init__(
        self, recipe: Recipe, seed: int, weights: Weights, device: str | None = None, threads: int | None = None
    ) -> None:
        self._recipe, self._seed = recipe, seed
        self._device = choose_device(device)
        if self._device.type == "cpu":
            keep_freed_memory()
        if threads is not None:
            torch.set_num_threads(threads)
        self.device, self.threads = str(self._device), torch.get_num_threads()
        self.precision = choose_precision(recipe.precision, self._device)
        module = build(recipe.network, weights).to(self._device)
        module.generator = torch.Generator(self._device).manual_seed(seed)
        self._parameters = Parameters(module, self.precision)
        self._optimizer = build_optimizer(recipe, [self._parameters.master])

    def place(self, data: Dataset) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        return data.images, data.labels

    def learn(self, batch: Batch, step: int, rate: float) -> tuple[Tensor, Tensor]:
        images, labels = self._tensors(batch, step)
        logits = self._parameters.working.train()(images).float()
        loss = F.cross_entropy(logits, labels, label_smoothing=self._recipe.label_smoothing)
        self._parameters.gradients_of(loss)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self._parameters.refresh()
        return loss.detach(), (logits.detach().argmax(dim=1) == labels).float().mean()

    def freeze_first(self) -> None:
        self._parameters.freeze_first()

    def weights(self) -> Weights:
        return get_weights(self._parameters.module)

    @torch.inference_mode()
    def evaluate(self, data: Dataset) -> tuple[float, float]:
        module = self._parameters.module.eval()
        loss = torch.zeros((), device=self._device)
        correct = torch.zeros((), dtype=torch.int64, device=self._device)
        for start in range(0, len(data), EVALUATION_BATCH):
            part = data[start : start + EVALUATION_BATCH]
            labels = torch.from_numpy(part.labels.astype(np.int64)).to(self._device)
            logits = module(torch.from_numpy(scale(part.images)[:, None]).to(self._device))
            loss += F.cross_entropy(logits, labels, reduction="sum")
            correct += (logits.argmax(dim=1) == labels).sum()
        return float(loss) / len(data), int(correct) / len(data)

    def _tensors(self, batch: Batch, step: int) -> tuple[Tensor, Tensor]:
        """Images (N, 1, H, W) in [0, 1] and labels (N,), on the device."""
        chosen = slice(None) if batch.order is None else batch.order
        images = batch.images[chosen]
        pixels = images if images.dtype == np.float32 else scale(images)[:, None]
        if self._recipe.augmentation:
            pixels = augmented(pixels[:, 0], self._recipe.augmentation.numbers(), self._seed, step)[:, None]
        labels = torch.from_numpy(batch.labels[chosen].astype(np.int64))
        return torch.from_numpy(pixels).to(self._device), labels.to(self._device)
