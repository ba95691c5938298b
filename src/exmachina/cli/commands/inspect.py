"""`inspect`: kernels, feature maps and attributions for one digit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from exmachina.cli.options import Index, Open, RunOption, check_indices, open_file
from exmachina.errors import InputError


def inspect(
    image: Annotated[Path | None, typer.Argument(help="An image file with one digit.")] = None,
    run: RunOption = "fast",
    index: Index = None,
    out: Annotated[Path, typer.Option("--out", help="Directory for the figures.")] = Path("inspect"),
    show: Open = False,
) -> None:
    """Draw kernels, feature maps of every layer and attributions for one digit."""
    from exmachina.classifier import Classifier
    from exmachina.data import load_mnist_split
    from exmachina.figures import inspect_figures, save_album
    from exmachina.runs import Run, check_writable

    if (image is None) == (not index):
        raise InputError("Give one image: an --index from 0 to 9999 or an image file.")
    check_writable(out)
    trained = Run.load(run)
    if image is not None:
        digit = Classifier.load(run).prepare(image)
    else:
        test = load_mnist_split("test")
        check_indices(index or [], len(test), "test")
        if len(index or []) > 1:
            raise InputError("inspect takes one --index at a time.")
        digit = test.images[(index or [0])[0]]
    for path in save_album(inspect_figures(trained, digit), out, f"Inside {run}"):
        print(path)
    if show:
        open_file(path)
