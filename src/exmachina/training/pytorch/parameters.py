"""All of a network's parameters in one vector, with a copy in low precision to compute with."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from exmachina.training.pytorch.module import NetworkModule


class Parameters:
    """The float32 parameters of a module as one flat vector, `master`, that an optimizer updates in one go.

    `module` is the float32 network whose parameters are views of `master`: what is evaluated and saved.
    `working` computes gradients: the same module, or in bf16 a copy of it that `refresh` brings up to date.
    The rest of a step is so small for these networks that one operation per tensor would cost more than
    the arithmetic.
    """

    def __init__(self, module: NetworkModule, precision: str) -> None:
        self.module = module
        parameters = list(module.parameters())
        self._shapes = [parameter.shape for parameter in parameters]
        self.master = nn.Parameter(torch.cat([_channels_last(parameter.detach()) for parameter in parameters]))
        self.master.grad = torch.zeros_like(self.master)
        self._gradients = self._views(self.master.grad)
        for parameter, view in zip(parameters, self._views(self.master.detach()), strict=True):
            parameter.data = view
        self.working = module
        self._low: Tensor | None = None
        if precision == "bf16":
            self.working = _share_buffers(copy.deepcopy(module), module)
            self._low = self.master.detach().to(torch.bfloat16)
            self._use_low_precision(self._low)
        self._trained = list(self.working.parameters())
        self._frozen: Tensor | None = None

    def gradients_of(self, loss: Tensor) -> None:
        """Put the gradient of `loss` where the optimizer expects it."""
        gradients = torch.autograd.grad(loss, self._trained)
        torch._foreach_copy_(self._gradients, gradients)

    def freeze_first(self) -> None:
        """Let the first layer with weights keep those that it has now, whatever an optimizer does."""
        owner = next(iter(dict(self.module.named_parameters()))).rpartition(".")[0]
        held = list(self.module.get_submodule(owner).parameters())
        self._trained, self._gradients = self._trained[len(held) :], self._gradients[len(held) :]
        self._frozen = self.master.detach()[: sum(parameter.numel() for parameter in held)].clone()

    def refresh(self) -> None:
        """After the optimizer's step: put back what is frozen, and bring the low-precision copy up to date."""
        if self._frozen is not None:
            self.master.detach()[: len(self._frozen)].copy_(self._frozen)
        if self._low is not None:
            self._low.copy_(self.master.detach())

    def _views(self, flat: Tensor) -> list[Tensor]:
        sizes = [shape.numel() for shape in self._shapes]
        return [_shaped(part, shape) for part, shape in zip(torch.split(flat, sizes), self._shapes, strict=True)]

    def _use_low_precision(self, low: Tensor) -> None:
        norms = {id(p) for m in self.working.modules() if isinstance(m, nn.BatchNorm2d) for p in m.parameters()}
        views: Sequence[tuple[Tensor, Tensor]] = list(
            zip(self._views(low), self._views(self.master.detach()), strict=True)
        )
        for parameter, (short, full) in zip(self.working.parameters(), views, strict=True):
            # Normalisation is computed in float32 also by PyTorch's bf16 kernels.
            parameter.data = full if id(parameter) in norms else short


def _channels_last(tensor: Tensor) -> Tensor:
    """The values in one row; of a kernel, channels innermost, for pooling in that layout is 15 times as fast."""
    return tensor.permute(0, 2, 3, 1).flatten() if tensor.dim() == 4 else tensor.flatten()


def _shaped(row: Tensor, shape: torch.Size) -> Tensor:
    """The view of a `_channels_last` row that has the tensor's own shape."""
    if len(shape) != 4:
        return row.view(shape)
    filters, channels, height, width = shape
    return row.view(filters, height, width, channels).permute(0, 3, 1, 2)


def _share_buffers(clone: NetworkModule, original: NetworkModule) -> NetworkModule:
    """Let both write the same running statistics and draw from the same generator."""
    for name, buffer in original.named_buffers():
        owner, _, attribute = name.rpartition(".")
        setattr(clone.get_submodule(owner), attribute, buffer)
    clone.generator = original.generator
    return clone
