"""What a run was made on: versions, hardware and, in a checkout, the git revision."""

from __future__ import annotations

import os
import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("hello-ex-machina", "numpy", "onnx", "safetensors")


@lru_cache
def versions(*more: str) -> dict[str, str]:
    """Versions of Python and the packages that shape a result, and of `more` that did."""
    result = {"python": platform.python_version()}
    for package in (*PACKAGES, *more):
        try:
            result[package] = version(package)
        except PackageNotFoundError:
            continue
    return result


@lru_cache
def hardware() -> dict[str, Any]:
    """Processor model, number of cores that this process may use, and operating system."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
    }


@lru_cache
def git_revision() -> str | None:
    """Commit of the checkout that this package runs from, or `None` if it was installed."""
    source = Path(__file__).parents[2]
    folder = source.parent / ".git"
    if source.name != "src" or not folder.is_dir():  # installed, perhaps inside somebody else's checkout
        return None
    try:
        head = (folder / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        reference = folder / head.removeprefix("ref: ")
        if reference.is_file():
            return reference.read_text().strip()
        packed = (folder / "packed-refs").read_text().splitlines()
        return next((line[:40] for line in packed if line.endswith(head.removeprefix("ref:"))), None)
    except (OSError, ValueError):
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
