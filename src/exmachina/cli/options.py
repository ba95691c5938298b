"""Options that several commands share, and the ways to answer in JSON."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from exmachina.errors import InputError

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on standard output.")]
RunOption = Annotated[str, typer.Option("--run", help="A run directory, or a recipe with pretrained weights.")]
RunArgument = Annotated[str, typer.Argument(help="A run directory, or a recipe with pretrained weights.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the weights, the order of images and dropout.")]
Index = Annotated[list[int] | None, typer.Option("--index", help="Index of a test image, 0 to 9999; repeatable.")]
Data = Annotated[
    str | None,
    typer.Option("--data", help="Your own data: a folder of IDX files, a folder of images or a CSV. Default: MNIST."),
]
Precision = Annotated[str, typer.Option("--precision", help="auto, fp32, or with the extra torch also bf16.")]
Device = Annotated[str | None, typer.Option("--device", help="cpu, or with the extra torch also cuda.")]
Backend = Annotated[str | None, typer.Option("--backend", help="engine, or with the extra torch also torch.")]
Ray = Annotated[
    str | None,
    typer.Option("--ray", help="Work on a Ray cluster: its address, or local for one of this machine. Extra: ray."),
]
Open = Annotated[bool, typer.Option("--open", help="Open the page of figures in a browser, where there is a display.")]
OutDir = Annotated[Path | None, typer.Option("--out", help="Directory to write to.")]


def print_json(value: Any) -> None:
    """One JSON value on a line of its own."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def open_file(path: Path) -> None:
    """Show a file in the program that the desktop has for it; without a display, say so and no more."""
    window = sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not window or typer.launch(str(path)):
        print(
            f"exmachina: no display to open {path} on; copy it, with its folder, to where there is one.",
            file=sys.stderr,
        )


def check_indices(indices: list[int], count: int, split: str) -> None:
    """Refuse an index that the split has no image for."""
    for index in indices:
        if not 0 <= index < count:
            raise InputError(f"Index {index} is out of range; the {split} images run from 0 to {count - 1}.")
