"""Where training runs and in which precision: looked at when asked, never assumed."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

import torch

from exmachina.errors import InputError

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # numbers of glibc's malloc.h; the second allows at most 32 MiB


def choose_device(name: str | None = None) -> torch.device:
    """CUDA if there, else the CPU; or the device called `name`."""
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
        if device.type == "meta":  # computes shapes only
            raise RuntimeError
    except (RuntimeError, AssertionError):
        raise InputError(f"Device '{name}' is not available here; leave it out or say cpu.") from None
    return device


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware; emulated, it would be slower than fp32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    # PyTorch has no public question for this; a version without these two gets fp32.
    questions = (getattr(torch.cpu, f"_is_{feature}_supported", None) for feature in ("avx512_bf16", "amx_tile"))
    return any(bool(question()) for question in questions if question is not None)


def choose_precision(wanted: str, device: torch.device) -> str:
    """`wanted`, or for auto bf16 where the hardware has it and fp32 elsewhere."""
    if wanted == "auto":
        return "bf16" if has_bf16(device) else "fp32"
    return wanted


@cache
def keep_freed_memory() -> None:
    """Ask the C library to keep what is freed for the next step instead of giving it back to the system.

    A step frees and takes tens of megabytes again, and the system hands every page out anew: with glibc's own
    thresholds that was a fifth of the time of a step. Other C libraries are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, size in ((M_MMAP_THRESHOLD, 32 << 20), (M_TRIM_THRESHOLD, 1 << 30)):
            mallopt(option, size)
