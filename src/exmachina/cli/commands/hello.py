"""`hello`: the whole introduction in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from exmachina.cli.options import Open, Seed


def hello(
    recipe: Annotated[str, typer.Option("--recipe", help="How to train.")] = "fast",
    seed: Seed = 0,
    out: Annotated[Path, typer.Option("--out", help="Directory for the run and its figures.")] = Path("runs/hello"),
    show: Open = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only the result and where it is.")] = False,
) -> None:
    """Take the whole introduction: look, prepare, build, train, test, predict, look inside."""
    from exmachina.cli.introduction import introduce

    introduce(recipe, seed, out, show=show, quiet=quiet)
