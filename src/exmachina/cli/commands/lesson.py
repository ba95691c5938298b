"""The command that opens the interactive lesson, alone or for a class."""

from __future__ import annotations

import re
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from exmachina.errors import InputError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def lesson(
    port: Annotated[int, typer.Option("--port", help="Port to listen on; 0 takes a free one.")] = 8000,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")] = True,
    host: Annotated[str, typer.Option("--host", help="Other than 127.0.0.1, to teach a class; needs a token.")] = (
        "127.0.0.1"
    ),
    token: Annotated[str | None, typer.Option("--token", help="What learners need; made up if left out.")] = None,
    run: Annotated[
        list[Path] | None, typer.Option("--run", help="Run directory to show; give it again for more.")
    ] = None,
) -> None:
    """Open the interactive lesson: draw a digit, watch a network learn, see every number."""
    from exmachina.lesson.server import Settings, serve
    from exmachina.lesson.server.launch import teacher_address

    if not 0 <= port <= 65_535:
        raise InputError(f"Port {port} does not exist; choose one from 0 to 65535.")
    if host not in LOOPBACK:
        token = token or secrets.token_urlsafe(9)
        print(f"Everyone who can reach {host} and has this address can use the lesson.", file=sys.stderr)
    teacher = secrets.token_urlsafe(12) if token else None

    def ready(address: str) -> None:
        print(f"The lesson is at {address}", flush=True)
        whose = (
            "for you alone: it shows everybody's drawings, and deletes them" if teacher else "its drawings as they come"
        )
        print(f"The class is at {teacher_address(address, teacher)} ({whose})", flush=True)

    settings = Settings(teacher=teacher, runs=named(run or []))
    serve(host, port, token, browser, on_ready=ready, settings=settings)
    print(f"The lesson has ended. Drawings sent to it are kept in '{settings.drawings}'; trainings, in the browsers.")


def named(folders: list[Path]) -> dict[str, Path]:
    """Run directories by the name that the page shows: the folder's own. Raises `InputError` if one is none."""
    from exmachina.runs import Run, find_run

    runs: dict[str, Path] = {}
    for folder in folders:
        path = find_run(folder)
        Run.load(path)  # a damaged run is told now, not to the learners
        name = re.sub(r"[^A-Za-z0-9._-]", "-", path.resolve().name)[:60]
        if name in runs:
            raise InputError(f"Two runs are called '{name}'; rename one of the folders.")
        runs[name] = path
    return runs
