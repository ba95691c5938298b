"""`export`: a run in a standard format, or the lesson as plain files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from exmachina.cli.options import RunOption
from exmachina.errors import InputError

SITE_RUNS = ("fast", "classic", "accurate")


def export(
    run: RunOption = "fast",
    onnx: Annotated[Path | None, typer.Option("--onnx", help="ONNX model to write.")] = None,
    keras: Annotated[Path | None, typer.Option("--keras", help="Keras model (.keras) to write.")] = None,
    site: Annotated[Path | None, typer.Option("--site", help="New folder for the lesson as plain files.")] = None,
) -> None:
    """Write a trained network in a standard format, or the lesson as plain files for any web host."""
    from exmachina.runs import Run, write_files

    if onnx is None and keras is None and site is None:
        raise InputError("Nothing to write: give --onnx FILE, --keras FILE or --site DIR.")
    if onnx is not None:
        from exmachina.runs.onnx_graph import build_onnx

        result = Run.load(run)
        write_files(onnx.parent, {onnx.name: build_onnx(result.network, result.weights)})
        print(onnx)
    if keras is not None:
        from exmachina.runs.keras_file import export_keras

        export_keras(Run.load(run), keras)
        print(keras)
    if site is not None:
        from exmachina.lesson.site import export_site

        print(export_site(site, site_runs(run)))


def site_runs(run: str) -> dict[str, str]:
    """The runs that an exported page shows, by name: the one that was asked for, and those that ship."""
    return {Path(run).name: run} | {name: name for name in SITE_RUNS if name != Path(run).name}
