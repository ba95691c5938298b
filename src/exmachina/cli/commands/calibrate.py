"""`calibrate`: a run's threshold for "no digit"."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from exmachina.cli.options import Json, RunArgument, print_json
from exmachina.cli.writers import find_writers
from exmachina.formatting import share


def calibrate(
    run: RunArgument,
    out: Annotated[Path | None, typer.Option("--out", help="Directory to write to. Default: the run's own.")] = None,
    keep: Annotated[float, typer.Option("--keep", help="Share of digits that the threshold must keep.")] = 0.995,
    temperature: Annotated[
        bool, typer.Option("--temperature", help="Also fit the temperature that makes the probabilities likeliest.")
    ] = False,
    rejector: Annotated[
        bool, typer.Option("--rejector", help="Also teach it what is no digit, on made-up images (minutes).")
    ] = False,
    writers: Annotated[
        str | None, typer.Option("--writers", help="Folder of QMNIST tables: no writer is in two folds.")
    ] = None,
    json: Json = False,
) -> None:
    """Fix a run's threshold for "no digit" on training images that it, or a network in its place, never learned."""
    from exmachina.data import load_mnist_split
    from exmachina.evaluation import calibrate as fix
    from exmachina.evaluation import hold_out
    from exmachina.runs import Run, check_writable, find_run

    subject = Run.load(run)
    target = out if out is not None else find_run(run)
    check_writable(target)
    _, train_writers = find_writers(writers)
    train = load_mnist_split("train")
    held_out = hold_out(subject, train, subject.seed + 1, writers=train_writers.ids if train_writers else None)
    fixed = fix(subject, held_out, keep=keep, temperature=temperature)
    if rejector:
        from exmachina.evaluation.ood.rejector import fit_rejector, rejector_data

        fixed = fit_rejector(fixed, rejector_data(train, seed=subject.seed), subject.seed)
    path = fixed.save(target)
    if json:
        summary = {"run": str(path), "rejection_threshold": fixed.rejection_threshold, "temperature": fixed.temperature}
        print_json({**summary, "keep": keep, "fitted_to": held_out.how, "rejector": fixed.rejector is not None})
        return
    print(f"{path}: no digit below {fixed.rejection_threshold:.4f}, temperature {fixed.temperature:.3f};")
    print(f"fitted to {held_out.how}, of which it keeps {share(keep, 1)}.")
