"""`import`: somebody else's network, read as data, as a run directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from exmachina.cli.options import Json, print_json
from exmachina.errors import InputError


def import_run(
    file: Annotated[Path, typer.Argument(help="A Keras model (.keras) or an ONNX graph (.onnx).")],
    out: Annotated[Path, typer.Option("--out", help="Directory for the run.")],
    json: Json = False,
) -> None:
    """Read a network from a Keras or ONNX file into a run; nothing in the file is run."""
    from exmachina.runs import Run, check_writable

    check_writable(out)
    run: Run
    if file.suffix.lower() == ".keras":
        from exmachina.runs.keras_file import import_keras

        run = import_keras(file)
    elif file.suffix.lower() == ".onnx":
        from exmachina.runs.onnx_file import import_onnx

        run = import_onnx(file)
    else:
        raise InputError(f"Cannot import '{file}'; give a file whose name ends in .keras or .onnx.")
    path = run.save(out)
    if json:
        print_json({"run": str(path), "network": run.network.name, "parameters": run.network.parameters})
        return
    print(f"{path}: {run.network.name}, {len(run.network.layers)} layers, {run.network.parameters:,} parameters")
