"""The command that opens the interactive lesson, alone or for a class."""

from __future__ import annotations

import secrets
import sys
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
) -> None:
    """Open the interactive lesson: draw a digit, watch a network learn, see every number."""
    from exmachina.lesson.server import serve

    if not 0 <= port <= 65_535:
        raise InputError(f"Port {port} does not exist; choose one from 0 to 65535.")
    if host not in LOOPBACK:
        token = token or secrets.token_urlsafe(9)
        print(f"Everyone who can reach {host} and has this address can use the lesson.", file=sys.stderr)
    serve(host, port, token, browser, on_ready=lambda address: print(f"The lesson is at {address}", flush=True))
