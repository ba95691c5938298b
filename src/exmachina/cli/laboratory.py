"""Commands that train: `hello`, `train`, `experiment` and `benchmark`."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exmachina.cli.options import Backend, Data, Device, Json, OutDir, Precision, Seed, print_json
from exmachina.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from exmachina.training import Recipe
    from exmachina.training.experiment import Trial

HELD_OUT = 10_000  # of the training images, for choosing between recipes


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    for command in (hello, train, experiment, benchmark):
        app.command()(command)


def free_directory(wanted: Path) -> Path:
    """A directory that holds nothing yet: the one wanted, or else the first of those numbered from 2."""
    numbered = (wanted.with_name(f"{wanted.name}-{number}") for number in count(2))
    return next(path for path in chain([wanted], numbered) if not path.exists())


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
    backend: Backend = None,
    data: Data = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", help="Train so many seeds, from --seed on; with --out keep each.")
    ] = None,
    held_out: Annotated[
        int, typer.Option("--hold-out", help="Training images to set aside, for calibrate and evaluate to fit to.")
    ] = 0,
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
        if held_out:
            raise InputError("--hold-out goes with one --seed; leave out --seeds.")
        _train_seeds(chosen, range(seed, seed + seeds), data, out, json)
        return
    directory = out if out is not None else free_directory(Path("runs") / f"{recipe}-{seed}")
    check_writable(directory)
    choose_backend(chosen, backend, device)  # refuse what is not there before anything is said
    images, test = load_data(data)
    validation = None
    if held_out:
        parts = split(images, held_out, seed=seed)
        images, validation = parts.train, parts.validation

    from exmachina.cli.terminal import QUIET, make_console
    from exmachina.cli.watch import watch
    from exmachina.training import train as learn

    console = make_console(stderr=json)
    network = chosen.network
    console.print(f"{chosen.name}: {network.parameters:,} parameters, {len(images):,} images, seed {seed}", style=QUIET)
    events = learn(chosen, images, seed, validation=validation, test=test, backend=backend, device=device)
    run = watch(events, console)
    if held_out:
        run = replace(run, splits={**run.splits, "held_out": {"images": held_out, "seed": seed}})
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


def _train_seeds(recipe: Recipe, seeds: range, data: str | None, out: Path | None, json: bool) -> None:
    """The same recipe over many seeds: every test accuracy, their mean, spread and interval."""
    from exmachina.data import load_data
    from exmachina.runs import check_writable

    if out is not None:
        check_writable(out)
    images, test = load_data(data)
    if test is None:
        raise InputError("--seeds needs a test set, and your data has none; use experiment, which holds images out.")
    rows = _run_trials({None: recipe}, seeds, images, test, json, save=out)
    if json:
        print_json({"recipe": recipe.name, "network": recipe.network.name, "on": f"{test.name}:test", **rows[0]})


def experiment(
    recipe: Annotated[str, typer.Option("--recipe", help="The recipe to vary.")] = "fast",
    vary: Annotated[str | None, typer.Option("--vary", help="A knob and its values: learning_rate=0.01,0.03.")] = None,
    seeds: Annotated[int, typer.Option("--seeds", help="Seeds per value: 0 to this, exclusive.")] = 5,
    out: Annotated[Path | None, typer.Option("--out", help="Picture to write: PNG, SVG or PDF.")] = None,
    json: Json = False,
) -> None:
    """Vary one knob over values and seeds, and compare on 10,000 held-out training images."""
    from exmachina.data import load_mnist_split, split
    from exmachina.training import get_recipe
    from exmachina.training.experiment import variations

    chosen = get_recipe(recipe)
    knob, _, values = (vary or "").partition("=")
    recipes = variations(chosen, knob, values.split(",")) if vary else {None: chosen}
    if vary and not values:
        raise InputError(f"--vary '{vary}' has no values; write for example --vary learning_rate=0.003,0.01,0.03.")
    parts = split(load_mnist_split("train"), HELD_OUT)
    rows = _run_trials(recipes, range(seeds), parts.train, parts.validation, json, knob)
    if out is not None:
        from exmachina.figures.laboratory import experiment_figure
        from exmachina.figures.style import save

        save(experiment_figure(knob or "recipe", rows), out)
    if json:
        print_json({"recipe": recipe, "knob": knob or None, "on": f"{HELD_OUT} held-out training images", "rows": rows})


def _run_trials(
    recipes: dict[Any, Recipe],
    seeds: range,
    images: Any,
    held_out: Any,
    json: bool,
    knob: str = "",
    save: Path | None = None,
) -> list[dict[str, Any]]:
    """Train every recipe with every seed, tell of each as it ends, and return and print a row per recipe."""
    from exmachina.cli.terminal import QUIET, make_console
    from exmachina.evaluation.intervals import over_seeds
    from exmachina.training.experiment import run_trials

    console = make_console(stderr=json)
    trials: list[Trial] = []
    total = len(recipes) * len(seeds)
    for trial in run_trials(recipes, seeds, images, held_out, save=save):
        trials.append(trial)
        what = f"{knob} {trial.value}   " if knob else ""
        console.print(f"  {len(trials):>3}/{total}  {what}seed {trial.seed:<3} {trial.accuracy:.2%}", style=QUIET)
    rows = []
    for value in recipes:
        own = sorted((trial for trial in trials if trial.value == value), key=lambda trial: trial.seed)
        accuracies = [trial.accuracy for trial in own]
        summary = over_seeds(accuracies)
        rows.append(
            {
                "value": value,
                "n": summary.n,
                "accuracy_mean": summary.mean,
                "accuracy_sd": summary.sd,
                "accuracy_interval": [summary.interval.low, summary.interval.high] if summary.interval else None,
                "accuracies": accuracies,
                "seeds": [trial.seed for trial in own],
                "train_seconds": [trial.seconds for trial in own],
            }
        )
    _print_rows(console, rows, knob)
    return rows


def _print_rows(console: Console, rows: list[dict[str, Any]], knob: str) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2), header_style="grey58")
    for column in (knob or "recipe", "accuracy", "sd", "95 % interval of the mean", "n"):
        table.add_column(column, justify="right")
    for row in rows:
        interval = row["accuracy_interval"]
        table.add_row(
            str(row["value"] if knob else "as it is"),
            f"{row['accuracy_mean']:.3%}",
            "–" if row["accuracy_sd"] is None else f"{row['accuracy_sd']:.3%}",
            "–" if interval is None else f"{interval[0]:.3%} to {interval[1]:.3%}",
            str(row["n"]),
        )
    console.print(table)


def benchmark(
    quick: Annotated[bool, typer.Option("--quick", help="Three minutes: time a declared part of slow peers.")] = False,
    only: Annotated[list[str] | None, typer.Option("--only", help="A contestant; repeatable.")] = None,
    precision: Precision = "auto",
    instructions: Annotated[
        str, typer.Option("--instructions", help="best, or avx2: nobody uses wider vectors or bf16.")
    ] = "best",
    out: Annotated[Path | None, typer.Option("--out", help="Picture of accuracy over time: PNG, SVG or PDF.")] = None,
    json: Json = False,
) -> None:
    """Time our recipes and the peers side by side, each from raw bytes to a tested network."""
    from exmachina.benchmark import compare_speed
    from exmachina.benchmark.compare import Progress
    from exmachina.cli.terminal import QUIET, make_console

    console = make_console(stderr=json)
    rows = []
    for item in compare_speed(only, quick=quick, curve=out is not None, precision=precision, instructions=instructions):
        if isinstance(item, Progress):
            seconds = ", ".join(f"{one:.2f}" for one in item.seconds)
            console.print(f"  round {item.round}  {item.contestant:<18} {seconds} s", style=QUIET)
        else:
            rows = item
    if json:
        from exmachina.runs import hardware, versions

        print_json(
            {
                "rows": [asdict(row) for row in rows],
                "instructions": instructions,
                "hardware": hardware(),
                "versions": versions("torch", "tensorflow"),
            }
        )
    else:
        _print_benchmark(console, rows)
    if out is not None:
        from exmachina.figures.laboratory import speed_figure
        from exmachina.figures.style import save

        save(speed_figure(rows), out)


def _print_benchmark(console: Console, rows: list[Any]) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 1), header_style="grey58")
    for column in ("", "accuracy", "n", "seconds", "cold", "× faster", "precision"):
        table.add_column(column, justify="left" if not column else "right")
    for row in rows:
        accuracy = "–" if row.accuracy_mean is None else f"{row.accuracy_mean:.2%}"
        if row.accuracy_sd is not None:
            accuracy += f" ± {row.accuracy_sd * 100:.2f}"
        scaled = "" if row.fraction == 1 else "*"
        ratio = "–" if row.ratio_to_keras is None else f"{row.ratio_to_keras:.3g}"
        if row.ratio_range is not None and row.n > 1:
            ratio += f" ({row.ratio_range[0]:.3g} to {row.ratio_range[1]:.3g})"
        cells = (row.name, accuracy, str(row.n), f"{row.train_seconds:.2f}{scaled}", f"{row.cold_seconds:.1f}", ratio)
        table.add_row(*cells, row.precision)
    console.print(table)
    if any(row.fraction < 1 for row in rows):
        parts = ", ".join(f"{row.name} {row.fraction:.0%}" for row in rows if row.fraction < 1)
        console.print(f"  * scaled up from a part of the training steps: {parts}", style="grey58")
