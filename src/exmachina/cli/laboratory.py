"""Commands that train: `hello`, the whole introduction, and `train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from exmachina.cli.options import Data, Device, Json, OutDir, Precision, Seed, print_json


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(hello)
    app.command()(train)


def hello(
    recipe: Annotated[str, typer.Option("--recipe", help="How to train.")] = "fast",
    seed: Seed = 0,
    out: Annotated[Path, typer.Option("--out", help="Directory for the run and its figures.")] = Path("runs/hello"),
) -> None:
    """Take the whole introduction: look, prepare, build, train, test, predict, look inside."""
    from exmachina.cli.hello import introduce

    introduce(recipe, seed, out)


def train(
    recipe: Annotated[str, typer.Option("--recipe", help="classic, fast, …: how to train.")] = "fast",
    seed: Seed = 0,
    out: OutDir = None,
    epochs: Annotated[float | None, typer.Option("--epochs", help="Other than the recipe's; may be 0.5.")] = None,
    precision: Precision = "auto",
    device: Device = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Train a network from scratch and save the run."""
    from exmachina.data import load_data
    from exmachina.runs import check_writable
    from exmachina.training import get_recipe

    chosen = get_recipe(recipe).replace(precision=precision)
    if epochs is not None:
        chosen = chosen.replace(epochs=epochs)
    directory = out if out is not None else Path("runs") / f"{recipe}-{seed}"
    check_writable(directory)
    images, test = load_data(data)

    from exmachina.cli.terminal import QUIET, make_console
    from exmachina.cli.watch import watch
    from exmachina.training import train as learn

    console = make_console(stderr=json)
    network = chosen.network
    console.print(f"{chosen.name}: {network.parameters:,} parameters, {len(images):,} images, seed {seed}", style=QUIET)
    run = watch(learn(chosen, images, seed, test=test, device=device), console)
    path = run.save(directory)
    if json:
        print_json(
            {
                "recipe": chosen.name,
                "network": network.name,
                "parameters": network.parameters,
                "seed": seed,
                "epochs": chosen.epochs,
                "train_seconds": run.train_seconds,
                "test_loss": run.test_loss,
                "test_accuracy": run.test_accuracy,
                "precision": run.precision,
                "run": str(path),
                "interrupted": run.interrupted,
            }
        )
        return
    if run.test_accuracy is not None:
        console.print(f"  test loss {run.test_loss:.4f}   accuracy {run.test_accuracy:.2%}")
    console.print(f"  {run.train_seconds:.2f} s in {run.precision}; saved in {path}", style=QUIET)
