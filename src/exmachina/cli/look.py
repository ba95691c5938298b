"""Commands that look: `show` the data, `summary` of a network, `inspect` a trained one."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Any

import typer

from exmachina.cli.options import Data, Index, Json, RunOption, print_json
from exmachina.errors import InputError


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(show)
    app.command()(summary)
    app.command()(inspect)


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
    _check_indices(chosen, len(dataset), split)
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
        typer.launch(str(path))


def summary(
    network: Annotated[str, typer.Argument(help="A network's name, a recipe's or a run directory.")] = "classic",
    json: Json = False,
) -> None:
    """Table of a network's layers: output shapes, parameters and multiplications."""
    from exmachina.networks import NETWORKS, get_network

    if network in NETWORKS or not Path(network).exists():
        described = get_network(network)
    else:
        from exmachina.runs import Run

        described = Run.load(network).network
    if json:
        layers = [
            {
                "name": step.layer.name,
                "type": step.layer.kind,
                "output_shape": list(step.output_shape),
                "parameters": step.parameters,
                "activation": step.layer.activation,
                "multiplications": step.multiplications,
            }
            for step in described.steps()
        ]
        print_json({"network": described.name, "layers": layers, "parameters": described.parameters})
        return
    from exmachina.cli.terminal import make_console

    make_console().print(summary_table(described))


def summary_table(network: Any) -> Any:
    """The layer table as a Rich table."""
    from rich.table import Table
    from rich.text import Text

    from exmachina.cli.terminal import ACCENT, QUIET

    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style=QUIET)
    table.add_column("layer (type)")
    table.add_column("output shape")
    table.add_column("parameters", justify="right")
    table.add_column("products", justify="right")
    for step in network.steps():
        shape = " × ".join(map(str, step.output_shape))
        name = Text.assemble(step.layer.name, (f" ({step.layer.kind})", QUIET))
        if step.layer.activation != "linear":
            name.append(f" + {step.layer.activation}", style=QUIET)
        table.add_row(name, shape, f"{step.parameters:,}", f"{step.multiplications:,}")
    total = sum(step.multiplications for step in network.steps())
    table.add_row(Text("total", style=ACCENT), "", f"{network.parameters:,}", f"{total:,}")
    return table


def inspect(
    image: Annotated[Path | None, typer.Argument(help="An image file with one digit.")] = None,
    run: RunOption = "fast",
    index: Index = None,
    out: Annotated[Path, typer.Option("--out", help="Directory for the figures.")] = Path("inspect"),
) -> None:
    """Draw kernels, feature maps of every layer and attributions for one digit."""
    from exmachina.classifier import Classifier
    from exmachina.data import load_mnist_split
    from exmachina.figures import inspect_figures, save
    from exmachina.runs import Run, check_writable

    if (image is None) == (not index):
        raise InputError("Give one image: an --index from 0 to 9999 or an image file.")
    check_writable(out)
    trained = Run.load(run)
    if image is not None:
        digit = Classifier.load(run).prepare(image)
    else:
        test = load_mnist_split("test")
        _check_indices(index or [], len(test), "test")
        if len(index or []) > 1:
            raise InputError("inspect takes one --index at a time.")
        digit = test.images[(index or [0])[0]]
    for name, figure in inspect_figures(trained, digit).items():
        path = out / f"{name}.png"
        save(figure, path)
        print(path)


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


def _check_indices(indices: list[int], count: int, split: str) -> None:
    for index in indices:
        if not 0 <= index < count:
            raise InputError(f"Index {index} is out of range; the {split} images run from 0 to {count - 1}.")
