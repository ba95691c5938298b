"""`summary`: the layer table of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from exmachina.cli.options import Json, print_json


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
    from exmachina.networks.summary import HEADER, rows

    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style=QUIET)
    for place, title in enumerate(HEADER):
        table.add_column(title, justify="right" if place > 1 else "left")
    *layers, (total, *numbers) = rows(network)
    for layer, *cells in layers:
        name, space, kind = layer.partition(" ")
        table.add_row(Text.assemble(name, (space + kind, QUIET)), *cells)
    table.add_row(Text(total, style=ACCENT), *numbers)
    return table
