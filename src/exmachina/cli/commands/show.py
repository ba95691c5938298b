"""`show`: digits in the terminal, as a picture or in a window."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Any

import typer

from exmachina.cli.options import Data, check_indices, open_file
from exmachina.errors import InputError


def show(
    # `--index 50 51 52 53` reads as one option with four values: the first is its own, the rest arrive here.
    index: Annotated[list[str] | None, typer.Argument(help="Indices of the images.", metavar="[INDEX]...")] = None,
    first: Annotated[list[int] | None, typer.Option("--index", help="Index of an image; more may follow.")] = None,
    split: Annotated[str, typer.Option("--split", help="train or test.")] = "train",
    data: Data = None,
    out: Annotated[Path | None, typer.Option("--out", help="Picture to write: PNG, SVG or PDF.")] = None,
    window: Annotated[bool, typer.Option("--window", help="Open the picture in a window.")] = False,
) -> None:
    """Show digits as a grid, in the terminal, as a picture file or in a window."""
    from exmachina.cli.terminal import digits, make_console

    dataset = _dataset(data, split)
    chosen = [*(first or []), *(_index(text) for text in index or [])] or [50, 51, 52, 53]
    check_indices(chosen, len(dataset), split)
    images, labels = dataset.images[chosen], dataset.labels[chosen]
    if out is None and not window:
        console = make_console()
        captions = [f"{split} {i}: {label}" for i, label in zip(chosen, labels, strict=True)]
        console.print(digits(console, images, captions))
        return
    from exmachina.figures import digits_grid, save

    path = out or Path(mkdtemp(prefix="exmachina-")) / "digits.png"
    save(digits_grid(images, labels, indices=chosen), path)
    print(path)
    if window:
        open_file(path)


def _dataset(source: str | None, split: str) -> Any:
    from exmachina.data import load_data, load_mnist_split

    if split not in ("train", "test"):
        raise InputError(f"Unknown split '{split}'. Choose train or test.")
    if source is None:
        return load_mnist_split("train" if split == "train" else "test")
    train, test = load_data(source)
    dataset = train if split == "train" else test
    if dataset is None:
        raise InputError(f"'{source}' has no test part; leave out --split test.")
    return dataset


def _index(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"Index '{text}' is not a whole number.") from None
