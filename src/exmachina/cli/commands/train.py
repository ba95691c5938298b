"""`train`: a network from scratch, or one recipe over many seeds."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exmachina.cli.options import Backend, Data, Device, Json, OutDir, Precision, Ray, Seed, print_json
from exmachina.cli.trials import watch_trials
from exmachina.errors import InputError
from exmachina.formatting import share

if TYPE_CHECKING:
    from exmachina.data import Dataset
    from exmachina.training import Recipe


def free_directory(wanted: Path) -> Path:
    """A directory that holds nothing yet: the one wanted, or else the first of those numbered from 2."""
    numbered = (wanted.with_name(f"{wanted.name}-{number}") for number in count(2))
    return next(path for path in chain([wanted], numbered) if not path.exists())


def train(
    recipe: Annotated[str, typer.Option("--recipe", help="classic, fast, …: how to train.")] = "fast",
    seed: Seed = 0,
    out: OutDir = None,
    epochs: Annotated[float | None, typer.Option("--epochs", help="Other than the recipe's; may be 0.5.")] = None,
    precision: Precision = "auto",
    device: Device = None,
    backend: Backend = None,
    data: Data = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", help="Train so many seeds, from --seed on; with --out keep each.")
    ] = None,
    held_out: Annotated[
        int, typer.Option("--hold-out", help="Training images to set aside, for calibrate and evaluate to fit to.")
    ] = 0,
    hands: Annotated[
        bool, typer.Option("--hands", help="Learn digits by other hands as well: made, of pens, of typefaces.")
    ] = False,
    ray: Ray = None,
    json: Json = False,
) -> None:
    """Train a network from scratch and save the run; or many seeds, and see the spread."""
    from exmachina.data import load_data, split
    from exmachina.runs import check_writable
    from exmachina.training import get_recipe
    from exmachina.training.learner import choose_backend

    chosen = get_recipe(recipe).replace(precision=precision)
    if epochs is not None:
        chosen = chosen.replace(epochs=epochs)
    if seeds is not None:
        if held_out or hands:
            option = "--hold-out" if held_out else "--hands"
            raise InputError(f"{option} goes with one --seed; leave out --seeds.")
        if backend not in (None, "engine") or device is not None:
            raise InputError("--seeds trains on the engine; give one --seed with --backend or --device.")
        _train_seeds(chosen, range(seed, seed + seeds), data, out, ray, json)
        return
    if ray is not None:
        raise InputError("--ray trains many seeds at once; say how many with --seeds.")
    directory = out if out is not None else free_directory(Path("runs") / f"{recipe}-{seed}")
    check_writable(directory)
    choose_backend(chosen, backend, device)  # refuse what is not there before anything is said
    images, test = load_data(data)
    validation = None
    if held_out:
        parts = split(images, held_out, seed=seed)
        images, validation = parts.train, parts.validation
    if hands:
        from exmachina.data.hands import AGAIN, with_hands

        originals, images = len(images), with_hands(images, seed)

    from exmachina.cli.terminal import QUIET, make_console
    from exmachina.cli.watch import watch
    from exmachina.training import train as learn

    console = make_console(stderr=json)
    network = chosen.network
    console.print(f"{chosen.name}: {network.parameters:,} parameters, {len(images):,} images, seed {seed}", style=QUIET)
    events = learn(chosen, images, seed, validation=validation, test=test, backend=backend, device=device)
    run = watch(events, console)
    if hands:
        run = replace(run, splits={**run.splits, "given": originals, "hands": len(images) - AGAIN * originals})
    if held_out:
        run = replace(run, splits={**run.splits, "held_out": {"images": held_out, "seed": seed}})
    path = run.save(directory)
    if test is not None and run.test_accuracy is not None:
        from exmachina.evaluation.results import Subject

        _log(test, [Subject.of(run).digest])
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
        console.print(f"  test loss {run.test_loss:.4f}   accuracy {share(run.test_accuracy, 2)}")
    console.print(f"  {run.train_seconds:.2f} s in {run.precision}; saved in {path}", style=QUIET)


def _log(test: Dataset, runs: list[str]) -> None:
    """Write down that these networks read the test set: each was a chance to be lucky."""
    from exmachina.evaluation.test_set.test_set_log import open_for_all

    if runs:
        open_for_all(test.images, test.labels, runs)


def _train_seeds(recipe: Recipe, seeds: range, data: str | None, out: Path | None, ray: str | None, json: bool) -> None:
    """The same recipe over many seeds: every test accuracy, their mean, spread and interval."""
    from exmachina.data import load_data
    from exmachina.runs import check_writable

    if out is not None:
        check_writable(out)
    images, test = load_data(data)
    if test is None:
        raise InputError("--seeds needs a test set, and your data has none; use experiment, which holds images out.")
    outcome = watch_trials({None: recipe}, seeds, images, test, json, save=out, ray=ray)
    _log(test, [f"{recipe.name} {seed}" for row in outcome.rows for seed in row.seeds])
    for row in outcome.rows if json else ():
        print_json({"recipe": recipe.name, "network": recipe.network.name, "on": f"{test.name}:test", **row.to_json()})
    if not outcome.ended:
        raise typer.Exit(1)
