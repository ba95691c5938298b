"""`experiment`: one knob over values and seeds, on held-out training images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from exmachina.cli.options import Json, Ray, print_json
from exmachina.cli.trials import watch_trials
from exmachina.errors import InputError

HELD_OUT = 10_000  # of the training images, for choosing between recipes


def experiment(
    recipe: Annotated[str, typer.Option("--recipe", help="The recipe to vary.")] = "fast",
    vary: Annotated[str | None, typer.Option("--vary", help="A knob and its values: learning_rate=0.01,0.03.")] = None,
    seeds: Annotated[int, typer.Option("--seeds", help="Seeds per value: 0 to this, exclusive.")] = 5,
    out: Annotated[Path | None, typer.Option("--out", help="Picture to write: PNG, SVG or PDF.")] = None,
    ray: Ray = None,
    stop_early: Annotated[
        str | None,
        typer.Option(
            "--stop-early", help="With --ray: asha stops, between epochs, trainings that are behind. Extra: ray."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Vary one knob over values and seeds, and compare on 10,000 held-out training images."""
    from exmachina.data import load_mnist_split, split
    from exmachina.training import get_recipe
    from exmachina.training.experiment import variations

    if stop_early is not None and ray is None:
        raise InputError("--stop-early is Ray Tune's work; give --ray local, or the address of a cluster.")
    chosen = get_recipe(recipe)
    knob, _, values = (vary or "").partition("=")
    recipes = variations(chosen, knob, values.split(",")) if vary else {None: chosen}
    if vary and not values:
        raise InputError(f"--vary '{vary}' has no values; write for example --vary learning_rate=0.003,0.01,0.03.")
    parts = split(load_mnist_split("train"), HELD_OUT)
    outcome = watch_trials(
        recipes, range(seeds), parts.train, parts.validation, json, knob, ray=ray, stop_early=stop_early
    )
    if out is not None and outcome.rows:
        from exmachina.figures.drawing.style import save
        from exmachina.figures.laboratory import experiment_figure

        save(experiment_figure(knob or "recipe", outcome.rows), out)
    if json:
        print_json(
            {
                "recipe": recipe,
                "knob": knob or None,
                "on": f"{HELD_OUT} held-out training images",
                "rows": [row.to_json() for row in outcome.rows],
                **({} if stop_early is None else {"stopped": [trial.to_json() for trial in outcome.stopped]}),
            }
        )
    if not outcome.ended:
        raise typer.Exit(1)
