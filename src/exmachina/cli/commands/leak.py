"""`leak`: how many points choosing on the test set makes appear from nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from exmachina.cli.options import Json, print_json
from exmachina.errors import InputError
from exmachina.formatting import rounded, share

if TYPE_CHECKING:
    from rich.console import Console

    from exmachina.evaluation.test_set.selection_bias import SelectionBias


def leak(
    recipe: Annotated[str, typer.Option("--recipe", help="The recipe whose networks are chosen among.")] = "fast",
    seeds: Annotated[int, typer.Option("--seeds", help="Seeds: 0 to this, exclusive.")] = 3,
    json: Json = False,
) -> None:
    """Show how many points appear from nowhere when the test set itself chooses the epoch and the recipe."""
    from exmachina.cli.terminal import QUIET, make_console
    from exmachina.data import load_mnist_split
    from exmachina.evaluation.as_json import plain
    from exmachina.evaluation.test_set.selection_bias import (
        SEEDS,
        SelectionBias,
        measure_selection_bias,
        store_selection_bias,
    )
    from exmachina.training import get_recipe

    chosen = get_recipe(recipe)
    if not 1 <= seeds <= 100:
        raise InputError(f"--seeds is {seeds}; choose 1 to 100.")
    console = make_console(stderr=json)
    for item in measure_selection_bias(chosen, load_mnist_split("train"), seeds=seeds):
        if isinstance(item, SelectionBias):
            if seeds == SEEDS:
                store_selection_bias(item, chosen)
            if json:
                print_json(plain(item))
                return
            print_selection_bias(console, item)
        else:
            accuracies = item.right.mean(axis=1)
            ends = f"{share(accuracies.min(), 2)} to {share(accuracies.max(), 2)}"
            console.print(f"  seed {item.seed}: {len(accuracies)} networks, {ends}", style=QUIET)


def print_selection_bias(console: Console, bias: SelectionBias) -> None:
    """Points from nowhere by test set and number of networks, and what they come to."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2), header_style="grey58")
    for column in ("test images", "networks tried", "points from nowhere"):
        table.add_column(column, justify="right")
    for one in bias.growth:
        table.add_row(f"{one.images:,}", str(one.tried), rounded(100 * one.points, 3))
    console.print(table)
    spread = "" if bias.points.sd is None else f" ± {rounded(100 * bias.points.sd, 3)}"
    console.print(
        f"Choosing among the {bias.tried} networks of one seed on a test set of {bias.images:,}: "
        f"{rounded(100 * bias.points.mean, 3)}{spread} points that no new image will give back "
        f"(n = {bias.points.n} seeds).",
        width=76,
    )
