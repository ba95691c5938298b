"""Where training runs and in which precision: looked at when asked, never assumed."""

from __future__ import annotations

import torch

from exmachina.errors import InputError


def choose_device(name: str | None = None) -> torch.device:
    """CUDA if there, else the CPU; or the device called `name`."""
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError):
        raise InputError(f"Device '{name}' is not available here; leave it out or say cpu.") from None
    return device


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware; emulated, it would be slower than fp32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def choose_precision(wanted: str, device: torch.device) -> str:
    """`wanted`, or for auto bf16 where the hardware has it and fp32 elsewhere."""
    if wanted == "auto":
        return "bf16" if has_bf16(device) else "fp32"
    return wanted
