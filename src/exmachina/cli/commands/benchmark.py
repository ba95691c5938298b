"""`benchmark`: our recipes and the peers side by side."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exmachina.cli.options import Json, Precision, print_json
from exmachina.formatting import rounded, share

if TYPE_CHECKING:
    from rich.console import Console


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
        from exmachina.figures.drawing.style import save
        from exmachina.figures.laboratory import speed_figure

        save(speed_figure(rows), out)


def _print_benchmark(console: Console, rows: list[Any]) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 1), header_style="grey58")
    for column in ("", "accuracy", "n", "seconds", "cold", "× faster", "precision"):
        table.add_column(column, justify="left" if not column else "right")
    for row in rows:
        accuracy = "–" if row.accuracy_mean is None else share(row.accuracy_mean, 2)
        if row.accuracy_sd is not None:
            accuracy += f" ± {rounded(100 * row.accuracy_sd, 2)}"
        scaled = "" if row.fraction == 1 else "*"
        ratio = "–" if row.ratio_to_keras is None else f"{row.ratio_to_keras:.3g}"
        if row.ratio_range is not None and row.n > 1:
            ratio += f" ({row.ratio_range[0]:.3g} to {row.ratio_range[1]:.3g})"
        cells = (row.name, accuracy, str(row.n), f"{row.train_seconds:.2f}{scaled}", f"{row.cold_seconds:.1f}", ratio)
        table.add_row(*cells, row.precision)
    console.print(table)
    if any(row.fraction < 1 for row in rows):
        parts = ", ".join(f"{row.name} {share(row.fraction, 0)}" for row in rows if row.fraction < 1)
        console.print(f"  * scaled up from a part of the training steps: {parts}", style="grey58")
